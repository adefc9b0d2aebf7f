#include "sad/replay_window.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <set>

#include "tests/sad/sanitized.h"
#include "tests/sad/ticks.h"

namespace sallyport::replay_window_test {
namespace {

constexpr std::size_t kSequences = test::kSanitized ? 200'000 : 10'000'000;

constexpr std::uint32_t kWindows[] = {32, 33, 64, 65, 66, 1000, 4096, 65536};

// A window of exact size, so that a word too far faults under ASan.
struct Window {
  explicit Window(std::uint32_t packets, std::uint64_t highest = 0)
      : words(new std::uint64_t[replay_words(packets)]) {
    sa.esn = true;
    sa.window = packets;
    sa.replay_mask = packets == 0 ? 0 : static_cast<std::uint32_t>(replay_words(packets) - 1);
    state.highest = highest;
    state.bitmap = words.get();
    replay_reset(sa, state);
  }
  bool check(std::uint64_t number) const { return replay_check(sa, state, SequenceNumber{number}); }
  bool advance(std::uint64_t number) { return replay_advance(sa, state, SequenceNumber{number}); }
  std::optional<SequenceNumber> infer(std::uint32_t low) const {
    return infer_sequence(sa, state, low);
  }

  std::unique_ptr<std::uint64_t[]> words;
  InboundSa sa;
  InboundState state;
};

// RFC 4303 3.4.3 as it reads: a set of numbers and the left edge T - W + 1.
class ReferenceWindow {
 public:
  explicit ReferenceWindow(std::uint64_t packets) : packets_(packets) {}

  bool accept(std::uint64_t number) {
    const bool left = highest_ >= packets_ && number < highest_ - packets_ + 1;
    if (number == 0 || left || !seen_.insert(number).second) return false;
    highest_ = std::max(highest_, number);
    if (highest_ >= packets_)
      seen_.erase(seen_.begin(), seen_.lower_bound(highest_ - packets_ + 1));
    return true;
  }
  std::uint64_t highest() const { return highest_; }

 private:
  std::uint64_t packets_;
  std::uint64_t highest_{};
  std::set<std::uint64_t> seen_;
};

// Mostly near the right edge, often around the left one, now and then far away.
std::uint64_t next_number(std::mt19937_64& random, std::uint64_t highest, std::uint64_t packets) {
  const std::uint64_t draw = random() % 100;
  const auto back = [&](std::uint64_t by) { return highest > by ? highest - by : 0; };
  if (draw < 45) return highest + 1;
  if (draw < 50) return highest + 1 + random() % 10;
  if (draw < 80) return back(random() % (packets + 1));
  if (draw < 90) return back(packets - std::min(packets, random() % 4)) + random() % 3;
  if (draw < 97) return back(random() % 70);
  if (draw < 98) return random() % packets < 32 ? highest + random() % (3 * packets) : highest;
  if (draw < 99) return random() % (highest + 2);
  return random() % 500 == 0 ? highest + (random() >> 20) : highest;
}

}  // namespace

TEST_CASE("RPL-02, RPL-08: the window accepts what the set model of RFC 4303 accepts") {
  constexpr std::size_t each = 2 * kSequences / std::size(kWindows);
  for (const std::uint32_t packets : kWindows) {
    CAPTURE(packets);
    Window window(packets);
    ReferenceWindow reference(packets);
    std::mt19937_64 random(packets);
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < each; ++i) {
      const std::uint64_t number = next_number(random, reference.highest(), packets);
      const bool wanted = reference.accept(number);
      const bool checked = window.check(number);
      const bool advanced = window.advance(number);
      accepted += advanced;
      if (checked != wanted || advanced != wanted) {
        CAPTURE(i, number, window.state.highest, wanted, checked, advanced);
        FAIL("the models part");
      }
    }
    CHECK(window.state.highest == reference.highest());
    CHECK(accepted > each / 2);
    CHECK(accepted < each * 4 / 5);
  }
}

