#include "sad/record.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/sad/sample_sa.h"

namespace sallyport::record_test {
namespace {

using test::address;
using test::range;

struct Table {
  SaTable table{{1, 1}, *std::pmr::new_delete_resource()};
  std::vector<std::uint8_t> record_of(const Sa& sa, SaCounters counters = {}) {
    OutboundState& out = table.outbound_state(SaSlot{0});
    InboundState& in = table.inbound_state(SaSlot{0});
    out.last_sequence = in.highest = counters.sequence.value;
    out.packets = in.packets = counters.packets;
    out.bytes = in.bytes = counters.bytes;
    return export_record(sa, table, SaSlot{0});
  }
};

// Nothing in it has its default value.
Sa full_sa(Direction direction) {
  Sa sa = test::sample_sa(direction, 0xfedcba98, "site-b");
  sa.mode = IpsecMode::Transport;
  sa.endpoints = {address("2001:db8::1"), address("2001:db8::2")};
  sa.lookup = SaLookup::SpiDestinationSource;
  test::set_transform(sa, {Cipher::AesCtr256, Integrity::HmacSha512_256});
  sa.esn = false;
  sa.replay_window = 1024;
  sa.encapsulation = UdpEncapsulation{.local_port = 4501, .remote_port = 55555};
  sa.header = {.df = DfRule::Clear,
               .ecn = EcnRule::Compatibility,
               .dscp = {DscpRule::Kind::Map, 3, std::vector<std::uint8_t>(64, 9)},
               .hop_limit = 7,
               .flow_label = 0xabcde,
               .dscp_from_outer = true};
  sa.destination_options = DestinationOptions::Outside;
  sa.dscp = {46, 0};
  sa.spread = true;
  sa.selectors = {Selector{.local = {range("10.0.0.0/8"), range("172.16.0.0/12")},
                           .remote = {},
                           .protocol = 17,
                           .local_port = test::ports({{1, 2}, {500, 600}}),
                           .remote_port = PortSet::opaque()},
                  Selector{.local = {}, .remote = {range("2001:db8::/32")}, .protocol = {}}};
  sa.soft = {.bytes = 10, .packets = 20, .time = std::chrono::seconds{30}};
  sa.hard = {.bytes = 11, .packets = 21, .time = std::chrono::seconds{31}};
  sa.fragments = FragmentChecks::Stateful;
  sa.fragmentation = Fragmentation::Before;
  if (direction == Direction::Outbound) {
    sa.mode = IpsecMode::Tunnel;
    sa.tfc_bytes = 1400;
    sa.tfc_multiple = 64;
    sa.dummies = {.per_second = 7, .bytes = 512, .random_size = true};
  }
  sa.unauthenticated_allowed = true;
  sa.loop_back = true;
  sa.follows_peer = true;
  sa.static_key = true;
  return sa;
}

void check_same(const Sa& left, const Sa& right) {
  CHECK(left.name == right.name);
  CHECK(left.direction == right.direction);
  CHECK(left.spi == right.spi);
  CHECK(left.protocol == right.protocol);
  CHECK(left.mode == right.mode);
  CHECK(left.endpoints == right.endpoints);
  CHECK(left.lookup == right.lookup);
  CHECK(left.transform == right.transform);
  CHECK(equal_in_constant_time(left.cipher_key.view(), right.cipher_key.view()));
  CHECK(equal_in_constant_time(left.salt.view(), right.salt.view()));
  CHECK(equal_in_constant_time(left.integrity_key.view(), right.integrity_key.view()));
  CHECK(left.esn == right.esn);
  CHECK(left.replay_window == right.replay_window);
  CHECK(left.encapsulation == right.encapsulation);
  CHECK(left.header == right.header);
  CHECK(left.destination_options == right.destination_options);
  CHECK(left.dscp == right.dscp);
  CHECK(left.spread == right.spread);
  CHECK(left.selectors == right.selectors);
  CHECK(left.soft == right.soft);
  CHECK(left.hard == right.hard);
  CHECK(left.tfc_bytes == right.tfc_bytes);
  CHECK(left.fragments == right.fragments);
  CHECK(left.fragmentation == right.fragmentation);
  CHECK(left.tfc_multiple == right.tfc_multiple);
  CHECK(left.dummies == right.dummies);
  CHECK(left.loop_back == right.loop_back);
  CHECK(left.follows_peer == right.follows_peer);
  CHECK(left.unauthenticated_allowed == right.unauthenticated_allowed);
  CHECK(left.static_key == right.static_key);
}

}  // namespace

TEST_CASE("SAD-01, ARCH-13: a record carries every field, and its own record is the same") {
  Table table;
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    for (const Sa& sa : {full_sa(direction), test::sample_sa(direction)}) {
      const SaCounters counters{{1000}, 12, 3456};
      const auto record = table.record_of(sa, counters);
      const auto carried = import_record(record, 0);
      REQUIRE(carried);
      check_same(sa, *carried);
      check_same(sa, sa.duplicate());
      CHECK(carried->last_sequence == SequenceNumber{1000});
      CHECK(carried->used == SaUsage{12, 3456});
      CHECK(table.record_of(*carried, counters) == record);
    }
  }
}

