// Host role: a local-stack port, transport mode (RFC 4301 3.3, 4.1; RFC 4303 3.1.1).
#include <catch2/catch.hpp>

#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/host_pair.h"

namespace sallyport::host_role_test {
namespace {

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

PacketBuilder packet(Family family) {
  return family == Family::V4
             ? PacketBuilder("192.0.2.1", "192.0.2.2").udp(1000, 2000).filler(100)
             : PacketBuilder("2001:db8::1", "2001:db8::2").udp(1000, 2000).filler(100);
}

}  // namespace

TEST_CASE(
    "ARCH-02, ARCH-03, ESP-18: a host's packets cross in transport mode and arrive unchanged") {
  for (const Family family : {Family::V4, Family::V6})
    for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                      Transform{Cipher::AesCbc128, Integrity::HmacSha1_96}}) {
      HostPair pair({.transform = transform, .family = family});
      const PacketBytes wire = only(pair.out(packet(family).build()));
      PacketSummary outer;
      REQUIRE(summarize(wire, outer) == ParseVerdict::Good);
      CHECK(outer.protocol == kProtocolEsp);
      CHECK(only(pair.in(wire)) == packet(family).build());
    }
}

TEST_CASE("ARCH-02: one transport SA's packets go each its own way, also out of one burst") {
  const auto to_anyone = [](Sa& sa) { sa.selectors[0].remote.clear(); };
  const auto two_ways = [](TestGateway::Settings& settings) {
    settings.policies[0].selectors[0].remote.clear();
    for (const auto& [net, gateway] :
         {std::pair{"198.51.100.0/24", "192.0.2.2"}, std::pair{"203.0.113.0/24", "192.0.2.3"}})
      settings.routes.push_back(
          {Prefix::parse(net).value(),
           {NextHop::Kind::Gateway, kOutside, Address::parse(gateway).value()}});
  };
  HostPair pair({.adjust = to_anyone, .adjust_gateways = two_ways});
  constexpr MacAddress kOther{{2, 0, 0, 0, 0, 0x77}};
  TestGateway& sender = pair.sender();
  sender.neighbour(kOutside, "192.0.2.3", kOther);
  for (const char* to : {"198.51.100.7", "203.0.113.7"})
    sender.receive_ip(kInside, PacketBuilder("192.0.2.1", to).udp(1000, 2000).filler(40).build());
  sender.settle();
  const auto frames = sender.sent_frames(kOutside);
  REQUIRE(frames.size() == 2);
  const auto is_to = [](const PacketBytes& frame, const MacAddress& mac) {
    return std::equal(mac.bytes.begin(), mac.bytes.end(), frame.begin());
  };
  CHECK(is_to(frames[0], TestGateway::kPeer));
  CHECK(is_to(frames[1], kOther));
}

TEST_CASE("ARCH-02: a host's tunnel carries its own traffic with its TTL as it is") {
  HostPair pair({.mode = IpsecMode::Tunnel});
  const PacketBytes wire = only(pair.out(packet(Family::V4).hop_limit(9).build()));
  CHECK(only(pair.in(wire)) == packet(Family::V4).hop_limit(9).build());
}

TEST_CASE("ARCH-03: a gateway does not put forwarded traffic into transport mode") {
  HostPair pair({.kind = PortKind::Link});
  CHECK(pair.out(packet(Family::V4).build()).empty());
  CHECK(pair.sender().dropped(DropReason::TransportForwarded) == 1);
}

TEST_CASE("ARCH-07: transport mode carries no fragments, first or later") {
  HostPair pair({});
  CHECK(pair.out(packet(Family::V4).fragment({.offset = 0, .more = true}).build()).empty());
  CHECK(pair.out(packet(Family::V4).fragment({.offset = 64, .more = false}).build()).empty());
  CHECK(pair.sender().dropped(DropReason::FragmentTransport) == 2);
}

TEST_CASE(
    "ESP-05: IPv6 transport ESP stands behind hop-by-hop, before or behind destination options") {
  for (const auto placement : {DestinationOptions::Inside, DestinationOptions::Outside}) {
    HostPair pair(
        {.family = Family::V6, .adjust = [&](Sa& sa) { sa.destination_options = placement; }});
    const auto extended = PacketBuilder("2001:db8::1", "2001:db8::2")
                              .hop_by_hop()
                              .destination_options()
                              .udp(1, 2)
                              .filler(40)
                              .build();
    const PacketBytes wire = only(pair.out(extended));
    PacketSummary outer;
    REQUIRE(summarize(wire, outer) == ParseVerdict::Good);
    CHECK(outer.protocol == kProtocolEsp);
    CHECK(outer.upper_offset == (placement == DestinationOptions::Outside ? 56 : 48));
    CHECK(only(pair.in(wire)) == extended);
  }
}

TEST_CASE("ESP-05: IPv4 transport ESP stands behind the options") {
  HostPair pair({});
  const auto extended =
      PacketBuilder("192.0.2.1", "192.0.2.2").options({7, 7, 4, 0, 0, 0, 0}).udp(1, 2).build();
  const PacketBytes wire = only(pair.out(extended));
  CHECK(wire[9] == kProtocolEsp);
  CHECK((wire[0] & 0xf) == 7);
  CHECK(only(pair.in(wire)) == extended);
}

TEST_CASE("NAT-04: behind a NAT the upper checksum is made anew for the addresses that arrived") {
  for (const auto build : {&PacketBuilder::udp, &PacketBuilder::tcp}) {
    HostPair pair({.adjust = [](Sa& sa) {
      sa.encapsulation = UdpEncapsulation{};
      for (Selector& selector : sa.selectors) {
        selector.local.clear();
        selector.remote.clear();
      }
    }});
    PacketBuilder original("192.0.2.1", "192.0.2.2");
    const PacketBytes wire = only(pair.out((original.*build)(1000, 2000).filler(33).build()));
    PacketBytes translated = wire;
    translated[15] = 99;  // a NAT's address instead of the sender's
    HostPair::fix_ipv4_checksum(translated);
    PacketBuilder expected("192.0.2.99", "192.0.2.2");
    CHECK(only(pair.in(translated)) == (expected.*build)(1000, 2000).filler(33).build());
  }
}

TEST_CASE("ESP-13: next header 59 is a dummy in both modes and is swallowed") {
  HostPair pair({});
  const auto dummy = PacketBuilder("192.0.2.1", "192.0.2.2").protocol(59).filler(30).build();
  CHECK(pair.in(only(pair.out(dummy))).empty());
  CHECK(pair.receiver().dropped(DropReason::DummyPacket) == 1);
  CHECK(pair.receiver().dropped_in_all() == 0);
}

TEST_CASE("ARCH-09: a host's IKE goes out only where a policy lets it by") {
  HostPair pair({});
  const auto ike = PacketBuilder("192.0.2.1", "192.0.2.77").udp(500, 500).build();
  CHECK(pair.out(ike).empty());
  CHECK(pair.sender().dropped(DropReason::NoPolicy) >= 1);
  Selector ports;
  ports.protocol = kProtocolUdp;
  ports.local_port = PortSet::of({{500, 500}}).value();
  pair.sender().neighbour(kOutside, "192.0.2.77", TestGateway::kPeer);
  REQUIRE(pair.sender().spd().insert(
      {.name = "ike", .selectors = {ports}, .action = PolicyAction::Bypass, .protect = {}}, 0));
  pair.sender().publish();
  CHECK(only(pair.out(ike)) == ike);
}

}  // namespace sallyport::host_role_test
