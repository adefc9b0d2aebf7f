// From inside outward: order of decisions, SAs, numbers, MTU (RFC 4301 5.1, RFC 4303 3.3).
#include <catch2/catch.hpp>

#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"

namespace sallyport::outbound_test {
namespace {

PacketBuilder inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

Policy policy(const char* name, PolicyAction action, Selector selector = {}) {
  return {.name = name, .selectors = {std::move(selector)}, .action = action, .protect = {}};
}

Selector to(const char* range) {
  Selector selector;
  selector.local = {AddressRange::parse("198.51.100.0/25").value()};
  selector.remote = {AddressRange::parse(range).value()};
  return selector;
}

std::uint32_t sequence_of(const PacketBytes& wire) {
  return load_be<std::uint32_t>(wire.data() + 24);
}

}  // namespace

TEST_CASE("OUT-01: routing, then the SPD in order, then the act, then forwarding") {
  TestGateway gateway(two_ports({policy("first", PolicyAction::Discard, to("203.0.113.1")),
                                 policy("second", PolicyAction::Bypass, to("203.0.113.0/24"))}));
  settle_two_ports(gateway);
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build());
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.2").udp(1, 2).build());
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "198.51.100.3").udp(1, 2).build());
  gateway.settle();
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 1);
  CHECK(gateway.sent(kOutside).size() == 1);
  // Protected to protected crosses no boundary: no policy was asked (its neighbour was, by ARP).
  CHECK(gateway.dropped(DropReason::NoPolicy) == 0);
  CHECK(gateway.sent_frames(kInside).size() >= 1);
}

TEST_CASE("OUT-01: what an SA seals for an endpoint without a way is dropped") {
  const auto after = [](const char* remote, const Route& route) {
    Policy protect = policy("tunnel", PolicyAction::Protect, to("198.51.100.128/25"));
    protect.protect = Protection{};
    protect.protect->endpoints = {Address::parse("192.0.2.1").value(),
                                  Address::parse(remote).value()};
    auto settings = two_ports({protect});
    settings.routes = {{Prefix::parse("198.51.100.128/25").value(),
                        {NextHop::Kind::Gateway, kOutside, Address::parse("192.0.2.2").value()}},
                       route};
    TestGateway gateway(std::move(settings));
    settle_two_ports(gateway);
    Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
    sa.endpoints = {Address::parse("192.0.2.1").value(), Address::parse(remote).value()};
    sa.selectors = protect.selectors;
    gateway.add_sa(std::move(sa), "tunnel");
    gateway.receive_ip(kInside, inner().build());
    gateway.settle();
    CHECK(gateway.sent(kOutside).empty());
    return std::vector<std::uint64_t>{gateway.dropped(DropReason::NoRoute),
                                      gateway.dropped(DropReason::Blackhole),
                                      gateway.dropped(DropReason::Multicast)};
  };
  const Route hole{Prefix::parse("203.0.113.0/24").value(), {NextHop::Kind::Blackhole, {}, {}}};
  using Counts = std::vector<std::uint64_t>;
  CHECK(after("203.0.114.1", hole) == Counts{1, 0, 0});
  CHECK(after("203.0.113.1", hole) == Counts{0, 1, 0});
  CHECK(after("239.1.1.1", hole) == Counts{0, 0, 1});
  CHECK(after("198.51.100.1", hole) == Counts{1, 0, 0});  // an address of ours
}

TEST_CASE("SPD-06: an edit takes effect on cached flows with the next packet") {
  TestGateway gateway(two_ports({policy("all", PolicyAction::Bypass)}));
  settle_two_ports(gateway);
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build();
  gateway.receive_ip(kInside, packet);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  REQUIRE(gateway.spd().insert(policy("no", PolicyAction::Discard, to("203.0.113.1")), 0));
  gateway.publish();
  gateway.receive_ip(kInside, packet);
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 1);
}