TEST_CASE("RPL-08, ALG-20: an imported outbound SA goes on above what may have been sent since") {
  Table table;
  const auto record = table.record_of(test::sample_sa(Direction::Outbound), {{1000}, 0, 0});
  CHECK(import_record(record, 1 << 20)->last_sequence == SequenceNumber{1000 + (1 << 20)});
  CHECK(import_record(record, ~0ull)->last_sequence == SequenceNumber{~0ull});
  Sa narrow = test::sample_sa(Direction::Outbound);
  narrow.esn = false;
  const auto near_end = table.record_of(narrow, {{0xfffffff0}, 0, 0});
  CHECK(import_record(near_end, 1 << 20)->last_sequence == SequenceNumber{0xffffffff});
  const auto inbound = table.record_of(test::sample_sa(Direction::Inbound), {{1000}, 0, 0});
  CHECK(import_record(inbound, 1 << 20)->last_sequence == SequenceNumber{1000});
}

TEST_CASE("SAD-01: a record cut short anywhere, or continued, is an error") {
  Table table;
  auto record = table.record_of(full_sa(Direction::Inbound));
  for (std::size_t length = 0; length < record.size(); ++length) {
    // An allocation of the exact size, so that a read too far faults under ASan.
    const std::vector<std::uint8_t> cut(record.begin(),
                                        record.begin() + static_cast<std::ptrdiff_t>(length));
    if (import_record(cut, 0)) FAIL("taken at " << length);
  }
  record.push_back(0);
  CHECK_FALSE(import_record(record, 0));
}

TEST_CASE(
    "SAD-01: a record of another kind or version is refused, and so is an SA that may not be") {
  Table table;
  const auto record = table.record_of(test::sample_sa(Direction::Inbound));
  auto other = record;
  other[0] ^= 1;
  CHECK(import_record(other, 0).error().what == "this is not the record of an SA");
  other = record;
  other[5] = 4;
  CHECK(import_record(other, 0).error().what == "version 4 of the record is unknown, 3 is known");
  Sa reserved = test::sample_sa(Direction::Inbound, 12);
  CHECK_FALSE(import_record(table.record_of(reserved), 0));
}

TEST_CASE("SAD-01: damaged records are refused or make an SA that may be") {
  Table table;
  const auto record = table.record_of(full_sa(Direction::Outbound));
  std::mt19937 random(5);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto damaged = record;
    for (std::size_t count = random() % 3 + 1; count > 0; --count)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    const auto imported = import_record(damaged, 0);
    if (!imported) continue;
    ++taken;
    if (!validate(*imported)) FAIL("an invalid SA was taken");
  }
  CHECK(taken > 0);
  CHECK(taken < 20'000);
}

}  // namespace sallyport::record_test
