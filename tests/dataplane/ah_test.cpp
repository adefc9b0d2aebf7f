// AH through whole gateways (RFC 4302): out of one, across the wire, into another. ICVs are
// compared with what tests/support/ah_reference makes with OpenSSL.
#include <set>

#include "dataplane/esp_encapsulate.h"
#include "tests/dataplane/ah_pairs.h"

namespace sallyport::ah_test {

using namespace test;

TEST_CASE("AH-01, AH-05, TUN-01: AH stands between the outer and the inner header, any families") {
  for (const Family outer : {Family::V4, Family::V6})
    for (const Family carried : {Family::V4, Family::V6}) {
      EspPair::Settings settings = tunnel(kSha1);
      settings.outer = outer;
      settings.inner = carried;
      EspPair pair(settings);
      const PacketBytes wire = only(pair.out(inner(carried).build()));
      const std::size_t offset = outer == Family::V4 ? 20 : 40;
      REQUIRE(ah_offset(wire) == offset);
      CHECK(ah_of(wire).next_header == (carried == Family::V4 ? kProtocolIpv4 : kProtocolIpv6));
      CHECK(ah_of(wire).payload_length == 4);
      CHECK(ah_of(wire).reserved.get() == 0);
      CHECK(ah_of(wire).spi.get() == 0x1000);
      CHECK(ah_of(wire).sequence.get() == 1);
      const PacketBytes routed = inner(carried).hop_limit(63).build();
      CHECK(PacketBytes(wire.begin() + static_cast<std::ptrdiff_t>(offset + 24), wire.end()) ==
            routed);
      CHECK(ah_icv_in(oracle_sa(kSha1), wire) == ah_icv(oracle_sa(kSha1), wire));
      CHECK(only(pair.in(wire)) == inner(carried).hop_limit(62).build());
    }
}

TEST_CASE("AH-01: what a peer writes into the reserved field is covered and has no meaning") {
  EspPair pair(tunnel(kSha1));
  PacketBytes wire = only(pair.out(inner().build()));
  wire[20 + 3] = 0x5a;
  CHECK(pair.in(wire).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
  set_ah_icv(oracle_sa(kSha1), wire);
  CHECK(pair.in(wire).size() == 1);
}

TEST_CASE(
    "AH-02, ALG-11, ALG-12, ALG-13, ALG-14, ALG-15, ALG-16, ALG-17, ALG-18: every algorithm's ICV "
    "is right in both families and both modes") {
  for (const Transform transform : ah_transforms())
    for (const Family family : {Family::V4, Family::V6})
      for (const std::uint8_t alignment : {std::uint8_t{4}, std::uint8_t{8}}) {
        CAPTURE(facts(transform.integrity).name, family == Family::V6, +alignment);
        const auto align = [&](Sa& sa) { sa.ah_alignment = alignment; };
        const Sa sa = oracle_sa(transform, align);
        EspPair::Settings settings = tunnel(transform, align);
        settings.outer = family;
        EspPair pair(settings);
        HostPair hosts({.transform = transform, .family = family, .adjust = ah(align)});
        for (const std::size_t size : {0, 1, 15, 16, 64, 700}) {
          const PacketBytes outer = only(pair.out(inner().filler(size).build()));
          CHECK(ah_icv_in(sa, outer) == ah_icv(sa, outer));
          CHECK(pair.in(outer).size() == 1);
          const PacketBytes plain = from_host(family).udp(1, 2).filler(size).build();
          const PacketBytes wire = only(hosts.out(plain));
          CHECK(ah_icv_in(sa, wire) == ah_icv(sa, wire));
          CHECK(only(hosts.in(wire)) == plain);
        }
      }
}

TEST_CASE("AH-03: padding is covered as it was sent, and there is no more of it than needed") {
  const auto eight = [](Sa& sa) { sa.ah_alignment = 8; };
  EspPair pair(tunnel(kSha256, eight));
  PacketBytes wire = only(pair.out(inner().build()));
  CHECK(ah_of(wire).length() == 32);
  wire[20 + 31] ^= 0x77;
  CHECK(pair.in(wire).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
  set_ah_icv(oracle_sa(kSha256, eight), wire);
  CHECK(pair.in(wire).size() == 1);

  EspPair narrow(tunnel(kSha256));
  CHECK(ah_of(only(narrow.out(inner().build()))).length() == 28);
  CHECK(narrow.in(only(pair.out(inner().build()))).empty());
  CHECK(narrow.receiver().dropped(DropReason::AhLength) == 1);
}

TEST_CASE("AH-05: a tunnel's ICV covers the whole inner packet") {
  EspPair pair(tunnel(kSha1));
  const PacketBytes wire = only(pair.out(inner().build()));
  for (std::size_t at = 20; at < wire.size(); ++at) {
    CAPTURE(at);
    PacketBytes bent = wire;
    bent[at] ^= 4;
    CHECK(pair.in(bent).empty());
  }
  CHECK(pair.receiver().dropped_in_all() == wire.size() - 20);
  CHECK(pair.in(wire).size() == 1);
}

TEST_CASE("AH-14: with ESN the number's high half is covered behind the payload and not sent") {
  const auto near_wrap = [](Sa& sa) {
    sa.esn = true;
    sa.last_sequence = SequenceNumber{0xfffffffd};
  };
  for (const Transform transform : ah_transforms()) {
    CAPTURE(facts(transform.integrity).name);
    const Sa sa = oracle_sa(transform, near_wrap);
    EspPair pair(tunnel(transform, near_wrap));
    for (const std::uint64_t sequence : {0xfffffffeull, 0xffffffffull, 0x100000000ull}) {
      const PacketBytes wire = only(pair.out(inner().build()));
      const auto high = static_cast<std::uint32_t>(sequence >> 32);
      CHECK(ah_of(wire).sequence.get() == static_cast<std::uint32_t>(sequence));
      CHECK(ah_icv_in(sa, wire) == ah_icv(sa, wire, high));
      CHECK(ah_icv_in(sa, wire) != ah_icv(sa, wire, high + 1));
      // The buffer ends with the packet: there is no room behind.
      CHECK(pair.in(wire, BufferKind::Exact).size() == 1);
    }
  }
}

TEST_CASE("AH-15: AH is put on whole datagrams and taken off whole ones") {
  HostPair hosts(transport(Family::V4));
  CHECK(hosts.out(from_host().fragment({.offset = 0, .more = true}).udp(1, 2).build()).empty());
  CHECK(hosts.sender().dropped(DropReason::FragmentTransport) == 1);

  // Larger than the path with AH around it: it is cut behind AH, and the pieces make it again.
  EspPair pair(tunnel(kSha1));
  const auto pieces = pair.out(inner().filler(1472).build());
  REQUIRE(pieces.size() == 2);
  PacketBytes whole(pieces[0].begin(), pieces[0].end());
  whole.insert(whole.end(), pieces[1].begin() + 20, pieces[1].end());
  auto& header = *reinterpret_cast<Ipv4Header*>(whole.data());
  header.total_length.set(static_cast<std::uint16_t>(whole.size()));
  header.fragment.set(0);
  fix_checksum(whole);
  CHECK(ah_icv_in(oracle_sa(kSha1), whole) == ah_icv(oracle_sa(kSha1), whole));
  CHECK(pair.in(whole).size() == 1);
}

TEST_CASE("AH-16: every bit of the ICV counts, and the window stays where it was") {
  for (const Transform transform : ah_transforms()) {
    CAPTURE(facts(transform.integrity).name);
    EspPair pair(tunnel(transform));
    const PacketBytes wire = only(pair.out(inner().build()));
    const IntegrityFacts& integrity = facts(transform.integrity);
    const unsigned bits = (integrity.iv_bytes + integrity.icv_bytes) * 8u;
    for (unsigned bit = 0; bit < bits; ++bit) {
      PacketBytes bent = wire;
      bent[20 + kFixed + bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      CHECK(pair.in(bent).empty());
    }
    CHECK(pair.receiver().dropped(DropReason::IcvFailure) == bits);
    CHECK(pair.inbound_state().highest == 0);
    CHECK(pair.in(wire).size() == 1);
    CHECK(pair.inbound_state().highest == 1);
    CHECK(pair.in(wire).empty());
    CHECK(pair.receiver().dropped(DropReason::Replay) == 1);
  }
}

TEST_CASE("AH-18: an IPsec header within is payload, and is looked at after AH has gone") {
  for (const Family family : {Family::V4, Family::V6}) {
    const Transform gcm{Cipher::AesGcm16_128, Integrity::None};
    HostPair inside({.transform = gcm, .family = family});
    HostPair pair(transport(family, [](Sa& sa) { sa.spi = Spi{0x2000}; }));
    const PacketBytes plain = from_host(family).udp(1, 2).filler(40).build();
    const PacketBytes esp = only(inside.out(plain));
    const PacketBytes over_esp = only(pair.out(esp));
    CHECK(ah_of(over_esp).next_header == kProtocolEsp);
    CHECK(ah_icv_in(oracle_sa(kSha256), over_esp) == ah_icv(oracle_sa(kSha256), over_esp));
    PacketBytes bent = over_esp;
    bent.back() ^= 1;
    CHECK(pair.in(bent).empty());
    CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
    Sa esp_sa = inside.receiver().sad().find("in")->sa->duplicate();
    esp_sa.name = "esp";
    pair.receiver().add_sa(std::move(esp_sa));
    CHECK(only(pair.in(over_esp)) == plain);
    // An AH header within keeps its ICV in the outer one's eyes.
    PacketBytes within{kProtocolUdp, 4, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 1};
    within.resize(24 + 16, 0xa5);
    const PacketBytes layered = from_host(family).protocol(kProtocolAh).payload(within).build();
    const PacketBytes over_ah = only(pair.out(layered));
    CHECK(ah_of(over_ah).next_header == kProtocolAh);
    CHECK(ah_icv_in(oracle_sa(kSha256), over_ah) == ah_icv(oracle_sa(kSha256), over_ah));
    CHECK(pair.in(over_ah).empty());
    CHECK(pair.receiver().dropped(DropReason::UnknownSpi) == 1);
  }
}

TEST_CASE("AH-18: ESP around it is no part of what AH covers") {
  HostPair around({.transform = {Cipher::AesGcm16_128, Integrity::None}});
  HostPair within(transport(Family::V4, [](Sa& sa) { sa.spi = Spi{0x2000}; }));
  const PacketBytes plain = from_host().udp(1, 2).filler(40).build();
  const PacketBytes wire = only(around.out(only(within.out(plain))));
  Sa ah_sa = within.receiver().sad().find("in")->sa->duplicate();
  ah_sa.name = "ah";
  around.receiver().add_sa(std::move(ah_sa));
  CHECK(only(around.in(wire)) == plain);
}

TEST_CASE("RPL-05, AH-14: an AH SA finds the high half of its numbers again") {
  const auto esn = [](Sa& sa) { sa.esn = true; };
  const auto far = [](Sa& sa) { sa.last_sequence = SequenceNumber{3ull << 32}; };
  EspPair pair({.transform = kSha1,
                .adjust_outbound = ah([&](Sa& sa) {
                  esn(sa);
                  far(sa);
                }),
                .adjust_inbound = ah(esn)});
  std::size_t arrived = 0;
  for (int i = 0; i < 200; ++i) arrived += pair.in(only(pair.out(inner().build()))).size();
  CHECK(arrived > 0);
  CHECK(pair.inbound_state().highest >> 32 == 3);
}

TEST_CASE("ALG-15: the nonces of GMAC are distinct, and the field holds IV, ICV and padding") {
  const Transform gmac{Cipher::Null, Integrity::AesGmac256};
  EspPair pair(tunnel(gmac));
  std::set<PacketBytes> ivs;
  for (int i = 0; i < 50; ++i) {
    const PacketBytes wire = only(pair.out(inner().build()));
    CHECK(ah_of(wire).length() == 36);
    const auto iv = wire.begin() + 20 + kFixed;
    ivs.insert(PacketBytes(iv, iv + 8));
  }
  CHECK(ivs.size() == 50);
}

TEST_CASE("INB-03, SAD-04: an SA is found by packets of its own protocol only") {
  EspPair ah_pair(tunnel(kSha1));
  EspPair esp_pair({.transform = kSha1});
  CHECK(ah_pair.in(only(esp_pair.out(inner().build()))).empty());
  CHECK(esp_pair.in(only(ah_pair.out(inner().build()))).empty());
  CHECK(ah_pair.receiver().dropped(DropReason::UnknownSpi) == 1);
  CHECK(esp_pair.receiver().dropped(DropReason::UnknownSpi) == 1);
}

TEST_CASE("INB-04, TUN-06: AH's payload is judged like ESP's") {
  EspPair narrow({.transform = kSha1,
                  .adjust_outbound = ah(),
                  .adjust_inbound = ah([](Sa& sa) {
                    sa.selectors[0].remote = {AddressRange::parse("198.51.100.64/26").value()};
                  })});
  CHECK(narrow.in(only(narrow.out(inner().build()))).empty());
  CHECK(narrow.receiver().dropped(DropReason::SelectorMismatch) == 1);
  // TOS is not covered: congestion met on the way comes in.
  EspPair pair(tunnel(kSha1));
  PacketBytes wire = only(pair.out(inner().traffic_class(2).build()));
  wire[1] = 3;
  fix_checksum(wire);
  CHECK(only(pair.in(wire))[1] == 3);
}

TEST_CASE("SAD-07, PMTU-02: AH counts what it covers, and an inner packet of inner_mtu just fits") {
  EspPair pair(tunnel(kSha1));
  const PacketBytes first = only(pair.out(inner().build()));
  CHECK(pair.outbound_state().bytes == first.size());
  CHECK(pair.in(first).size() == 1);
  CHECK(pair.inbound_state().bytes == first.size());
  const std::uint32_t most =
      inner_mtu(pair.sender().dataplane().sas().outbound(pair.outbound().slot), 0);
  CHECK(most == 1500 - 20 - 24);
  const auto of_size = [](std::uint32_t size) {
    return inner().filler(size - 28).dont_fragment().build();
  };
  CHECK(only(pair.out(of_size(most))).size() == 1500);
  CHECK(pair.out(of_size(most + 1)).empty());
  CHECK(pair.sender().dropped(DropReason::TooBig) == 1);
}

TEST_CASE("AH-08, DP-08: hostile AH costs one counted drop each and not an octet too far") {
  EspPair pair(tunnel(kSha1));
  HostPair hosts(transport(Family::V6));
  const PacketBytes good = only(pair.out(inner().build()));
  std::uint64_t sent = 0;
  for (unsigned length = 0; length < 256; ++length) {
    if (length == 4) continue;
    PacketBytes packet = good;
    packet[21] = static_cast<std::uint8_t>(length);
    CHECK(pair.in(packet, BufferKind::Exact).empty());
    ++sent;
  }
  CHECK(pair.receiver().dropped(DropReason::AhLength) == sent);
  for (std::size_t size = 20; size < 44; ++size) {
    PacketBytes packet(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    reinterpret_cast<Ipv4Header*>(packet.data())
        ->total_length.set(static_cast<std::uint16_t>(size));
    fix_checksum(packet);
    CHECK(pair.in(packet, BufferKind::Exact).empty());
    ++sent;
  }
  CHECK(pair.receiver().dropped(DropReason::EspTruncated) == 24);
  CHECK(pair.receiver().dropped_in_all() == sent);
  CHECK(pair.in(good, BufferKind::Exact).size() == 1);

  // Options that end behind their header, and headers beyond what is set aside.
  PacketBytes options =
      only(hosts.out(from_host(Family::V6).hop_by_hop({0x3e, 2, 1, 1}).udp(1, 2).build()));
  options[43] = 200;
  CHECK(hosts.in(options).empty());
  CHECK(hosts.receiver().dropped(DropReason::BadHeaderLength) == 1);
  PacketBytes filling(250 + 8 + 6, 0);
  filling[0] = 1;
  filling[1] = 250;
  CHECK(hosts.out(from_host(Family::V6).hop_by_hop(filling).udp(1, 2).build()).empty());
  CHECK(hosts.sender().dropped(DropReason::NoRoom) == 1);
  PacketBytes far = only(hosts.out(from_host(Family::V6).udp(1, 2).build()));
  PacketBytes extension(272, 0);
  extension[0] = kProtocolAh;
  extension[1] = 272 / 8 - 1;
  insert(far, 40, extension);
  far[6] = kProtocolHopByHop;
  reinterpret_cast<Ipv6Header*>(far.data())
      ->payload_length.set(static_cast<std::uint16_t>(far.size() - 40));
  CHECK(hosts.in(far).empty());
  CHECK(hosts.receiver().dropped(DropReason::TooManyExtensions) == 1);
  // The host's own malformed options: sent by nobody.
  PacketBytes own = from_host(Family::V6).hop_by_hop({0x3e, 2, 1, 1}).udp(1, 2).build();
  own[43] = 200;
  CHECK(hosts.out(own).empty());
  CHECK(hosts.sender().dropped(DropReason::BadHeaderLength) == 1);
  CHECK(hosts.in(only(hosts.out(from_host(Family::V6).udp(1, 2).build()))).size() == 1);
}

// Two SAs of one gateway, by DSCP: ESP with NULL and SHA-1 for class 10, AH with SHA-1 for all.
class EspBesideAh {
 public:
  EspBesideAh() : pair(tunnel(kSha1)) {
    Sa out = sample_sa(Direction::Outbound, kSha1);
    out.name = "esp";
    out.spi = Spi{0x2000};
    out.endpoints = {Address::parse("192.0.2.1").value(), Address::parse("192.0.2.2").value()};
    out.selectors = {Selector{}};
    Sa in = out.duplicate();
    in.direction = Direction::Inbound;
    std::swap(in.endpoints.local, in.endpoints.remote);
    esp = pair.sender().add_sa(std::move(out));
    pair.receiver().add_sa(std::move(in));
    const std::array<std::uint8_t, 1> ten{10};
    choice_ = choose_by_dscp(std::array<SaForClasses, 2>{{{esp, ten}, {pair.outbound().slot, {}}}});
    pair.sender().dataplane().handles().assign(SaHandle{pair.sender().spd().id_of("tunnel")->value},
                                               &choice_);
  }
  // A packet for each letter: `e` for ESP, `a` for AH; what is on the wire for them.
  std::vector<PacketBytes> burst(std::string_view letters) {
    std::size_t size = 0;
    for (const char letter : letters)
      pair.sender().receive_ip(
          kInside, inner().traffic_class(letter == 'e' ? 10 << 2 : 0).filler(7 * size++).build());
    pair.sender().settle();
    return pair.sender().sent(kOutside);
  }
  // How many of them are AH, each with the right ICV; all arrive.
  std::ptrdiff_t arrived_by_ah(const std::vector<PacketBytes>& wire) {
    for (const PacketBytes& packet : wire) {
      if (packet[9] == kProtocolAh)
        CHECK(ah_icv_in(oracle_sa(kSha1), packet) == ah_icv(oracle_sa(kSha1), packet));
      pair.receiver().receive_ip(kOutside, packet);
    }
    pair.receiver().settle();
    CHECK(pair.receiver().sent(kInside).size() == wire.size());
    CHECK(pair.receiver().dropped_in_all() == 0);
    return std::ranges::count(wire, std::uint8_t{kProtocolAh},
                              [](const PacketBytes& p) { return p[9]; });
  }

  EspPair pair;
  SaSlot esp;

 private:
  SaChoice choice_;
};

TEST_CASE("AH-05: AH and ESP of one burst leave and arrive together, in order") {
  EspBesideAh sas;
  std::string letters;
  for (unsigned i = 0; i < 60; ++i) letters += i % 3 == 0 ? 'e' : 'a';
  const auto wire = sas.burst(letters);
  REQUIRE(wire.size() == 60);
  CHECK(sas.arrived_by_ah(wire) == 40);
}

TEST_CASE("AH-05, ESP-10: AH is whole behind an SA of its burst that runs out of numbers") {
  for (const std::uint64_t left : {0, 1, 2}) {
    INFO(left << " numbers left");
    EspBesideAh sas;
    TestGateway& sender = sas.pair.sender();
    sender.sad().table().outbound_state(sas.esp).last_sequence = 0xffffffff - left;
    const auto wire = sas.burst("eeeaaaa");
    CHECK(sender.dropped(DropReason::SequenceExhausted) == 3 - left);
    REQUIRE(wire.size() == 4 + left);
    CHECK(sas.arrived_by_ah(wire) == 4);
  }
}

}  // namespace sallyport::ah_test