TEST_CASE("OUT-02: discarded traffic's source is told, in either family") {
  TestGateway gateway(two_ports({policy("none", PolicyAction::Discard)}));
  settle_two_ports(gateway);
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build());
  gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::1").udp(1, 2).build());
  gateway.settle();
  const auto told = gateway.sent(kInside);
  REQUIRE(told.size() == 2);
  CHECK(told[0][20] == 3);   // ICMPv4 unreachable
  CHECK(told[0][21] == 13);  // administratively prohibited
  CHECK(told[1][40] == 1);   // ICMPv6 unreachable
  CHECK(told[1][41] == 1);
}

TEST_CASE("OUT-04: ICMP replies can be turned off, and a flood gets a bounded number") {
  const auto replies = [](std::uint32_t per_second) {
    auto settings = two_ports({policy("none", PolicyAction::Discard)});
    settings.icmp_errors_per_second = per_second;
    TestGateway gateway(std::move(settings));
    settle_two_ports(gateway);
    for (std::uint16_t i = 0; i < 500; ++i)
      gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.1").udp(i, 2).build());
    gateway.settle();
    CHECK(gateway.dropped(DropReason::PolicyDiscard) == 500);
    // Workers limit, too: the flood does not reach control.
    const IcmpErrorCounters& errors = gateway.control().icmp_errors();
    CHECK(errors.sent.read() + errors.limited.read() < (per_second == 0 ? 1 : 100));
    return gateway.sent(kInside).size();
  };
  CHECK(replies(0) == 0);
  const std::size_t limited = replies(100);
  CHECK(limited > 0);
  CHECK(limited < 50);
}

TEST_CASE("ARCH-12: without an SA nothing that policy protects leaves") {
  EspPair pair({});
  pair.sender().remove_sa("out", "tunnel");
  CHECK(pair.out(inner().build()).empty());
  CHECK(pair.sender().dropped(DropReason::NoSa) == 1);
}

TEST_CASE("ESP-10: the first packet carries 1, and numbers stop at the end") {
  EspPair pair({});
  CHECK(sequence_of(only(pair.out(inner().build()))) == 1);
  pair.outbound_state().last_sequence = 0xfffffffd;
  for (int i = 0; i < 5; ++i) pair.sender().receive_ip(kInside, inner().build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 2);
  CHECK(sequence_of(wire[0]) == 0xfffffffe);
  CHECK(sequence_of(wire[1]) == 0xffffffff);
  CHECK(pair.sender().dropped(DropReason::SequenceExhausted) == 3);
}

TEST_CASE("RPL-07, ESP-08: with ESN the low half is sent, the high half is authenticated") {
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCbc128, Integrity::HmacSha256_128}}) {
    EspPair pair({.transform = transform,
                  .adjust_outbound =
                      [](Sa& sa) {
                        sa.esn = true;
                        sa.last_sequence = {0x5fffffffe};
                      },
                  .adjust_inbound =
                      [](Sa& sa) {
                        sa.esn = true;
                        sa.last_sequence = {0x5fffffff0};
                      }});
    for (const std::uint32_t low : {0xffffffffu, 0u, 1u}) {
      const PacketBytes wire = only(pair.out(inner().build()));
      CHECK(sequence_of(wire) == low);
      CHECK(pair.in(wire).size() == 1);
    }
    CHECK(pair.inbound_state().highest == 0x600000001);
  }
}

TEST_CASE("MAN-02: a configured SA sends what was reserved for it and no more") {
  EspPair pair({.adjust_outbound = [](Sa& sa) {
    sa.esn = true;
    sa.static_key = true;
  }});
  // TestGateway reserves all; take it back to 3.
  pair.outbound_state().sequence_limit = 3;
  for (int i = 0; i < 5; ++i) pair.sender().receive_ip(kInside, inner().build());
  pair.sender().settle();
  CHECK(pair.sender().sent(kOutside).size() == 3);
  CHECK(pair.sender().dropped(DropReason::SequenceExhausted) == 2);
}

