#include "base/secret.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <type_traits>
#include <vector>

#include "tests/support/manual_clock.h"

namespace sallyport::secret_test {
namespace {

using Key = Secret<8>;
static_assert(!std::is_copy_constructible_v<Key> && !std::is_copy_assignable_v<Key>);
static_assert(std::is_nothrow_move_constructible_v<Key>);

const std::uint8_t kBytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

// The storage of a Key, whatever became of the Key in it.
ByteView storage(const Key* key) { return {reinterpret_cast<const std::uint8_t*>(key), 8}; }

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

TEST_CASE("secret: holds what it was given, up to its capacity") {
  CHECK(Key{}.empty());
  const Key key(ByteView(kBytes).first(5));
  CHECK(std::ranges::equal(key.view(), ByteView(kBytes).first(5)));
  CHECK(Key(ByteView(kBytes)).size() == 8);
  CHECK(std::ranges::equal(key.duplicate().view(), key.view()));
}

TEST_CASE("secret: a moved-from and a destroyed secret leave zeros behind") {
  alignas(Key) std::uint8_t room[sizeof(Key)];
  Key* key = new (room) Key(ByteView(kBytes).first(8));
  REQUIRE_FALSE(all_zero(storage(key)));
  Key moved(std::move(*key));
  CHECK(all_zero(storage(key)));
  CHECK(key->empty());
  *key = std::move(moved);
  CHECK(all_zero(storage(&moved)));  // NOLINT(bugprone-use-after-move): what is left is the point
  CHECK(std::ranges::equal(key->view(), ByteView(kBytes).first(8)));
  key->~Key();
  CHECK(all_zero(ByteView(room).first(8)));
}

TEST_CASE("secret: wipe leaves no byte, and takes nothing") {
  std::vector<std::uint8_t> bytes(33, 0xff);
  wipe(bytes);
  CHECK(all_zero(bytes));
  wipe({});
}

TEST_CASE("secret: the constant-time compare sees every bit") {
  std::vector<std::uint8_t> left(kBytes, kBytes + 9), right = left;
  CHECK(equal_in_constant_time(left, right));
  CHECK(equal_in_constant_time({}, {}));
  CHECK_FALSE(equal_in_constant_time(left, ByteView(right).first(8)));
  for (std::size_t i = 0; i < right.size() * 8; ++i) {
    right[i / 8] = static_cast<std::uint8_t>(right[i / 8] ^ 1u << i % 8);
    CHECK_FALSE(equal_in_constant_time(left, right));
    right = left;
  }
}

TEST_CASE("clock: the manual one moves when told") {
  ManualClock clock;
  const Instant start = clock.now();
  CHECK(clock.now() == start);
  clock.advance(std::chrono::milliseconds{1500});
  CHECK(clock.now() - start == std::chrono::milliseconds{1500});
}

}  // namespace
}  // namespace sallyport::secret_test
