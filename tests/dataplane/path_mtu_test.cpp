// Path MTU: what outbound SAs learn from ICMP, and what the inner source is told (RFC 4301 8).
#include "dataplane/path_mtu.h"

#include <catch2/catch.hpp>

#include "dataplane/esp_encapsulate.h"
#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"

namespace sallyport::path_mtu_test {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSeen = 28;  // octets of an IPv4 packet that every router quotes (RFC 792)

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

Policy bypass_icmp(Family family) {
  Selector selector;
  const AddressRange all = AddressRange::of({Address::any(family), 0});
  selector.local = selector.remote = {all};
  selector.protocol = family == Family::V4 ? kProtocolIcmp : kProtocolIcmpv6;
  return {.name = family == Family::V4 ? "icmp" : "icmpv6",
          .selectors = {selector},
          .action = PolicyAction::Bypass,
          .protect = {}};
}

// A pair whose first gateway lets ICMP come in, and what a router between the two says to it.
struct Lab {
  explicit Lab(EspPair::Settings settings = {}) : outer(settings.outer), pair(settings) {
    for (const Family family : {Family::V4, Family::V6})
      REQUIRE(pair.sender().spd().insert(bypass_icmp(family)));
    pair.sender().publish();
  }

  // An ESP packet that has left the first gateway.
  PacketBytes sent(std::size_t payload = 1300) {
    return only(pair.out(
        PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(payload).build()));
  }
  static PacketBytes too_big(ByteView quote, std::uint32_t mtu) {
    const PacketBytes bytes(quote.begin(), quote.end());
    if (quote[0] >> 4 == 4)
      return PacketBuilder("203.0.113.9", "192.0.2.1").icmp(3, 4, mtu).payload(bytes).build();
    return PacketBuilder("2001:db8:9::9", "2001:db8::1").icmp(2, 0, mtu).payload(bytes).build();
  }
  void hears(const PacketBytes& message) {
    pair.sender().receive_ip(kOutside, message, BufferKind::Exact);
    pair.sender().settle();
  }
  std::uint64_t count(IcmpOutcome outcome) { return pair.sender().control().icmp_count(outcome); }
  std::uint16_t path_mtu() {
    const SaSlot slot = pair.outbound().slot;
    const std::uint16_t octets = pair.sender().sad().path_mtus().of(slot).octets;
    CHECK(pair.sender().dataplane().sas().outbound(slot).path_mtu() == octets);
    return octets;
  }

  Family outer;
  EspPair pair;
};

ByteView head(const PacketBytes& packet, std::size_t size) { return ByteView(packet).first(size); }

}  // namespace

TEST_CASE("PMTU-01: fragmentation needed about our ESP lowers its SA's path MTU") {
  Lab lab;
  CHECK(lab.path_mtu() == 1500);
  lab.hears(Lab::too_big(head(lab.sent(), kSeen), 1300));
  CHECK(lab.count(IcmpOutcome::Lowered) == 1);
  CHECK(lab.path_mtu() == 1300);
  CHECK(lab.pair.sender().sad().path_mtus().of(lab.pair.outbound().slot).learnt ==
        lab.pair.sender().clock().now());
}

TEST_CASE("PMTU-01: packet too big about our ESP lowers its SA's path MTU, whatever its code") {
  for (const std::uint8_t code : {std::uint8_t{0}, std::uint8_t{7}}) {
    Lab lab({.outer = Family::V6});
    const PacketBytes wire = lab.sent();
    lab.hears(PacketBuilder("2001:db8:9::9", "2001:db8::1")
                  .icmp(2, code, 1290)
                  .payload({wire.begin(), wire.begin() + 1000})
                  .build());
    CHECK(lab.count(IcmpOutcome::Lowered) == 1);
    CHECK(lab.path_mtu() == 1290);
  }
}

TEST_CASE("PMTU-01: the SA of UDP-encapsulated ESP is found where its SPI is left") {
  Lab lab({.adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{4500, 4500}; }});
  const PacketBytes wire = lab.sent();
  lab.hears(Lab::too_big(head(wire, 28), 1300));
  CHECK(lab.count(IcmpOutcome::Unverifiable) == 1);
  CHECK(lab.path_mtu() == 1500);
  lab.hears(Lab::too_big(head(wire, 36), 1300));
  CHECK(lab.count(IcmpOutcome::Lowered) == 1);
  CHECK(lab.path_mtu() == 1300);
}

