// What outer and inner headers take from each other (RFC 4301 5.1.2, RFC 6040).
#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "tests/support/esp_pair.h"

namespace sallyport::tunnel_headers_test {
namespace {

PacketBuilder inner_v4() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
}
PacketBuilder inner_v6() {
  return PacketBuilder("2001:db8:1::2", "2001:db8:2::2").udp(1000, 2000).filler(64);
}
PacketBuilder inner(Family family) { return family == Family::V4 ? inner_v4() : inner_v6(); }

const Ipv4Header& v4(const PacketBytes& packet) {
  return *reinterpret_cast<const Ipv4Header*>(packet.data());
}
const Ipv6Header& v6(const PacketBytes& packet) {
  return *reinterpret_cast<const Ipv6Header*>(packet.data());
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

EspPair::Settings with(std::function<void(Sa&)> adjust) {
  EspPair::Settings settings;
  settings.adjust_outbound = std::move(adjust);
  return settings;
}

std::uint8_t class_of(const PacketBytes& packet) {
  return packet[0] >> 4 == 4 ? v4(packet).tos : v6(packet).traffic_class();
}

// Sets the traffic class of an outer IPv4 header on the wire, checksum and all.
void remark(PacketBytes& wire, std::uint8_t traffic_class) {
  auto& header = *reinterpret_cast<Ipv4Header*>(wire.data());
  header.tos = traffic_class;
  header.checksum.set(0);
  header.checksum.set(checksum(ByteView(wire).first(20)));
}

}  // namespace

TEST_CASE("TUN-01: all four family pairs carry packets") {
  for (const Family outer : {Family::V4, Family::V6})
    for (const Family within : {Family::V4, Family::V6}) {
      EspPair pair({.outer = outer, .inner = within});
      const PacketBytes wire = only(pair.out(inner(within).hop_limit(64).build()));
      CHECK((wire[0] >> 4 == 4) == (outer == Family::V4));
      CHECK(only(pair.in(wire)) == inner(within).hop_limit(62).build());
    }
}

TEST_CASE("TUN-01: an inner family outside the SA's selectors is dropped") {
  EspPair pair({.inner = Family::V4, .adjust_inbound = [](Sa& sa) {
                  Selector any;
                  sa.selectors = {any};
                }});
  EspPair other({.inner = Family::V6});
  const PacketBytes wire = only(pair.out(inner_v4().build()));
  CHECK(other.in(wire).empty());
  CHECK(other.receiver().dropped(DropReason::SelectorMismatch) == 1);
}

TEST_CASE("TUN-02: each gateway takes one from the inner hop limit, none from the outer") {
  for (const Family family : {Family::V4, Family::V6}) {
    EspPair pair({.inner = family, .adjust_outbound = [](Sa& sa) { sa.header.hop_limit = 99; }});
    const PacketBytes wire = only(pair.out(inner(family).hop_limit(10).build()));
    CHECK(v4(wire).ttl == 99);
    CHECK(only(pair.in(wire)) == inner(family).hop_limit(8).build());
  }
}

TEST_CASE("TUN-02: a packet whose TTL ends at the encapsulator gives ICMP, not ESP") {
  EspPair pair({});
  pair.sender().receive_ip(kInside, inner_v4().hop_limit(1).build());
  pair.sender().settle();
  CHECK(pair.sender().sent(kOutside).empty());
  CHECK(pair.sender().dropped(DropReason::HopLimit) == 1);
  const PacketBytes error = only(pair.sender().sent(kInside));
  CHECK(v4(error).protocol == kProtocolIcmp);
  CHECK(error[20] == 11);
}

TEST_CASE("TUN-03: DF of the outer header is set, cleared or copied") {
  struct Row {
    DfRule rule;
    bool inner_df;
    bool outer_df;
  };
  for (const Row row : {Row{DfRule::Copy, false, false}, Row{DfRule::Copy, true, true},
                        Row{DfRule::Set, false, true}, Row{DfRule::Set, true, true},
                        Row{DfRule::Clear, false, false}, Row{DfRule::Clear, true, false}}) {
    EspPair pair(with([&](Sa& sa) { sa.header.df = row.rule; }));
    PacketBuilder packet = inner_v4();
    if (row.inner_df) packet.dont_fragment();
    const PacketBytes wire = only(pair.out(packet.build()));
    CHECK(((v4(wire).fragment.get() & Ipv4Header::kDontFragment) != 0) == row.outer_df);
    CHECK(checksum(ByteView(wire).first(20)) == 0);
  }
}

TEST_CASE("TUN-04: the outer DSCP is copied, fixed or mapped; the inner one stays") {
  const auto sent_with = [](const DscpRule& rule, std::uint8_t inner_dscp) {
    EspPair pair(with([&](Sa& sa) { sa.header.dscp = rule; }));
    const auto packet = inner_v4().traffic_class(static_cast<std::uint8_t>(inner_dscp << 2));
    const PacketBytes wire = only(pair.out(packet.build()));
    CHECK(class_of(only(pair.in(wire))) == inner_dscp << 2);
    return v4(wire).tos >> 2;
  };
  CHECK(sent_with({}, 46) == 46);
  CHECK(sent_with({.kind = DscpRule::Kind::Fixed, .fixed = 8, .map = {}}, 46) == 8);
  std::vector<std::uint8_t> map(64, 1);
  map[46] = 34;
  CHECK(sent_with({.kind = DscpRule::Kind::Map, .fixed = 0, .map = map}, 46) == 34);
  CHECK(sent_with({.kind = DscpRule::Kind::Map, .fixed = 0, .map = map}, 10) == 1);
}

TEST_CASE("TUN-04: only where asked for, the outer DSCP overwrites the inner one on egress") {
  EspPair pair({.adjust_inbound = [](Sa& sa) { sa.header.dscp_from_outer = true; }});
  PacketBytes wire = only(pair.out(inner_v4().traffic_class(46 << 2).build()));
  remark(wire, 10 << 2);
  const PacketBytes arrived = only(pair.in(wire));
  CHECK(class_of(arrived) == 10 << 2);
  CHECK(checksum(ByteView(arrived).first(20)) == 0);
}

TEST_CASE("TUN-05: the outer ECN is a copy, or Not-ECT in compatibility mode") {
  for (std::uint8_t ecn = 0; ecn < 4; ++ecn) {
    EspPair normal({});
    CHECK((class_of(only(normal.out(inner_v4().traffic_class(ecn).build()))) & 3) == ecn);
    EspPair old(with([](Sa& sa) { sa.header.ecn = EcnRule::Compatibility; }));
    CHECK((class_of(only(old.out(inner_v4().traffic_class(ecn).build()))) & 3) == 0);
  }
}

TEST_CASE("TUN-06, TUN-07: the inner ECN after a tunnel follows RFC 6040 figure 4") {
  constexpr int kDrop = -1;
  constexpr int kAfter[4][4] = {// by inner, outer: Not-ECT, ECT(1), ECT(0), CE
                                {0, 0, 0, kDrop},
                                {1, 1, 1, 3},
                                {2, 1, 2, 3},
                                {3, 3, 3, 3}};
  for (const Family family : {Family::V4, Family::V6}) {
    EspPair pair({.inner = family});
    for (std::uint8_t inside = 0; inside < 4; ++inside)
      for (std::uint8_t outside = 0; outside < 4; ++outside) {
        const auto dscp = static_cast<std::uint8_t>(46 << 2);
        const auto packet = inner(family).traffic_class(dscp | inside);
        PacketBytes wire = only(pair.out(packet.build()));
        remark(wire, dscp | outside);
        const auto arrived = pair.in(wire);
        const int expected = kAfter[inside][outside];
        INFO("inner " << int{inside} << " outer " << int{outside});
        REQUIRE(arrived.size() == (expected == kDrop ? 0 : 1));
        if (expected == kDrop) continue;
        CHECK((class_of(arrived[0]) & 3) == expected);
        CHECK(class_of(arrived[0]) >> 2 == 46);
        if (family == Family::V4) CHECK(checksum(ByteView(arrived[0]).first(20)) == 0);
      }
    CHECK(pair.receiver().dropped(DropReason::EcnCe) == 1);
  }
}

TEST_CASE("TUN-08: the outer flow label is 0 or the configured one, never the inner") {
  for (const std::uint32_t label : {0u, 0x12345u}) {
    EspPair pair({.outer = Family::V6, .inner = Family::V6, .adjust_outbound = [&](Sa& sa) {
                    sa.header.flow_label = label;
                  }});
    const PacketBytes wire = only(pair.out(inner_v6().flow_label(0xabcde).build()));
    CHECK((v6(wire).version_class_flow.get() & 0xfffff) == label);
  }
}

TEST_CASE("TUN-09: inner options and extension headers stay inside") {
  EspPair pair({});
  const auto with_options = inner_v4().options({7, 7, 4, 0, 0, 0, 0});  // record route
  const PacketBytes wire = only(pair.out(PacketBuilder(with_options).hop_limit(64).build()));
  CHECK(v4(wire).version_ihl == 0x45);
  CHECK(only(pair.in(wire)) == PacketBuilder(with_options).hop_limit(62).build());

  EspPair six({.outer = Family::V6, .inner = Family::V6});
  const auto extended =
      PacketBuilder("2001:db8:1::2", "2001:db8:2::2").destination_options({}).udp(1, 2);
  const PacketBytes wire6 = only(six.out(PacketBuilder(extended).hop_limit(64).build()));
  CHECK(v6(wire6).next_header == kProtocolEsp);
  CHECK(only(six.in(wire6)) == PacketBuilder(extended).hop_limit(62).build());
}

TEST_CASE("TUN-10: the outer addresses are the SA's endpoints") {
  for (const Family family : {Family::V4, Family::V6}) {
    EspPair pair({.outer = family});
    PacketSummary outer;
    REQUIRE(summarize(only(pair.out(inner_v4().build())), outer) == ParseVerdict::Good);
    CHECK(outer.source_address() == pair.outbound().sa->endpoints.local);
    CHECK(outer.destination_address() == pair.outbound().sa->endpoints.remote);
  }
}

TEST_CASE("TUN-11: outer datagrams that may be fragmented have ids of their own") {
  EspPair pair(with([](Sa& sa) { sa.header.df = DfRule::Clear; }));
  std::vector<bool> seen(65536);
  for (int round = 0; round < 150; ++round) {
    for (int i = 0; i < 100; ++i) pair.sender().receive_ip(kInside, inner_v4().build());
    pair.sender().settle();
    for (const PacketBytes& wire : pair.sender().sent(kOutside)) {
      REQUIRE_FALSE(seen[v4(wire).id.get()]);
      seen[v4(wire).id.get()] = true;
    }
  }
}

}  // namespace sallyport::tunnel_headers_test
