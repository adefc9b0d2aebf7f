#include <catch2/catch.hpp>
#include <random>

#include "net/packet_summary.h"
#include "net/protocol.h"
#include "sad/compile_sa.h"
#include "tests/sad/sample_sa.h"
#include "tests/sad/sanitized.h"
#include "tests/sad/ticks.h"

namespace sallyport::compiled_selector_test {

using test::address;
using test::range;

TEST_CASE("SPD-10: every local range goes with every remote range and every pair of port ranges") {
  Selector selector{.local = {range("10.0.0.0/8"), range("172.16.0.0/12")},
                    .remote = {range("192.0.2.1"), range("192.0.2.3"), range("192.0.2.5")},
                    .protocol = 6,
                    .local_port = test::ports({{1, 2}, {10, 20}}),
                    .remote_port = PortSet::opaque()};
  const auto rows = compile_selectors(std::vector{selector});
  CHECK(rows.size() == 2 * 3 * 2);
  for (const CompiledSelector& row : rows) {
    CHECK(row.family == Family::V4);
    CHECK(row.protocol_first == 6);
    CHECK(row.protocol_last == 6);
    CHECK(row.remote_port_first == kUnavailable);
    CHECK(row.remote_port_last == kNotApplicable);
  }
  const auto any = compile_selectors(std::vector{Selector{}});
  REQUIRE(any.size() == 2);
  CHECK(any[0].family == Family::V4);
  CHECK(any[1].family == Family::V6);
  CHECK(any[0].local_port_last == kNotApplicable);
}

namespace {

template <class T>
const T& one_of(std::mt19937& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

Selector random_selector(std::mt19937& random) {
  static const std::vector<std::vector<AddressRange>> kV4{
      {}, {range("10.0.0.1-10.0.0.4")}, {range("10.0.0.2"), range("10.0.0.6-255.255.255.255")}};
  static const std::vector<std::vector<AddressRange>> kV6{
      {},
      {range("2001:db8::1-2001:db8::4")},
      {range("2001:db8::/127"), range("2001:db8:0:0:1::-ffff::")}};
  const auto& lists = random() % 2 == 0 ? kV4 : kV6;
  Selector selector{
      .local = one_of(random, lists), .remote = one_of(random, lists), .protocol = {}};
  if (random() % 3 == 0) return selector;
  static const std::vector<PortSet> kSets{PortSet::any(), PortSet::opaque(), test::ports({{2, 3}}),
                                          test::ports({{0, 0}, {65535, 65535}})};
  selector.protocol = random() % 2 == 0 ? 6 : 17;
  selector.local_port = one_of(random, kSets);
  selector.remote_port = one_of(random, kSets);
  return selector;
}

SelectorFields random_fields(std::mt19937& random) {
  static const std::vector<PortValue> kValues{0, 1, 2, 3, 4, 65535, kUnavailable, kNotApplicable};
  SelectorFields fields;
  static const std::vector<Address> kBases{address("10.0.0.0"), address("2001:db8::")};
  fields.local = fields.remote = one_of(random, kBases);
  for (Address* end : {&fields.local, &fields.remote}) {
    const std::size_t last = end->wire().size() - 1;
    end->bytes[last] = static_cast<std::uint8_t>(random() % 8);
    if (random() % 5 == 0) end->bytes[random() % last] = static_cast<std::uint8_t>(random());
  }
  fields.protocol = one_of<std::uint8_t>(random, {6, 17, 0, 255});
  fields.local_port = one_of(random, kValues);
  fields.remote_port = one_of(random, kValues);
  return fields;
}

}  // namespace

TEST_CASE("INB-04, SEL-05, SEL-09: compiled selectors match what the selectors match") {
  std::mt19937 random(7);
  constexpr int kRounds = test::kSanitized ? 10'000 : 200'000;
  int matched = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::vector<Selector> selectors;
    for (std::size_t count = random() % 3 + 1; count > 0; --count)
      selectors.push_back(random_selector(random));
    const auto rows = compile_selectors(selectors);
    const SelectorFields fields = random_fields(random);
    const bool wanted = std::ranges::any_of(
        selectors, [&](const Selector& selector) { return matches(selector, fields); });
    matched += wanted;
    if (matches(rows, fields) != wanted) {
      CAPTURE(i, to_string(selectors[0]), fields.local_port, fields.remote_port, wanted);
      FAIL("the models part");
    }
  }
  CHECK(matched > kRounds / 10);
  CHECK(matched < kRounds * 9 / 10);
  CHECK_FALSE(matches(std::span<const CompiledSelector>{}, SelectorFields{}));
}

TEST_CASE("bench: ticks of the selector check", "[.bench]") {
  const auto rows = compile_selectors(std::vector{
      Selector{.local = {range("10.0.0.0/8")}, .remote = {range("10.0.0.0/8")}, .protocol = {}}});
  std::vector<SelectorFields> fields(1024);
  for (std::uint32_t i = 0; i < 1024; ++i)
    fields[i] = {Address::v4(0x0a000000 + i), Address::v4(0x0a00ffff - i), 17, i, 80};
  std::uint64_t good = 0;
  const double ticks =
      test::ticks_per_call([&](std::uint64_t i) { good += matches(rows, fields[i & 1023]); });
  WARN(ticks << " ticks a selector check");
  CHECK(good == 20'000'000);
}

namespace {

// Rows and packets of every kind that a word could be wrong about.
constexpr std::uint8_t kProtocols[] = {1, 6, 17, 44, 50, 58, 132, 135};

std::vector<Selector> selectors_of_all_kinds() {
  const std::vector<PortSet> sets{PortSet::any(),
                                  PortSet::opaque(),
                                  test::ports({{0, 0}}),
                                  test::ports({{7, 7}}),
                                  test::ports({{7, 9}}),
                                  test::ports({{0, 65535}}),
                                  test::ports({{65535, 65535}})};
  std::vector<Selector> selectors;
  for (int protocol = -1; protocol < 8; ++protocol)
    for (const PortSet& local : sets)
      for (const PortSet& remote : sets) {
        Selector selector;
        if (protocol >= 0) selector.protocol = kProtocols[protocol];
        selector.local_port = local;
        selector.remote_port = remote;
        selectors.push_back(selector);
      }
  return selectors;
}

std::vector<PacketSummary> packets_of_all_kinds() {
  constexpr std::uint16_t kPorts[] = {0, 7, 8, 65535};
  std::vector<PacketSummary> packets;
  for (const Family family : {Family::V4, Family::V6})
    for (const std::uint8_t protocol : kProtocols) {
      packets.push_back({.protocol = protocol, .family = family});
      const PortMeaning meaning = port_meaning(protocol);
      if (meaning == PortMeaning::None) continue;
      for (const std::uint16_t source : kPorts)
        for (const std::uint16_t destination : kPorts)
          if (meaning == PortMeaning::Ports || destination == 0)
            packets.push_back({.source_port = source,
                               .destination_port = destination,
                               .protocol = protocol,
                               .family = family,
                               .ports_visible = true});
    }
  return packets;
}

// Whatever the addresses are.
bool holds(CompiledSelector row, const PacketSummary& packet) {
  for (CompiledSelector::Bounds* bounds : {&row.local, &row.remote}) *bounds = {0, 0, ~0ull, ~0ull};
  return matches({&row, 1}, selector_fields(packet, Direction::Inbound));
}

}  // namespace

TEST_CASE("INB-04: what one word tells of family, protocol and ports is so") {
  const std::vector<PacketSummary> packets = packets_of_all_kinds();
  std::size_t told = 0;
  std::size_t wrong = 0;
  for (const Selector& selector : selectors_of_all_kinds())
    for (const CompiledSelector& row : compile_selectors(std::vector{selector}))
      for (const PacketSummary& packet : packets) {
        if (!tells_within(row, packet)) continue;
        ++told;
        wrong += holds(row, packet) ? 0 : 1;
      }
  CHECK(wrong == 0);
  CHECK(told > 1000);
}

TEST_CASE("INB-04: one word tells where protocol and ports are one value each or any") {
  const auto row_of = [](std::optional<std::uint8_t> protocol, PortSet local, PortSet remote) {
    Selector selector;
    selector.local = {range("192.0.2.0/24")};
    selector.protocol = protocol;
    selector.local_port = std::move(local);
    selector.remote_port = std::move(remote);
    const auto rows = compile_selectors(std::vector{selector});
    REQUIRE(rows.size() == 1);
    return rows.front();
  };
  const PortSet one = test::ports({{500, 500}});
  const PortSet any = PortSet::any();
  PacketSummary udp{
      .source_port = 500, .destination_port = 7, .protocol = 17, .ports_visible = true};
  CHECK(tells_within(row_of({}, any, any), udp));
  CHECK(tells_within(row_of(17, any, any), udp));
  CHECK(tells_within(row_of(17, any, one), udp));
  CHECK_FALSE(tells_within(row_of(6, any, any), udp));
  CHECK_FALSE(tells_within(row_of(17, one, any), udp));
  CHECK_FALSE(tells_within(row_of(17, test::ports({{1, 9}}), any), udp));
  CHECK_FALSE(tells_within(row_of(17, PortSet::opaque(), any), udp));
  const PacketSummary icmp{.source_port = 0x0800, .protocol = 1, .ports_visible = true};
  CHECK(tells_within(row_of(1, any, any), icmp));
  CHECK(tells_within(row_of(1, any, test::ports({{0x0800, 0x0800}})), icmp));
  udp.ports_visible = false;
  CHECK(tells_within(row_of(17, any, any), udp));
  CHECK_FALSE(tells_within(row_of(17, any, one), udp));
  udp.family = Family::V6;
  CHECK_FALSE(tells_within(row_of({}, any, any), udp));
}

}  // namespace sallyport::compiled_selector_test