TEST_CASE("PMTU-01: what a message says must fit what was sent") {
  struct Case {
    const char* name;
    std::function<void(PacketBytes&)> bend;  // the packet that it carries
    std::uint32_t mtu;
    IcmpOutcome outcome;
  };
  const auto at = [](std::size_t offset, std::uint8_t mask) {
    return [=](PacketBytes& quote) { quote[offset] ^= mask; };
  };
  const Case cases[] = {
      {"another SPI", at(23, 1), 1300, IcmpOutcome::UnknownSa},
      {"another destination", at(19, 1), 1300, IcmpOutcome::UnknownSa},
      {"not from the address that is told", at(15, 0x80), 1300, IcmpOutcome::Malformed},
      {"a number not sent yet", at(27, 0x40), 1300, IcmpOutcome::NeverSent},
      {"a number of long ago", at(24, 0x80), 1300, IcmpOutcome::NeverSent},
      {"number 0", at(27, 1), 1300, IcmpOutcome::NeverSent},
      {"another protocol", at(9, 1), 1300, IcmpOutcome::UnknownSa},
      {"UDP", [](PacketBytes& quote) { quote[9] = 17; }, 1300, IcmpOutcome::Unverifiable},
      {"TCP", [](PacketBytes& quote) { quote[9] = 6; }, 1300, IcmpOutcome::Unverifiable},
      {"a later fragment", at(7, 9), 1300, IcmpOutcome::Unverifiable},
      {"no SPI left", [](PacketBytes& quote) { quote.resize(23); }, 1300,
       IcmpOutcome::Unverifiable},
      {"no addresses left", [](PacketBytes& quote) { quote.resize(19); }, 1300,
       IcmpOutcome::Malformed},
      {"not IPv4", at(0, 0x20), 1300, IcmpOutcome::Malformed},
      {"the packet would have fitted", at(2, 0x04), 1300, IcmpOutcome::Implausible},
      {"more than there is", [](PacketBytes&) {}, 1600, IcmpOutcome::Implausible},
      {"no sequence number left", [](PacketBytes& quote) { quote.resize(24); }, 1300,
       IcmpOutcome::Unverifiable},
      {"all right", [](PacketBytes&) {}, 1300, IcmpOutcome::Lowered},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Lab lab;
    PacketBytes quote = lab.sent();
    REQUIRE(quote.size() > 0x500);
    quote.resize(kSeen);
    c.bend(quote);
    lab.hears(Lab::too_big(quote, c.mtu));
    CHECK(lab.count(c.outcome) == 1);
    CHECK(lab.path_mtu() == (c.outcome == IcmpOutcome::Lowered ? 1300 : 1500));
  }
}

TEST_CASE("PMTU-01: AH's SPI stands behind its lengths") {
  Lab lab;
  PacketBytes quote = lab.sent();
  quote[9] = kProtocolAh;
  PacketBytes ah(quote.begin(), quote.begin() + 20);
  ah.insert(ah.end(), {4, 4, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 1});
  // There is no AH SA with this SPI, and it is not the ESP SA that has it.
  lab.hears(Lab::too_big(ah, 1300));
  CHECK(lab.count(IcmpOutcome::UnknownSa) == 1);
  CHECK(lab.path_mtu() == 1500);
}

TEST_CASE("PMTU-01: a message with a bad checksum teaches nothing") {
  Lab lab;
  PacketBytes message = Lab::too_big(head(lab.sent(), kSeen), 1300);
  message[26] ^= 1;  // of the MTU
  lab.hears(message);
  CHECK(lab.count(IcmpOutcome::Malformed) == 1);
  CHECK(lab.path_mtu() == 1500);
}

TEST_CASE("PMTU-01, RFC 1191 5: a router that names no MTU means the next plateau") {
  Lab lab;
  const PacketBytes wire = lab.sent(1200);
  REQUIRE(wire.size() > 1006);
  lab.hears(Lab::too_big(head(wire, kSeen), 0));
  CHECK(lab.path_mtu() == 1006);
  const PacketBytes smaller = lab.sent(900);
  lab.hears(Lab::too_big(head(smaller, kSeen), 0));
  CHECK(lab.path_mtu() == 576);  // 508, but for the floor
}

