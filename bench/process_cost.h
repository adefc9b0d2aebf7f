// What another process has cost so far, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "base/error.h"

namespace sallyport::bench {

struct ProcessCost {
  std::chrono::nanoseconds processor{};  // user and system time of all its threads
  std::uint64_t resident{};              // octets of its memory that are there
};
// Refuses a process that is not there or not ours to look into.
[[nodiscard]] Expected<ProcessCost> cost_of(pid_t process);

}  // namespace sallyport::bench
