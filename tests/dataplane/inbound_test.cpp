// From the wire inward: SAs, replay, ICV, selectors (RFC 4301 5.2, RFC 4303 3.4).
#include <catch2/catch.hpp>
#include <set>

#include "net/checksum.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"

namespace sallyport::inbound_test {
namespace {

constexpr std::size_t kOuter = 20;

PacketBuilder inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
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

// Whose packets can be bent.
EspPair::Settings unauthenticated(Cipher cipher) {
  const auto allow = [](Sa& sa) {
    sa.unauthenticated_allowed = true;
    sa.replay_window = 0;
  };
  return {
      .transform = {cipher, Integrity::None}, .adjust_outbound = allow, .adjust_inbound = allow};
}

}  // namespace

TEST_CASE("INB-02: ESP to others is ruled by SPD-I and never opened") {
  EspPair pair({});
  PacketBytes wire = only(pair.out(inner().build()));
  wire[kOuter - 1] = 77;  // another destination
  fix_checksum(wire);
  CHECK(pair.in(wire).empty());
  CHECK(pair.receiver().dropped(DropReason::NoPolicy) == 1);
  CHECK(pair.inbound_state().packets == 0);
}

TEST_CASE("INB-03: ESP with an SPI that nobody has is dropped") {
  EspPair pair({});
  PacketBytes wire = only(pair.out(inner().build()));
  wire[kOuter + 3] ^= 1;
  CHECK(pair.in(wire).empty());
  CHECK(pair.receiver().dropped(DropReason::UnknownSpi) == 1);
}

TEST_CASE("INB-01: where nothing is reassembled, a fragment offered to ESP is dropped") {
  auto settings = two_ports({});
  settings.reassembly_datagrams = 0;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (const std::uint16_t offset : {std::uint16_t{0}, std::uint16_t{24}})
    gateway.receive_ip(kOutside, PacketBuilder("192.0.2.2", "192.0.2.1")
                                     .fragment({.offset = offset, .more = true})
                                     .esp(0x1000, 1)
                                     .filler(64)
                                     .build());
  gateway.settle();
  CHECK(gateway.dropped(DropReason::EspFragment) == 2);
}

TEST_CASE("INB-04: what comes out must lie within its own SA's selectors, not some policy") {
  // The receiver has a policy that would let the inner packet pass, under another SA.
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    sa.selectors[0].remote = {AddressRange::parse("198.51.100.64/26").value()};
  }});
  CHECK(pair.in(only(pair.out(inner().build()))).empty());
  CHECK(pair.receiver().dropped(DropReason::SelectorMismatch) == 1);
  CHECK(pair.inbound_state().highest == 1);
}

TEST_CASE("INB-04: the inner addresses of either family are part of the check, each of them") {
  struct Narrowed {
    Family family;
    const char *local, *remote;
  };
  for (const auto& [family, local, remote] :
       {Narrowed{Family::V4, "198.51.100.192/26", "198.51.100.0/25"},
        Narrowed{Family::V4, "198.51.100.128/25", "198.51.100.64/26"},
        Narrowed{Family::V6, "2001:db8:2:0:8000::/65", "2001:db8:1::/64"},
        Narrowed{Family::V6, "2001:db8:2::/64", "2001:db8:1:0:8000::/65"}}) {
    INFO(local << " from " << remote);
    EspPair pair({.inner = family, .adjust_inbound = [&](Sa& sa) {
                    sa.selectors[0].local = {AddressRange::parse(local).value()};
                    sa.selectors[0].remote = {AddressRange::parse(remote).value()};
                  }});
    const bool v4 = family == Family::V4;
    const auto packet = PacketBuilder(v4 ? "198.51.100.2" : "2001:db8:1::2",
                                      v4 ? "198.51.100.130" : "2001:db8:2::2")
                            .udp(1, 2)
                            .build();
    CHECK(pair.in(only(pair.out(packet))).empty());
    CHECK(pair.receiver().dropped(DropReason::SelectorMismatch) == 1);
  }
}