TEST_CASE("PMTU-04: no message brings the path MTU below the floor") {
  SECTION("IPv4") {
    Lab lab;
    const PacketBytes wire = lab.sent();
    lab.hears(Lab::too_big(head(wire, kSeen), 68));
    CHECK(lab.path_mtu() == 576);
    lab.hears(Lab::too_big(head(wire, kSeen), 1));
    CHECK(lab.count(IcmpOutcome::NotLower) == 1);
    CHECK(lab.path_mtu() == 576);
  }
  SECTION("IPv4, another floor") {
    Lab lab;
    lab.pair.sender().control().set_icmp({}, {.floor_v4 = 1000});
    lab.hears(Lab::too_big(head(lab.sent(), kSeen), 68));
    CHECK(lab.path_mtu() == 1000);
  }
  SECTION("IPv6") {
    Lab lab({.outer = Family::V6});
    const PacketBytes wire = lab.sent();
    for (const std::uint32_t mtu : {0u, 68u, 1279u}) lab.hears(Lab::too_big(head(wire, 60), mtu));
    CHECK(lab.count(IcmpOutcome::Implausible) == 3);
    CHECK(lab.path_mtu() == 1500);
    lab.hears(Lab::too_big(head(wire, 60), 1280));
    CHECK(lab.path_mtu() == 1280);
  }
  SECTION("IPv6, another floor") {
    Lab lab({.outer = Family::V6});
    lab.pair.sender().control().set_icmp({}, {.floor_v6 = 1350});
    lab.hears(Lab::too_big(head(lab.sent(), 60), 1280));
    CHECK(lab.path_mtu() == 1350);
  }
}

TEST_CASE("PMTU-05: a path MTU ages back, and is learnt again") {
  Lab lab;
  lab.pair.sender().control().set_icmp({}, {.lifetime = 120s});
  const auto learn = [&] { lab.hears(Lab::too_big(head(lab.sent(1250), kSeen), 1300)); };
  learn();
  REQUIRE(lab.path_mtu() == 1300);
  lab.pair.sender().clock().advance(119s);
  lab.pair.sender().settle();
  CHECK(lab.path_mtu() == 1300);
  lab.pair.sender().clock().advance(2s);
  lab.pair.sender().settle();
  CHECK(lab.path_mtu() == 1500);
  learn();
  CHECK(lab.path_mtu() == 1300);
}

TEST_CASE("PMTU-05: ten minutes unless the operator says otherwise") {
  Lab lab;
  lab.hears(Lab::too_big(head(lab.sent(), kSeen), 1300));
  lab.pair.sender().clock().advance(599s);
  lab.pair.sender().settle();
  CHECK(lab.path_mtu() == 1300);
  lab.pair.sender().clock().advance(2s);
  lab.pair.sender().settle();
  CHECK(lab.path_mtu() == 1500);
}

TEST_CASE("PMTU-01: a storm of messages is looked into at a bounded rate") {
  Lab lab;
  lab.pair.sender().control().set_icmp({}, {.messages_per_second = 20});
  const PacketBytes wire = lab.sent();
  PacketBytes of_no_sa = wire;
  of_no_sa[23] ^= 1;
  PacketBytes never_sent = wire;
  never_sent[24] ^= 0x40;
  for (int i = 0; i < 100; ++i)
    lab.pair.sender().receive_ip(kOutside, Lab::too_big(head(of_no_sa, kSeen), 1300));
  for (int i = 0; i < 200; ++i)
    lab.pair.sender().receive_ip(kOutside, Lab::too_big(head(never_sent, kSeen), 1300));
  lab.pair.sender().settle();
  CHECK(lab.count(IcmpOutcome::UnknownSa) == 100);
  CHECK(lab.count(IcmpOutcome::NeverSent) == 20);
  CHECK(lab.count(IcmpOutcome::Limited) == 180);
  CHECK(lab.path_mtu() == 1500);
  CHECK(lab.pair.sender().sad().path_mtus().learnt() == 0);
  lab.pair.sender().clock().advance(1s);
  lab.hears(Lab::too_big(head(wire, kSeen), 1300));
  CHECK(lab.path_mtu() == 1300);
}

TEST_CASE("PMTU-01: messages about SAs that we do not have keep no true one from being heard") {
  Lab lab;
  lab.pair.sender().control().set_icmp({}, {.messages_per_second = 20});
  const PacketBytes wire = lab.sent();
  PacketBytes forged = wire;
  forged[23] ^= 1;
  for (int i = 0; i < 300; ++i)
    lab.pair.sender().receive_ip(kOutside, Lab::too_big(head(forged, kSeen), 1300));
  lab.hears(Lab::too_big(head(wire, kSeen), 1300));
  CHECK(lab.path_mtu() == 1300);
}