TEST_CASE("ARCH-05, SAD-09: equal SAs share a policy's traffic by DSCP, the receiver takes all") {
  EspPair pair({});
  const auto add = [&](const char* name, std::uint32_t spi, std::vector<std::uint8_t> classes) {
    Sa out = pair.outbound().sa->duplicate();
    out.name = name;
    out.spi = Spi{spi};
    out.dscp = std::move(classes);
    Sa in = pair.inbound().sa->duplicate();
    in.name = name;
    in.spi = Spi{spi};
    pair.receiver().add_sa(std::move(in));
    return pair.sender().add_sa(std::move(out));
  };
  const SaSlot voice = add("voice", 0x2000, {46});
  const SaSlot bulk = add("bulk", 0x3000, {8, 10});
  const std::vector<std::uint8_t> voice_classes{46};
  const std::vector<std::uint8_t> bulk_classes{8, 10};
  const SaForClasses all[] = {
      {pair.outbound().slot, {}}, {voice, voice_classes}, {bulk, bulk_classes}};
  const SaChoice choice = choose_by_dscp(all);
  auto& gateway = pair.sender();
  gateway.dataplane().handles().assign(SaHandle{gateway.spd().id_of("tunnel")->value}, &choice);
  const auto spi_for = [&](std::uint8_t dscp) {
    const auto packet = inner().traffic_class(static_cast<std::uint8_t>(dscp << 2)).build();
    const PacketBytes wire = only(pair.out(packet));
    CHECK(pair.in(wire).size() == 1);
    return load_be<std::uint32_t>(wire.data() + 20);
  };
  CHECK(spi_for(46) == 0x2000);
  CHECK(spi_for(8) == 0x3000);
  CHECK(spi_for(10) == 0x3000);
  CHECK(spi_for(0) == 0x1000);
}

TEST_CASE("ARCH-06: DSCP and ECN in transit do not matter to an inbound SA") {
  EspPair pair({});
  for (const std::uint8_t traffic_class : std::initializer_list<std::uint8_t>{0x00, 0xb8, 0xfc}) {
    const auto packet = inner().traffic_class(traffic_class).build();
    CHECK(pair.in(only(pair.out(packet))).size() == 1);
  }
}

TEST_CASE(
    "ESP-03, ESP-04: padding is 1, 2, 3, ... and aligns the trailer; the pad is the shortest") {
  EspPair pair({.transform = {Cipher::Null, Integrity::HmacSha1_96}});
  for (std::size_t size = 0; size < 20; ++size) {
    const auto packet =
        PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(size).build();
    const PacketBytes wire = only(pair.out(packet));
    const std::size_t trailer = wire.size() - 12 - 2;
    const std::size_t padding = wire[trailer];
    CHECK(padding < 4);
    CHECK((packet.size() + padding + 2) % 4 == 0);
    CHECK(trailer == 28 + packet.size() + padding);
    for (std::size_t i = 0; i < padding; ++i) CHECK(wire[28 + packet.size() + i] == i + 1);
    CHECK(wire[trailer + 1] == 4);
  }
}

TEST_CASE("OUT-05, ESP-11: what grew past the MTU is fragmented after ESP, where DF allows") {
  EspPair pair({});
  const auto large = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(1460);
  const auto wire = pair.out(PacketBuilder(large).build());
  REQUIRE(wire.size() == 2);
  for (const PacketBytes& fragment : wire) CHECK(fragment.size() <= 1500);
  CHECK(pair.sender().dataplane().account().fragments_made == 1);
  CHECK(pair.out(PacketBuilder(large).dont_fragment().build()).empty());
  CHECK(pair.sender().dropped(DropReason::TooBig) == 1);
  const PacketBytes told = only(pair.sender().sent(kInside));
  CHECK(told[20] == 3);
  CHECK(told[21] == 4);
  const std::uint16_t mtu = load_be<std::uint16_t>(told.data() + 26);
  const auto fits = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(mtu - 28u);
  CHECK(only(pair.out(PacketBuilder(fits).dont_fragment().build())).size() <= 1500);
  const auto one_more = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(mtu - 27u);
  CHECK(pair.out(PacketBuilder(one_more).dont_fragment().build()).empty());
}

