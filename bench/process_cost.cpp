#include "bench/process_cost.h"

#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <string>

namespace sallyport::bench {

// smaps_rollup counts pages; what /proc/PID/status says may be some megabytes off.
Expected<ProcessCost> cost_of(pid_t process) {
  clockid_t clock{};
  timespec spent{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &spent) != 0)
    return fail(Error::Code::NotFound, fmt::format("there is no process {}", process));
  ProcessCost cost{.processor = std::chrono::seconds(spent.tv_sec) +
                                std::chrono::nanoseconds(spent.tv_nsec)};
  std::ifstream maps(fmt::format("/proc/{}/smaps_rollup", process));
  for (std::string word; maps >> word;) {
    std::uint64_t kilobytes = 0;
    if (word != "Rss:" || !(maps >> kilobytes)) continue;
    cost.resident = kilobytes << 10;
    return cost;
  }
  return fail(Error::Code::Io, fmt::format("the memory of process {} cannot be seen", process),
              "run as its user or as root");
}

}  // namespace sallyport::bench
