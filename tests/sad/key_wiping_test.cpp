#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include "sad/sad.h"
#include "tests/sad/world.h"

namespace sallyport::key_wiping_test {
namespace {

constexpr std::uint8_t key_octet(std::size_t i) {
  return static_cast<std::uint8_t>(0x9d + 37 * i + i * i);
}

// How often the first half of the test key stands in `chunk`. Compared octet by octet with what is
// computed, so that the search itself makes no copy.
std::size_t copies_in(ByteView chunk) {
  std::size_t copies = 0;
  while (chunk.size() >= 16) {
    const void* const found = std::memchr(chunk.data(), key_octet(0), chunk.size() - 15);
    if (found == nullptr) break;
    chunk = chunk.subspan(
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - chunk.data()));
    std::size_t same = 1;
    while (same < 16 && chunk[same] == key_octet(same)) ++same;
    copies += same == 16;
    chunk = chunk.subspan(1);
  }
  return copies;
}

// In all writable memory of this process but the buffer that it is read into.
std::size_t copies_of_key() {
  constexpr std::size_t kChunk = 1 << 16, kOverlap = 15;
  static std::array<std::uint8_t, kChunk> chunk;
  const auto buffer = reinterpret_cast<std::uint64_t>(chunk.data());
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::ifstream maps("/proc/self/maps");
  std::size_t copies = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) != 3) continue;
    const bool shadow = end - begin > (1ull << 32);
    if (mode[0] != 'r' || mode[1] != 'w' || shadow) continue;
    for (std::uint64_t at = begin; at < end; at += kChunk - kOverlap) {
      const std::uint64_t size = std::min<std::uint64_t>(kChunk, end - at);
      if (at < buffer + kChunk && buffer < at + size) continue;
      const ssize_t got = ::pread(memory, chunk.data(), size, static_cast<off_t>(at));
      if (got > 0) copies += copies_in(ByteView(chunk).first(static_cast<std::size_t>(got)));
    }
  }
  chunk.fill(0);
  ::close(memory);
  return copies;
}

// Apart, so that no register or stack slot of the caller ever holds the key.
[[gnu::noinline]] void add_keyed(Sad& sad) {
  std::array<std::uint8_t, 32> key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = key_octet(i);
  Sa sa = test::sample_sa(Direction::Outbound, 0x9000, "secret");
  sa.transform = {Cipher::AesCbc256, Integrity::HmacSha256_128};
  sa.cipher_key = Secret<32>(key);
  sa.salt = {};
  sa.integrity_key = test::counting_key<64>(32, 1);
  wipe(key);
  const auto added = sad.add(std::move(sa));
  REQUIRE(added);
}

}  // namespace

TEST_CASE("SAD-12: no copy of a key stays in memory when its SA has gone") {
  test::World world;
  add_keyed(*world.sad);
  CHECK(copies_of_key() >= 2);  // in the database and in the key store
  REQUIRE(world.sad->remove("secret"));
  world.retirement.pass();
  CHECK(copies_of_key() == 0);
}

}  // namespace sallyport::key_wiping_test
