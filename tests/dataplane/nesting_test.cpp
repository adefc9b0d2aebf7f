// SAs inside SAs: round the boundary again, pass by pass (RFC 4301 4.3, appendix E).
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"

namespace sallyport::nesting_test {
namespace {

constexpr std::size_t kTunnel = 20 + 8 + 8;  // outer header, ESP header, IV of AES-GCM

Address address(const std::string& text) { return Address::parse(text).value(); }

// Endpoints of layer `i`, seen by the sender: 192.0.2.10 and .110, 192.0.2.11 and .111, ...
Endpoints ends_of(unsigned i) {
  return {address(fmt::format("192.0.2.{}", 10 + i)), address(fmt::format("192.0.2.{}", 110 + i))};
}
Endpoints reversed(const Endpoints& ends) { return {ends.remote, ends.local}; }

Selector between(const Address& local, const Address& remote,
                 std::optional<std::uint8_t> protocol = {}) {
  Selector selector;
  selector.local = {{local, local}};
  selector.remote = {{remote, remote}};
  selector.protocol = protocol;
  return selector;
}

const Address kHost = address("198.51.100.2");
const Address kFarHost = address("198.51.100.130");

// One SA and the policy that leads to it.
struct Layer {
  Endpoints ends;
  Selector selector;
  IpsecMode mode{IpsecMode::Tunnel};
};

// Layer 0 carries the hosts' traffic, each further one what the one before has made.
std::vector<Layer> tunnels(unsigned count) {
  std::vector<Layer> layers;
  for (unsigned i = 0; i < count; ++i) {
    const Endpoints below = i == 0 ? Endpoints{kHost, kFarHost} : ends_of(i - 1);
    layers.push_back({ends_of(i), i == 0 ? between(below.local, below.remote)
                                         : between(below.local, below.remote, kProtocolEsp)});
  }
  return layers;
}

Policy policy_of(const Layer& layer, const std::string& name) {
  Protection protection;
  protection.mode = layer.mode;
  if (layer.mode == IpsecMode::Tunnel) protection.endpoints = layer.ends;
  return {.name = name,
          .selectors = {layer.selector},
          .action = PolicyAction::Protect,
          .protect = protection};
}

// Lets come back in what goes from the layer's one end to the other.
Policy loop_back_of(const Layer& layer, const std::string& name) {
  return {.name = name,
          .selectors = {between(layer.ends.remote, layer.ends.local, kProtocolEsp)},
          .action = PolicyAction::Bypass,
          .protect = {}};
}

Sa sa_of(const Layer& layer, unsigned number, Direction direction) {
  Sa sa = sample_sa(direction, {Cipher::AesGcm16_128, Integrity::None});
  sa.name = fmt::format("{}{}", direction == Direction::Outbound ? "out" : "in", number);
  sa.spi = Spi{0x1000 + number};
  sa.mode = layer.mode;
  const bool out = direction == Direction::Outbound;
  sa.endpoints = out ? layer.ends : reversed(layer.ends);
  sa.selectors = {layer.selector};
  if (!out) std::swap(sa.selectors[0].local, sa.selectors[0].remote);
  return sa;
}

enum class LoopBack { Bypassed, Unsaid };

// A gateway that wraps what comes from its inside into the layers from `first` on.
std::unique_ptr<TestGateway> sender(const std::vector<Layer>& layers,
                                    LoopBack loop_back = LoopBack::Bypassed, unsigned first = 0) {
  std::vector<Policy> policies;
  for (unsigned i = first; i < layers.size(); ++i) {
    policies.push_back(policy_of(layers[i], fmt::format("layer{}", i)));
    if (loop_back == LoopBack::Bypassed)
      policies.push_back(loop_back_of(layers[i], fmt::format("back{}", i)));
  }
  auto gateway = std::make_unique<TestGateway>(two_ports(std::move(policies)));
  settle_two_ports(*gateway);
  for (unsigned i = 0; i < 100; ++i)
    gateway->neighbour(kOutside, fmt::format("192.0.2.{}", 100 + i), TestGateway::kPeer);
  for (unsigned i = first; i < layers.size(); ++i) {
    Sa sa = sa_of(layers[i], i, Direction::Outbound);
    sa.loop_back = i + 1 < layers.size();
    gateway->add_sa(std::move(sa), fmt::format("layer{}", i));
  }
  return gateway;
}

// A gateway that has all the layers' ends and the far host inside.
TestGateway::Settings receiving(const std::vector<Layer>& layers) {
  auto settings = two_ports({});
  settings.ports[0].addresses = {Prefix::parse("198.51.100.129/25").value()};
  settings.ports[1].addresses = {Prefix::parse("192.0.2.2/24").value()};
  for (const Layer& layer : layers) settings.ports[1].addresses.push_back({layer.ends.remote, 24});
  return settings;
}

std::unique_ptr<TestGateway> receiver(const std::vector<Layer>& layers) {
  auto gateway = std::make_unique<TestGateway>(receiving(layers));
  gateway->neighbour(kInside, "198.51.100.130", TestGateway::kPeer);
  return gateway;
}

std::unique_ptr<TestGateway> receiver_with_sas(const std::vector<Layer>& layers) {
  auto gateway = receiver(layers);
  for (unsigned i = 0; i < layers.size(); ++i)
    gateway->add_sa(sa_of(layers[i], i, Direction::Inbound));
  return gateway;
}

PacketBuilder packet() { return PacketBuilder(kHost, kFarHost).udp(1000, 2000).filler(64); }

std::vector<PacketBytes> pass(TestGateway& gateway, PortId in, const PacketBytes& packet,
                              PortId out) {
  gateway.receive_ip(in, packet);
  gateway.settle();
  return gateway.sent(out);
}

PacketSummary summary_of(const PacketBytes& packet) {
  PacketSummary summary;
  REQUIRE(summarize(packet, summary) == ParseVerdict::Good);
  return summary;
}

}  // namespace

TEST_CASE("ARCH-08: one to four tunnels in each other cross, the last policy's outermost") {
  for (unsigned count = 1; count <= 4; ++count) {
    const auto layers = tunnels(count);
    auto from = sender(layers);
    auto to = receiver_with_sas(layers);
    for (unsigned round = 1; round <= 3; ++round) {
      const auto wire = pass(*from, kInside, packet().hop_limit(64).build(), kOutside);
      REQUIRE(wire.size() == 1);
      const PacketSummary outer = summary_of(wire[0]);
      CHECK(outer.source_address() == layers.back().ends.local);
      CHECK(outer.destination_address() == layers.back().ends.remote);
      CHECK(load_be<std::uint32_t>(wire[0].data() + 20) == 0x1000 + count - 1);
      CHECK(load_be<std::uint32_t>(wire[0].data() + 24) == round);
      const auto arrived = pass(*to, kOutside, wire[0], kInside);
      REQUIRE(arrived.size() == 1);
      CHECK(arrived[0] == packet().hop_limit(62).build());
    }
    CHECK(from->dropped_in_all() == 0);
    CHECK(to->dropped_in_all() == 0);
  }
}

TEST_CASE("ARCH-08: five layers are refused, outward and inward") {
  const auto layers = tunnels(5);
  auto from = sender(layers);
  CHECK(pass(*from, kInside, packet().build(), kOutside).empty());
  CHECK(from->dropped(DropReason::NestingTooDeep) == 1);

  // Four by one gateway and one more by another.
  auto four = sender({layers.begin(), layers.begin() + 4});
  const auto inner = pass(*four, kInside, packet().build(), kOutside);
  REQUIRE(inner.size() == 1);
  auto one = sender(layers, LoopBack::Bypassed, 4);
  const auto wire = pass(*one, kInside, inner[0], kOutside);
  REQUIRE(wire.size() == 1);
  auto to = receiver_with_sas(layers);
  CHECK(pass(*to, kOutside, wire[0], kInside).empty());
  CHECK(to->dropped(DropReason::NestingTooDeep) == 1);
  CHECK(to->dropped_in_all() == 1);
}

TEST_CASE("ARCH-08: a policy that takes what its own SA made ends after four passes") {
  auto layers = tunnels(1);
  const Endpoints& ends = layers[0].ends;
  layers[0].selector.local.push_back({ends.local, ends.local});
  layers[0].selector.remote.push_back({ends.remote, ends.remote});
  auto from = sender(layers);
  Sa sa = sa_of(layers[0], 7, Direction::Outbound);
  sa.loop_back = true;
  from->remove_sa("out0", "layer0");
  from->add_sa(std::move(sa), "layer0");
  CHECK(pass(*from, kInside, packet().build(), kOutside).empty());
  CHECK(from->dropped(DropReason::NestingTooDeep) == 1);
  CHECK(from->dropped_in_all() == 1);
}

TEST_CASE("ARCH-08: without the loop-back bypass in SPD-I nothing goes round") {
  const auto layers = tunnels(2);
  auto from = sender(layers, LoopBack::Unsaid);
  CHECK(pass(*from, kInside, packet().build(), kOutside).empty());
  CHECK(from->dropped(DropReason::NoPolicy) == 1);
  // With the entry it does, and without it again it does not.
  REQUIRE(from->spd().insert(loop_back_of(layers[0], "back")));
  from->publish();
  CHECK(pass(*from, kInside, packet().build(), kOutside).size() == 1);
  REQUIRE(from->spd().remove("back"));
  from->publish();
  CHECK(pass(*from, kInside, packet().build(), kOutside).empty());
  CHECK(from->dropped(DropReason::NoPolicy) == 2);
  CHECK(from->dropped_in_all() == 2);
}

TEST_CASE("ARCH-08: end to end inside gateway to gateway, each layer opened where it ends") {
  const auto layers = tunnels(2);
  auto from = sender(layers);
  const auto wire = pass(*from, kInside, packet().hop_limit(64).build(), kOutside);
  REQUIRE(wire.size() == 1);
  // The middle gateway has the outer layer only, and what is inside is for somebody behind it.
  auto settings = receiving({layers[1]});
  settings.routes = {{{layers[0].ends.remote, 32}, {NextHop::Kind::OnLink, kInside, {}}}};
  TestGateway middle(std::move(settings));
  middle.neighbour(kInside, to_string(layers[0].ends.remote), TestGateway::kPeer);
  middle.add_sa(sa_of(layers[1], 1, Direction::Inbound));
  const auto inner = pass(middle, kOutside, wire[0], kInside);
  REQUIRE(inner.size() == 1);
  CHECK(inner[0].size() + kTunnel + 2 + 16 <= wire[0].size());
  CHECK(summary_of(inner[0]).protocol == kProtocolEsp);
  CHECK(summary_of(inner[0]).destination_address() == layers[0].ends.remote);
  CHECK(load_be<std::uint32_t>(inner[0].data() + 20) == 0x1000);
  auto to = receiver({layers[0]});
  to->add_sa(sa_of(layers[0], 0, Direction::Inbound));
  const auto arrived = pass(*to, kOutside, inner[0], kInside);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == packet().hop_limit(62).build());
}

