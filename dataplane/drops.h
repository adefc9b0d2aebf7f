// Why packets end: every packet that is not sent, punted or held ends with exactly one reason.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/counters.h"
#include "dataplane/drop_reason.h"
#include "dataplane/packet.h"

namespace sallyport {

// One per worker, and one for control.
class Drops {
 public:
  // Counts and frees.
  void drop(Packet& packet, DropReason reason) noexcept {
    count(reason);
    rte_pktmbuf_free(packet.mbuf);
  }
  void count(DropReason reason, std::uint64_t packets = 1) noexcept {
    counters_[static_cast<std::size_t>(reason)].add(packets);
  }
  [[nodiscard]] std::uint64_t read(DropReason reason) const noexcept {
    return counters_[static_cast<std::size_t>(reason)].read();
  }

 private:
  std::array<Counter, kDropReasonCount> counters_;
};

}  // namespace sallyport