TEST_CASE("RPL-02: the left edge is T-W+1, to the packet") {
  for (const std::uint32_t packets : kWindows) {
    CAPTURE(packets);
    for (const std::uint64_t top :
         {0ull + packets + 1, 1'000'000ull, 0xffffffffull + packets, ~0ull}) {
      Window window(packets);
      REQUIRE(window.advance(top));
      CHECK_FALSE(window.check(top - packets));
      CHECK(window.check(top - packets + 1));
      CHECK(window.advance(top - packets + 1));
      CHECK_FALSE(window.advance(top - packets + 1));
      CHECK_FALSE(window.advance(top));
    }
  }
}

TEST_CASE("RPL-02: windows have one spare word and a power of two") {
  CHECK(replay_words(0) == 0);
  CHECK(replay_words(32) == 2);
  CHECK(replay_words(64) == 2);
  CHECK(replay_words(65) == 2);
  CHECK(replay_words(66) == 4);
  CHECK(replay_words(4096) == 128);
  CHECK(replay_words(65536) == 2048);
}

TEST_CASE("RPL-08: a jump of any size clears the window and no more") {
  for (const std::uint32_t packets : kWindows) {
    CAPTURE(packets);
    Window window(packets);
    for (std::uint64_t number = 1; number <= 2 * packets; ++number) REQUIRE(window.advance(number));
    const std::uint64_t far = (1ull << 62) + 17;
    REQUIRE(window.advance(far));
    for (std::uint64_t back = 1; back < packets; ++back) REQUIRE(window.advance(far - back));
    CHECK_FALSE(window.check(far - packets));
  }
}

TEST_CASE("RPL-03: checking changes nothing, a duplicate within a burst is caught by the advance") {
  Window window(64);
  REQUIRE(window.advance(100));
  CHECK(window.check(101));
  CHECK(window.check(101));
  CHECK(window.check(99));
  CHECK(window.state.highest == 100);
  CHECK(window.advance(101));
  CHECK_FALSE(window.advance(101));
  CHECK(window.advance(99));
  CHECK_FALSE(window.advance(99));
}

TEST_CASE("RPL-09: number 0 is rejected, a low half of 0 is not once the high half is 1") {
  Window window(64);
  CHECK_FALSE(window.check(0));
  CHECK_FALSE(window.advance(0));
  window.sa.esn = false;
  REQUIRE(window.infer(0) == SequenceNumber{0});
  CHECK_FALSE(window.check(0));

  Window extended(64, 0xfffffff0ull);
  REQUIRE(extended.infer(0) == SequenceNumber{1ull << 32});
  CHECK(extended.advance(1ull << 32));

  Window off(0);
  CHECK(off.check(0));
  CHECK(off.advance(0));
}

TEST_CASE("RPL-01: without a window everything passes and the highest number is followed") {
  Window off(0);
  CHECK(off.advance(7));
  CHECK(off.check(7));
  CHECK(off.advance(7));
  CHECK(off.advance(3));
  CHECK(off.state.highest == 7);
}