TEST_CASE("ARCH-08: transport over a tunnel between the same two (transport adjacency)") {
  auto layers = tunnels(2);
  layers[1].mode = IpsecMode::Transport;
  layers[1].ends = layers[0].ends;
  auto from = sender(layers);
  const auto wire = pass(*from, kInside, packet().hop_limit(64).build(), kOutside);
  REQUIRE(wire.size() == 1);
  CHECK(load_be<std::uint32_t>(wire[0].data() + 20) == 0x1001);
  CHECK(summary_of(wire[0]).destination_address() == layers[0].ends.remote);
  auto to = receiver_with_sas(layers);
  const auto arrived = pass(*to, kOutside, wire[0], kInside);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == packet().hop_limit(62).build());
}

TEST_CASE("ARCH-08, INB-04: each layer's own selectors hold") {
  const auto layers = tunnels(2);
  auto from = sender(layers);
  const auto wire = pass(*from, kInside, packet().build(), kOutside);
  REQUIRE(wire.size() == 1);
  for (unsigned strict = 0; strict < 2; ++strict) {
    auto to = receiver(layers);
    for (unsigned i = 0; i < 2; ++i) {
      Sa sa = sa_of(layers[i], i, Direction::Inbound);
      if (i == strict) sa.selectors[0].protocol = kProtocolTcp;
      to->add_sa(std::move(sa));
    }
    CHECK(pass(*to, kOutside, wire[0], kInside).empty());
    CHECK(to->dropped(DropReason::SelectorMismatch) == 1);
    CHECK(to->dropped_in_all() == 1);
  }
}

