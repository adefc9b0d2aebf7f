// Traffic selectors: offers, narrowing, and what SAs are to carry (IKE-95..98, PAD-11).
#include "ike/traffic_selectors.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "ike/wire/payload_chain.h"
#include "ike/wire/payload_parsers.h"
#include "spd/policy.h"
#include "tests/support/fixed_random.h"

namespace sallyport::ike::test::traffic_selectors_test {
namespace {

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
Address address(std::string_view text) { return Address::parse(text).value(); }
PortSet port(std::uint16_t first, std::uint16_t last) {
  return PortSet::of({{first, last}}).value();
}
TrafficSelector any(std::string_view addresses) { return {0, 0, 0xffff, range(addresses)}; }

const Selector kNets{.local = {range("192.0.2.0/24")}, .remote = {range("198.51.100.0/24")}};

TEST_CASE("IKE-96: the packet that asks stands first in both, then policy's ranges") {
  const SelectorFields packet{.local = address("192.0.2.7"),
                              .remote = address("198.51.100.9"),
                              .protocol = 6,
                              .local_port = 40000,
                              .remote_port = 443};
  const SelectorPair offer = offer_selectors({&kNets, 1}, &packet);
  CHECK(offer.local ==
        TrafficSelectors{{6, 40000, 40000, range("192.0.2.7")}, any("192.0.2.0/24")});
  CHECK(offer.remote ==
        TrafficSelectors{{6, 443, 443, range("198.51.100.9")}, any("198.51.100.0/24")});
  // A rekey leaves it out (2.9.2).
  const SelectorPair rekey = offer_selectors({&kNets, 1}, nullptr);
  CHECK(rekey.local == TrafficSelectors{any("192.0.2.0/24")});
  CHECK(rekey.remote == TrafficSelectors{any("198.51.100.0/24")});
}

TEST_CASE("IKE-96: ICMP has its type and code on the sender's side, fragments have no ports") {
  SelectorFields echo{.local = address("192.0.2.7"),
                      .remote = address("198.51.100.9"),
                      .protocol = 1,
                      .local_port = 0x0800,
                      .remote_port = kNotApplicable};
  SelectorPair offer = offer_selectors({&kNets, 1}, &echo);
  CHECK(offer.local.front() == TrafficSelector{1, 0x0800, 0x0800, range("192.0.2.7")});
  CHECK(offer.remote.front() == TrafficSelector{1, 0, 0xffff, range("198.51.100.9")});
  echo.protocol = 17;
  echo.local_port = echo.remote_port = kUnavailable;
  offer = offer_selectors({&kNets, 1}, &echo);
  CHECK(offer.local.front() == TrafficSelector{17, 0, 0xffff, range("192.0.2.7")});
}

TEST_CASE("IKE-96, MDYN-03: a type that the packet does not say is as policy has it") {
  const Selector tests{.local = {range("2001:db8:1::10")},
                       .remote = {range("::/0")},
                       .protocol = 135,
                       .local_port = port(0x0100, 0x0100),
                       .remote_port = port(0x0300, 0x0300)};
  const Selector others{
      .local = {range("2001:db8:1::10")}, .remote = {range("::/0")}, .protocol = 135};
  const SelectorFields init{.local = address("2001:db8:1::10"),
                            .remote = address("2001:db8:9::9"),
                            .protocol = 135,
                            .local_port = 0x0100,
                            .remote_port = kNotApplicable};
  SelectorPair offer = offer_selectors({&tests, 1}, &init);
  CHECK(offer.local.front() == TrafficSelector{135, 0x0100, 0x0100, range("2001:db8:1::10")});
  CHECK(offer.remote.front() == TrafficSelector{135, 0x0300, 0x0300, range("2001:db8:9::9")});
  CHECK(begins_with_packet(offer));
  CHECK(holds_first({&tests, 1}, offer));
  offer = offer_selectors({&others, 1}, &init);
  CHECK(offer.remote.front() == TrafficSelector{135, 0, 0xffff, range("2001:db8:9::9")});
}

TEST_CASE("IKE-95: lists, protocols, OPAQUE and both families are written out") {
  const std::vector<Selector> selectors{
      {.local = {range("192.0.2.0/25"), range("192.0.2.200")},
       .remote = {range("198.51.100.1")},
       .protocol = 6,
       .local_port = PortSet::of({{80, 80}, {443, 444}}).value(),
       .remote_port = PortSet::any()},
      {.protocol = 17, .local_port = PortSet::opaque(), .remote_port = PortSet::any()}};
  const SelectorPair offer = offer_selectors(selectors, nullptr);
  CHECK(offer.local == TrafficSelectors{{6, 80, 80, range("192.0.2.0/25")},
                                        {6, 443, 444, range("192.0.2.0/25")},
                                        {6, 80, 80, range("192.0.2.200")},
                                        {6, 443, 444, range("192.0.2.200")},
                                        {17, 0xffff, 0, range("0.0.0.0/0")},
                                        {17, 0xffff, 0, range("::/0")}});
  CHECK(offer.remote == TrafficSelectors{{6, 0, 0xffff, range("198.51.100.1")},
                                         {17, 0, 0xffff, range("0.0.0.0/0")},
                                         {17, 0, 0xffff, range("::/0")}});
  CHECK(to_string(std::span(offer.local).subspan(3)) ==
        "192.0.2.200[6/443-444] 0.0.0.0/0[17/opaque] ::/0[17/opaque]");
}

struct NarrowingRow {
  std::string_view what;
  std::vector<Selector> policy;
  SelectorPair offered;
  std::optional<SelectorPair> answer;
  bool more_possible{};
};

TEST_CASE("IKE-97, SPD-05: what a responder makes of an offer") {
  const Selector low{.local = {range("10.0.0.0/25")}, .remote = {range("198.51.100.0/24")}};
  const Selector high{.local = {range("10.0.0.128/25")}, .remote = {range("198.51.100.0/24")}};
  const Selector web{.local = {range("10.0.0.0/24")},
                     .remote = {range("198.51.100.0/24")},
                     .protocol = 6,
                     .local_port = port(443, 443)};
  const Selector six{.local = {range("2001:db8:1::/64")}, .remote = {range("2001:db8:2::/64")}};
  const Selector apart{.local = {range("10.0.0.128/25")}, .remote = {range("203.0.113.0/24")}};
  const SelectorPair everything{{any("0.0.0.0/0")}, {any("0.0.0.0/0")}};
  const std::vector<NarrowingRow> table{
      {"all of it",
       {low},
       {{any("10.0.0.0/25")}, {any("198.51.100.0/24")}},
       SelectorPair{{any("10.0.0.0/25")}, {any("198.51.100.0/24")}}},
      {"policy is narrower",
       {low},
       everything,
       SelectorPair{{any("10.0.0.0/25")}, {any("198.51.100.0/24")}}},
      {"the offer is narrower",
       {low},
       {{any("10.0.0.5")}, {any("198.51.100.0/25")}},
       SelectorPair{{any("10.0.0.5")}, {any("198.51.100.0/25")}}},
      {"protocol and port of policy",
       {web},
       everything,
       SelectorPair{{{6, 443, 443, range("10.0.0.0/24")}},
                    {{6, 0, 0xffff, range("198.51.100.0/24")}}}},
      {"nothing in common", {low}, {{any("10.0.1.0/24")}, {any("198.51.100.0/24")}}, std::nullopt},
      {"the other family", {low}, {{any("::/0")}, {any("::/0")}}, std::nullopt},
      {"another protocol",
       {web},
       {{{17, 0, 0xffff, range("10.0.0.0/24")}}, {any("0.0.0.0/0")}},
       std::nullopt},
      {"sides that have no protocol in common",
       {web},
       {{{6, 443, 443, range("10.0.0.1")}}, {{17, 0, 0xffff, range("198.51.100.1")}}},
       std::nullopt},
      {"no selectors of a known type", {low}, {{}, {any("198.51.100.0/24")}}, std::nullopt},
      {"several that make a whole",
       {low, high},
       everything,
       SelectorPair{{any("10.0.0.0/25"), any("10.0.0.128/25")}, {any("198.51.100.0/24")}}},
      {"both families, which never meet",
       {low, six},
       {{any("0.0.0.0/0"), any("::/0")}, {any("0.0.0.0/0"), any("::/0")}},
       SelectorPair{{any("10.0.0.0/25"), any("2001:db8:1::/64")},
                    {any("198.51.100.0/24"), any("2001:db8:2::/64")}}},
      {"the first of several whose combinations policy has not",
       {low, apart},
       everything,
       SelectorPair{{any("10.0.0.0/25")}, {any("198.51.100.0/24")}},
       true},
      {"the one of those that holds the packet",
       {low, apart},
       {{{6, 9, 9, range("10.0.0.200")}, any("10.0.0.0/24")},
        {{6, 80, 80, range("203.0.113.1")}, any("0.0.0.0/0")}},
       SelectorPair{{any("10.0.0.128/25")}, {any("203.0.113.0/24")}},
       true},
      {"a third one makes two of them a whole",
       {low, apart, high, {.local = {range("10.0.0.0/25")}, .remote = {range("203.0.113.0/24")}}},
       everything,
       SelectorPair{{any("10.0.0.0/25"), any("10.0.0.128/25")},
                    {any("198.51.100.0/24"), any("203.0.113.0/24")}}},
      {"a protocol beside any other",
       {low, web},
       everything,
       SelectorPair{{any("10.0.0.0/25"), {6, 443, 443, range("10.0.0.0/24")}},
                    {any("198.51.100.0/24")}}}};
  for (const NarrowingRow& row : table) {
    CAPTURE(row.what);
    const auto narrowed = narrow(row.policy, row.offered);
    CHECK(narrowed.has_value() == row.answer.has_value());
    if (!narrowed || !row.answer) continue;
    CAPTURE(to_string(narrowed->pair.local), to_string(narrowed->pair.remote));
    CHECK(is_subset(narrowed->pair.local, row.offered.local));
    CHECK(is_subset(narrowed->pair.remote, row.offered.remote));
    CHECK(narrowed->pair == *row.answer);
    CHECK(narrowed->more_possible == row.more_possible);
  }
}

TEST_CASE("IKE-97: a subset is within one of the others, in protocol, ports and addresses") {
  const TrafficSelectors outer{{6, 80, 90, range("10.0.0.0/24")}, any("192.0.2.0/24")};
  const auto within = [&](TrafficSelector one) { return is_subset(TrafficSelectors{one}, outer); };
  CHECK(within({6, 80, 90, range("10.0.0.0/24")}));
  CHECK(within({6, 85, 85, range("10.0.0.3-10.0.0.9")}));
  CHECK(within({17, 0xffff, 0, range("192.0.2.9")}));  // ANY includes OPAQUE
  CHECK_FALSE(within({0, 80, 90, range("10.0.0.0/24")}));
  CHECK_FALSE(within({17, 80, 90, range("10.0.0.0/24")}));
  CHECK_FALSE(within({6, 79, 90, range("10.0.0.0/24")}));
  CHECK_FALSE(within({6, 0xffff, 0, range("10.0.0.0/24")}));
  CHECK_FALSE(within({6, 80, 90, range("10.0.0.0-10.0.1.0")}));
  CHECK_FALSE(within(any("::/0")));
  CHECK_FALSE(is_subset({}, outer));
}

// A space of few packets, in which everything can be tried.
constexpr std::uint32_t kFirstAddress = 0x0a000000;
constexpr std::uint32_t kAddresses = 4;
constexpr std::array<PortValue, 5> kPorts{5, 6, 7, 8, kUnavailable};
constexpr std::array<std::uint8_t, 2> kProtocols{6, 17};

class TinyWorld {
 public:
  explicit TinyWorld(std::uint64_t seed) : random_(seed) {}

