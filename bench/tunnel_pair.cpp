#include "bench/tunnel_pair.h"

#include <fmt/format.h>

#include "bench/selector_set.h"

namespace sallyport::bench {
namespace {

constexpr std::size_t kStandardFlows = 65536;
// An address of each network that the two gateways share with a neighbour.
constexpr auto kBehindOpening = "10.0.1.2";
constexpr auto kSealing = "192.0.2.1";
constexpr auto kOpening = "192.0.2.2";
constexpr MacAddress kHost{{2, 0, 0, 0, 1, 1}};

Address address(std::string_view text) { return Address::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

// Twice two places a flow keep most of them from meeting.
std::size_t cache_places(std::uint32_t flows) {
  return std::max<std::size_t>(kStandardFlows, 4 * std::size_t{flows});
}

RingGateway::Settings sealing_settings(const TunnelPair::Settings& settings) {
  return {prefix("10.0.0.1/24"), prefix("192.0.2.1/24"), settings.sas + settings.spare_sas,
          settings.sas + settings.other_policies, cache_places(settings.flows)};
}

RingGateway::Settings opening_settings(const TunnelPair::Settings& settings) {
  return {prefix("10.0.1.1/24"), prefix("192.0.2.2/24"), settings.sas + settings.spare_sas,
          settings.sas, kStandardFlows};
}

std::vector<std::uint8_t> key_of(std::size_t size, Random& random) {
  std::vector<std::uint8_t> key(size);
  random.fill(key);
  return key;
}

Selector selector(std::uint32_t sa) {
  const Address destination = Address::v4(kFirstDestination + sa);
  Selector selector;
  selector.local = {AddressRange::of(prefix("198.18.0.0/15"))};
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

Policy policy(std::uint32_t sa) {
  Protection protection;
  protection.endpoints = {address(kSealing), address(kOpening)};
  return {.name = name_of(sa),
          .selectors = {selector(sa)},
          .action = PolicyAction::Protect,
          .protect = protection};
}

}  // namespace

Sa outbound_sa(std::uint32_t number, Transform transform, Random& random) {
  Sa sa;
  sa.name = fmt::format("sa-{}", number);
  sa.direction = Direction::Outbound;
  sa.spi = Spi{kFirstSpi + number};
  sa.endpoints = {address(kSealing), address(kOpening)};
  sa.transform = transform;
  sa.cipher_key = Secret<32>(key_of(facts(transform.cipher).key_bytes, random));
  sa.salt = Secret<4>(key_of(facts(transform.cipher).salt_bytes, random));
  sa.integrity_key = Secret<64>(key_of(facts(transform.integrity).key_bytes, random));
  sa.selectors = {selector(number)};
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
  for (std::uint32_t sa = 0; sa < settings_.sas; ++sa) all.push_back(policy(sa));
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
  Sa outbound = outbound_sa(sa, settings_.transform, random);
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
  const Prefix destinations{Address::v4(kFirstDestination), 12};
  const Route out{destinations, {Gateway, kOutside, address(kOpening)}};
  const Route in{destinations, {Gateway, kInside, address(kBehindOpening)}};
  if (auto done = sealing_->publish(spd_->snapshot(), {&out, 1}); !done) return done;
  if (auto done = opening_->publish(Spd(1, 1).snapshot(), {&in, 1}); !done) return done;
  if (auto done = sealing_->add_neighbour(kOutside, kOpening, opening_->mac(kOutside)); !done)
    return done;
  return opening_->add_neighbour(kInside, kBehindOpening, kHost);
}

}  // namespace sallyport::bench
