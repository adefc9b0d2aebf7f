#include "bench/home_agent_plain.h"

#include <fmt/format.h>

namespace sallyport::bench {
namespace {

constexpr auto kInsideLink = "2001:db8:2::1/64";
constexpr auto kOutsideLink = "2001:db8:1::1/64";  // where tunnels end
constexpr auto kRouter = "2001:db8:1::2";
constexpr MacAddress kPlainFarMac{{2, 0, 0, 0, 0, 0x98}};

RingGateway::Settings ring_settings(const PlainTunnels::Settings& settings) {
  RingGateway::Settings ring;
  ring.inside = Prefix::parse(kInsideLink).value();
  ring.outside = Prefix::parse(kOutsideLink).value();
  ring.sas = settings.tunnels;
  ring.policies = settings.tunnels;
  ring.flows = flow_places(settings.tunnels);
  return ring;
}

Policy policy_of(NodeNumber tunnel) {
  Selector selector;
  selector.local = {AddressRange::of({Address::any(Family::V6), 0})};
  selector.remote = {AddressRange{far_address(tunnel), far_address(tunnel)}};
  Protection protection;
  protection.endpoints = {home_agent_address(), care_of(tunnel, 0)};
  return {.name = fmt::format("to-{}", tunnel),
          .selectors = {selector},
          .action = PolicyAction::Protect,
          .protect = protection};
}

}  // namespace

std::uint64_t PlainTunnels::memory_needed(const Settings& settings) {
  return sallyport::memory_needed(RingGateway::dataplane_settings(ring_settings(settings)), 8);
}

Expected<std::unique_ptr<PlainTunnels>> PlainTunnels::open(const Settings& settings,
                                                           Random& random) {
  std::unique_ptr<PlainTunnels> tunnels(new PlainTunnels(settings));
  auto ring = RingGateway::open(ring_settings(settings), random);
  if (!ring) return std::unexpected(ring.error());
  tunnels->ring_ = std::move(*ring);
  if (auto added = tunnels->add_tunnels(); !added) return std::unexpected(added.error());
  if (auto connected = tunnels->connect(); !connected) return std::unexpected(connected.error());
  return tunnels;
}

Expected<void> PlainTunnels::add_tunnels() {
  std::vector<Policy> policies;
  for (NodeNumber tunnel = 0; tunnel < settings_.tunnels; ++tunnel)
    policies.push_back(policy_of(tunnel));
  if (auto good = spd_.check(policies); !good) return good;
  spd_.replace(policies);
  for (NodeNumber tunnel = 0; tunnel < settings_.tunnels; ++tunnel)
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
      Sa sa = begin_sa({SaKind::Payload, direction, tunnel}, settings_.transform);
      sa.endpoints = policies[tunnel].protect->endpoints;
      sa.selectors = policies[tunnel].selectors;
      const auto slot = ring_->sad().add(std::move(sa));
      if (!slot) return std::unexpected(slot.error());
      if (direction == Direction::Inbound) continue;
      const PolicyId id = spd_.id_of(policies[tunnel].name).value();
      ring_->dataplane().handles().assign(SaHandle{id.value}, *slot);
    }
  return {};
}

Expected<void> PlainTunnels::connect() {
  using enum NextHop::Kind;
  const Route out{{Address::any(Family::V6), 0},
                  {Gateway, kOutside, Address::parse(kRouter).value()}};
  if (auto done = ring_->publish(spd_.snapshot(), {&out, 1}); !done) return done;
  if (auto done = ring_->add_neighbour(kOutside, kRouter, kPlainFarMac); !done) return done;
  return ring_->add_neighbour(kInside, to_string(correspondent_address()), kPlainFarMac);
}

}  // namespace sallyport::bench
