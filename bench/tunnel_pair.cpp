#include "bench/tunnel_pair.h"

#include <fmt/format.h>

#include "bench/selector_set.h"

namespace sallyport::bench {
namespace {

constexpr std::size_t kStandardFlows = 65536;
constexpr MacAddress kInsideHost{{2, 0, 0, 0, 1, 1}};

// From one end to the other.
struct Plan {
  const char *sources, *sealing_inside, *sealing_outside;
  const char *opening_outside, *opening_inside, *behind_opening, *destinations;
};
constexpr Plan kIpv4Plan{"198.18.0.0/15", "10.0.0.1/24", "192.0.2.1/24", "192.0.2.2/24",
                         "10.0.1.1/24",   "10.0.1.2",    "172.16.0.0/12"};
constexpr Plan kIpv6Plan{"2001:db8:1::/48",  "2001:db8:a::1/64", "2001:db8:f::1/64",
                         "2001:db8:f::2/64", "2001:db8:b::1/64", "2001:db8:b::2",
                         "2001:db8:2::/64"};
const Plan& plan_of(Family family) { return family == Family::V4 ? kIpv4Plan : kIpv6Plan; }

Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

Endpoints endpoints_of(Family family) {
  const Plan& plan = plan_of(family);
  return {prefix(plan.sealing_outside).address, prefix(plan.opening_outside).address};
}

// Twice two places a flow keep most of them from meeting.
std::size_t cache_places(std::uint32_t flows) {
  return std::max<std::size_t>(kStandardFlows, 4 * std::size_t{flows});
}

RingGateway::Settings sealing_settings(const TunnelPair::Settings& settings) {
  const Plan& plan = plan_of(settings.family);
  return {prefix(plan.sealing_inside), prefix(plan.sealing_outside),
          settings.sas + settings.spare_sas, settings.sas + settings.other_policies,
          cache_places(settings.flows)};
}

RingGateway::Settings opening_settings(const TunnelPair::Settings& settings) {
  const Plan& plan = plan_of(settings.family);
  return {prefix(plan.opening_inside), prefix(plan.opening_outside),
          settings.sas + settings.spare_sas, settings.sas, kStandardFlows};
}

std::vector<std::uint8_t> key_of(std::size_t size, Random& random) {
  std::vector<std::uint8_t> key(size);
  random.fill(key);
  return key;
}

Selector selector(Family family, std::uint32_t sa) {
  const Address destination = destination_of(family, sa);
  Selector selector;
  selector.local = {AddressRange::of(prefix(plan_of(family).sources))};
  selector.remote = {AddressRange{destination, destination}};
  return selector;
}

// Its networks are others than those of the tunnels.
Policy other_policy(const Selector& selector, std::size_t number) {
  return {.name = fmt::format("other-{}", number),
          .selectors = {selector},
          .action = PolicyAction::Bypass};
}

std::string name_of(std::uint32_t sa) { return fmt::format("to-{}", sa); }

Policy policy(Family family, std::uint32_t sa) {
  Protection protection;
  protection.endpoints = endpoints_of(family);
  return {.name = name_of(sa),
          .selectors = {selector(family, sa)},
          .action = PolicyAction::Protect,
          .protect = protection};
}

}  // namespace

Address source_of(Family family) {
  Address source = prefix(plan_of(family).sources).address;
  source.bytes[bits(family) / 8 - 1] = 1;
  return source;
}

Address destination_of(Family family, std::uint32_t sa) {
  Address destination = prefix(plan_of(family).destinations).address;
  std::uint8_t* const last = &destination.bytes[bits(family) / 8 - sizeof sa];
  store_be<std::uint32_t>(last, load_be<std::uint32_t>(last) + sa);
  return destination;
}

Sa outbound_sa(Family family, std::uint32_t number, Transform transform, Random& random) {
  Sa sa;
  sa.name = fmt::format("sa-{}", number);
  sa.direction = Direction::Outbound;
  sa.spi = Spi{kFirstSpi + number};
  sa.endpoints = endpoints_of(family);
  sa.transform = transform;
  sa.cipher_key = Secret<32>(key_of(facts(transform.cipher).key_bytes, random));
  sa.salt = Secret<4>(key_of(facts(transform.cipher).salt_bytes, random));
  sa.integrity_key = Secret<64>(key_of(facts(transform.integrity).key_bytes, random));
  sa.selectors = {selector(family, number)};
  return sa;
}

Sa reversed(const Sa& outbound) {
  Sa sa = outbound.duplicate();
  sa.direction = Direction::Inbound;
  std::swap(sa.endpoints.local, sa.endpoints.remote);
  for (Selector& selector : sa.selectors) std::swap(selector.local, selector.remote);
  return sa;
}

std::uint64_t TunnelPair::memory_needed(const Settings& settings) {
  const auto needed = [](const RingGateway::Settings& gateway) {
    return sallyport::memory_needed(RingGateway::dataplane_settings(gateway), 8);
  };
  return needed(sealing_settings(settings)) + needed(opening_settings(settings));
}

Expected<std::unique_ptr<TunnelPair>> TunnelPair::open(const Settings& settings, Random& random) {
  auto pair = std::unique_ptr<TunnelPair>(new TunnelPair(settings));
  auto sealing = RingGateway::open(sealing_settings(settings), random);
  if (!sealing) return std::unexpected(sealing.error());
  auto opening = RingGateway::open(opening_settings(settings), random);
  if (!opening) return std::unexpected(opening.error());
  pair->sealing_ = std::move(*sealing);
  pair->opening_ = std::move(*opening);
  pair->spd_ = std::make_unique<Spd>(settings.sas + settings.other_policies, 1);
  if (auto added = pair->add_tunnels(random); !added) return std::unexpected(added.error());
  if (auto connected = pair->connect(); !connected) return std::unexpected(connected.error());
  return pair;
}

Expected<void> TunnelPair::add_policies() {
  std::vector<Policy> all;
  if (settings_.other_policies != 0) {
    const SelectorSet others({.shape = SetShape::Sites, .size = settings_.other_policies});
    for (const Selector& selector : others.selectors())
      all.push_back(other_policy(selector, all.size()));
  }
  for (std::uint32_t sa = 0; sa < settings_.sas; ++sa) all.push_back(policy(settings_.family, sa));
  if (auto ok = spd_->check(all); !ok) return ok;
  spd_->replace(all);
  return {};
}

Expected<void> TunnelPair::add_tunnels(Random& random) {
  if (auto added = add_policies(); !added) return added;
  for (std::uint32_t sa = 0; sa < settings_.sas; ++sa)
    if (auto added = add_tunnel(sa, random); !added) return added;
  return {};
}

Expected<void> TunnelPair::add_tunnel(std::uint32_t sa, Random& random) {
  Sa outbound = outbound_sa(settings_.family, sa, settings_.transform, random);
  auto inbound = opening_->sad().add(reversed(outbound));
  if (!inbound) return std::unexpected(inbound.error());
  const auto slot = sealing_->sad().add(std::move(outbound));
  if (!slot) return std::unexpected(slot.error());
  Dataplane& dataplane = sealing_->dataplane();
  dataplane.handles().assign(SaHandle{spd_->id_of(name_of(sa)).value().value}, *slot);
  keys_.push_back(dataplane.sas().outbound(*slot).key);
  return {};
}

Expected<void> TunnelPair::connect() {
  using enum NextHop::Kind;
  const Plan& plan = plan_of(settings_.family);
  const Prefix destinations = prefix(plan.destinations);
  const Address opening = endpoints_of(settings_.family).remote;
  const Address behind = prefix(plan.behind_opening).address;
  const Route out{destinations, {Gateway, kOutside, opening}};
  const Route in{destinations, {Gateway, kInside, behind}};
  if (auto done = sealing_->publish(spd_->snapshot(), {&out, 1}); !done) return done;
  if (auto done = opening_->publish(Spd(1, 1).snapshot(), {&in, 1}); !done) return done;
  if (auto done = sealing_->add_neighbour(kOutside, to_string(opening), opening_->mac(kOutside));
      !done)
    return done;
  return opening_->add_neighbour(kInside, plan.behind_opening, kInsideHost);
}

}  // namespace sallyport::bench
