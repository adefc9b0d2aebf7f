#include "bench/home_agent_traffic.h"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <time.h>

#include <utility>

#include "dataplane/burst.h"

namespace sallyport::bench {

NodeNumber NodeDraw::next() noexcept {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<NodeNumber>((state_ >> 32) * nodes_ >> 32);
}

std::uint64_t thread_ticks() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  const std::uint64_t hertz = rte_get_tsc_hz();
  return static_cast<std::uint64_t>(now.tv_sec) * hertz +
         static_cast<std::uint64_t>(now.tv_nsec) * hertz / kNanoseconds;
}

std::uint64_t turn_until_idle(RingGateway& ring) {
  const std::uint64_t start = thread_ticks();
  while (ring.turn()) continue;
  return thread_ticks() - start;
}

TunnelTraffic::TunnelTraffic(Tunnels tunnels, const Packets& packets)
    : tunnels_(std::move(tunnels)),
      octets_(packets.octets),
      frames_({tunnels_.ring.mac(kInside), tunnels_.ring.mac(kOutside)}, packets.transform),
      draw_(tunnels_.count),
      sequences_(tunnels_.count),
      mbufs_(kPackets) {
  if (rte_pktmbuf_alloc_bulk(tunnels_.ring.pool(), mbufs_.data(), kPackets) != 0) mbufs_.clear();
}

TunnelTraffic::~TunnelTraffic() {
  rte_pktmbuf_free_bulk(mbufs_.data(), static_cast<unsigned>(mbufs_.size()));
}

Expected<std::uint64_t> TunnelTraffic::carry(Direction direction,
                                             const std::function<NodeNumber()>& next) {
  const bool outbound = direction == Direction::Outbound;
  for (rte_mbuf* mbuf : mbufs_) {
    const NodeNumber node = next();
    const HomeAgentFrames::Tunnel tunnel = tunnels_.tunnel(node);
    if (outbound)
      frames_.write_to_node(*mbuf, tunnel, octets_);
    else
      frames_.write_from_node(*mbuf, tunnel, octets_, ++sequences_[node]);
  }
  RingGateway& ring = tunnels_.ring;
  ring.put(outbound ? kInside : kOutside, mbufs_);
  // Full bursts follow each other as on a busy port.
  const std::uint64_t start = thread_ticks();
  for (unsigned turned = 0; turned < kPackets; turned += kBurstSize) ring.turn();
  const std::uint64_t ticks = thread_ticks() - start;
  const unsigned out = ring.take(outbound ? kOutside : kInside, mbufs_);
  if (out == kPackets) return ticks;
  mbufs_.resize(out);
  return fail(Error::Code::Io, fmt::format("{} of {} packets got lost", kPackets - out, kPackets),
              "drops: " + ring.drops());
}

Expected<void> TunnelTraffic::warm_up(Direction direction) {
  if (mbufs_.empty()) return fail(Error::Code::Exhausted, "no buffers for the traffic");
  NodeNumber number = 0;
  const auto in_turn = [&] { return number++ % tunnels_.count; };
  while (number < tunnels_.count)
    if (auto carried = carry(direction, in_turn); !carried) return std::unexpected(carried.error());
  return {};
}

Expected<double> TunnelTraffic::window(Direction direction, unsigned fillings) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < fillings; ++i) {
    const auto ticks = carry(direction, [this] { return draw_.next(); });
    if (!ticks) return std::unexpected(ticks.error());
    sum += *ticks;
  }
  return static_cast<double>(sum) / (double{kPackets} * fillings);
}

}  // namespace sallyport::bench
