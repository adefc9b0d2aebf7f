// Auditable events: each with the fields that RFC 4301, 4302 and 4303 name, at a bounded rate.
#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"
#include "tests/support/fragments.h"

namespace sallyport::audit_test {
namespace {

constexpr std::size_t kOuter = 20;
constexpr std::uint8_t kEsp = 50;

PacketBytes inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64).build();
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

Event only(std::vector<Event> events) {
  std::erase_if(events, [](const Event& event) { return event.kind != EventKind::Drop; });
  REQUIRE(events.size() == 1);
  CHECK(events[0].ticks != 0);
  CHECK(events[0].suppressed == 0);
  CHECK(events[0].worker.value < test_workers());
  return events[0];
}

void fix_checksum(PacketBytes& packet) {
  auto& header = *reinterpret_cast<Ipv4Header*>(packet.data());
  header.checksum.set(0);
  header.checksum.set(checksum(ByteView(packet).first(header.header_length())));
}

void cut(PacketBytes& packet, std::size_t size) {
  packet.resize(size);
  reinterpret_cast<Ipv4Header*>(packet.data())->total_length.set(static_cast<std::uint16_t>(size));
  fix_checksum(packet);
}

Policy policy(const char* name, PolicyAction action, Selector selector = {}) {
  return {.name = name, .selectors = {std::move(selector)}, .action = action, .protect = {}};
}

std::string source(const Event& event) { return to_string(Address{event.source, event.family}); }
std::string destination(const Event& event) {
  return to_string(Address{event.destination, event.family});
}

// The receiver's event for a packet from the wire, which does not come in.
Event refused(EspPair& pair, const PacketBytes& wire) {
  CHECK(pair.in(wire).empty());
  return only(pair.receiver().events());
}

// The sender's event for a packet from its inside, which does not go out.
Event not_sent(EspPair& pair, const PacketBytes& packet) {
  CHECK(pair.out(packet).empty());
  return only(pair.sender().events());
}

void check_outer(const Event& event, DropReason reason) {
  CHECK(event.reason == reason);
  REQUIRE(event.has_addresses);
  CHECK(source(event) == "192.0.2.1");
  CHECK(destination(event) == "192.0.2.2");
  CHECK(event.ipsec_protocol == kEsp);
  CHECK(event.ingress == kOutside);
  CHECK_FALSE(event.decapsulated);
}

void check_number(const Event& event, Spi spi, std::uint64_t sequence) {
  CHECK(event.spi == spi);
  CHECK(event.has_sequence);
  CHECK(event.sequence == sequence);
}

void check_inner(const Event& event, DropReason reason) {
  CHECK(event.reason == reason);
  REQUIRE(event.has_addresses);
  CHECK(source(event) == "198.51.100.2");
  CHECK(destination(event) == "198.51.100.130");
  CHECK(event.protocol == kProtocolUdp);
  REQUIRE(event.ports_visible);
  CHECK(event.source_port == 1000);
  CHECK(event.destination_port == 2000);
}

}  // namespace

TEST_CASE("AUD-01, INB-03: no SA for the SPI: SPI, addresses, number, IPv6 flow label") {
  EspPair pair({});
  const Event v4 =
      refused(pair, PacketBuilder("192.0.2.1", "192.0.2.2").esp(0x2222, 7).filler(60).build());
  check_outer(v4, DropReason::UnknownSpi);
  check_number(v4, Spi{0x2222}, 7);
  CHECK(v4.sa == kNoSa);

  EspPair six({.outer = Family::V6});
  const Event v6 = refused(six, PacketBuilder("2001:db8::1", "2001:db8::2")
                                    .flow_label(0xabcde)
                                    .esp(0x3333, 0xfffffffe)
                                    .filler(60)
                                    .build());
  CHECK(v6.reason == DropReason::UnknownSpi);
  check_number(v6, Spi{0x3333}, 0xfffffffe);
  CHECK(source(v6) == "2001:db8::1");
  CHECK(destination(v6) == "2001:db8::2");
  CHECK(v6.flow_label == 0xabcde);
}