TEST_CASE("OUT-05: IPv6 is not fragmented on its way, its source is told") {
  EspPair pair({.inner = Family::V6});
  const auto large = PacketBuilder("2001:db8:1::2", "2001:db8:2::2").udp(1, 2).filler(1440);
  CHECK(pair.out(large.build()).empty());
  const PacketBytes told = only(pair.sender().sent(kInside));
  CHECK(told[40] == 2);
  CHECK(load_be<std::uint32_t>(told.data() + 44) >= 1280);
}

TEST_CASE("SAD-14: two policies reach their own SAs though the peers chose one SPI") {
  EspPair pair({});
  auto& gateway = pair.sender();
  Policy second = *gateway.spd().find("tunnel");
  second.name = "second";
  second.selectors[0].remote = {AddressRange::parse("203.0.113.0/24").value()};
  REQUIRE(gateway.spd().insert(second));
  gateway.publish();
  Sa same_spi = pair.outbound().sa->duplicate();
  same_spi.name = "other";
  same_spi.endpoints.remote = Address::parse("192.0.2.77").value();
  same_spi.selectors = second.selectors;
  gateway.neighbour(kOutside, "192.0.2.77", TestGateway::kPeer);
  gateway.add_sa(std::move(same_spi), "second");
  CHECK(only(pair.out(inner().build()))[19] == 2);
  const auto other = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build();
  CHECK(only(pair.out(other))[19] == 77);
}

TEST_CASE("DP-04: an SA that is removed while packets wait takes none of them along") {
  EspPair pair({});
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 10; ++i) pair.sender().receive_ip(kInside, inner().build());
    Sa again = pair.outbound().sa->duplicate();
    pair.sender().remove_sa("out", "tunnel");
    pair.sender().dataplane().turn();
    pair.sender().add_sa(std::move(again), "tunnel");
    for (int i = 0; i < 10; ++i) pair.sender().receive_ip(kInside, inner().build());
    pair.sender().settle();
    CHECK(pair.sender().sent(kOutside).size() == 10);
  }
  CHECK(pair.sender().dropped(DropReason::NoSa) == 500);
}

TEST_CASE("DP-09: counters of policies, SAs and drops add up without stopping traffic") {
  EspPair pair({});
  for (int i = 0; i < 7; ++i) CHECK(pair.out(inner().build()).size() == 1);
  const auto id = pair.sender().spd().id_of("tunnel");
  const auto traffic = pair.sender().dataplane().policy_traffic(*id);
  CHECK(traffic.packets == 7);
  CHECK(traffic.bytes == 7 * inner().build().size());
  CHECK(
      pair.sender().dataplane().sas().counters(Direction::Outbound, pair.outbound().slot).packets ==
      7);
}

TEST_CASE("OUT-05: a burst that is more frames than go out at once leaves whole and in order") {
  EspPair pair({});
  // In two pieces, in front of a burst's other packets.
  pair.sender().receive_ip(kInside, inner().filler(1450).build());
  for (unsigned i = 1; i < kBurstSize; ++i) pair.sender().receive_ip(kInside, inner().build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == kBurstSize + 1);
  for (std::size_t i = 1; i < wire.size(); ++i) {
    const bool second_piece = i == 1 && (load_be<std::uint16_t>(&wire[i][6]) & 0x1fff) != 0;
    CHECK((second_piece || sequence_of(wire[i]) == sequence_of(wire[2]) + i - 2));
  }
}

TEST_CASE("OUT-05: a clear burst that is more frames than go out at once leaves whole") {
  auto settings = two_ports({policy("all", PolicyAction::Bypass)});
  settings.workers = 1;
  settings.ports[kOutside.value].mtu = 1400;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto clear = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2);
  gateway.receive_ip(kInside, PacketBuilder(clear).filler(1450).build());  // leaves in two pieces
  for (unsigned i = 1; i < kBurstSize; ++i) gateway.receive_ip(kInside, clear.build());
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == kBurstSize + 1);
}

}  // namespace sallyport::outbound_test
