#include "mip6/listener_discovery.h"

#include <catch2/catch.hpp>

#include "net/datagram.h"
#include "net/icmp.h"
#include "net/neighbour_discovery.h"
#include "net/protocol.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test::listener_discovery_test {
namespace {

using namespace std::chrono_literals;
using Kind = ListenerRecord::Kind;

const Address kHost = ip("fe80::ff:fe00:100");
const Address kGroup = ip("ff1e::42");
const Address kOtherGroup = ip("ff3e::43");

std::optional<ListenerMessage> parse(ByteView icmp, const Address& to = all_listener_routers()) {
  return on_exact_copy(icmp,
                       [&](ByteView copy) { return parse_listener_message(copy, kHost, to); });
}
// The same with a checksum that fits.
std::optional<ListenerMessage> parse_summed(Octets icmp) {
  if (icmp.size() >= 4) set_icmp_checksum(icmp, kHost, all_listener_routers());
  return parse(icmp);
}
Octets build(const ListenerMessage& message) {
  return build_listener_message(message, kHost, all_listener_routers());
}

std::vector<ListenerMessage> samples() {
  return {ListenerQuery{},
          ListenerQuery{.version = ListenerVersion::V1, .group = kGroup, .response = 10s},
          ListenerQuery{.group = kGroup,
                        .response = 1s,
                        .suppressed = true,
                        .robustness = 7,
                        .interval = 60s,
                        .sources = {kCorrespondent, kHomeAgent}},
          ListenerReport1{.group = kGroup},
          ListenerDone{.group = kGroup},
          ListenerReport{},
          ListenerReport{.records = {{.kind = Kind::ToExclude, .group = kGroup},
                                     {.kind = Kind::IsInclude,
                                      .group = kOtherGroup,
                                      .sources = {kCorrespondent, kHomeAgent}},
                                     {.kind = Kind::ToInclude, .group = kGroup}}}};
}

// What a Linux kernel says that joins and leaves groups, captured.
struct OfKernel {
  const char* octets;
  Address to;
  ListenerMessage message;
};
std::vector<OfKernel> of_kernel() {
  return {{"3a000502000001008f006fad0000000104000000ff1e0000000000000000000000000042",
           all_listener_routers(),
           ListenerReport{.records = {{.kind = Kind::ToExclude, .group = kGroup}}}},
          {"3a000502000001008f003d3e0000000205000001ff3e0000000000000000000000000043"
           "20010db8000c0000000000000000000204000000ff1e0000000000000000000000000042",
           all_listener_routers(),
           ListenerReport{
               .records = {{.kind = Kind::Allow, .group = kOtherGroup, .sources = {kCorrespondent}},
                           {.kind = Kind::ToExclude, .group = kGroup}}}},
          {"3a000502000001008f003d3e0000000206000001ff3e0000000000000000000000000043"
           "20010db8000c0000000000000000000203000000ff1e0000000000000000000000000042",
           all_listener_routers(),
           ListenerReport{
               .records = {{.kind = Kind::Block, .group = kOtherGroup, .sources = {kCorrespondent}},
                           {.kind = Kind::ToInclude, .group = kGroup}}}},
          {"3a0005020000010083007f6600000000ff1e0000000000000000000000000044", ip("ff1e::44"),
           ListenerReport1{.group = ip("ff1e::44")}},
          {"3a0005020000010084007ec400000000ff1e0000000000000000000000000044", all_routers(),
           ListenerDone{.group = ip("ff1e::44")}}};
}

TEST_CASE("HA-18: what the Linux kernel says to multicast routers is read, and written alike") {
  for (const OfKernel& one : of_kernel()) {
    INFO(one.octets);
    const Octets octets = sallyport::test::octets(one.octets);
    const auto icmp = icmp_behind(kProtocolHopByHop, octets);
    REQUIRE(icmp);
    CHECK(parse(*icmp, one.to) == one.message);
    CHECK(with_router_alert(build_listener_message(one.message, kHost, one.to)) == octets);
  }
}

TEST_CASE("HA-18: a General Query is as RFC 3810 5.1 draws it") {
  const Address from = ip("fe80::1");
  const Octets octets = build_listener_message(ListenerQuery{}, from, all_nodes());
  CHECK(icmp_checksum_good(octets, from, all_nodes()));
  Octets fields = octets;
  fields[2] = fields[3] = 0;
  CHECK(fields == sallyport::test::octets("8200000027100000"
                                          "00000000000000000000000000000000"
                                          "027d0000"));
}

TEST_CASE("HA-18: each message that is written is read as the same") {
  for (const ListenerMessage& message : samples()) CHECK(parse(build(message)) == message);
}

TEST_CASE("HA-18: a message that is cut anywhere is none, but for a query down to version 1") {
  for (const ListenerMessage& message : samples()) {
    const Octets whole = build(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      INFO(whole[0] << " cut to " << size);
      const auto read = parse_summed({whole.begin(), whole.begin() + std::ptrdiff_t(size)});
      const bool old_query = whole[0] == icmp6::kListenerQuery && size == 24;
      REQUIRE(read.has_value() == old_query);
      if (old_query) CHECK(std::get<ListenerQuery>(*read).version == ListenerVersion::V1);
    }
  }
}

TEST_CASE("HA-18: a message with any octet wrong is none") {
  for (const ListenerMessage& message : samples()) {
    const Octets whole = build(message);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      Octets wrong = whole;
      wrong[at] ^= 0x10;
      CHECK_FALSE(parse(wrong));
    }
    CHECK_FALSE(parse_listener_message(whole, kHost, all_nodes()));
  }
}