TEST_CASE("ARCH-08: a burst may hold packets of one layer, of two, and none") {
  const auto layers = tunnels(2);
  auto from = sender(layers);
  auto to = receiver_with_sas(layers);
  REQUIRE(from->spd().insert({.name = "clear",
                              .selectors = {between(kHost, address("203.0.113.1"))},
                              .action = PolicyAction::Bypass,
                              .protect = {}}));
  from->publish();
  for (unsigned i = 0; i < 20; ++i) {
    from->receive_ip(kInside, packet().hop_limit(64).build());
    from->receive_ip(kInside, PacketBuilder(kHost, address("203.0.113.1")).udp(1, 2).build());
  }
  from->settle();
  unsigned sealed = 0;
  for (const PacketBytes& wire : from->sent(kOutside)) {
    if (summary_of(wire).protocol != kProtocolEsp) continue;
    ++sealed;
    to->receive_ip(kOutside, wire);
  }
  CHECK(sealed == 20);
  to->settle();
  CHECK(to->sent(kInside).size() == 20);
}

TEST_CASE("ARCH-08: a dummy of an inner SA is a packet like any other to the outer one") {
  const auto layers = tunnels(2);
  auto from = sender(layers);
  auto to = receiver_with_sas(layers);
  const DummyFlow flow{.policy = from->spd().id_of("layer0").value(),
                       .dscp = 0,
                       .rule = {.per_second = 10, .bytes = 40},
                       .ends = {}};
  from->control().set_dummies({&flow, 1}, from->clock().now());
  from->clock().advance(std::chrono::milliseconds(100));
  from->settle();
  const auto wire = from->sent(kOutside);
  REQUIRE(wire.size() == 1);
  CHECK(load_be<std::uint32_t>(wire[0].data() + 20) == 0x1001);
  CHECK(pass(*to, kOutside, wire[0], kInside).empty());
  CHECK(to->dropped(DropReason::DummyPacket) == 1);
  CHECK(to->dropped_in_all() == 0);
}

TEST_CASE("OUT-01: what an SA makes for a peer that no route leads to is dropped") {
  auto settings = two_ports({policy_of({.ends = {address("192.0.2.1"), address("203.0.113.7")},
                                        .selector = between(kHost, kFarHost)},
                                       "lost")});
  settings.routes = {{{kFarHost, 32}, {NextHop::Kind::Gateway, kOutside, address("192.0.2.2")}}};
  TestGateway gateway(std::move(settings));
  Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
  sa.endpoints = {address("192.0.2.1"), address("203.0.113.7")};
  sa.selectors = {between(kHost, kFarHost)};
  gateway.add_sa(std::move(sa), "lost");
  CHECK(pass(gateway, kInside, packet().build(), kOutside).empty());
  CHECK(gateway.dropped(DropReason::NoRoute) == 1);
}

}  // namespace sallyport::nesting_test
