// ICMP through the boundary: ordinary messages by the SPD, errors by what they carry (RFC 4301 6).
#include "dataplane/icmp_by_payload.h"

#include <catch2/catch.hpp>

#include "dataplane/esp_encapsulate.h"
#include "tests/support/esp_pair.h"

namespace sallyport::icmp_by_payload_test {
namespace {

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

PortSet port(std::uint16_t number) { return PortSet::of({{number, number}}).value(); }

// The first gateway's policy and the SA: TCP from anywhere behind us to port 443 behind the peer.
Selector https(Selector whole) {
  whole.protocol = kProtocolTcp;
  whole.remote_port = port(443);
  return whole;
}

EspPair https_pair(Family inner = Family::V4) {
  return EspPair({.inner = inner,
                  .adjust_inbound =
                      [](Sa& sa) {
                        sa.selectors[0].protocol = kProtocolTcp;
                        sa.selectors[0].local_port = port(443);
                      },
                  .adjust_sender_policy =
                      [](Policy& policy) { policy.selectors[0] = https(policy.selectors[0]); }});
}

// TCP that came through the tunnel from port 443: what an error of our side is about.
PacketBuilder reply(std::uint16_t from = 443) {
  return PacketBuilder("198.51.100.130", "198.51.100.2").tcp(from, 50000).filler(40);
}

PacketBuilder error(const PacketBuilder& about, std::uint8_t type = 3, std::uint8_t code = 4) {
  return PacketBuilder("198.51.100.2", "198.51.100.130")
      .icmp(type, code, type == 3 && code == 4 ? 1200 : 0)
      .payload(about.build());
}

}  // namespace

TEST_CASE("ICMP-01: messages that are no errors are ordinary traffic, ruled by the SPD") {
  EspPair pair({});
  const auto echo = PacketBuilder("198.51.100.2", "198.51.100.130").icmp(8, 0, 7).filler(56);
  CHECK(pair.in(only(pair.out(echo.build()))).size() == 1);
  EspPair narrow = https_pair();
  CHECK(narrow.out(echo.build()).empty());
  CHECK(narrow.sender().dropped(DropReason::NoPolicy) == 1);
  // Not even with a packet in it that would be carried.
  CHECK(narrow.out(error(reply(), 8, 0).build()).empty());
  CHECK(narrow.sender().dropped(DropReason::NoPolicy) == 2);
}

TEST_CASE("ICMP-03: an error that nothing matches takes the SA of the return traffic") {
  struct Case {
    std::uint8_t type, code;
  };
  for (const Case c : {Case{3, 4}, {3, 1}, {3, 13}, {11, 0}, {12, 0}}) {
    EspPair pair = https_pair();
    const PacketBytes wire = only(pair.out(error(reply(), c.type, c.code).build()));
    CHECK(load_be<std::uint32_t>(&wire[20]) == 0x1000);
    CHECK(pair.sender().dropped_in_all() == 0);
    // ICMP-04: and the peer takes it for what it carries.
    CHECK(only(pair.in(wire)) ==
          PacketBuilder(error(reply(), c.type, c.code)).hop_limit(62).build());
  }
}

TEST_CASE("ICMP-03: with its fields as they are, not reversed, the packet would not have matched") {
  EspPair pair = https_pair();
  const auto same_way = PacketBuilder("198.51.100.130", "198.51.100.2").tcp(50000, 443).filler(40);
  CHECK(pair.out(error(same_way).build()).empty());
  CHECK(pair.sender().dropped(DropReason::IcmpNoSa) == 1);
  CHECK(pair.out(error(reply(444)).build()).empty());
  CHECK(pair.sender().dropped(DropReason::IcmpNoSa) == 2);
}

TEST_CASE("ICMP-03: each error is judged by its own payload, whatever the flow cache holds") {
  EspPair pair = https_pair();
  for (int i = 0; i < 3; ++i) {
    CHECK(pair.out(error(reply(444)).build()).empty());
    CHECK(pair.out(error(reply()).build()).size() == 1);
  }
  CHECK(pair.sender().dropped(DropReason::IcmpNoSa) == 3);
}

TEST_CASE("ICMP-03: where there is no SA the error is dropped, and none is asked for") {
  EspPair pair = https_pair();
  pair.sender().remove_sa("out", "tunnel");
  CHECK(pair.out(error(reply()).build()).empty());
  CHECK(pair.sender().dropped(DropReason::IcmpNoSa) == 1);
  CHECK(pair.sender().dropped(DropReason::NoSa) == 0);
  CHECK(facts(DropReason::IcmpNoSa).audit);
  CHECK(pair.sender().sent(kInside).empty());
}

TEST_CASE("ICMP-03: an entry that discards the error is not gone around") {
  EspPair pair = https_pair();
  Selector icmp;
  icmp.local = {AddressRange::parse("198.51.100.0/25").value()};
  icmp.protocol = kProtocolIcmp;
  REQUIRE(pair.sender().spd().insert(
      {.name = "no-icmp", .selectors = {icmp}, .action = PolicyAction::Discard, .protect = {}}));
  pair.sender().publish();
  CHECK(pair.out(error(reply()).build()).empty());
  CHECK(pair.sender().dropped(DropReason::PolicyDiscard) == 1);
}

TEST_CASE("ICMP-03: redirects, cut and broken payloads and errors for others go nowhere") {
  EspPair pair = https_pair();
  const PacketBytes whole = reply().build();
  const auto carrying = [](PacketBytes payload) {
    return PacketBuilder("198.51.100.2", "198.51.100.130").icmp(3, 1).payload(std::move(payload));
  };
  std::uint64_t refused = 0;
  const auto goes_nowhere = [&](const PacketBuilder& packet) {
    pair.sender().receive_ip(kInside, packet.build(), BufferKind::Exact);
    pair.sender().settle();
    CHECK(pair.sender().sent(kOutside).empty());
    CHECK(pair.sender().dropped_in_all() == ++refused);
  };
  goes_nowhere(error(reply(), 5, 0));
  goes_nowhere(error(reply(), 4, 0));
  // Without ports, what is left matches only selectors without ports.
  for (std::size_t size = 0; size < 24; ++size)
    goes_nowhere(carrying({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}));
  for (const std::uint8_t first : PacketBytes{0x44, 0x65, 0x05, 0x4f, 0xf5}) {
    PacketBytes broken = whole;
    broken[0] = first;
    goes_nowhere(carrying(broken));
  }
  PacketBytes later = whole;
  later[7] = 2;
  goes_nowhere(carrying(later));
  goes_nowhere(PacketBuilder("198.51.100.2", "198.51.100.131").icmp(3, 1).payload(whole));
}

TEST_CASE("ICMP-03, ICMP-04: what is quoted cut off behind the ports is enough") {
  EspPair pair = https_pair();
  const PacketBytes whole = reply().build();
  const auto cut = PacketBuilder("198.51.100.2", "198.51.100.130")
                       .icmp(3, 1)
                       .payload({whole.begin(), whole.begin() + 28});
  CHECK(pair.in(only(pair.out(cut.build())), BufferKind::Exact).size() == 1);
}

TEST_CASE("ICMP-03, ICMP-04: IPv6 likewise, behind extension headers") {
  EspPair pair = https_pair(Family::V6);
  const auto about = [](std::uint16_t from) {
    return PacketBuilder("2001:db8:2::2", "2001:db8:1::2")
        .hop_by_hop()
        .destination_options()
        .tcp(from, 50000)
        .filler(40);
  };
  const auto told = [](const PacketBuilder& about) {
    return PacketBuilder("2001:db8:1::2", "2001:db8:2::2").icmp(2, 0, 1280).payload(about.build());
  };
  CHECK(pair.in(only(pair.out(told(about(443)).build()))).size() == 1);
  CHECK(pair.out(told(about(444)).build()).empty());
  CHECK(pair.sender().dropped(DropReason::IcmpNoSa) == 1);
}

namespace {

// Whether the second gateway takes the message out of an SA that carries everything at the first
// and HTTPS at the second.
bool admitted(const PacketBuilder& message, DropReason otherwise = DropReason::SelectorMismatch) {
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    sa.selectors[0].protocol = kProtocolTcp;
    sa.selectors[0].local_port = port(443);
  }});
  const bool in = pair.in(only(pair.out(message.build()))).size() == 1;
  CHECK(pair.receiver().dropped(otherwise) == (in ? 0 : 1));
  return in;
}

}  // namespace

