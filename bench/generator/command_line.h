// What sallyport-generator is asked to send, and by what.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "bench/generator/trial.h"
#include "net/address.h"

namespace sallyport::bench {

struct GeneratorLine {
  std::string send;     // device: PCI address or vdev string
  std::string receive;  // likewise; may be the same
  MacAddress source;
  MacAddress gateway;
  MacAddress sink;
  Address from;
  Address to;
  std::uint32_t destinations{1};
  std::uint32_t flows{1024};
  std::vector<std::uint16_t> sizes;
  std::optional<double> rate;  // packets a second: no search
  Seconds time{1};             // of a trial
  double tolerated{};          // loss with which a trial still passes, as a share
  double resolution{};         // of the throughput, as a share
  unsigned attempts{1};
  unsigned burst{32};
  std::vector<unsigned> loads;  // per cent of the throughput, to take latencies at
  std::string json;
  int core{-1};
  bool no_hugepages{};
  bool help{};
};

[[nodiscard]] Expected<GeneratorLine> read_generator_line(int argc, char** argv);
[[nodiscard]] std::string generator_usage();

}  // namespace sallyport::bench
