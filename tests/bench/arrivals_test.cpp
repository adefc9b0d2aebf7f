#include "bench/generator/arrivals.h"

#include <catch2/catch.hpp>

#include "tests/support/packet_builder.h"

namespace sallyport::bench::arrivals_test {
namespace {

constexpr std::uint32_t kTrial = 3;

Stamp stamp_of(std::uint64_t number, std::uint64_t sent_at) {
  return {.trial = kTrial, .number = number, .sent_at = sent_at};
}

PacketBytes stamped(const Stamp& stamp) {
  PacketBytes payload(sizeof(Stamp));
  stamp.write(payload.data());
  return PacketBuilder("10.1.0.2", "10.2.0.2").udp(1024, 9).payload(payload).build();
}

PacketBytes esp(std::uint32_t spi, std::uint32_t sequence) {
  return PacketBuilder("192.0.2.1", "192.0.2.2").esp(spi, sequence).filler(48).build();
}

}  // namespace

TEST_CASE("stamped packets are counted with their latencies") {
  Arrivals arrivals(kTrial);
  arrivals.note(stamped(stamp_of(0, 1000)), 1010);
  arrivals.note(stamped(stamp_of(1, 1000)), 1040);
  CHECK(arrivals.count() == 2);
  CHECK(arrivals.out_of_order() == 0);
  CHECK_FALSE(arrivals.encrypted());
  REQUIRE(arrivals.latencies() != nullptr);
  CHECK(arrivals.latencies()->quantile(0.5) == 10);
  CHECK(arrivals.latencies()->most() == 40);
}

TEST_CASE("what is not of this trial does not count") {
  Arrivals arrivals(kTrial);
  Stamp other = stamp_of(0, 1000);
  other.trial = kTrial - 1;
  arrivals.note(stamped(other), 1010);
  Stamp strange = stamp_of(0, 1000);
  strange.magic = 1;
  arrivals.note(stamped(strange), 1010);
  arrivals.note(PacketBuilder("10.1.0.2", "10.2.0.2").udp(1024, 9).filler(8).build(), 1010);
  arrivals.note(PacketBuilder("10.1.0.2", "10.2.0.2").icmp(8, 0).filler(40).build(), 1010);
  arrivals.note(PacketBytes{1, 2, 3}, 1010);
  CHECK(arrivals.count() == 0);
}

TEST_CASE("packets that come behind later ones are out of order") {
  Arrivals arrivals(kTrial);
  for (const std::uint64_t number : {0, 2, 3, 1, 4}) arrivals.note(stamped(stamp_of(number, 0)), 1);
  CHECK(arrivals.count() == 5);
  CHECK(arrivals.out_of_order() == 1);
}

TEST_CASE("ESP of one SA is known by its numbers") {
  Arrivals arrivals(kTrial);
  for (std::uint64_t number = 0; number < 3; ++number)
    arrivals.note_sent(stamp_of(number, 100 * number));
  for (std::uint32_t number = 0; number < 3; ++number)
    arrivals.note(esp(0x1001, 0xffffffff + number), 100 * number + 7);
  CHECK(arrivals.count() == 3);
  CHECK(arrivals.out_of_order() == 0);
  CHECK(arrivals.encrypted());
  REQUIRE(arrivals.latencies() != nullptr);
  CHECK(arrivals.latencies()->most() == 7);
}

TEST_CASE("ESP of several SAs has no latencies") {
  Arrivals arrivals(kTrial);
  arrivals.note(esp(0x1001, 1), 7);
  arrivals.note(esp(0x1002, 1), 7);
  CHECK(arrivals.count() == 2);
  CHECK(arrivals.latencies() == nullptr);
}

}  // namespace sallyport::bench::arrivals_test
