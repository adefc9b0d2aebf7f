// What control does, seen from the wires of a whole gateway.
#include "dataplane/control_plane.h"

#include <catch2/catch.hpp>

#include "net/arp.h"
#include "net/neighbour_discovery.h"
#include "spd/default_policies.h"
#include "tests/support/esp_pair.h"
#include "tests/support/test_gateway.h"

namespace sallyport::control_plane_test {
namespace {

using namespace std::chrono_literals;

constexpr PortId kStack{2};
constexpr MacAddress kRouter{{2, 0, 0, 0, 0, 0x55}};
const std::vector<std::uint8_t> kArpType{0x08, 0x06};

Address ip(std::string_view text) { return Address::parse(text).value(); }

Policy policy(std::string name, PolicyAction action, std::optional<std::uint8_t> protocol = {}) {
  Selector selector;
  selector.protocol = protocol;
  return {.name = std::move(name), .selectors = {selector}, .action = action, .protect = {}};
}

// Two ports with neighbour discovery led to control, as the daemon's routes do.
TestGateway::Settings with_discovery(std::vector<Policy> policies) {
  TestGateway::Settings settings = two_ports(std::move(policies));
  settings.routes.push_back(
      {Prefix::parse("ff02::/16").value(), {NextHop::Kind::Ours, kNoPort, {}}});
  return settings;
}

// Besides the two: the gateway's host, with an address in the outer network.
TestGateway::Settings with_host(std::vector<Policy> policies) {
  TestGateway::Settings settings = with_discovery(std::move(policies));
  settings.ports.push_back({.name = "stack",
                            .device = {},
                            .kind = PortKind::LocalStack,
                            .addresses = {Prefix::parse("192.0.2.10/24").value(),
                                          Prefix::parse("2001:db8::10/64").value()},
                            .vlan = {},
                            .mac = {}});
  return settings;
}

PacketBytes arp_frame(const MacAddress& to, const ArpMessage& message) {
  PacketBytes frame(to.bytes.begin(), to.bytes.end());
  frame.insert(frame.end(), message.sender_mac.bytes.begin(), message.sender_mac.bytes.end());
  frame.insert(frame.end(), kArpType.begin(), kArpType.end());
  const auto bytes = build_arp(message);
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  return frame;
}

PacketBytes ip_frame(const MacAddress& to, const PacketBytes& datagram) {
  PacketBytes frame(to.bytes.begin(), to.bytes.end());
  frame.insert(frame.end(), kRouter.bytes.begin(), kRouter.bytes.end());
  frame.insert(frame.end(), {0x86, 0xdd});
  frame.insert(frame.end(), datagram.begin(), datagram.end());
  return frame;
}

std::optional<ArpMessage> arp_in(const PacketBytes& frame) {
  return parse_arp(ByteView(frame).subspan(14));
}

std::optional<NeighbourMessage> discovery_in(ByteView datagram) {
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good) return std::nullopt;
  return parse_neighbour_message(datagram, summary);
}

std::uint16_t icmp_in(ByteView datagram) {
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good) return 0;
  return summary.source_port;
}

TEST_CASE("ARP: a packet waits for its neighbour, then goes to where that is") {
  TestGateway gateway(two_ports({policy("all", PolicyAction::Bypass)}));
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).hop_limit(64);
  gateway.receive_ip(kInside, PacketBuilder(packet).build());
  gateway.settle();
  auto frames = gateway.sent_frames(kOutside);
  REQUIRE(frames.size() == 1);
  const auto request = arp_in(frames[0]);
  REQUIRE(request);
  CHECK(request->target == ip("192.0.2.2"));
  CHECK(gateway.dataplane().account().held == 1);

  gateway.receive(kOutside,
                  arp_frame(gateway.mac(kOutside), {.operation = ArpMessage::Operation::Reply,
                                                    .sender_mac = kRouter,
                                                    .sender = ip("192.0.2.2"),
                                                    .target_mac = gateway.mac(kOutside),
                                                    .target = request->sender}));
  gateway.receive_ip(kInside, PacketBuilder(packet).build());
  gateway.settle();
  frames = gateway.sent_frames(kOutside);
  REQUIRE(frames.size() == 2);
  for (const PacketBytes& frame : frames) {
    CHECK(std::equal(kRouter.bytes.begin(), kRouter.bytes.end(), frame.begin()));
    CHECK(PacketBytes(frame.begin() + 14, frame.end()) ==
          PacketBuilder(packet).hop_limit(63).build());
  }
  CHECK(gateway.dataplane().account().held == 0);
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE("ARP: packets for a neighbour that is not there are dropped, and the first source told") {
  TestGateway gateway(two_ports({policy("all", PolicyAction::Bypass)}));
  gateway.neighbour(kInside, "198.51.100.2", TestGateway::kPeer);
  for (std::uint16_t i = 0; i < 3; ++i)
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.9").udp(i, 2).build());
  for (int second = 0; second < 4; ++second) {
    gateway.settle();
    gateway.clock().advance(1s);
  }
  CHECK(gateway.sent_frames(kOutside).size() == 3);
  CHECK(gateway.dropped(DropReason::HoldTimeout) == 3);
  const auto told = gateway.sent(kInside);
  REQUIRE(told.size() == 1);
  CHECK(icmp_in(told[0]) == 0x0301);
  // By the port where the packet came in, not the one where it would have gone out.
  CHECK(std::equal(told[0].begin() + 12, told[0].begin() + 16, ip("198.51.100.1").bytes.begin()));
}

