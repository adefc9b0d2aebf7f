#include "spd/policy_matcher.h"

#include <catch2/catch.hpp>
#include <map>

#include "net/packet_summary.h"
#include "net/protocol.h"
#include "spd/indexed_matcher.h"
#include "spd/linear_matcher.h"
#include "tests/spd/random_policies.h"

namespace sallyport::policy_matcher_test {

using sallyport::test::RandomPolicies;

namespace {

std::vector<AddressRange> ranges(std::initializer_list<std::string_view> texts) {
  std::vector<AddressRange> list;
  for (const std::string_view text : texts) list.push_back(AddressRange::parse(text).value());
  return list;
}

PortSet ports(std::vector<PortRange> list) { return PortSet::of(std::move(list)).value(); }

Address address(std::string_view text) { return Address::parse(text).value(); }

// What both matchers say of one selector; they must agree.
bool found(const Selector& selector, const SelectorFields& fields) {
  LinearMatcher linear;
  IndexedMatcher indexed;
  REQUIRE(linear.insert(0, PolicyId{7}, std::span(&selector, 1)));
  REQUIRE(indexed.insert(0, PolicyId{7}, std::span(&selector, 1)));
  const PolicyId answer = linear.view()->match(fields);
  REQUIRE(indexed.view()->match(fields) == answer);
  return answer == PolicyId{7};
}

SelectorFields packet(std::uint8_t protocol, PortValue local, PortValue remote) {
  return {.local = address("2001:db8::1"),
          .remote = address("2001:db8::2"),
          .protocol = protocol,
          .local_port = local,
          .remote_port = remote};
}

Selector ported(std::uint8_t protocol, PortSet local, PortSet remote) {
  Selector selector;
  selector.protocol = protocol;
  selector.local_port = std::move(local);
  selector.remote_port = std::move(remote);
  return selector;
}

PortValue icmp(unsigned type, unsigned code) { return type * 256 + code; }

// ICMP codes or MH types: the whole octet below each type.
PortSet types(std::uint8_t first, std::uint8_t last) {
  return ports(
      {{static_cast<std::uint16_t>(first * 256), static_cast<std::uint16_t>(last * 256 + 255)}});
}

}  // namespace

TEST_CASE("SPD-01: the first match decides, over a million packets and many overlapping lists") {
  constexpr int kLists = 500;
  constexpr int kPacketsPerList = 2000;
  static_assert(kLists * kPacketsPerList == 1'000'000);
  RandomPolicies random(1);
  std::map<PolicyId, int> answers;
  for (int list = 0; list < kLists; ++list) {
    LinearMatcher linear;
    IndexedMatcher indexed;
    std::vector<Selector> all;
    const std::size_t policies = 1 + random.below(40);
    for (std::uint32_t i = 0; i < policies; ++i) {
      const std::vector<Selector> selectors = random.selectors(3);
      REQUIRE(linear.insert(i, PolicyId{i + 1}, selectors));
      REQUIRE(indexed.insert(i, PolicyId{i + 1}, selectors));
      all.insert(all.end(), selectors.begin(), selectors.end());
    }
    const auto expected = linear.view();
    const auto view = indexed.view();
    for (int i = 0; i < kPacketsPerList; ++i) {
      const SelectorFields fields = random.packet(all);
      const PolicyId answer = expected->match(fields);
      ++answers[answer];
      if (view->match(fields) != answer) FAIL("list " << list << ", packet " << i);
    }
  }
  // Were most packets to match nothing, or the first entry, agreement would mean little.
  CHECK(answers.size() > 30);
  CHECK(answers[kNoPolicy] < 600'000);
  CHECK(answers[PolicyId{1}] < 300'000);
}

TEST_CASE("SPD-01: the order decides between entries that both match") {
  const std::vector<Selector> wide(1);
  std::vector<Selector> narrow(1);
  narrow[0].remote = ranges({"2001:db8::/64"});
  IndexedMatcher matcher;
  REQUIRE(matcher.insert(0, PolicyId{1}, narrow));
  REQUIRE(matcher.insert(1, PolicyId{2}, wide));
  const SelectorFields fields = packet(kProtocolUdp, 1, 2);
  CHECK(matcher.view()->match(fields) == PolicyId{1});
  REQUIRE(matcher.move(PolicyId{1}, 1));
  CHECK(matcher.view()->match(fields) == PolicyId{2});
  REQUIRE(matcher.remove(PolicyId{2}));
  CHECK(matcher.view()->match(fields) == PolicyId{1});
  REQUIRE(matcher.remove(PolicyId{1}));
  CHECK(matcher.view()->match(fields) == kNoPolicy);
}

TEST_CASE("SPD-03: an entry is written once and matches what goes out and what comes back") {
  Selector selector;
  selector.local = ranges({"10.1.0.0/16"});
  selector.remote = ranges({"10.2.0.0/16"});
  selector.protocol = kProtocolTcp;
  selector.remote_port = ports({{443, 443}});

  PacketSummary request;
  request.source = address("10.1.0.5").bytes;
  request.destination = address("10.2.0.9").bytes;
  request.protocol = kProtocolTcp;
  request.source_port = 40000;
  request.destination_port = 443;
  request.ports_visible = true;
  PacketSummary answer = request;
  std::swap(answer.source, answer.destination);
  std::swap(answer.source_port, answer.destination_port);

  CHECK(found(selector, selector_fields(request, Direction::Outbound)));
  CHECK(found(selector, selector_fields(answer, Direction::Inbound)));
  CHECK_FALSE(found(selector, selector_fields(request, Direction::Inbound)));
  CHECK_FALSE(found(selector, selector_fields(answer, Direction::Outbound)));
}

TEST_CASE("SEL-01: lists of ranges, single addresses and either family where none is named") {
  Selector selector;
  selector.local = ranges({"192.0.2.7-192.0.2.9", "192.0.2.20", "198.51.100.0/30"});
  const auto holds = [&](std::string_view local) {
    return found(selector, {.local = address(local), .remote = address("203.0.113.1")});
  };
  for (const auto* inside : {"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.20", "198.51.100.3"})
    CHECK(holds(inside));
  for (const auto* outside :
       {"192.0.2.6", "192.0.2.10", "192.0.2.19", "192.0.2.21", "198.51.100.4", "0.0.0.0"})
    CHECK_FALSE(holds(outside));
  // The same bytes in the other family are another address.
  CHECK_FALSE(found(selector, {.local = address("c000:207::"), .remote = address("::1")}));
  CHECK(found(Selector{}, {.local = address("::"), .remote = address("ffff::")}));
  CHECK(found(Selector{}, {.local = address("0.0.0.0"), .remote = address("255.255.255.255")}));
}

TEST_CASE("SEL-02: broadcast, and ranges to the end of the space") {
  Selector selector;
  selector.remote = ranges({"255.255.255.255"});
  const Address local = address("10.0.0.1");
  CHECK(found(selector, {.local = local, .remote = address("255.255.255.255")}));
  CHECK_FALSE(found(selector, {.local = local, .remote = address("255.255.255.254")}));
  selector.remote = ranges({"::/0"});
  CHECK(found(selector, {.local = address("::1"), .remote = address("ff02::1")}));
  CHECK_FALSE(found(selector, {.local = local, .remote = address("255.255.255.255")}));
}

TEST_CASE("SEL-03: one protocol, any, or opaque") {
  Selector selector;
  CHECK(found(selector, packet(kProtocolTcp, 1, 2)));
  CHECK(found(selector, packet(kProtocolOpaque, kUnavailable, kUnavailable)));
  selector.protocol = kProtocolTcp;
  CHECK(found(selector, packet(kProtocolTcp, 1, 2)));
  CHECK_FALSE(found(selector, packet(kProtocolUdp, 1, 2)));
  CHECK_FALSE(found(selector, packet(kProtocolOpaque, kUnavailable, kUnavailable)));
  selector.protocol = kProtocolOpaque;
  CHECK(found(selector, packet(kProtocolOpaque, kUnavailable, kUnavailable)));
  CHECK_FALSE(found(selector, packet(kProtocolTcp, 1, 2)));
}

TEST_CASE("SEL-04: lists of ports, of every protocol that has them") {
  for (const std::uint8_t protocol :
       {kProtocolTcp, kProtocolUdp, kProtocolSctp, kProtocolDccp, kProtocolUdpLite}) {
    const Selector selector = ported(protocol, PortSet::any(), ports({{80, 80}, {8000, 8999}}));
    for (const PortValue port : {80u, 8000u, 8500u, 8999u})
      CHECK(found(selector, packet(protocol, 5, port)));
    for (const PortValue port : {0u, 79u, 81u, 7999u, 9000u, 65535u})
      CHECK_FALSE(found(selector, packet(protocol, 5, port)));
    CHECK_FALSE(found(selector, packet(protocol, 80, 5)));
  }
}

TEST_CASE("SEL-05: any includes opaque, opaque is nothing but what cannot be seen") {
  const Selector any = ported(kProtocolTcp, PortSet::any(), PortSet::any());
  const Selector opaque = ported(kProtocolTcp, PortSet::opaque(), PortSet::opaque());
  const SelectorFields seen = packet(kProtocolTcp, 0, 65535);
  const SelectorFields hidden = packet(kProtocolTcp, kUnavailable, kUnavailable);
  CHECK(found(any, seen));
  CHECK(found(any, hidden));
  CHECK(found(opaque, hidden));
  CHECK_FALSE(found(opaque, seen));
}

TEST_CASE("SEL-06: a later fragment matches no list of ports, types or MH types") {
  for (const std::uint8_t protocol : {kProtocolTcp, kProtocolIcmpv6, kProtocolMobility}) {
    const SelectorFields fragment = packet(protocol, kUnavailable, kUnavailable);
    const PortSet nearly_all = ports({{0, 65534}});
    CHECK_FALSE(found(ported(protocol, nearly_all, PortSet::any()), fragment));
    CHECK_FALSE(found(ported(protocol, PortSet::any(), nearly_all), fragment));
    CHECK(found(ported(protocol, PortSet::any(), PortSet::opaque()), fragment));
  }
}

TEST_CASE("SEL-07: ICMP type and code are compared as one number") {
  const PortSet unreachable = ports({{0x0301, 0x0502}});
  const Selector selector = ported(kProtocolIcmpv6, unreachable, PortSet::any());
  const auto sent = [&](unsigned type, unsigned code) {
    return found(selector, packet(kProtocolIcmpv6, icmp(type, code), kNotApplicable));
  };
  CHECK_FALSE(sent(3, 0));
  CHECK(sent(3, 1));
  CHECK(sent(3, 255));
  CHECK(sent(4, 77));
  CHECK(sent(5, 2));
  CHECK_FALSE(sent(5, 3));
}

TEST_CASE("SEL-08: an MH type stands in the high octet") {
  const Selector binding_update =
      ported(kProtocolMobility, ports({{0x0500, 0x0500}}), ports({{0x0600, 0x0600}}));
  CHECK(found(binding_update, packet(kProtocolMobility, 0x0500, kNotApplicable)));
  CHECK_FALSE(found(binding_update, packet(kProtocolMobility, 0x0600, kNotApplicable)));
  CHECK(found(binding_update, packet(kProtocolMobility, kNotApplicable, 0x0600)));
  CHECK_FALSE(found(binding_update, packet(kProtocolMobility, kNotApplicable, 0x0005)));
}

TEST_CASE("SEL-09: the local type may be sent and the remote one received, opaque is neither") {
  // The mobile node's entry for BU (5) and BA (6).
  const Selector mobile = ported(kProtocolMobility, types(5, 5), types(6, 6));
  const auto sends = [](const Selector& selector, unsigned type) {
    return found(selector, packet(*selector.protocol, type * 256, kNotApplicable));
  };
  const auto receives = [](const Selector& selector, unsigned type) {
    return found(selector, packet(*selector.protocol, kNotApplicable, type * 256));
  };
  CHECK(sends(mobile, 5));
  CHECK_FALSE(sends(mobile, 6));
  CHECK(receives(mobile, 6));
  CHECK_FALSE(receives(mobile, 5));

  const Selector send_only = ported(kProtocolIcmpv6, types(128, 128), PortSet::opaque());
  CHECK(sends(send_only, 128));
  CHECK_FALSE(receives(send_only, 128));
  const Selector receive_only = ported(kProtocolIcmpv6, PortSet::opaque(), types(128, 128));
  CHECK(receives(receive_only, 128));
  CHECK_FALSE(sends(receive_only, 128));
}

TEST_CASE("SEL-10: AH and ESP, which show no ports, match opaque and any") {
  for (const std::uint8_t protocol : {kProtocolAh, kProtocolEsp}) {
    const SelectorFields fields = packet(protocol, kUnavailable, kUnavailable);
    CHECK(found(ported(protocol, PortSet::opaque(), PortSet::opaque()), fields));
    CHECK(found(ported(protocol, PortSet::any(), PortSet::any()), fields));
  }
}

TEST_CASE("SEL-12: each of the five slots decides alone") {
  Selector selector = ported(kProtocolTcp, ports({{1, 1}}), ports({{2, 2}}));
  selector.local = ranges({"2001:db8::1"});
  selector.remote = ranges({"2001:db8::2"});
  const SelectorFields match = packet(kProtocolTcp, 1, 2);
  REQUIRE(found(selector, match));
  std::array<SelectorFields, 5> others;
  others.fill(match);
  others[0].local = address("2001:db8::2");
  others[1].remote = address("2001:db8::1");
  others[2].protocol = kProtocolUdp;
  others[3].local_port = 2;
  others[4].remote_port = 1;
  for (const SelectorFields& other : others) CHECK_FALSE(found(selector, other));
}

}  // namespace sallyport::policy_matcher_test
