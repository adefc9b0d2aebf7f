// Correspondents that reach a mobile node of ours by way of its home agent, and might reach it
// straight (RFC 6275 11.7.2). One per worker.
#pragma once

#include "dataplane/spaced_reports.h"
#include "net/address.h"

namespace sallyport {

struct Packet;
struct Tables;
struct WorkerContext;

constexpr std::size_t place_of_peer(const Address& peer) noexcept {
  std::size_t place = 0;
  for (const std::uint8_t octet : peer.bytes) place = place * 31 + octet;
  return place;
}
// Once a minute of one peer.
class TunnelledPeers : public SpacedReports<Address, place_of_peer> {
 public:
  // `hertz`: ticks of the worker's clock in a second.
  explicit TunnelledPeers(std::uint64_t hertz) noexcept
      : SpacedReports({.period = 60 * hertz, .per_second = 20, .hertz = hertz}) {}
};

// Of a packet for an address of ours that a tunnel has brought: tells control who sent it, where
// the tunnel is that of our home agent and the node wants to know.
void watch_tunnelled_peer(const Packet& packet, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