TEST_CASE("RPL-06: without a window the high half is that of the nearest number") {
  Window off(0, 0x1'ffff'fff0ull);
  CHECK(off.infer(0xffff'fff5) == SequenceNumber{0x1'ffff'fff5ull});
  CHECK(off.infer(0xffff'0000) == SequenceNumber{0x1'ffff'0000ull});
  CHECK(off.infer(5) == SequenceNumber{0x2'0000'0005ull});
  CHECK(off.infer(0x7fff'fff0) == SequenceNumber{0x2'7fff'fff0ull});
  CHECK(off.infer(0x7fff'fff1) == SequenceNumber{0x1'7fff'fff1ull});
  // No number is out of reach where there is no window to be outside of.
  CHECK(Window(0, 0).infer(0xf000'0000) == SequenceNumber{0xf000'0000ull});
  CHECK(Window(0, ~0ull).infer(1) == SequenceNumber{0xffff'ffff'0000'0001ull});
}

TEST_CASE("RPL-02: a restored window takes every number up to the highest as seen") {
  for (const std::uint64_t highest : {0ull, 1ull, 63ull, 64ull, 127ull, 5000ull}) {
    CAPTURE(highest);
    Window window(128, highest);
    for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(highest, 300); ++back)
      CHECK_FALSE(window.check(highest - back));
    for (std::uint64_t ahead = 300; ahead >= 1; --ahead)
      CHECK(window.advance(highest + ahead) == (ahead > 300 - 128));
  }
}

namespace {

// Appendix A2.2 word for word; nullopt where the high half leaves 32 bits.
std::optional<std::uint64_t> infer_as_in_a2(std::uint64_t top, std::uint32_t packets,
                                            std::uint32_t seql) {
  const auto tl = static_cast<std::uint32_t>(top);
  const std::uint64_t th = top >> 32;
  const std::uint32_t edge = tl - packets + 1;
  std::uint64_t seqh;
  if (tl >= packets - 1)
    seqh = seql >= edge ? th : th + 1;
  else if (seql >= edge)
    seqh = th - 1;
  else
    seqh = th;
  if (seqh > 0xffffffff) return std::nullopt;
  return seqh << 32 | seql;
}

std::optional<std::uint64_t> value_of(std::optional<SequenceNumber> number) {
  if (!number) return std::nullopt;
  return number->value;
}

}  // namespace

TEST_CASE("RPL-04: the high half follows appendix A2 at all four boundaries") {
  constexpr std::uint64_t kHigh = 5ull << 32;
  for (const std::uint32_t packets : {32u, 64u, 4096u, 65536u}) {
    CAPTURE(packets);
    // Case A, Tl >= W-1.
    Window upper(packets, kHigh + packets - 1);
    CHECK(upper.infer(0) == SequenceNumber{kHigh});
    CHECK(upper.infer(0xffffffff) == SequenceNumber{kHigh + 0xffffffff});
    Window inside(packets, kHigh + packets);
    CHECK(inside.infer(1) == SequenceNumber{kHigh + 1});
    CHECK(inside.infer(0) == SequenceNumber{kHigh + (1ull << 32)});
    // Case B, Tl < W-1.
    Window across(packets, kHigh + packets - 2);
    CHECK(across.infer(0xffffffff) == SequenceNumber{kHigh - 1});
    CHECK(across.infer(0xfffffffe) == SequenceNumber{kHigh + 0xfffffffe});
    CHECK(across.infer(0) == SequenceNumber{kHigh});
    // The ends of the space.
    Window first(packets, packets - 2);
    CHECK(first.infer(0xffffffff) == std::nullopt);
    CHECK(first.infer(0xfffffffe) == SequenceNumber{0xfffffffeull});
    Window last(packets, ~0ull);
    CHECK(last.infer(0xffffffff) == SequenceNumber{~0ull});
    CHECK(last.infer(0) == std::nullopt);
    CHECK(last.infer(0xffffffff - packets) == std::nullopt);
    CHECK(last.infer(0u - packets) == SequenceNumber{~0ull - packets + 1});
  }
}

TEST_CASE("RPL-04: inference equals appendix A2 for numbers drawn around every edge") {
  std::mt19937_64 random(4);
  for (std::size_t i = 0; i < kSequences / 10; ++i) {
    const std::uint32_t packets = kWindows[random() % std::size(kWindows)];
    const std::uint64_t highs[] = {0, 1, 2, random() & 0xffffffff, 0xfffffffe, 0xffffffff};
    const std::uint64_t lows[] = {random() % (2ull * packets),
                                  0x100000000 - 1 - random() % (2ull * packets),
                                  random() & 0xffffffff};
    const std::uint64_t top = highs[random() % 6] << 32 | lows[random() % 3];
    const auto low = static_cast<std::uint32_t>(
        random() % 3 == 0 ? random() : top - packets + random() % (2ull * packets));
    Window window(packets, top);
    if (value_of(window.infer(low)) != infer_as_in_a2(top, packets, low)) {
      CAPTURE(packets, top, low);
      FAIL("the rules part");
    }
  }
}

TEST_CASE("bench: ticks of replay check and advance", "[.bench]") {
  for (const std::uint32_t packets : {64u, 1024u, 65536u}) {
    Window window(packets);
    std::uint64_t bad = 0;
    const double ticks = test::ticks_per_call([&](std::uint64_t i) {
      const auto sequence = window.infer(static_cast<std::uint32_t>(i));
      bad += !(sequence && replay_check(window.sa, window.state, *sequence) &&
               replay_advance(window.sa, window.state, *sequence));
    });
    WARN("window " << packets << ": " << ticks << " ticks to infer, check and advance");
    CHECK(bad == 0);
  }
}

}  // namespace sallyport::replay_window_test