TEST_CASE("ICMP-02: only what is accepted is heard, on each side of the boundary") {
  Lab lab;
  auto& gateway = lab.pair.sender();
  const PacketBytes quote = lab.sent();
  const PacketBytes expired = PacketBuilder("203.0.113.9", "192.0.2.1")
                                  .icmp(11, 0)
                                  .payload({quote.begin(), quote.begin() + 28})
                                  .build();
  lab.hears(expired);
  CHECK(lab.count(IcmpOutcome::NotAccepted) == 1);
  CHECK(gateway.dropped(DropReason::PuntRefused) == 1);
  gateway.control().set_icmp({.unprotected_side = {IcmpKind::parse("icmp/11").value()}}, {});
  lab.hears(expired);
  CHECK(lab.count(IcmpOutcome::NothingToDo) == 1);
  CHECK(gateway.dropped(DropReason::PuntRefused) == 1);
  const PacketBytes too_big = Lab::too_big(head(quote, kSeen), 1300);
  lab.hears(too_big);
  CHECK(lab.count(IcmpOutcome::NotAccepted) == 2);
  CHECK(lab.path_mtu() == 1500);
  // From within, path MTU messages are still accepted.
  gateway.receive_ip(kInside, too_big);
  gateway.settle();
  CHECK(lab.path_mtu() == 1300);
  gateway.control().set_icmp({.protected_side = {}}, {});
  gateway.receive_ip(kInside, Lab::too_big(head(quote, kSeen), 1200));
  gateway.settle();
  CHECK(lab.path_mtu() == 1300);
  CHECK(lab.count(IcmpOutcome::NotAccepted) == 3);
}

TEST_CASE("PMTU-01, ARCH-02: routers' word about a host's ESP is the gateway's, not the host's") {
  HostPair pair({});
  REQUIRE(pair.sender().spd().insert(bypass_icmp(Family::V4), 0));
  pair.sender().publish();
  const PacketBytes wire =
      only(pair.out(PacketBuilder("192.0.2.1", "192.0.2.2").udp(1000, 2000).filler(1300).build()));
  const PacketBytes clear =
      PacketBuilder("192.0.2.1", "192.0.2.2").udp(1000, 2000).filler(1300).build();
  pair.sender().receive_ip(kOutside, Lab::too_big(head(wire, kSeen), 1300));
  pair.sender().receive_ip(kOutside, Lab::too_big(head(clear, kSeen), 1300));
  pair.sender().settle();
  CHECK(only(pair.sender().sent(kInside)) == Lab::too_big(head(clear, kSeen), 1300));
  CHECK(pair.sender().sad().path_mtus().of(pair.sender().sad().find("out")->slot).octets == 1300);
}

TEST_CASE("PMTU-03: IPv4 with DF that no longer fits is told what does, to the octet") {
  Lab lab;
  lab.hears(Lab::too_big(head(lab.sent(), kSeen), 1300));
  const auto inner = [](std::size_t size) {
    return PacketBuilder("198.51.100.2", "198.51.100.130")
        .dont_fragment()
        .udp(1, 2)
        .filler(size - 28);
  };
  CHECK(lab.pair.out(inner(1290).build()).empty());
  const PacketBytes told = only(lab.pair.sender().sent(kInside));
  CHECK(told[20] == 3);
  CHECK(told[21] == 4);
  const std::size_t mtu = load_be<std::uint16_t>(&told[26]);
  CHECK(only(lab.pair.out(inner(mtu).build())).size() <= 1300);
  CHECK(lab.pair.out(inner(mtu + 1).build()).empty());
  CHECK(lab.pair.sender().dropped(DropReason::TooBig) == 2);
  CHECK(only(lab.pair.sender().sent(kInside))[21] == 4);
}

TEST_CASE("PMTU-03: IPv4 without DF goes on, and its source is told nothing") {
  Lab lab;
  lab.hears(Lab::too_big(head(lab.sent(), kSeen), 1300));
  CHECK_FALSE(
      lab.pair.out(PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(1400).build())
          .empty());
  CHECK(lab.pair.sender().sent(kInside).empty());
  CHECK(lab.pair.sender().dropped_in_all() == 0);
}

TEST_CASE("PMTU-03: IPv6 is told no less than 1280, and 1280 octets always go") {
  for (const std::uint16_t path : {std::uint16_t{1400}, std::uint16_t{1300}}) {
    Lab lab({.inner = Family::V6});
    const auto inner = [](std::size_t size) {
      return PacketBuilder("2001:db8:1::2", "2001:db8:2::2").udp(1, 2).filler(size - 48).build();
    };
    const PacketBytes wire = only(lab.pair.out(inner(1400)));
    lab.hears(Lab::too_big(head(wire, kSeen), path));
    REQUIRE(lab.path_mtu() == path);
    CHECK(lab.pair.out(inner(1400)).empty());
    const PacketBytes told = only(lab.pair.sender().sent(kInside));
    CHECK(told[40] == 2);
    CHECK(told[41] == 0);
    const auto mtu = load_be<std::uint32_t>(&told[44]);
    CHECK(mtu == (path == 1400 ? 1346 : 1280));
    CHECK_FALSE(lab.pair.out(inner(mtu)).empty());
    CHECK(lab.pair.out(inner(mtu + 1)).empty());
  }
}