TEST_CASE("ARP: so many packets wait for one neighbour as the configuration says") {
  TestGateway::Settings settings = two_ports({policy("all", PolicyAction::Bypass)});
  settings.neighbour_hold = 3;
  TestGateway gateway(std::move(settings));
  for (int i = 0; i < 5; ++i)
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "192.0.2.77").udp(1, 2).build());
  gateway.settle();
  CHECK(gateway.dataplane().account().held == 3);
  CHECK(gateway.dropped(DropReason::HoldFull) == 2);
}

TEST_CASE("ARCH-09: neighbour discovery passes the boundary by its bypass entries only") {
  const bool shipped = GENERATE(true, false);
  std::vector<Policy> policies;
  if (shipped) policies = default_policies({});
  policies.push_back(policy("udp", PolicyAction::Bypass, std::uint8_t{kProtocolUdp}));
  TestGateway gateway(with_discovery(std::move(policies)));
  gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::9").udp(1, 2).build());
  const auto asked = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                              .source = ip("2001:db8::2"),
                                              .destination = ip("ff02::1:ff00:1"),
                                              .target = ip("2001:db8::1"),
                                              .link_address = kRouter});
  gateway.receive(kOutside, ip_frame({{0x33, 0x33, 0xff, 0, 0, 1}}, asked));
  gateway.settle();
  const auto sent = gateway.sent(kOutside);
  if (!shipped) {
    CHECK(sent.empty());
    CHECK(gateway.dropped(DropReason::NoPolicy) == 2);
    return;
  }
  CHECK(gateway.dropped_in_all() == 0);
  bool answered = false;
  for (const PacketBytes& datagram : sent) {
    const auto message = discovery_in(datagram);
    if (!message || message->kind != NeighbourMessage::Kind::Advertisement) continue;
    answered = true;
    CHECK(message->destination == ip("2001:db8::2"));
    CHECK(message->target == ip("2001:db8::1"));
    CHECK(message->link_address == gateway.mac(kOutside));
  }
  CHECK(answered);
}

TEST_CASE("TUN-02: TTL 1 gives time exceeded, not encapsulation") {
  const Family family = GENERATE(Family::V4, Family::V6);
  EspPair pair({.inner = family});
  const bool v4 = family == Family::V4;
  const auto packet = v4 ? PacketBuilder("198.51.100.2", "198.51.100.130")
                         : PacketBuilder("2001:db8:1::2", "2001:db8:2::2");
  const auto out = pair.out(PacketBuilder(packet).udp(1, 2).hop_limit(1).build());
  CHECK(out.empty());
  CHECK(pair.sender().dropped(DropReason::HopLimit) == 1);
  const auto told = pair.sender().sent(kInside);
  REQUIRE(told.size() == 1);
  CHECK(icmp_in(told[0]) == (v4 ? 0x0b00 : 0x0300));
  CHECK(pair.out(PacketBuilder(packet).udp(1, 2).hop_limit(2).build()).size() == 1);
}

TEST_CASE("OUT-02: what policy discards is answered 3/13 or 1/1") {
  TestGateway gateway(two_ports({policy("none", PolicyAction::Discard)}));
  settle_two_ports(gateway);
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).build());
  gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::9").udp(1, 2).build());
  gateway.settle();
  const auto told = gateway.sent(kInside);
  REQUIRE(told.size() == 2);
  CHECK(icmp_in(told[0]) == 0x030d);
  CHECK(icmp_in(told[1]) == 0x0101);
  CHECK(gateway.sent(kOutside).empty());
}

TEST_CASE("OUT-04: a flood of discarded packets is answered at a bounded rate") {
  TestGateway::Settings settings = two_ports({policy("none", PolicyAction::Discard)});
  settings.ports[kInside.value].icmp_errors_per_second = GENERATE(0u, 1u);
  const bool off = settings.ports[kInside.value].icmp_errors_per_second == 0;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (std::uint16_t i = 0; i < 500; ++i)
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.9").udp(i, 2).build());
  gateway.settle();
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 500);
  const std::size_t told = gateway.sent(kInside).size();
  if (off) {
    CHECK(told == 0);
  } else {
    CHECK(told >= 1);
    CHECK(told <= 11);
  }
}