TEST_CASE("INB-04: ports, protocol and ICMP type are part of the check") {
  const auto arrives = [](Selector narrow, const PacketBuilder& packet) {
    EspPair pair({.adjust_inbound = [&](Sa& sa) {
      narrow.local = sa.selectors[0].local;
      narrow.remote = sa.selectors[0].remote;
      sa.selectors = {narrow};
    }});
    return pair.in(only(pair.out(packet.build()))).size() == 1;
  };
  Selector udp_2000;
  udp_2000.protocol = kProtocolUdp;
  udp_2000.local_port = PortSet::of({{2000, 2000}}).value();
  CHECK(arrives(udp_2000, inner()));
  CHECK_FALSE(arrives(udp_2000, PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2001)));
  CHECK_FALSE(arrives(udp_2000, PacketBuilder("198.51.100.2", "198.51.100.130").tcp(1000, 2000)));
  Selector echo;
  echo.protocol = kProtocolIcmp;
  echo.remote_port = PortSet::of({{8 * 256, 8 * 256}}).value();
  CHECK(arrives(echo, PacketBuilder("198.51.100.2", "198.51.100.130").icmp(8, 0)));
  CHECK_FALSE(arrives(echo, PacketBuilder("198.51.100.2", "198.51.100.130").icmp(0, 0)));
}

TEST_CASE("MCAST-01: a group's SAs are looked up by SPI and group, or by the source as well") {
  const auto group = [](SaLookup lookup, const char* source) {
    return [=](Sa& sa) {
      sa.lookup = lookup;
      sa.replay_window = 0;  // many may send
      sa.endpoints = {Address::parse("239.1.1.1").value(), Address::parse(source).value()};
    };
  };
  const auto to = [](PacketBytes wire, std::uint8_t last) {
    const std::uint8_t destination[] = {239, 1, 1, last};
    std::ranges::copy(destination, wire.begin() + 16);
    fix_checksum(wire);
    return wire;
  };
  EspPair any({.adjust_inbound = group(SaLookup::SpiDestination, "0.0.0.0")});
  const PacketBytes wire = only(any.out(inner().build()));
  CHECK(any.in(to(wire, 1)).size() == 1);
  CHECK(any.in(to(wire, 1)).size() == 1);  // no anti-replay
  CHECK(any.in(to(wire, 2)).empty());      // another group, which SPD-I does not know
  CHECK(any.receiver().dropped(DropReason::NoPolicy) == 1);
  EspPair one({.adjust_inbound = group(SaLookup::SpiDestinationSource, "192.0.2.1")});
  CHECK(one.in(to(wire, 1)).size() == 1);
  EspPair other({.adjust_inbound = group(SaLookup::SpiDestinationSource, "192.0.2.9")});
  CHECK(other.in(to(wire, 1)).empty());
  // One that is found by its SPI alone has no group.
  EspPair unicast({});
  CHECK(unicast.in(to(wire, 1)).empty());
  CHECK(unicast.receiver().dropped(DropReason::UnknownSpi) == 0);
}

TEST_CASE("INB-05: a forged number far ahead moves nothing") {
  EspPair pair({});
  const PacketBytes first = only(pair.out(inner().build()));
  PacketBytes forged = only(pair.out(inner().build()));
  forged[kOuter + 4] = 0x7f;  // the sequence number's high octet
  CHECK(pair.in(forged).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
  CHECK(pair.inbound_state().highest == 0);
  CHECK(pair.inbound_state().packets == 0);
  CHECK(pair.in(first).size() == 1);
}

TEST_CASE("INB-05: a replayed packet is dropped before its ICV is looked at") {
  EspPair pair({});
  PacketBytes wire = only(pair.out(inner().build()));
  CHECK(pair.in(wire).size() == 1);
  wire.back() ^= 1;
  CHECK(pair.in(wire).empty());
  CHECK(pair.receiver().dropped(DropReason::Replay) == 1);
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 0);
}

TEST_CASE("RPL-03: two copies in one burst come in once") {
  EspPair pair({});
  const PacketBytes wire = only(pair.out(inner().build()));
  pair.receiver().receive_ip(kOutside, wire);
  pair.receiver().receive_ip(kOutside, wire);
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).size() == 1);
  CHECK(pair.receiver().dropped(DropReason::Replay) == 1);
}

