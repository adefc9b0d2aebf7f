#include "sad/sequence_numbers.h"

#include <catch2/catch.hpp>
#include <latch>
#include <set>
#include <thread>
#include <vector>

namespace sallyport::sequence_numbers_test {
namespace {

constexpr unsigned kThreads = 4;

// Runs of 1 to 8 numbers by four threads that start together, until each was refused; what they
// got.
std::vector<NumberGrant> take_all(OutboundState& state, std::uint64_t limit) {
  std::vector<std::vector<NumberGrant>> taken(kThreads);
  std::vector<std::thread> threads;
  std::latch start(kThreads);
  for (unsigned thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&state, &start, limit, thread, &mine = taken[thread]] {
      start.arrive_and_wait();
      for (std::uint64_t i = thread;; ++i) {
        const NumberGrant grant = reserve_numbers(state, limit, 1 + i % 8);
        if (grant.count == 0) return;
        mine.push_back(grant);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<NumberGrant> all;
  for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<std::uint64_t> numbers_of(const std::vector<NumberGrant>& grants) {
  std::vector<std::uint64_t> numbers;
  for (const NumberGrant& grant : grants)
    for (std::uint64_t i = 0; i < grant.count; ++i) numbers.push_back(grant.first + i);
  std::ranges::sort(numbers);
  return numbers;
}

bool runs_from(const std::vector<std::uint64_t>& numbers, std::uint64_t first) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] != first + i) return false;
  return true;
}

}  // namespace

TEST_CASE("DP-01, ESP-10: no number is taken twice or past the limit by several at once",
          "[threads]") {
  OutboundState state;
  state.last_sequence = 1000;
  const auto numbers = numbers_of(take_all(state, 1'001'000));
  CHECK(numbers.size() == 1'000'000);
  CHECK(runs_from(numbers, 1001));
  CHECK(state.last_sequence == 1'001'000);
  CHECK(state.packets == 1'000'000);
}

TEST_CASE("ALG-20: numbers end at the last one there is, and never begin anew", "[threads]") {
  OutboundState state;
  state.last_sequence = ~0ull - 5000;
  const auto numbers = numbers_of(take_all(state, ~0ull));
  CHECK(numbers.size() == 5000);
  CHECK(runs_from(numbers, ~0ull - 4999));
  CHECK(reserve_numbers(state, ~0ull, 64).exhausted);
  CHECK(state.last_sequence == ~0ull);
}

TEST_CASE("DP-01: several at once send as many packets as the hard lifetime allows", "[threads]") {
  OutboundState state;
  state.hard_packets = 30'001;
  const auto grants = take_all(state, 1'000'000);
  CHECK(numbers_of(grants).size() == 30'001);
  CHECK(state.packets == 30'001);
  CHECK_FALSE(reserve_numbers(state, 1'000'000, 1).exhausted);
  state.hard_packets = ~0ull;
  state.hard_bytes = 0;
  CHECK(reserve_numbers(state, 1'000'000, 1).count == 0);
}

TEST_CASE("ESP-10: the owner takes as many as both bounds allow, and says which ended it") {
  OutboundState state;
  state.last_sequence = 10;
  state.hard_packets = 8;
  const NumberGrant first = take_numbers(state, 100, 5);
  CHECK(first.first == 11);
  CHECK(first.count == 5);
  const NumberGrant second = take_numbers(state, 100, 5);
  CHECK(second.first == 16);
  CHECK(second.count == 3);
  CHECK_FALSE(second.exhausted);
  state.hard_packets = ~0ull;
  const NumberGrant third = take_numbers(state, 20, 5);
  CHECK(third.count == 2);
  CHECK(third.exhausted);
  CHECK(take_numbers(state, 20, 5).count == 0);
  CHECK(state.packets == 10);
}

}  // namespace sallyport::sequence_numbers_test