TEST_CASE("AUD-01: an unknown SPI is seen through UDP encapsulation and in AH") {
  EspPair pair({});
  PacketBytes esp{0, 0, 0x44, 0x44, 0, 0, 0, 9};
  esp.resize(60);
  check_number(
      refused(pair, PacketBuilder("192.0.2.1", "192.0.2.2").udp(4500, 4500).payload(esp).build()),
      Spi{0x4444}, 9);
  PacketBytes ah{kProtocolUdp, 4, 0, 0, 0, 0, 0x55, 0x55, 0, 0, 0, 10};
  ah.resize(60);
  const Event event = refused(
      pair, PacketBuilder("192.0.2.1", "192.0.2.2").protocol(kProtocolAh).payload(ah).build());
  check_number(event, Spi{0x5555}, 10);
  CHECK(event.ipsec_protocol == kProtocolAh);
}

TEST_CASE("AUD-01: an event names no SA and no policy of the packet that lay there before") {
  EspPair pair({});
  CHECK(pair.in(only(pair.out(inner()))).size() == 1);
  PacketBytes bad = PacketBuilder("203.0.113.1", "198.51.100.130").udp(1, 2).build();
  const Event clear = refused(pair, bad);
  CHECK(clear.reason == DropReason::NoPolicy);
  CHECK(clear.sa == kNoSa);
  CHECK(clear.policy == kNoPolicy);
  CHECK_FALSE(clear.has_sequence);
  pair.sender().receive_ip(kOutside, bad);
  pair.sender().settle();
  const Event other_side = only(pair.sender().events());
  CHECK(other_side.sa == kNoSa);
  CHECK(other_side.direction == Direction::Inbound);
}

TEST_CASE("AUD-01: ESP too short for its SA, and not whole blocks") {
  EspPair pair({.transform = {Cipher::AesCbc128, Integrity::HmacSha1_96}});
  PacketBytes wire = only(pair.out(inner()));
  PacketBytes odd = wire;
  cut(odd, odd.size() - 1);
  const Event unaligned = refused(pair, odd);
  check_outer(unaligned, DropReason::EspAlignment);
  check_number(unaligned, Spi{0x1000}, 1);
  CHECK(unaligned.sa == pair.inbound().slot);
  cut(wire, kOuter + 9);
  const Event truncated = refused(pair, wire);
  check_outer(truncated, DropReason::EspTruncated);
  check_number(truncated, Spi{0x1000}, 1);
}

TEST_CASE("AUD-01: a replayed packet: the whole 64-bit number where it is known") {
  EspPair pair({.adjust_inbound = [](Sa& sa) { sa.replay_window = 64; }});
  const PacketBytes wire = only(pair.out(inner()));
  CHECK(pair.in(wire).size() == 1);
  const Event event = refused(pair, wire);
  check_outer(event, DropReason::Replay);
  check_number(event, Spi{0x1000}, 1);
  CHECK(event.sa == pair.inbound().slot);
  CHECK(event.direction == Direction::Inbound);
}

TEST_CASE("AUD-01: a bad ICV: the number that it was checked with") {
  const auto ahead = [](Sa& sa) {
    sa.esn = true;
    sa.last_sequence = {0x3fffffff0};
  };
  EspPair pair({.adjust_outbound = ahead, .adjust_inbound = ahead});
  PacketBytes wire = only(pair.out(inner()));
  wire.back() ^= 1;
  const Event event = refused(pair, wire);
  check_outer(event, DropReason::IcvFailure);
  check_number(event, Spi{0x1000}, 0x3fffffff1);
}

TEST_CASE("AUD-01, INB-04: what its SA does not allow: SPI and number of the SA, inner selectors") {
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    sa.selectors[0].remote = {AddressRange::parse("198.51.100.64/26").value()};
  }});
  const Event event = refused(pair, only(pair.out(inner())));
  check_inner(event, DropReason::SelectorMismatch);
  check_number(event, Spi{0x1000}, 1);
  CHECK(event.decapsulated);
  CHECK(event.sa == pair.inbound().slot);
  CHECK(event.ipsec_protocol == kEsp);
  CHECK(event.ingress == kOutside);
}