TEST_CASE("INB-06: what was opened meets outbound policy where its way leads out again") {
  // The receiver's inside network is not on its inside port: the packet would leave in clear.
  EspPair hub(
      {.adjust_inbound =
           [](Sa& sa) { sa.selectors[0].local = {AddressRange::parse("203.0.113.0/24").value()}; },
       .adjust_sender_policy =
           [](Policy& protect) {
             protect.selectors[0].remote = {AddressRange::parse("203.0.113.0/24").value()};
           }});
  const auto onward = PacketBuilder("198.51.100.2", "203.0.113.5").udp(1, 2).build();
  CHECK(hub.in(only(hub.out(onward))).empty());
  CHECK(hub.receiver().sent(kOutside).empty());
  CHECK(hub.receiver().dropped(DropReason::NoPolicy) == 1);
  CHECK(hub.receiver().dropped(DropReason::IcmpNoSa) == 1);  // the ICMP error about it
  REQUIRE(hub.receiver().spd().insert(policy("onward", PolicyAction::Bypass)));
  hub.receiver().publish();
  CHECK(hub.in(only(hub.out(onward))).empty());
  CHECK(hub.receiver().sent(kOutside).size() == 1);
}

TEST_CASE("INB-07, SPD-17: a clear packet that policy protects does not come in") {
  EspPair pair({});
  CHECK(pair.in(inner().build()).empty());
  CHECK(pair.receiver().dropped(DropReason::PlaintextProtected) == 1);
}

TEST_CASE("INB-02, INB-07: in one burst ESP for us is opened and all else is judged by policy") {
  EspPair pair({});
  for (const bool clear_first : {false, true}) {
    const PacketBytes wire = only(pair.out(inner().build()));
    const auto before = pair.receiver().dropped(DropReason::PlaintextProtected);
    if (clear_first) pair.receiver().receive_ip(kOutside, inner().build());
    pair.receiver().receive_ip(kOutside, wire);
    if (!clear_first) pair.receiver().receive_ip(kOutside, inner().build());
    pair.receiver().settle();
    CHECK(pair.receiver().sent(kInside).size() == 1);
    CHECK(pair.receiver().dropped(DropReason::PlaintextProtected) == before + 1);
  }
  CHECK(pair.receiver().dropped_in_all() == 2);
}

TEST_CASE("INB-02, SAD-04: what stands among the packets of one SA is not taken for one of them") {
  struct Stranger {
    const char* what;
    std::function<PacketBytes(PacketBytes)> make;  // of one of the SA's packets
    DropReason reason;
  };
  const std::vector<Stranger> strangers{
      {"of another SPI",
       [](PacketBytes wire) {
         wire[kOuter + 3] ^= 1;
         return wire;
       },
       DropReason::UnknownSpi},
      {"for somebody else",
       [](PacketBytes wire) {
         wire[kOuter - 1] = 77;
         fix_checksum(wire);
         return wire;
       },
       DropReason::NoPolicy},
      {"for somebody else, in IPv6, whose address begins with the octets of ours",
       [](const PacketBytes& wire) {
         const PacketBytes esp(wire.begin() + kOuter, wire.end());
         return PacketBuilder("2001:db8::1", "c000:202::")
             .protocol(kProtocolEsp)
             .payload(esp)
             .build();
       },
       DropReason::NoPolicy},
      {"too short for an SPI and a number",
       [](PacketBytes wire) {
         cut(wire, kOuter + 7);
         return wire;
       },
       DropReason::EspTruncated},
      {"a first fragment",
       [](PacketBytes wire) {
         wire[6] = 0x20;
         fix_checksum(wire);
         return wire;
       },
       DropReason::EspFragment},
  };
  for (const Stranger& stranger : strangers) {
    for (const unsigned place : {0u, 1u, 3u}) {
      INFO(stranger.what << ", at place " << place);
      EspPair pair({.adjust_gateways = [](TestGateway::Settings& settings) {
        settings.reassembly_datagrams = 0;
      }});
      std::vector<PacketBytes> burst;
      for (unsigned i = 0; i < 4; ++i) burst.push_back(only(pair.out(inner().build())));
      burst[place] = stranger.make(burst[place]);
      for (const PacketBytes& packet : burst) pair.receiver().receive_ip(kOutside, packet);
      pair.receiver().settle();
      CHECK(pair.receiver().sent(kInside).size() == 3);
      CHECK(pair.receiver().dropped(stranger.reason) == 1);
      CHECK(pair.receiver().dropped_in_all() == 1);
      CHECK(pair.inbound_state().packets == 3);
    }
  }
}

