// Which fields of the headers in front of AH may change on the way (RFC 4302 3.3.3.1, appendix A).
#include "tests/dataplane/ah_pairs.h"

namespace sallyport::ah_headers_test {

using namespace test;

namespace {

// True where a packet of the pair still arrives after the bit was changed on its way.
template <class Pair>
bool survives(Pair& pair, PacketBytes wire, unsigned bit) {
  wire[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
  if (bit / 8 != 10 && bit / 8 != 11) fix_checksum(wire);
  return !pair.in(wire).empty();
}

}  // namespace

TEST_CASE("AH-04: transport AH stands behind IPv4 options and the IPv6 headers of every hop") {
  HostPair v4(transport(Family::V4));
  const PacketBytes with_options =
      from_host().options({148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0}).udp(1, 2).filler(9).build();
  const PacketBytes wire = only(v4.out(with_options));
  CHECK(ah_offset(wire) == 32);
  CHECK(ah_of(wire).next_header == kProtocolUdp);
  CHECK(ah_icv_in(oracle_sa(kSha256), wire) == ah_icv(oracle_sa(kSha256), wire));
  CHECK(only(v4.in(wire)) == with_options);

  for (const auto placement : {DestinationOptions::Inside, DestinationOptions::Outside}) {
    const auto place = [&](Sa& sa) { sa.destination_options = placement; };
    HostPair v6(transport(Family::V6, place));
    const PacketBytes extended = from_host(Family::V6)
                                     .hop_by_hop({0x3e, 2, 1, 1})
                                     .destination_options({0x3e, 2, 1, 1})
                                     .udp(1, 2)
                                     .filler(40)
                                     .build();
    const PacketBytes sent = only(v6.out(extended));
    CHECK(ah_offset(sent) == (placement == DestinationOptions::Inside ? 48 : 56));
    CHECK(ah_icv_in(oracle_sa(kSha256), sent) == ah_icv(oracle_sa(kSha256), sent));
    CHECK(only(v6.in(sent)) == extended);
  }
}

TEST_CASE("AH-06: of the outer IPv4 header a bit may change where it is covered as zero") {
  EspPair pair(tunnel(kSha1));
  const auto mutable_octet = [](unsigned octet) { return octet == 1 || octet == 8; };
  for (unsigned bit = 0; bit < 160; ++bit) {
    CAPTURE(bit);
    const unsigned octet = bit / 8;
    const bool flag = bit == 48 || bit == 49;  // reserved and DF
    // With MF or an offset it is a fragment, and no whole datagram any more (INB-01).
    CHECK(survives(pair, only(pair.out(inner().build())), bit) == (mutable_octet(octet) || flag));
  }
}

TEST_CASE("AH-08: a router may fill in a recorded route, but not change a router alert") {
  HostPair pair(transport(Family::V4));
  const PacketBytes plain =
      from_host().options({148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0}).udp(1, 2).filler(20).build();
  PacketBytes recorded = only(pair.out(plain));
  recorded[26] = 8;
  for (const std::size_t at : {27, 28, 29, 30}) recorded[at] = 0xc0;
  fix_checksum(recorded);
  CHECK(pair.in(recorded).size() == 1);
  PacketBytes alerted = only(pair.out(plain));
  alerted[23] = 1;
  fix_checksum(alerted);
  CHECK(pair.in(alerted).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
}

TEST_CASE("AH-09: of the outer IPv6 header class, label and hop limit may change, nothing else") {
  EspPair::Settings settings = tunnel(kSha1);
  settings.outer = Family::V6;
  EspPair pair(settings);
  for (unsigned bit = 0; bit < 320; ++bit) {
    CAPTURE(bit);
    const bool free = (bit >= 4 && bit < 32) || bit / 8 == 7;
    CHECK(survives(pair, only(pair.out(inner().build())), bit) == free);
  }
}

TEST_CASE("AH-10: on the way an option may change where its type allows it") {
  HostPair pair(transport(Family::V6));
  const PacketBytes plain = from_host(Family::V6)
                                .hop_by_hop({0x3e, 2, 1, 1})
                                .destination_options({0x1e, 2, 1, 1})
                                .udp(1, 2)
                                .build();
  PacketBytes changed = only(pair.out(plain));
  changed[44] = 9;
  CHECK(pair.in(changed).size() == 1);
  PacketBytes retyped = only(pair.out(plain));
  retyped[42] = 0x1e;
  CHECK(pair.in(retyped).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
}

TEST_CASE("AH-11: a routing header is covered as its last stop has it, at both ends") {
  const auto anywhere = [](Sa& sa) { sa.selectors = {Selector{}}; };
  HostPair pair(transport(Family::V6, anywhere));
  Protection protection;
  protection.mode = IpsecMode::Transport;
  REQUIRE(pair.sender().spd().insert({.name = "any",
                                      .selectors = {Selector{}},
                                      .action = PolicyAction::Protect,
                                      .protect = protection},
                                     0));
  pair.sender().publish();
  pair.sender().dataplane().handles().assign(SaHandle{pair.sender().spd().id_of("any")->value},
                                             pair.sender().sad().find("out")->slot);
  pair.sender().neighbour(kOutside, "2001:db8::77", TestGateway::kPeer);
  PacketBytes routing{2, 1, 0, 0, 0, 0};
  const Address home = Address::parse("2001:db8::2").value();
  routing.insert(routing.end(), home.wire().begin(), home.wire().end());
  const PacketBytes plain = PacketBuilder("2001:db8::1", "2001:db8::77")
                                .extension(kProtocolRouting, routing)
                                .udp(1, 2)
                                .filler(30)
                                .build();
  PacketBytes wire = only(pair.out(plain));
  CHECK(ah_offset(wire) == 64);
  CHECK(ah_icv_in(oracle_sa(kSha256), wire) == ah_icv(oracle_sa(kSha256), wire));
  // What the mobile node does before it looks further.
  std::swap_ranges(wire.begin() + 24, wire.begin() + 40, wire.begin() + 48);
  wire[43] = 0;
  const PacketBytes arrived = only(pair.in(wire));
  CHECK(PacketBytes(arrived.begin() + 64, arrived.end()) ==
        PacketBytes(plain.begin() + 64, plain.end()));
}

TEST_CASE("AH-13: a fragment header that says nothing is skipped, on sending and on receipt") {
  const Sa sa = oracle_sa(kSha256);
  HostPair pair(transport(Family::V6));
  const PacketBytes atomic = from_host(Family::V6).fragment({}).udp(1, 2).filler(30).build();
  const PacketBytes sent = only(pair.out(atomic));
  CHECK(ah_offset(sent) == 48);
  CHECK(ah_icv_in(sa, sent) == ah_icv(sa, sent));
  CHECK(only(pair.in(sent)) == atomic);
  // One that came into being on the way, as reassembly or a translator leaves it.
  PacketBytes wire = only(pair.out(from_host(Family::V6).udp(1, 2).filler(30).build()));
  insert(wire, 40, {kProtocolAh, 0, 0, 0, 0, 0, 0, 7});
  wire[6] = kProtocolFragment;
  wire[5] = static_cast<std::uint8_t>(wire[5] + 8);
  CHECK(pair.in(wire).size() == 1);
}

}  // namespace sallyport::ah_headers_test