TEST_CASE("AUD-01, FRAG-04: a fragment refused out of an SA: SPI and number of the SA") {
  const auto refused_later_piece = [](FragmentChecks checks) {
    EspPair pair({.adjust_inbound = [=](Sa& sa) {
      sa.fragments = checks;
      sa.selectors[0].protocol = kProtocolUdp;
      if (checks == FragmentChecks::Stateful)
        sa.selectors[0].local_port = PortSet::of({{2000, 2000}}).value();
    }});
    const std::uint16_t offset = checks == FragmentChecks::Stateful ? 64 : 0;
    const PacketBytes piece =
        piece_of(inner(), {.offset = offset, .more = true, .id = 7}, PacketBytes(16));
    const Event event = refused(pair, only(pair.out(piece)));
    check_number(event, Spi{0x1000}, 1);
    CHECK(event.sa == pair.inbound().slot);
    CHECK(event.ipsec_protocol == kEsp);
    CHECK(event.decapsulated);
    REQUIRE(event.has_addresses);
    CHECK(source(event) == "198.51.100.2");
    return event.reason;
  };
  CHECK(refused_later_piece(FragmentChecks::Stateful) == DropReason::FragmentUnmatched);
  CHECK(refused_later_piece(FragmentChecks::Opaque) == DropReason::FragmentTiny);
}

TEST_CASE("AUD-03: what is refused out of an SA of ESP goes by the switch of ESP") {
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    sa.fragments = FragmentChecks::Stateful;
    sa.selectors[0].protocol = kProtocolUdp;
    sa.selectors[0].local_port = PortSet::of({{2000, 2000}}).value();
  }});
  auto selection = AuditSelection::all();
  selection.esp = false;
  pair.receiver().dataplane().choose_audits(selection);
  const auto piece = piece_of(inner(), {.offset = 64, .more = true, .id = 7}, PacketBytes(16));
  CHECK(pair.in(only(pair.out(piece))).empty());
  CHECK(pair.receiver().dropped(DropReason::FragmentUnmatched) == 1);
  CHECK(pair.receiver().events().empty());
}

// As in inbound_test.cpp: with CBC alone a bit bent in one block bends the same bit of the next.
TEST_CASE("AUD-01: what came out has bad padding, a bad next header, or is no packet") {
  const auto bare = [](Sa& sa) {
    sa.unauthenticated_allowed = true;
    sa.replay_window = 0;
  };
  EspPair pair({.transform = {Cipher::AesCbc128, Integrity::None},
                .adjust_outbound = bare,
                .adjust_inbound = bare});
  const PacketBytes wire = only(pair.out(inner()));
  const auto bent = [&](std::size_t octet, std::uint8_t bits) {
    PacketBytes other = wire;
    other[wire.size() - 32 + octet] ^= bits;
    return refused(pair, other);
  };
  const Event padding = bent(12, 0x01);
  check_outer(padding, DropReason::BadPadding);
  check_number(padding, Spi{0x1000}, 1);
  const Event next_header = bent(15, 0x15);
  check_outer(next_header, DropReason::BadNextHeader);
  check_number(next_header, Spi{0x1000}, 1);
  const Event no_packet = bent(15, 0x2d);  // 41 before an IPv4 packet: the SA's own addresses
  check_outer(no_packet, DropReason::InnerMalformed);
  check_number(no_packet, Spi{0x1000}, 1);
  CHECK(no_packet.sa == pair.inbound().slot);
}

TEST_CASE("AUD-01, INB-01: a fragment that reached ESP: SPI and number from the first one") {
  // It does only where nothing is reassembled.
  EspPair pair({.adjust_gateways = [](TestGateway::Settings& settings) {
    settings.reassembly_datagrams = 0;
  }});
  const PacketBytes wire = only(pair.out(inner()));
  const auto fragment = [&](std::uint16_t place) {
    PacketBytes other = wire;
    reinterpret_cast<Ipv4Header*>(other.data())->fragment.set(place);
    fix_checksum(other);
    return refused(pair, other);
  };
  const Event first = fragment(0x2000);
  check_outer(first, DropReason::EspFragment);
  check_number(first, Spi{0x1000}, 1);
  const Event later = fragment(0x0003);
  CHECK(later.reason == DropReason::EspFragment);
  CHECK(source(later) == "192.0.2.1");
  CHECK(later.spi == Spi{});
  CHECK_FALSE(later.has_sequence);
}