namespace {

// Octets that an inner packet of `size` becomes; all sizes go through encapsulation in bursts.
std::vector<std::size_t> wire_sizes(EspPair& pair, const std::vector<std::size_t>& sizes) {
  constexpr std::size_t kAtOnce = 200;
  std::vector<std::size_t> wire;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const PacketBuilder packet("198.51.100.2", "198.51.100.130");
    pair.sender().receive_ip(kInside,
                             PacketBuilder(packet).protocol(59).filler(sizes[i] - 20).build());
    if (i % kAtOnce != kAtOnce - 1 && i + 1 != sizes.size()) continue;
    pair.sender().settle();
    for (const PacketBytes& sent : pair.sender().sent(kOutside)) wire.push_back(sent.size());
  }
  REQUIRE(wire.size() == sizes.size());
  return wire;
}

void formula_holds(EspPair& pair, const std::vector<std::size_t>& sizes) {
  const std::vector<std::size_t> wire = wire_sizes(pair, sizes);
  SaTable& table = pair.sender().dataplane().sas();
  const SaSlot slot = pair.outbound().slot;
  const auto fits = [&](std::size_t path) {
    table.set_path_mtu(slot, static_cast<std::uint16_t>(path));
    return inner_mtu(table.outbound(slot));
  };
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    INFO(sizes[i] << " octets became " << wire[i]);
    CHECK(fits(wire[i]) >= sizes[i]);
    CHECK(fits(wire[i] - 1) < sizes[i]);
  }
}

}  // namespace

TEST_CASE("PMTU-02: what fits is exactly what encapsulation leaves, transform by transform") {
  std::vector<Transform> transforms;
  for (const CipherFacts& cipher : all_ciphers())
    transforms.push_back({cipher.id, cipher.combined() ? Integrity::None : Integrity::HmacSha1_96});
  for (const IntegrityFacts& integrity : all_integrities())
    if (integrity.id != Integrity::None && !integrity.ah_only())
      transforms.push_back({Cipher::AesCbc128, integrity.id});
  std::vector<std::size_t> sizes;
  for (std::size_t size = 20; size < 72; ++size) sizes.push_back(size);
  for (std::size_t size = 72; size <= 9000; size += 1021) sizes.push_back(size);
  for (const Transform& transform : transforms) {
    INFO(to_string(transform));
    EspPair pair({.transform = transform, .mtu = 9216});
    formula_holds(pair, sizes);
  }
}

TEST_CASE("PMTU-02: outer headers of either family and of UDP count, for every size") {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 20; size <= 9000; ++size) sizes.push_back(size);
  for (const Family outer : {Family::V4, Family::V6})
    for (const bool udp : {false, true}) {
      EspPair pair({.outer = outer,
                    .adjust_outbound =
                        [&](Sa& sa) {
                          if (udp) sa.encapsulation = UdpEncapsulation{};
                        },
                    .mtu = 9216});
      formula_holds(pair, sizes);
    }
}

TEST_CASE("PMTU-02: in transport mode the headers in front stay as they are") {
  HostPair pair({});
  SaTable& table = pair.sender().dataplane().sas();
  const SaSlot slot = pair.sender().sad().find("out")->slot;
  for (std::size_t payload = 0; payload < 40; ++payload)
    for (const std::size_t options : {std::size_t{0}, std::size_t{8}}) {
      const PacketBytes packet = PacketBuilder("192.0.2.1", "192.0.2.2")
                                     .options(PacketBytes(options, 1))
                                     .udp(1, 2)
                                     .filler(payload)
                                     .build();
      table.set_path_mtu(slot, 1500);
      const std::size_t wire = only(pair.out(packet)).size();
      const auto clear = static_cast<std::uint32_t>(20 + options);
      table.set_path_mtu(slot, static_cast<std::uint16_t>(wire));
      CHECK(inner_mtu(table.outbound(slot), clear) >= packet.size());
      table.set_path_mtu(slot, static_cast<std::uint16_t>(wire - 1));
      CHECK(inner_mtu(table.outbound(slot), clear) < packet.size());
    }
}

}  // namespace sallyport::path_mtu_test
