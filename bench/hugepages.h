// Hugepages for the time of a run.
#pragma once

#include <cstdint>

namespace sallyport::bench {

// Asks the kernel for as many more as are needed, and gives them back. Where it cannot be (no root,
// memory in pieces) the run does without: Eal says what it got.
class ReservedHugepages {
 public:
  explicit ReservedHugepages(std::uint64_t megabytes);
  ~ReservedHugepages();
  ReservedHugepages(const ReservedHugepages&) = delete;
  ReservedHugepages& operator=(const ReservedHugepages&) = delete;

 private:
  std::uint64_t before_{};
};

}  // namespace sallyport::bench