TEST_CASE(
    "AUD-01, ESP-10: numbers that ran out: our SPI, the packet's addresses, the last number") {
  EspPair pair({});
  pair.outbound_state().last_sequence = 0xffffffff;
  const Event event = not_sent(pair, inner());
  check_inner(event, DropReason::SequenceExhausted);
  check_number(event, Spi{0x1000}, 0xffffffff);
  CHECK(event.direction == Direction::Outbound);
  CHECK(event.sa == pair.outbound().slot);
  CHECK(event.ingress == kInside);
  CHECK(event.policy == pair.sender().spd().id_of("tunnel").value());
}

TEST_CASE("AUD-01, SAD-13: an SA whose hard lifetime has passed, either direction") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.hard.packets = 2; },
                .adjust_inbound = [](Sa& sa) { sa.hard.packets = 1; }});
  CHECK(pair.in(only(pair.out(inner()))).size() == 1);
  const Event in = refused(pair, only(pair.out(inner())));
  check_outer(in, DropReason::LifetimeExpired);
  check_number(in, Spi{0x1000}, 2);
  CHECK(in.direction == Direction::Inbound);
  const Event out = not_sent(pair, inner());
  check_inner(out, DropReason::LifetimeExpired);
  CHECK(out.spi == Spi{0x1000});
  CHECK_FALSE(out.has_sequence);
  CHECK(out.direction == Direction::Outbound);
}

TEST_CASE("AUD-01, SPD-16: a policy says protect and there is no SA") {
  EspPair pair({});
  pair.sender().remove_sa("out", "tunnel");
  const Event event = not_sent(pair, inner());
  check_inner(event, DropReason::NoSa);
  CHECK(event.spi == Spi{});
  CHECK(event.ipsec_protocol == 0);
  CHECK(event.policy == pair.sender().spd().id_of("tunnel").value());
}

TEST_CASE("AUD-01, OUT-04: outbound discards, by a policy and by none, with their selectors") {
  Selector one;
  one.remote = {AddressRange::parse("198.51.100.130").value()};
  TestGateway gateway(two_ports({policy("no", PolicyAction::Discard, one)}));
  settle_two_ports(gateway);
  gateway.receive_ip(kInside, inner());
  gateway.settle();
  const Event discarded = only(gateway.events());
  check_inner(discarded, DropReason::PolicyDiscard);
  CHECK(discarded.policy == gateway.spd().id_of("no").value());
  CHECK(discarded.ingress == kInside);
  CHECK(discarded.ipsec_protocol == 0);
  CHECK_FALSE(discarded.has_sequence);
  gateway.receive_ip(
      kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::1").flow_label(5).icmp(128, 0).build());
  gateway.settle();
  const Event unmatched = only(gateway.events());
  CHECK(unmatched.reason == DropReason::NoPolicy);
  CHECK(unmatched.policy == kNoPolicy);
  CHECK(unmatched.protocol == kProtocolIcmpv6);
  CHECK(unmatched.source_port == 128 * 256);
  CHECK(unmatched.flow_label == 5);
}

TEST_CASE("AUD-01, INB-07, SPD-17: a clear packet that policy protects, or that no policy knows") {
  EspPair pair({});
  const Event clear = refused(pair, inner());
  check_inner(clear, DropReason::PlaintextProtected);
  CHECK(clear.ingress == kOutside);
  CHECK(clear.spi == Spi{});
  CHECK(clear.policy == pair.receiver().spd().id_of("tunnel").value());
  const Event unknown =
      refused(pair, PacketBuilder("203.0.113.1", "198.51.100.130").udp(1, 2).build());
  CHECK(unknown.reason == DropReason::NoPolicy);
  CHECK(source(unknown) == "203.0.113.1");
}

TEST_CASE("AUD-02: a flood is told at a bounded rate, the rest is counted, and nothing is sent") {
  constexpr unsigned kFlood = 500;
  auto settings = two_ports({});
  settings.audit_events_per_second = 1;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto unknown = PacketBuilder("192.0.2.2", "192.0.2.1").esp(0x2222, 7).filler(60).build();
  for (unsigned i = 0; i < kFlood; ++i) {
    gateway.receive_ip(kOutside, unknown);
    if (i % 64 == 63) gateway.settle();
  }
  gateway.settle();
  const auto events = gateway.events();
  CHECK(gateway.dropped(DropReason::UnknownSpi) == kFlood);
  CHECK(events.size() == 1);
  CHECK(events.size() + gateway.suppressed(DropReason::UnknownSpi) == kFlood);
  CHECK(gateway.sent_frames(kOutside).empty());
  CHECK(gateway.sent_frames(kInside).empty());
  CHECK(gateway.dataplane().account().originated == 0);
}

TEST_CASE("AUD-02: an event says how many were suppressed before it; reasons do not share a rate") {
  auto settings = two_ports({});
  settings.audit_events_per_second = 2;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto offer = [&](std::uint32_t number) {
    gateway.receive_ip(kOutside,
                       PacketBuilder("192.0.2.2", "192.0.2.1").esp(0x2222, number).build());
    gateway.settle();
    return gateway.events();
  };
  CHECK(offer(1).size() == 1);
  CHECK(offer(2).size() == 1);
  CHECK(offer(3).empty());
  CHECK(offer(4).empty());
  gateway.receive_ip(kOutside, PacketBuilder("203.0.113.1", "198.51.100.2").udp(1, 2).build());
  gateway.settle();
  CHECK(only(gateway.events()).reason == DropReason::NoPolicy);
  gateway.clock().advance(std::chrono::milliseconds(500));
  const auto next = offer(5);
  REQUIRE(next.size() == 1);
  CHECK(next[0].sequence == 5);
  CHECK(next[0].suppressed == 2);
  CHECK(offer(6).empty());
  CHECK(gateway.suppressed(DropReason::UnknownSpi) == 3);
}

TEST_CASE("AUD-02: a full ring loses events, counts them, and stops nothing") {
  constexpr unsigned kFlood = 400;
  auto settings = two_ports({});
  settings.event_ring = 16;
  settings.audit_events_per_second = 1'000'000'000;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (unsigned i = 0; i < kFlood; ++i) {
    gateway.receive_ip(kOutside,
                       PacketBuilder("192.0.2.2", "192.0.2.1").esp(0x2222, i).filler(60).build());
    gateway.settle();
    gateway.clock().advance(std::chrono::microseconds(1));
  }
  const auto events = gateway.events();
  CHECK(events.size() >= 16);
  CHECK(events.size() < 64);
  CHECK(gateway.dataplane().events_lost() > 0);
  CHECK(events.size() + gateway.suppressed(DropReason::UnknownSpi) == kFlood);
  CHECK(gateway.dropped(DropReason::UnknownSpi) == kFlood);
}