TEST_CASE("HA-18: what is behind the last field, auxiliary data and unknown records are left out") {
  for (const ListenerMessage& message : samples()) {
    const auto* const query = std::get_if<ListenerQuery>(&message);
    if (query != nullptr && query->version == ListenerVersion::V1) continue;
    Octets longer = build(message);
    longer.insert(longer.end(), {1, 2, 3, 4, 5});
    CHECK(parse_summed(longer) == message);
  }
  const Octets octets = sallyport::test::octets(
      "8f00000000000003"
      "04010000ff1e0000000000000000000000000042deadbeef"
      "07000001ff1e000000000000000000000000004320010db8000c00000000000000000002"
      "00000000ff1e0000000000000000000000000043");
  const ListenerMessage left =
      ListenerReport{.records = {{.kind = Kind::ToExclude, .group = kGroup}}};
  CHECK(parse_summed(octets) == left);
}

TEST_CASE("HA-18: other ICMPv6 messages are none of multicast listeners") {
  for (const std::uint8_t type : Octets{128, 129, 133, 135, 142, 144}) {
    Octets octets = build(ListenerReport1{.group = kGroup});
    octets[0] = type;
    CHECK_FALSE(is_listener_message(octets));
    CHECK_FALSE(parse_summed(octets));
  }
}

TEST_CASE("HA-18: more records or sources than a packet has are malformed, and none are written") {
  const ListenerRecord bare{.kind = Kind::IsExclude, .group = kGroup};
  ListenerReport report{.records = std::vector(kMostListenerRecords, bare)};
  CHECK(parse(build(report)) == ListenerMessage(report));
  Octets octets = build(report);
  const Octets record(octets.end() - 20, octets.end());
  octets.insert(octets.end(), record.begin(), record.end());
  ++octets[7];  // of the number's low octet
  CHECK(octets[6] == 2);
  CHECK_FALSE(parse_summed(octets));
  report.records.push_back(bare);
  CHECK(build(report).size() == octets.size() - record.size());

  ListenerRecord sources{.kind = Kind::IsExclude, .group = kGroup};
  sources.sources.resize(kMostListenerSources / 2, kCorrespondent);
  const ListenerReport full{.records = {sources, sources}};
  CHECK(parse(build(full)) == ListenerMessage(full));
  ListenerReport over = full;
  over.records.push_back({.kind = Kind::IsExclude, .group = kGroup, .sources = {kCorrespondent}});
  Octets written = build(over);
  CHECK(written.size() == build(full).size() + 20);
  written[written.size() - 17] = 1;  // one source in the third record, and it is there
  written.insert(written.end(), kCorrespondent.bytes.begin(), kCorrespondent.bytes.end());
  CHECK_FALSE(parse_summed(written));
}

TEST_CASE(
    "HA-18: times that a query's codes cannot say are made less, all that they can are kept") {
  for (unsigned code = 0; code < 0x10000; code += 5) {
    Octets octets = build(ListenerQuery{});
    octets[4] = static_cast<std::uint8_t>(code >> 8);
    octets[5] = octets[25] = static_cast<std::uint8_t>(code);
    set_icmp_checksum(octets, kHost, all_listener_routers());
    const auto read = parse(octets);
    REQUIRE(read);
    REQUIRE(build(*read) == octets);
  }
  const auto again = [](const ListenerQuery& query) {
    return std::get<ListenerQuery>(parse(build(query)).value());
  };
  CHECK(again({.interval = 300s}).interval == 288s);
  CHECK(again({.interval = 127s}).interval == 127s);
  CHECK(again({.interval = 128s}).interval == 128s);
  CHECK(again({.interval = 40'000s}).interval == kMostInterval);
  CHECK(again({.response = 32'767ms}).response == 32'767ms);
  CHECK(again({.response = 32'775ms}).response == 32'768ms);
  CHECK(again({.response = 24h}).response == kMostResponse);
  CHECK(again({.response = -1s}).response == 0s);
  const ListenerQuery old{.version = ListenerVersion::V1, .response = 40s};
  CHECK(again(old).response == 40s);
}

TEST_CASE("HA-18: the Router Alert option goes before a message, and is found there") {
  const Octets icmp = build(ListenerQuery{});
  const Octets octets = with_router_alert(icmp);
  const auto found = [](std::uint8_t protocol, ByteView all) {
    return on_exact_copy(all, [&](ByteView copy) -> std::optional<Octets> {
      const auto inner = icmp_behind(protocol, copy);
      if (!inner) return std::nullopt;
      return Octets(inner->begin(), inner->end());
    });
  };
  CHECK(found(kProtocolHopByHop, octets) == icmp);
  CHECK(found(kProtocolIcmpv6, icmp) == icmp);
  for (std::size_t size = 0; size < 8; ++size)
    CHECK_FALSE(found(kProtocolHopByHop, ByteView(octets).first(size)));
  CHECK_FALSE(found(kProtocolUdp, octets));
  Octets other = octets;
  other[0] = kProtocolUdp;
  CHECK_FALSE(found(kProtocolHopByHop, other));
  other = octets;
  other[1] = 5;  // longer than all there is
  CHECK_FALSE(found(kProtocolHopByHop, other));
}

TEST_CASE("HA-18: a group's scope is four bits of its second octet") {
  CHECK(scope_of(all_nodes()) == kLinkScope);
  CHECK(scope_of(kGroup) == kGlobalScope);
  CHECK(scope_of(ip("ff35::1")) == 5);
}

}  // namespace
}  // namespace sallyport::mip6::test::listener_discovery_test
