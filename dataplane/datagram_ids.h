// Identification of the datagrams that workers make (RFC 6864 4.3, RFC 8200 4.5; TUN-11).
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

#include "base/types.h"

namespace sallyport {

// Each worker counts in a class of its own, so that no two use one number before the numbers of
// all wrap round: neither shares an atomic nor asks which SAs have the same addresses.
class DatagramIds {
 public:
  // `first` is random; `workers` > `worker`.
  DatagramIds(WorkerId worker, std::uint16_t workers, std::uint32_t first) noexcept
      : step_(std::bit_ceil(std::uint32_t{workers})),
        next_((first & ~(step_ - 1)) | worker.value) {}

  // IPv4 takes the lower 16 bits.
  [[nodiscard]] std::uint32_t next() noexcept { return std::exchange(next_, next_ + step_); }

 private:
  std::uint32_t step_;
  std::uint32_t next_;
};

}  // namespace sallyport
