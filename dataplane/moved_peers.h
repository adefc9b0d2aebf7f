// Peers behind a NAT that has given them another mapping: the newest packet of their SA comes from
// elsewhere (RFC 7296 2.23; NAT-06). One per worker.
#pragma once

#include "base/types.h"
#include "dataplane/spaced_reports.h"

namespace sallyport {

struct Packet;
struct WorkerContext;

constexpr std::size_t place_of_sa(const SaSlot& sa) noexcept { return sa.value; }
// Once a second of one SA, so that somebody who repeats packets from elsewhere before they arrive
// buys no more than that.
class MovedPeers : public SpacedReports<SaSlot, place_of_sa> {
 public:
  // `hertz`: ticks of the worker's clock in a second.
  explicit MovedPeers(std::uint64_t hertz) noexcept
      : SpacedReports({.period = hertz, .per_second = 1000, .hertz = hertz}) {}
};

// Of a packet that has just passed ICV and replay, its outer headers still in front: tells control
// where it has come from, if that is not what the SA knows and the packet is the SA's newest. Late
// ones of the place before say nothing.
void watch_source(const Packet& packet, WorkerContext& my) noexcept;

}  // namespace sallyport
