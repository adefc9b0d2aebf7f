#include "net/fragment.h"

#include <catch2/catch.hpp>

#include "net/datagram_pieces.h"
#include "tests/support/fixed_random.h"
#include "tests/support/fragments.h"

namespace sallyport::fragment_test {
namespace {

PacketBuilder v4() { return {"192.0.2.1", "192.0.2.2"}; }
PacketBuilder v6() { return {"2001:db8::1", "2001:db8::2"}; }

FragmentVerdict read(const PacketBytes& packet, Fragment& out) {
  PacketSummary summary;
  REQUIRE(summarize(packet, summary) == ParseVerdict::Good);
  REQUIRE(summary.fragment);
  return read_fragment(packet, summary, out);
}

FragmentVerdict verdict_of(const PacketBytes& packet) {
  Fragment out;
  return read(packet, out);
}

}  // namespace

TEST_CASE("INB-01: a fragment says whose it is and where it belongs") {
  Fragment fragment;
  const auto four = v4().fragment({.offset = 64, .more = true, .id = 9}).protocol(50).filler(24);
  REQUIRE(read(four.build(), fragment) == FragmentVerdict::Good);
  CHECK(fragment.key.id == 9);
  CHECK(fragment.key.protocol == 50);
  CHECK(fragment.headers.size() == 20);
  CHECK(fragment.offset == 64);
  CHECK(fragment.more);
  CHECK(fragment.data.size() == 24);
  CHECK(fragment.end() == 88);

  const auto six = v6().hop_by_hop().fragment({.offset = 16, .id = 0x12345678}).protocol(50);
  const PacketBytes bytes = PacketBuilder(six).filler(5).build();
  REQUIRE(read(bytes, fragment) == FragmentVerdict::Good);
  CHECK(fragment.key.id == 0x12345678);
  CHECK(fragment.key.protocol == 0);
  CHECK(fragment.headers.size() == 48);
  CHECK(fragment.next_header_at == 40);
  CHECK(fragment.next_header == 50);
  CHECK(fragment.data.size() == 5);
  CHECK_FALSE(fragment.more);

  // An atomic fragment header in front says nothing (RFC 6946): the second one counts.
  const auto two = v6().fragment({}).fragment({.offset = 8, .id = 3}).protocol(50).filler(8);
  REQUIRE(read(two.build(), fragment) == FragmentVerdict::Good);
  CHECK(fragment.key.id == 3);
  CHECK(fragment.headers.size() == 48);
}

TEST_CASE("INB-01: fragments that hide the upper header or have odd sizes are refused") {
  struct Row {
    const char* name;
    PacketBytes packet;
    FragmentVerdict verdict;
  };
  using enum FragmentVerdict;
  const Row rows[] = {
      {"IPv4 empty", v4().fragment({.offset = 8}).protocol(50).build(), Tiny},
      {"IPv4 not the last, 12 octets",
       v4().fragment({.more = true}).protocol(50).filler(12).build(), Tiny},
      {"IPv4 last, 12 octets", v4().fragment({.offset = 8}).protocol(50).filler(12).build(), Good},
      {"IPv4 first of TCP, 8 octets", v4().fragment({.more = true}).protocol(6).filler(8).build(),
       Tiny},
      {"IPv4 first of TCP, 16 octets", v4().fragment({.more = true}).protocol(6).filler(16).build(),
       Good},
      {"IPv4 TCP at octet 8 (RFC 3128)", v4().fragment({.offset = 8}).protocol(6).filler(8).build(),
       Tiny},
      {"IPv4 TCP at octet 16", v4().fragment({.offset = 16}).protocol(6).filler(8).build(), Good},
      {"IPv4 UDP at octet 8", v4().fragment({.offset = 8}).protocol(17).filler(8).build(), Good},
      {"IPv4 past 65 535", v4().fragment({.offset = 65512}).protocol(50).filler(24).build(),
       TooLong},
      {"IPv4 up to 65 535", v4().fragment({.offset = 65504}).protocol(50).filler(11).build(), Good},
      {"IPv6 not a multiple of 8", v6().fragment({.more = true}).protocol(50).filler(9).build(),
       Tiny},
      {"IPv6 empty", v6().fragment({.offset = 8}).protocol(50).build(), Tiny},
      {"IPv6 first without its chain (RFC 7112)",
       v6().fragment({.more = true}).protocol(60).payload({6, 1, 0, 0, 0, 0, 0, 0}).build(), Tiny},
      {"IPv6 first with the chain and no port",
       v6().fragment({.more = true}).protocol(60).payload({17, 0, 1, 4, 0, 0, 0, 0}).build(), Tiny},
      {"IPv6 past 65 535", v6().fragment({.offset = 65528}).protocol(50).filler(8).build(),
       TooLong},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(verdict_of(row.packet) == row.verdict);
  }
}

TEST_CASE("INB-01: pieces side by side in any order make a whole; what overlaps does not") {
  using enum PieceVerdict;
  DatagramPieces pieces;
  CHECK(pieces.add({16, 8, true}) == Added);
  CHECK(pieces.add({0, 8, true}) == Added);
  CHECK(pieces.add({24, 5, false}) == Added);
  CHECK_FALSE(pieces.complete());
  CHECK(pieces.add({0, 8, true}) == Duplicate);
  CHECK(pieces.add({24, 5, true}) == Overlap);  // the same place, and yet not the last
  CHECK(pieces.add({0, 8, false}) == Overlap);  // the same place, and yet the last
  CHECK(pieces.add({8, 16, true}) == Overlap);  // over the one behind
  CHECK(pieces.add({0, 16, true}) == Overlap);  // over the one in front
  CHECK(pieces.add({32, 8, true}) == Overlap);  // past the end
  CHECK(pieces.add({8, 4, false}) == Overlap);  // another end, inside
  CHECK(pieces.add({8, 8, true}) == Added);
  CHECK(pieces.complete());
  CHECK(pieces.length() == 29);

  DatagramPieces wide;
  CHECK(wide.add({0, 16, true}) == Added);
  CHECK(wide.add({8, 8, true}) == Overlap);   // within the one in front
  CHECK(wide.add({8, 16, true}) == Overlap);  // over its end

  DatagramPieces many;
  for (std::uint32_t i = 0; i < DatagramPieces::kMostPieces; ++i)
    REQUIRE(many.add({8 * i, 8, true}) == Added);
  CHECK(many.add({8 * DatagramPieces::kMostPieces, 8, true}) == TooMany);
}

TEST_CASE("INB-01: 20 000 random sets of pieces agree with a bit for each octet") {
  FixedRandom random(7);
  for (int round = 0; round < 20000; ++round) {
    DatagramPieces pieces;
    std::array<bool, 128> seen{};
    std::uint32_t end = 0;
    for (int i = 0; i < 12; ++i) {
      const std::uint32_t offset = 8 * random.below(10);
      const std::uint32_t size = 8 * (1 + random.below(4));
      const bool more = random.below(4) != 0;
      const auto covered = std::span(seen).subspan(offset, size);
      const bool overlap = std::ranges::any_of(covered, [](bool octet) { return octet; });
      const bool beyond = std::ranges::any_of(std::span(seen).subspan(offset + size),
                                              [](bool octet) { return octet; });
      const bool bad_end = more ? end != 0 && offset + size > end : end != 0 || beyond;
      const PieceVerdict verdict = pieces.add({offset, size, more});
      REQUIRE((verdict == PieceVerdict::Added) == (!overlap && !bad_end));
      if (verdict != PieceVerdict::Added) continue;
      std::ranges::fill(covered, true);
      if (!more) end = offset + size;
      const bool whole = end != 0 && std::ranges::all_of(std::span(seen).first(end),
                                                         [](bool octet) { return octet; });
      REQUIRE(pieces.complete() == whole);
      REQUIRE(pieces.length() == end);
    }
  }
}

}  // namespace sallyport::fragment_test