TEST_CASE("SAD-05: the outer source may change, the SA is found by its SPI") {
  EspPair pair({});
  PacketBytes wire = only(pair.out(inner().build()));
  wire[15] = 99;
  fix_checksum(wire);
  CHECK(pair.in(wire).size() == 1);
}

TEST_CASE("SAD-04: an SA that is looked up with its source hears no other") {
  EspPair pair({.adjust_inbound = [](Sa& sa) { sa.lookup = SaLookup::SpiDestinationSource; }});
  PacketBytes wire = only(pair.out(inner().build()));
  PacketBytes other = wire;
  other[15] = 99;
  fix_checksum(other);
  CHECK(pair.in(other).empty());
  CHECK(pair.receiver().dropped(DropReason::UnknownSpi) == 1);
  CHECK(pair.in(wire).size() == 1);
}

TEST_CASE("ESP-12: every octet of an ESP packet is covered, under every kind of integrity") {
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCbc128, Integrity::HmacSha1_96},
                                    Transform{Cipher::ChaCha20Poly1305, Integrity::None},
                                    Transform{Cipher::AesGmac128, Integrity::None},
                                    Transform{Cipher::Null, Integrity::AesXcbc_96}}) {
    EspPair pair({.transform = transform});
    const PacketBytes wire = only(pair.out(inner().build()));
    for (std::size_t i = kOuter + 4; i < wire.size(); ++i) {
      PacketBytes bent = wire;
      bent[i] ^= 0x10;
      REQUIRE(pair.in(bent).empty());
    }
    CHECK(pair.receiver().dropped(DropReason::IcvFailure) == wire.size() - kOuter - 4);
    CHECK(pair.in(wire).size() == 1);
  }
}

TEST_CASE("ESP-17: lengths that no ICV could make good are dropped before any crypto") {
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCbc128, Integrity::HmacSha256_128}}) {
    EspPair pair({.transform = transform});
    const PacketBytes wire = only(pair.out(inner().build()));
    for (std::size_t size = kOuter; size < wire.size(); ++size) {
      PacketBytes shorter = wire;
      cut(shorter, size);
      REQUIRE(pair.in(shorter, BufferKind::Exact).empty());
    }
    const auto& drops = pair.receiver();
    CHECK(drops.dropped(DropReason::EspTruncated) + drops.dropped(DropReason::EspAlignment) +
              drops.dropped(DropReason::IcvFailure) ==
          wire.size() - kOuter);
    CHECK(drops.dropped(DropReason::EspTruncated) > 0);
    CHECK(drops.dropped(DropReason::EspAlignment) > 0);
    CHECK(pair.in(wire, BufferKind::Exact).size() == 1);
  }
}

// With CBC alone a bit bent in one block of ciphertext bends the same bit of the next block's text:
// a trailer of the test's choice behind a good ICV (there is none).
TEST_CASE(
    "ESP-04, ESP-13: padding that does not count up and next headers that do not fit are dropped") {
  EspPair pair(unauthenticated(Cipher::AesCbc128));
  const PacketBytes wire = only(pair.out(inner().build()));
  // The text ends: ... 1, 2, (padding length) 2, (next header) 4.
  const std::size_t before_last = wire.size() - 32;
  const auto bent = [&](std::size_t octet, std::uint8_t bits) {
    PacketBytes other = wire;
    other[before_last + octet] ^= bits;
    return pair.in(other).size();
  };
  CHECK(pair.in(wire).size() == 1);
  CHECK(bent(12, 0x01) == 0);  // padding
  CHECK(bent(13, 0x80) == 0);
  CHECK(pair.receiver().dropped(DropReason::BadPadding) == 2);
  CHECK(bent(14, 0xf0) == 0);  // padding length: longer than the text
  CHECK(pair.receiver().dropped(DropReason::BadPadding) == 3);
  CHECK(bent(15, 0x15) == 0);  // next header 17
  CHECK(pair.receiver().dropped(DropReason::BadNextHeader) == 1);
  CHECK(bent(15, 0x2d) == 0);  // next header 41 before an IPv4 packet
  CHECK(pair.receiver().dropped(DropReason::InnerMalformed) == 1);
}

