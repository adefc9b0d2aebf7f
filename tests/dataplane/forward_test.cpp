// Forwarding between two ports, with and without policy.
#include <catch2/catch.hpp>

#include "net/icmp.h"
#include "net/neighbour_discovery.h"
#include "tests/support/test_gateway.h"

namespace sallyport::forward_test {
namespace {

Policy bypass_all() {
  return {.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}};
}

}  // namespace

TEST_CASE("ARCH-01: without a policy nothing crosses the boundary, either way") {
  TestGateway gateway(two_ports({}));
  settle_two_ports(gateway);
  for (std::uint16_t i = 0; i < 100; ++i) {
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.9").udp(i, 80).build());
    gateway.receive_ip(kOutside, PacketBuilder("203.0.113.9", "198.51.100.2").udp(80, i).build());
    gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::9").tcp(i, 80).build());
    gateway.receive_ip(kOutside,
                       PacketBuilder("2001:db8:9::9", "2001:db8:1::2").tcp(80, i).build());
  }
  gateway.settle();
  CHECK(gateway.dropped(DropReason::NoPolicy) == 400);
  for (const PacketBytes& packet : gateway.sent(kOutside)) CHECK(packet.empty());
}

TEST_CASE("ARCH-01: packets of one burst that stay inside open no way out for the others") {
  TestGateway gateway(two_ports({}));
  settle_two_ports(gateway);
  gateway.neighbour(kInside, "198.51.100.3", TestGateway::kPeer);
  const auto inside = PacketBuilder("198.51.100.2", "198.51.100.3").udp(1, 2);
  const auto outside = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2);
  for (const PacketBuilder& packet : {inside, outside, inside, outside})
    gateway.receive_ip(kInside, packet.build());
  gateway.settle();
  CHECK(std::ranges::count(gateway.sent(kInside), PacketBuilder(inside).hop_limit(63).build()) ==
        2);
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::NoPolicy) == 2);
}

TEST_CASE("ARCH-01: what policy bypasses is forwarded, TTL less one") {
  TestGateway gateway(two_ports({bypass_all()}));
  settle_two_ports(gateway);
  const auto there = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2);
  gateway.receive_ip(kInside, PacketBuilder(there).hop_limit(64).build());
  gateway.receive_ip(kOutside, PacketBuilder("2001:db8:9::9", "2001:db8:1::2").udp(3, 4).build());
  gateway.settle();
  const auto out = gateway.sent(kOutside);
  REQUIRE(out.size() == 1);
  CHECK(out[0] == PacketBuilder(there).hop_limit(63).build());
  CHECK(gateway.sent(kInside).size() == 1);
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE("ARCH-11: policies see the protocol behind the headers that the configuration skips") {
  Selector udp;
  udp.protocol = kProtocolUdp;
  const auto passes = [&](std::vector<std::uint8_t> skipped) {
    auto settings = two_ports(
        {{.name = "udp", .selectors = {udp}, .action = PolicyAction::Bypass, .protect = {}}});
    settings.skipped_headers = SkippedHeaders::of(skipped).value();
    TestGateway gateway(std::move(settings));
    settle_two_ports(gateway);
    gateway.receive_ip(
        kInside,
        PacketBuilder("2001:db8:1::2", "2001:db8:9::9").destination_options().udp(1, 2).build());
    gateway.settle();
    return gateway.sent(kOutside).size() == 1;
  };
  CHECK(passes({0, 43, 44, 60}));
  CHECK_FALSE(passes({0, 43, 44}));
}

TEST_CASE("ARCH-09: the protocols of one link are not forwarded, whatever policy bypasses") {
  TestGateway gateway(two_ports({bypass_all()}));
  settle_two_ports(gateway);
  std::uint64_t sent = 0;
  using Types = std::vector<std::uint8_t>;
  for (const std::uint8_t type : Types{130, 131, 132, 133, 134, 135, 136, 137, 143}) {
    CAPTURE(type);
    const auto between = [&](const char* from, const char* to) {
      return PacketBuilder(from, to).hop_limit(255).icmp(type, 0).filler(20).build();
    };
    gateway.receive_ip(kInside, between("2001:db8:1::2", "2001:db8:9::9"));
    gateway.receive_ip(kOutside, between("2001:db8:9::9", "2001:db8:1::2"));
    gateway.settle();
    CHECK(gateway.dropped(DropReason::LinkProtocol) == (sent += 2));
  }
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.sent(kInside).empty());
  CHECK(gateway.dropped_in_all() == sent);
  // Echo, and types beside those, are.
  for (const std::uint8_t type : Types{128, 129, 138, 142, 144})
    gateway.receive_ip(
        kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::9").icmp(type, 0).filler(20).build());
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 5);
}

TEST_CASE("ARCH-09: a solicitation for an address of ours is answered") {
  TestGateway gateway(two_ports({bypass_all()}));
  settle_two_ports(gateway);
  const auto question =
      build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                               .source = Address::parse("2001:db8::2").value(),
                               .destination = Address::parse("2001:db8::1").value(),
                               .target = Address::parse("2001:db8::1").value(),
                               .link_address = TestGateway::kPeer});
  gateway.receive_ip(kOutside, PacketBytes(question.begin(), question.end()));
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE(
    "RFC 8200 4.4: a routing header with segments left, of a type unknown here, ends with us") {
  TestGateway gateway(two_ports({bypass_all()}));
  settle_two_ports(gateway);
  const auto echo = [](const char* to, std::uint8_t left) {
    return PacketBuilder("2001:db8:9::9", to).routing(4, left).icmp(128, 0).filler(8).build();
  };
  gateway.receive_ip(kOutside, echo("2001:db8::1", 1));
  gateway.settle();
  CHECK(gateway.dropped(DropReason::RoutingHeader) == 1);
  const auto told = gateway.sent(kOutside);
  REQUIRE(told.size() == 1);
  CHECK(told[0][40] == icmp6::kParameterProblem);
  CHECK(told[0][41] == 0);
  CHECK(load_be<std::uint32_t>(&told[0][44]) == 42);       // the routing type's octet
  gateway.receive_ip(kOutside, echo("2001:db8::1", 0));    // the last stop
  gateway.receive_ip(kOutside, echo("2001:db8:1::2", 1));  // only passes through
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.sent(kInside).size() == 1);
  CHECK(gateway.dropped_in_all() == 1);
}

}  // namespace sallyport::forward_test
