// What sallyport-bench is asked to measure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/types.h"
#include "crypto/algorithms.h"
#include "dataplane/burst.h"

namespace sallyport::bench {

// In which order packets go over the flows, and so over the SAs. Zipf: of all packets the first k
// flows have log(k + 1) in log(flows + 1).
enum class Order : std::uint8_t { Sequential, Random, Zipf };
// An inner packet's octets that stand for the simple IMIX: of twelve packets seven have 64 octets,
// four 576 and one 1400.
inline constexpr std::uint16_t kImix = 0;

struct CommandLine {
  Family family{Family::V4};  // of inner and outer packets
  std::vector<Direction> directions;
  std::vector<Transform> transforms;
  std::vector<std::uint16_t> sizes;  // octets of the inner packet, or kImix
  std::vector<std::uint32_t> sas;
  std::vector<std::uint32_t> policies;  // beside one for each SA
  Order order{Order::Random};
  unsigned burst{kBurstSize};  // packets that a turn finds
  std::uint32_t flows{};       // 0: 1024, or one for each SA where there are more
  unsigned windows{20};
  std::string json;  // file to write; empty: none
  int core{-1};      // -1: the last one
  bool no_hugepages{};
  bool profile{};
  bool help{};
};

[[nodiscard]] Expected<CommandLine> read_command_line(int argc, char** argv);
[[nodiscard]] std::string usage();

}  // namespace sallyport::bench