TEST_CASE("ESP-13: padding of a block's every length has to count up") {
  EspPair pair(unauthenticated(Cipher::AesCbc128));
  constexpr std::size_t kBlock = 16;
  std::uint64_t dropped = 0;
  std::set<std::size_t> lengths;
  for (std::size_t more = 0; more < kBlock; ++more) {
    const PacketBytes packet = inner().filler(more).build();
    const PacketBytes wire = only(pair.out(packet));
    const std::size_t padding = (kBlock - (packet.size() + 2) % kBlock) % kBlock;
    lengths.insert(padding);
    INFO("padding of " << padding);
    REQUIRE(only(pair.in(wire)).size() == packet.size());
    for (std::size_t octet = 0; octet < std::min(padding, kBlock - 2); ++octet) {
      PacketBytes bent = wire;
      bent[wire.size() - kBlock - 3 - octet] ^= 0x40;
      REQUIRE(pair.in(bent).empty());
      REQUIRE(pair.receiver().dropped(DropReason::BadPadding) == ++dropped);
    }
  }
  CHECK(lengths.size() == kBlock);
}

// In counter mode a bit that is bent bends nothing else: what was payload becomes padding.
TEST_CASE("ESP-13: padding of up to 255 octets has to count up, the first and the last of it too") {
  EspPair pair(unauthenticated(Cipher::AesCtr128));
  std::uint64_t bad = 0;
  std::uint64_t malformed = 0;
  for (const std::uint8_t length : {1, 6, 7, 8, 9, 15, 16, 17, 100, 254, 255}) {
    INFO("padding of " << unsigned{length});
    PacketBytes packet = inner().filler(300 + 2).build();
    REQUIRE((packet.size() + 2) % 4 == 0);  // without padding of its own
    for (unsigned i = 0; i < length; ++i)
      packet[packet.size() - length + i] = static_cast<std::uint8_t>(i + 1);
    const PacketBytes wire = only(pair.out(packet));
    const std::size_t length_at = wire.size() - 2;
    PacketBytes padded = wire;
    padded[length_at] ^= length;
    CHECK(pair.in(padded).empty());  // too short for what its header says
    CHECK(pair.receiver().dropped(DropReason::InnerMalformed) == ++malformed);
    for (const std::size_t octet : {length_at - length, length_at - 1}) {
      PacketBytes bent = padded;
      bent[octet] ^= 0x80;
      CHECK(pair.in(bent).empty());
      CHECK(pair.receiver().dropped(DropReason::BadPadding) == ++bad);
    }
    CHECK(only(pair.in(wire)).size() == packet.size());
  }
}

TEST_CASE("SAD-07: octets are counted as the cipher takes them, padding and trailer included") {
  EspPair pair({.transform = {Cipher::AesCbc128, Integrity::HmacSha1_96}});
  const PacketBytes packet = inner().build();
  CHECK(pair.in(only(pair.out(packet))).size() == 1);
  const std::uint64_t text = (packet.size() + 2 + 15) / 16 * 16;
  CHECK(pair.outbound_state().bytes == text);
  CHECK(pair.inbound_state().bytes == text);
}

TEST_CASE("RFC 4301 4.4.2.1: a hard lifetime in packets stops the SA in both directions") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.hard.packets = 3; },
                .adjust_inbound = [](Sa& sa) { sa.hard.packets = 2; }});
  for (int i = 0; i < 5; ++i) pair.sender().receive_ip(kInside, inner().build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  CHECK(wire.size() == 3);
  CHECK(pair.sender().dropped(DropReason::LifetimeExpired) == 2);
  std::size_t arrived = 0;
  for (const PacketBytes& packet : wire) arrived += pair.in(packet).size();
  CHECK(arrived == 2);
  CHECK(pair.receiver().dropped(DropReason::LifetimeExpired) == 1);
}

}  // namespace sallyport::inbound_test