  Selector selector() {
    Selector one{.local = addresses(), .remote = addresses()};
    if (random_.below(3) == 0) return one;
    one.protocol = kProtocols[random_.below(2)];
    one.local_port = ports();
    one.remote_port = ports();
    return one;
  }
  std::vector<Selector> policy() {
    std::vector<Selector> some;
    for (unsigned count = 1 + random_.below(3); count > 0; --count) some.push_back(selector());
    return some;
  }
  SelectorPair offer() { return {side(), side()}; }

 private:
  AddressRange addresses_between() {
    const std::uint32_t first = random_.below(kAddresses);
    const std::uint32_t last = first + random_.below(kAddresses - first);
    return {Address::v4(kFirstAddress + first), Address::v4(kFirstAddress + last)};
  }
  std::vector<AddressRange> addresses() {
    std::vector<AddressRange> some;
    for (unsigned count = 1 + random_.below(2); count > 0; --count)
      some.push_back(addresses_between());
    return some;
  }
  PortRange ports_between() {
    const auto first = static_cast<std::uint16_t>(5 + random_.below(4));
    return {first, static_cast<std::uint16_t>(first + random_.below(9u - first))};
  }
  PortSet ports() {
    switch (random_.below(4)) {
      case 0:
        return PortSet::opaque();
      case 1:
        return PortSet::of({ports_between(), ports_between()}).value();
      default:
        return PortSet::any();
    }
  }
  TrafficSelectors side() {
    TrafficSelectors some;
    for (unsigned count = 1 + random_.below(3); count > 0; --count) {
      TrafficSelector one{.addresses = addresses_between()};
      if (random_.below(3) != 0) {
        one.protocol = kProtocols[random_.below(2)];
        const PortSet set = ports();
        if (set.is_opaque()) {
          one.start_port = 0xffff;
          one.end_port = 0;
        } else if (!set.is_any()) {
          one.start_port = set.ranges().front().first;
          one.end_port = set.ranges().front().last;
        }
      }
      some.push_back(one);
    }
    return some;
  }