TEST_CASE("AUD-03: ESP, AH and single reasons are switched off and on") {
  EspPair pair({});
  TestGateway& gateway = pair.receiver();
  const auto count = [&](const AuditSelection& selection) {
    gateway.dataplane().choose_audits(selection);
    PacketBytes ah{kProtocolUdp, 4, 0, 0, 0, 0, 0x55, 0x55, 0, 0, 0, 10};
    ah.resize(60);
    const PacketBuilder out("192.0.2.1", "192.0.2.2");
    CHECK(pair.in(PacketBuilder(out).esp(0x2222, 7).filler(60).build()).empty());
    CHECK(pair.in(PacketBuilder(out).protocol(kProtocolAh).payload(ah).build()).empty());
    CHECK(pair.in(inner()).empty());
    return gateway.events().size();
  };
  CHECK(count(AuditSelection::all()) == 3);
  auto without = AuditSelection::all();
  without.esp = false;
  CHECK(count(without) == 2);
  without.ah = false;
  CHECK(count(without) == 1);
  without.reasons[static_cast<std::size_t>(DropReason::PlaintextProtected)] = false;
  CHECK(count(without) == 0);
  CHECK(count(AuditSelection::all()) == 3);
  CHECK(gateway.dropped(DropReason::UnknownSpi) == 10);
}

TEST_CASE("AUD-03: what is no auditable event cannot be made one") {
  AuditSelection selection;
  selection.reasons.fill(true);
  AuditSwitches switches;
  switches.choose(selection);
  CHECK(switches.covers(DropReason::Replay));
  CHECK_FALSE(switches.covers(DropReason::DummyPacket));
  CHECK_FALSE(switches.covers(DropReason::NoRoute));
}

}  // namespace sallyport::audit_test
