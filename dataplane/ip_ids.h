// Identifications of outer IPv4 datagrams (TUN-11).
#pragma once

#include <bit>
#include <cstdint>

#include "base/types.h"

namespace sallyport {

// One worker's share of the 16-bit space: the low bits are the worker, the rest counts. So no two
// workers use one number, and each uses all of its 65536 / bit_ceil(workers) before one comes again
// (RFC 6864 4.3 asks for that of datagrams that may be fragmented).
class IpIds {
 public:
  IpIds() = default;
  IpIds(WorkerId worker, std::uint16_t workers) noexcept
      : next_(worker.value), step_(std::bit_ceil(workers)) {}

  [[nodiscard]] std::uint16_t next() noexcept {
    const std::uint16_t id = next_;
    next_ = static_cast<std::uint16_t>(next_ + step_);
    return id;
  }

 private:
  std::uint16_t next_{};
  std::uint16_t step_{1};
};

}  // namespace sallyport
