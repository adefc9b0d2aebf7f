// Peers behind a NAT that has given them another mapping: the newest packet of their SA comes from
// elsewhere (RFC 7296 2.23; NAT-06). One per worker.
#pragma once

#include <array>
#include <cstdint>

#include "base/rate_limit.h"
#include "base/types.h"

namespace sallyport {

struct Packet;
struct WorkerContext;

// When control is told: at most once a second of one SA, so that somebody who repeats packets from
// elsewhere before they arrive buys no more than that, and of all together at a bounded rate.
class MovedPeers {
 public:
  // `hertz`: ticks of the worker's clock in a second.
  explicit MovedPeers(std::uint64_t hertz) noexcept
      : second_(hertz), rate_(RateLimit::per_second(kPerSecond, kAtOnce, hertz)) {}

  [[nodiscard]] bool may_tell(SaSlot sa, std::uint64_t now) noexcept {
    Place& place = places_[sa.value % places_.size()];
    if (place.sa == sa && now - place.told < second_) return false;
    if (!rate_.allow(now)) return false;
    place = {sa, now};
    return true;
  }

 private:
  static constexpr std::uint32_t kPerSecond = 1000;
  static constexpr std::uint32_t kAtOnce = 100;
  struct Place {
    SaSlot sa{kNoSa};
    std::uint64_t told{};
  };

  std::array<Place, 64> places_{};  // two SAs that share one may tell more often
  std::uint64_t second_;
  RateLimit rate_;
};

// Of a packet that has just passed ICV and replay, its outer headers still in front: tells control
// where it has come from, if that is not what the SA knows and the packet is the SA's newest. Late
// ones of the place before say nothing.
void watch_source(const Packet& packet, WorkerContext& my) noexcept;

}  // namespace sallyport