TEST_CASE("ICMP-04: an error is accepted only if what it carries, reversed, matches its SA") {
  CHECK(admitted(error(reply())));
  CHECK(admitted(error(reply(), 11, 0)));
  CHECK_FALSE(admitted(error(reply(444))));
  CHECK_FALSE(
      admitted(error(PacketBuilder("198.51.100.130", "198.51.100.2").tcp(50000, 443).filler(9))));
  CHECK_FALSE(
      admitted(error(PacketBuilder("198.51.100.130", "198.51.100.2").udp(443, 50000).filler(9))));
  // About traffic of ours with others: the denial of service of RFC 4301 6.2.
  CHECK_FALSE(
      admitted(error(PacketBuilder("198.51.100.130", "203.0.113.80").tcp(443, 50000).filler(9))));
  CHECK_FALSE(
      admitted(error(PacketBuilder("198.51.100.131", "198.51.100.2").tcp(443, 50000).filler(9))));
  CHECK_FALSE(admitted(error(reply(), 5, 1)));
  CHECK_FALSE(admitted(error(reply(), 0, 0)));
}

TEST_CASE("ICMP-04: selectors that match the ICMP header itself switch the check off") {
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    Selector icmp = sa.selectors[0];
    icmp.protocol = kProtocolIcmp;
    sa.selectors[0].protocol = kProtocolTcp;
    sa.selectors[0].local_port = port(443);
    sa.selectors.push_back(icmp);
  }});
  CHECK(pair.in(only(pair.out(error(reply(444)).build()))).size() == 1);
}

