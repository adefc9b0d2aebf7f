// DPDK for a bench that needs no devices of the machine, with hugepages where they can be had.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "bench/hugepages.h"
#include "dataplane/eal.h"

namespace sallyport::bench {

class Environment {
 public:
  // `megabytes` of DPDK memory; the calling thread is then on `core` (-1: the last one).
  struct Settings {
    std::string_view program;
    std::uint64_t megabytes{};
    bool no_hugepages{};
    int core{-1};
  };
  [[nodiscard]] static Expected<Environment> start(const Settings& settings);

 private:
  Environment() = default;
  std::unique_ptr<ReservedHugepages> hugepages_;  // given back last
  std::optional<Eal> eal_;
};

}  // namespace sallyport::bench