  FixedRandom random_;
};

bool holds(const TrafficSelector& one, const Address& address, std::uint8_t protocol,
           PortValue port) {
  if (one.protocol != 0 && one.protocol != protocol) return false;
  if (!one.addresses.contains(address)) return false;
  if (one.any_port()) return true;
  if (one.opaque()) return port == kUnavailable;
  return one.start_port <= port && port <= one.end_port;
}
bool holds(const TrafficSelectors& side, const Address& address, std::uint8_t protocol,
           PortValue port) {
  return std::ranges::any_of(
      side, [&](const TrafficSelector& one) { return holds(one, address, protocol, port); });
}
bool holds(const SelectorPair& pair, const SelectorFields& packet) {
  return holds(pair.local, packet.local, packet.protocol, packet.local_port) &&
         holds(pair.remote, packet.remote, packet.protocol, packet.remote_port);
}

const std::vector<SelectorFields>& all_packets() {
  static const std::vector<SelectorFields> kAll = [] {
    std::vector<SelectorFields> packets;
    for (std::uint32_t local = 0; local < kAddresses; ++local)
      for (std::uint32_t remote = 0; remote < kAddresses; ++remote)
        for (const std::uint8_t protocol : kProtocols)
          for (const PortValue from : kPorts)
            for (const PortValue to : kPorts)
              packets.push_back({.local = Address::v4(kFirstAddress + local),
                                 .remote = Address::v4(kFirstAddress + remote),
                                 .protocol = protocol,
                                 .local_port = from,
                                 .remote_port = to});
    return packets;
  }();
  return kAll;
}

TEST_CASE("IKE-97, PAD-11: the answer is within offer and policy, and is there where it can be") {
  TinyWorld world(97);
  unsigned answered = 0;
  for (unsigned round = 0; round < 1500; ++round) {
    const std::vector<Selector> policy = world.policy();
    const SelectorPair offered = world.offer();
    CAPTURE(round, to_string(offered.local), to_string(offered.remote));
    const auto narrowed = narrow(policy, offered);
    bool possible = false;
    bool outside_offer = false;
    bool outside_policy = false;
    bool any_packet = false;
    for (const SelectorFields& packet : all_packets()) {
      const bool in_offer = holds(offered, packet);
      const bool in_answer = narrowed && holds(narrowed->pair, packet);
      any_packet |= in_answer;
      outside_offer |= in_answer && !in_offer;
      const bool in_policy = std::ranges::any_of(
          policy, [&](const Selector& selector) { return matches(selector, packet); });
      possible |= in_offer && in_policy;
      outside_policy |= in_answer && !in_policy;
    }
    CHECK(narrowed.has_value() == possible);
    CHECK(any_packet == possible);
    CHECK_FALSE(outside_offer);
    CHECK_FALSE(outside_policy);
    if (!narrowed) continue;
    ++answered;
    CHECK(is_subset(narrowed->pair.local, offered.local));
    CHECK(is_subset(narrowed->pair.remote, offered.remote));
  }
  CHECK(answered > 500);
}

TEST_CASE("SPD-05: of a policy that has all combinations, all that is offered is taken") {
  TinyWorld world(5);
  FixedRandom random(6);
  for (unsigned round = 0; round < 500; ++round) {
    // Every range of one list with every range of another, as selectors in any order.
    const auto ranges = [&] {
      std::vector<AddressRange> some;
      for (std::uint32_t at = 0; at < kAddresses; ++at)
        if (random.below(2) == 0)
          some.push_back({Address::v4(kFirstAddress + at), Address::v4(kFirstAddress + at)});
      return some;
    };
    std::vector<Selector> policy;
    const auto remotes = ranges();
    for (const AddressRange& local : ranges())
      for (const AddressRange& remote : remotes)
        policy.push_back({.local = {local}, .remote = {remote}});
    for (std::size_t i = policy.size(); i > 1; --i)
      std::swap(policy[i - 1], policy[random.below(static_cast<std::uint32_t>(i))]);
    const SelectorPair offered = world.offer();
    const auto narrowed = narrow(policy, offered);
    unsigned lost = 0;
    for (const SelectorFields& packet : all_packets()) {
      const bool wanted =
          holds(offered, packet) && std::ranges::any_of(policy, [&](const Selector& selector) {
            return matches(selector, packet);
          });
      lost += wanted && !(narrowed && holds(narrowed->pair, packet));
    }
    CAPTURE(round, to_string(offered.local), to_string(offered.remote));
    CHECK(lost == 0);
    CHECK((!narrowed || !narrowed->more_possible));
  }
}

TEST_CASE("IKE-97: an offer as large as there may be, of a policy as large, costs a bounded time") {
  std::vector<Selector> policy;
  for (std::uint32_t i = 0; i < kMostSelectors; ++i) {
    const Address local = Address::v4(0x0a000000 + i % 64);
    const Address remote = Address::v4(0x0b000000 + i / 64);
    policy.push_back({.local = {{local, local}}, .remote = {{remote, remote}}});
  }
  SelectorPair offered;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const Address local = Address::v4(0x0a000000 + i);
    const Address remote = Address::v4(0x0b000000 + i);
    offered.local.push_back({0, 0, 0xffff, {local, local}});
    offered.remote.push_back({0, 0, 0xffff, {remote, remote}});
  }
  const auto narrowed = narrow(policy, offered);
  REQUIRE(narrowed);
  CHECK(narrowed->more_possible);
  CHECK(narrowed->pair.local.size() <= 64);
  CHECK(narrowed->pair.remote.size() <= 64);
  offered.remote.push_back(offered.remote.front());
  CHECK_FALSE(narrow(policy, offered));
}

TEST_CASE("IKE-97: where one selector of policy holds the packet that asked, so does the answer") {
  TinyWorld world(7);
  FixedRandom random(8);
  unsigned answered = 0;
  for (unsigned round = 0; round < 1500; ++round) {
    const std::vector<Selector> policy = world.policy();
    const auto& packets = all_packets();
    const SelectorFields& packet =
        packets[random.below(static_cast<std::uint32_t>(packets.size()))];
    if (packet.local_port == kUnavailable || packet.remote_port == kUnavailable) continue;
    SelectorPair offered = offer_selectors({}, &packet);
    const SelectorPair more = world.offer();
    offered.local.insert(offered.local.end(), more.local.begin(), more.local.end());
    offered.remote.insert(offered.remote.end(), more.remote.begin(), more.remote.end());
    if (std::ranges::none_of(policy, [&](const Selector& one) { return matches(one, packet); }))
      continue;
    ++answered;
    const auto narrowed = narrow(policy, offered);
    REQUIRE(narrowed);
    CHECK(holds(narrowed->pair, packet));
  }
  CHECK(answered > 200);
}

TEST_CASE("SPD-10, PAD-11: SAs carry exactly the packets of the pair that was agreed") {
  TinyWorld world(10);
  for (unsigned round = 0; round < 1500; ++round) {
    const SelectorPair pair = world.offer();
    CAPTURE(round, to_string(pair.local), to_string(pair.remote));
    const auto selectors = to_selectors(pair);
    unsigned differ = 0;
    for (const SelectorFields& packet : all_packets())
      differ += holds(pair, packet) !=
                (selectors && std::ranges::any_of(*selectors, [&](const Selector& one) {
                   return matches(one, packet);
                 }));
    CHECK(differ == 0);
  }
}

TEST_CASE("IKE-98: a rekey's offer of what was agreed is what was agreed") {
  TinyWorld world(98);
  for (unsigned round = 0; round < 500; ++round) {
    const auto selectors = to_selectors(world.offer());
    if (!selectors) continue;
    const SelectorPair again = offer_selectors(*selectors, nullptr);
    CAPTURE(round, to_string(again.local), to_string(again.remote));
    // A responder with the same policy finds nothing to narrow.
    const auto narrowed = narrow(*selectors, again);
    REQUIRE(narrowed);
    unsigned lost = 0;
    for (const SelectorFields& packet : all_packets()) {
      if (std::ranges::none_of(*selectors, [&](const Selector& s) { return matches(s, packet); }))
        continue;
      lost += !holds(again, packet);
      lost += !holds(narrowed->pair, packet);
    }
    CHECK(lost == 0);
  }
}

TEST_CASE("IKE-95: an offer of a long policy is a payload that can be read") {
  std::vector<Selector> policy;
  for (std::uint16_t first = 1; first <= 300; ++first)
    policy.push_back({.local = {range("10.0.0.0/24")},
                      .remote = {range("10.0.1.0/24")},
                      .protocol = 6,
                      .local_port = port(first, first)});
  PayloadChain chain;
  chain.selectors(PayloadType::TsInitiator, offer_selectors(policy, nullptr).local);
  CHECK(parse_selectors(ByteView(chain.bytes()).subspan(4)));
}

}  // namespace
}  // namespace sallyport::ike::test::traffic_selectors_test
