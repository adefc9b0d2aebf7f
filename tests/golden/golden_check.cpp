#include "tests/golden/golden_check.h"

#include <fmt/format.h>

#include "tests/golden/golden_scene.h"
#include "tests/golden/mobility_check.h"

namespace sallyport {
namespace {

// What the inner SA makes: a selector of the same hosts and its protocol.
Selector of_protocol(Selector selector, IpsecProtocol protocol) {
  selector.protocol = static_cast<std::uint8_t>(protocol);
  return selector;
}

// In front of the policy for the traffic: what the inner SA has made comes in again, and goes out
// through the outer SA (ARCH-08).
void add_policies_of_bundle(std::vector<Policy>& policies, const Selector& selector) {
  const Selector made = of_protocol(selector, IpsecProtocol::Esp);
  Policy around = policies.front();
  around.name = "around";
  around.selectors = {made};
  const Policy again{.name = "again",
                     .selectors = {reversed(made)},
                     .action = PolicyAction::Bypass,
                     .protect = {}};
  policies.insert(policies.begin(), {again, around});
}

// A tunnel's gateway has the packets' hosts behind port 0; in transport mode the host itself is
// behind a local-stack port. Everything on both sides is a neighbour with a known link address.
TestGateway::Settings topology(const GoldenCase& golden, const Selector& selector,
                               const Endpoints& ends) {
  using Kind = NextHop::Kind;
  const bool transport = golden.mode == IpsecMode::Transport;
  TestGateway::Settings settings;
  settings.ports = {{.name = "inside",
                     .device = {},
                     .side = Side::Protected,
                     .kind = transport ? PortKind::LocalStack : PortKind::Link,
                     .addresses = {},
                     .mtu = 9000,
                     .vlan = {},
                     .mac = {}},
                    {.name = "outside",
                     .device = {},
                     .side = Side::Unprotected,
                     .addresses = {},
                     .mtu = 9000,
                     .vlan = {},
                     .mac = {}}};
  settings.routes = {{whole(ends.local), {transport ? Kind::LocalStack : Kind::Ours, kInside, {}}},
                     {{Address::any(Family::V4), 0}, {Kind::Gateway, kOutside, ends.remote}},
                     {{Address::any(Family::V6), 0}, {Kind::Gateway, kOutside, ends.remote}}};
  const Address& inner = selector.local.front().first;
  const std::uint8_t net = inner.family == Family::V4 ? 26 : 64;
  if (!transport) settings.routes.push_back({{inner, net}, {Kind::Gateway, kInside, ends.remote}});
  Protection protection;
  protection.mode = golden.mode;
  if (!transport) protection.endpoints = ends;
  settings.policies = {{.name = "golden",
                        .selectors = {selector},
                        .action = PolicyAction::Protect,
                        .protect = protection}};
  if (!golden.around.empty()) add_policies_of_bundle(settings.policies, selector);
  return settings;
}

}  // namespace

std::string check_outbound(const GoldenCase& golden) {
  if (golden.mobility) return check_mobile_outbound(golden);
  const Endpoints ends = golden.sa.endpoints;
  TestGateway::Settings settings = topology(golden, golden.selector, ends);
  settings.make_ivs = given_ivs(golden);
  TestGateway gateway(std::move(settings));
  gateway.neighbour(kOutside, to_string(ends.remote), TestGateway::kPeer);
  Sa sa = golden.sa.duplicate();
  sa.loop_back = !golden.around.empty();
  add_golden_sa(gateway, std::move(sa), golden.selector, golden.sequence_before, "golden");
  for (const Sa& around : golden.around)
    add_golden_sa(gateway, around.duplicate(), of_protocol(golden.selector, golden.sa.protocol),
                  golden.sequence_before, "around");
  for (const PacketBytes& packet : golden.plain) gateway.receive_ip(kInside, packet);
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  if (wire.size() != golden.wire.size())
    return fmt::format("{} packets sent instead of {}; dropped:{}", wire.size(), golden.wire.size(),
                       drops_of(gateway));
  for (std::size_t i = 0; i < wire.size(); ++i)
    if (auto what = compare_wire(golden, wire[i], golden.wire[i], i); !what.empty()) return what;
  return {};
}

std::string check_inbound(const GoldenCase& golden) {
  if (golden.mobility) return check_mobile_inbound(golden);
  const Endpoints ends{golden.sa.endpoints.remote, golden.sa.endpoints.local};
  const Selector selector = reversed(golden.selector);
  TestGateway gateway(topology(golden, selector, ends));
  gateway.neighbour(kInside, to_string(ends.remote), TestGateway::kPeer);
  const auto add_inbound = [&](Sa sa, const Selector& carries) {
    sa.direction = Direction::Inbound;
    sa.tfc_bytes = 0;  // the sender's
    sa.endpoints = ends;
    add_golden_sa(gateway, std::move(sa), carries, golden.sequence_before, {});
  };
  add_inbound(golden.sa.duplicate(), selector);
  for (const Sa& around : golden.around)
    add_inbound(around.duplicate(), of_protocol(selector, golden.sa.protocol));
  for (const PacketBytes& packet : golden.wire) gateway.receive_ip(kOutside, packet);
  gateway.settle();
  const auto arrived = gateway.sent(kInside);
  if (arrived.size() != golden.arrived.size())
    return fmt::format("{} packets arrived instead of {}; dropped:{}", arrived.size(),
                       golden.arrived.size(), drops_of(gateway));
  for (std::size_t i = 0; i < arrived.size(); ++i)
    if (arrived[i] != golden.arrived[i]) return differs(i, "the plaintext");
  return {};
}

}  // namespace sallyport
