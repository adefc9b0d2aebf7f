#include "bench/generator/latencies.h"

#include <catch2/catch.hpp>

namespace sallyport::bench::latencies_test {

TEST_CASE("nothing measured has no latency") {
  const Latencies none;
  CHECK(none.count() == 0);
  CHECK(none.quantile(0.5) == 0);
  CHECK(none.most() == 0);
}

TEST_CASE("small latencies are told exactly") {
  Latencies latencies;
  for (std::uint64_t value = 1; value <= 60; ++value) latencies.add(value);
  CHECK(latencies.quantile(0.5) == 30);
  CHECK(latencies.quantile(0.9) == 54);
  CHECK(latencies.quantile(1) == 60);
  CHECK(latencies.most() == 60);
}

TEST_CASE("a quantile is never less than the latency, nor a thirty-second more") {
  const auto value = GENERATE_COPY(as<std::uint64_t>{}, 63, 64, 65, 1000, 4095, 4096, 123'456'789,
                                   (1ull << 40) + 12'345, ~0ull - 1, ~0ull);
  Latencies latencies;
  latencies.add(value);
  latencies.add(~0ull);
  const std::uint64_t told = latencies.quantile(0.5);
  CHECK(told >= value);
  CHECK(told - value <= value / 32);
}

TEST_CASE("a few late ones show in the last quantile alone") {
  Latencies latencies;
  for (int i = 0; i < 998; ++i) latencies.add(100);
  for (int i = 0; i < 2; ++i) latencies.add(1'000'000);
  CHECK(latencies.quantile(0.99) <= 103);
  CHECK(latencies.quantile(0.999) >= 1'000'000);
  CHECK(latencies.most() == 1'000'000);
}

}  // namespace sallyport::bench::latencies_test
