#include "base/random.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <set>

#include "tests/support/fixed_random.h"

namespace sallyport::random_test {
namespace {

std::ptrdiff_t unseeded(MutableBytes) noexcept {
  errno = EAGAIN;
  return -1;
}

// A kernel without getrandom.
std::ptrdiff_t missing(MutableBytes) noexcept {
  errno = ENOSYS;
  return -1;
}

std::ptrdiff_t empty(MutableBytes) noexcept { return 0; }

// One octet at a time, and a signal before each.
std::ptrdiff_t interrupted(MutableBytes out) noexcept {
  static bool signalled = false;
  signalled = !signalled;
  errno = EINTR;
  if (signalled) return -1;
  out[0] = 0x5a;
  return 1;
}

// Seeded at the start, gone after 16 octets.
std::ptrdiff_t failing_later(MutableBytes out) noexcept {
  static bool opened = false;
  if (std::exchange(opened, true)) return unseeded(out);
  std::ranges::fill(out, std::uint8_t{1});
  return static_cast<std::ptrdiff_t>(out.size());
}

TEST_CASE("ARCH-16: an unseeded or missing entropy source opens no generator") {
  for (const EntropySource source : {unseeded, missing, empty}) {
    const Expected<SystemRandom> random = SystemRandom::open(source);
    REQUIRE_FALSE(random);
    CHECK(random.error().code == Error::Code::Refused);
    CHECK(random.error().what == "the kernel's random generator is not seeded");
  }
}

TEST_CASE("ARCH-16: entropy that fails later ends the process before a byte is used") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    Expected<SystemRandom> random = SystemRandom::open(failing_later);
    if (!random) _exit(2);
    std::uint8_t key[16];
    random->fill(key);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("ARCH-16: short and interrupted reads are gone on with until all is filled") {
  Expected<SystemRandom> random = SystemRandom::open(interrupted);
  REQUIRE(random);
  std::array<std::uint8_t, 33> bytes{};
  random->fill(bytes);
  CHECK(std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0x5a; }));
}

TEST_CASE("ARCH-16: the kernel's generator does not repeat itself") {
  Expected<SystemRandom> random = SystemRandom::open();
  REQUIRE(random);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random->u64());
  CHECK(seen.size() == 1000);
  std::set<std::uint32_t> halves;
  for (int i = 0; i < 100; ++i) halves.insert(random->u32());
  CHECK(halves.size() > 95);
}

TEST_CASE("random: the fixed one repeats itself, seed by seed") {
  FixedRandom one(7), same(7), other(8);
  const std::uint64_t first = one.u64();
  CHECK(first == same.u64());
  CHECK(first != other.u64());
  CHECK(first != one.u64());
}

}  // namespace
}  // namespace sallyport::random_test