TEST_CASE("ICMP-03, PMTU-03: a hub's word reaches a source that is behind an SA itself") {
  // The first gateway of the pair is a spoke; the second is the hub, which sends on to another
  // spoke whose path is narrow.
  EspPair pair({.adjust_outbound = {},
                .adjust_inbound =
                    [](Sa& sa) {
                      sa.selectors[0].local = {
                          AddressRange::parse("198.51.100.128-203.0.113.255").value()};
                    },
                .adjust_sender_policy =
                    [](Policy& policy) {
                      policy.selectors[0].remote = {
                          AddressRange::parse("198.51.100.128-203.0.113.255").value()};
                    }});
  auto& hub = pair.receiver();
  const auto add = [&](const char* name, const char* local, const char* remote, const char* peer,
                       std::uint32_t spi) {
    Policy policy = *hub.spd().find("tunnel");
    policy.name = name;
    policy.selectors[0].local = {AddressRange::parse(local).value()};
    policy.selectors[0].remote = {AddressRange::parse(remote).value()};
    policy.protect->endpoints.remote = Address::parse(peer).value();
    REQUIRE(hub.spd().insert(policy, 0));
    Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
    sa.name = name;
    sa.spi = Spi{spi};
    sa.endpoints = policy.protect->endpoints;
    sa.selectors = policy.selectors;
    hub.publish();
    return hub.add_sa(std::move(sa), name);
  };
  hub.neighbour(kOutside, "192.0.2.1", TestGateway::kPeer);
  hub.neighbour(kOutside, "192.0.2.3", TestGateway::kPeer);
  const SaSlot narrow = add("far", "198.51.100.0/25", "203.0.113.0/24", "192.0.2.3", 0x3000);
  add("back", "203.0.113.0/24", "198.51.100.0/25", "192.0.2.1", 0x1000);
  REQUIRE(hub.sad().path_mtus().lower(narrow, 1000, hub.clock().now()));

  const auto large =
      PacketBuilder("198.51.100.2", "203.0.113.7").dont_fragment().udp(1, 2).filler(1200);
  hub.receive_ip(kOutside, only(pair.out(large.build())));
  hub.settle();
  CHECK(hub.dropped(DropReason::TooBig) == 1);
  CHECK(hub.dropped(DropReason::IcmpNoSa) == 0);
  // It leaves in the SA back to the first spoke, which takes it for what it carries.
  const PacketBytes told = only(hub.sent(kOutside));
  CHECK(load_be<std::uint32_t>(&told[20]) == 0x1000);
  auto& spoke = pair.sender();
  Sa in = sample_sa(Direction::Inbound, {Cipher::AesGcm16_128, Integrity::None});
  in.selectors = {spoke.spd().find("tunnel")->selectors[0]};
  spoke.add_sa(std::move(in));
  spoke.receive_ip(kOutside, told);
  spoke.settle();
  const PacketBytes heard = only(spoke.sent(kInside));
  CHECK(heard[20] == 3);
  CHECK(heard[21] == 4);
  CHECK(load_be<std::uint16_t>(&heard[26]) == inner_mtu(hub.dataplane().sas().outbound(narrow)));
}

}  // namespace sallyport::icmp_by_payload_test