TEST_CASE("Echo: answered from inside, and from outside where policy lets it in") {
  const bool allowed = GENERATE(true, false);
  TestGateway gateway(
      two_ports({policy("all", allowed ? PolicyAction::Bypass : PolicyAction::Discard)}));
  settle_two_ports(gateway);
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "198.51.100.1").icmp(8, 0, 1).build());
  gateway.receive_ip(kOutside, PacketBuilder("2001:db8::2", "2001:db8::1").icmp(128, 0, 1).build());
  gateway.settle();
  const auto inside = gateway.sent(kInside);
  REQUIRE(inside.size() == 1);
  CHECK(icmp_in(inside[0]) == 0x0000);
  const auto outside = gateway.sent(kOutside);
  CHECK(outside.size() == (allowed ? 1 : 0));
  if (allowed) CHECK(icmp_in(outside.at(0)) == 0x8100);
}

TEST_CASE("Punts: what is for us and nothing takes is dropped, not punted") {
  TestGateway gateway(two_ports({policy("all", PolicyAction::Bypass)}));
  gateway.receive_ip(kOutside, PacketBuilder("192.0.2.2", "192.0.2.1").udp(1, 2).build());
  gateway.settle();
  CHECK(gateway.dropped(DropReason::PuntRefused) == 1);
  CHECK(gateway.dataplane().account().punted == 0);
}

TEST_CASE("Host role: the host's addresses are ours on the unprotected link") {
  TestGateway gateway(with_host({policy("all", PolicyAction::Bypass)}));
  gateway.receive(kOutside, arp_frame({{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                                      {.operation = ArpMessage::Operation::Request,
                                       .sender_mac = kRouter,
                                       .sender = ip("192.0.2.2"),
                                       .target_mac = {},
                                       .target = ip("192.0.2.10")}));
  // A probe of what the neighbour knows already goes to the address itself (RFC 4861 7.3.3).
  gateway.receive(kOutside,
                  ip_frame(gateway.mac(kOutside),
                           build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                                    .source = ip("2001:db8::2"),
                                                    .destination = ip("2001:db8::10"),
                                                    .target = ip("2001:db8::10"),
                                                    .link_address = kRouter})));
  gateway.settle();
  const auto frames = gateway.sent_frames(kOutside);
  REQUIRE(frames.size() == 2);
  const auto arp = arp_in(frames[0]);
  REQUIRE(arp);
  CHECK(arp->sender == ip("192.0.2.10"));
  CHECK(arp->sender_mac == gateway.mac(kOutside));
  const auto advertisement = discovery_in(ByteView(frames[1]).subspan(14));
  REQUIRE(advertisement);
  CHECK(advertisement->target == ip("2001:db8::10"));
  CHECK(advertisement->link_address == gateway.mac(kOutside));
  CHECK(gateway.sent_frames(kStack).empty());
}

TEST_CASE("Host role: the host finds everything behind us, but for its own addresses") {
  TestGateway gateway(with_host({policy("all", PolicyAction::Bypass)}));
  const auto ask = [&](const char* target) {
    gateway.receive(kStack, arp_frame({{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                                      {.operation = ArpMessage::Operation::Request,
                                       .sender_mac = kRouter,
                                       .sender = ip("192.0.2.10"),
                                       .target_mac = {},
                                       .target = ip(target)}));
    gateway.settle();
    return gateway.sent_frames(kStack);
  };
  for (const char* target : {"192.0.2.1", "192.0.2.2", "203.0.113.77"}) {
    const auto frames = ask(target);
    REQUIRE(frames.size() == 1);
    CHECK(arp_in(frames[0])->sender == ip(target));
    CHECK(arp_in(frames[0])->sender_mac == gateway.mac(kStack));
  }
  CHECK(ask("192.0.2.10").empty());
}

TEST_CASE("Neighbours: what the operator sees") {
  TestGateway gateway(two_ports({policy("all", PolicyAction::Bypass)}));
  gateway.neighbour(kInside, "198.51.100.2", TestGateway::kPeer);
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).build());
  gateway.settle();
  const auto list = gateway.control().neighbours(gateway.clock().now() + 2s);
  REQUIRE(list.size() == 2);
  for (const NeighbourFacts& each : list) {
    const bool fixed = each.port == kInside;
    CHECK(each.is_static == fixed);
    CHECK(to_string(each.state) == (fixed ? "reachable" : "incomplete"));
    CHECK(each.mac.has_value() == fixed);
    CHECK(each.age == 2s);
  }
}

}  // namespace
}  // namespace sallyport::control_plane_test
