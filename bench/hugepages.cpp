#include "bench/hugepages.h"

#include <fstream>

namespace sallyport::bench {
namespace {

constexpr auto kPages = "/proc/sys/vm/nr_hugepages";
constexpr std::uint64_t kMegabytesAPage = 2;

std::uint64_t pages() {
  std::uint64_t count = 0;
  std::ifstream(kPages) >> count;
  return count;
}

}  // namespace

ReservedHugepages::ReservedHugepages(std::uint64_t megabytes) : before_(pages()) {
  if (megabytes != 0) std::ofstream(kPages) << before_ + megabytes / kMegabytesAPage + 1;
}

ReservedHugepages::~ReservedHugepages() { std::ofstream(kPages) << before_; }

}  // namespace sallyport::bench
