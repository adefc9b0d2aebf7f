// Payload to and from nodes, by their tunnels: what it costs a worker, filling by filling of the
// same buffers.
#pragma once

#include <functional>

#include "bench/home_agent_frames.h"
#include "bench/ring_gateway.h"

namespace sallyport::bench {

// A node of so many, each as likely as any other.
class NodeDraw {
 public:
  explicit NodeDraw(NodeNumber nodes) noexcept : nodes_(nodes) {}
  [[nodiscard]] NodeNumber next() noexcept;

 private:
  NodeNumber nodes_;
  std::uint64_t state_{0x853c49e6748fea9bull};
};

class TunnelTraffic {
 public:
  static constexpr unsigned kPackets = 256;  // of a filling

  struct Tunnels {
    RingGateway& ring;
    NodeNumber count{};
    std::function<HomeAgentFrames::Tunnel(NodeNumber)> tunnel;
  };
  struct Packets {
    Transform transform;
    std::uint16_t octets{};  // of an inner packet
  };
  TunnelTraffic(Tunnels tunnels, const Packets& packets);
  ~TunnelTraffic();
  TunnelTraffic(const TunnelTraffic&) = delete;
  TunnelTraffic& operator=(const TunnelTraffic&) = delete;

  // A packet of each tunnel in turn, so that every flow is known.
  [[nodiscard]] Expected<void> warm_up(Direction direction);
  // Ticks a packet of a window of so many fillings, over tunnels at random. Fails where a packet
  // does not come out.
  [[nodiscard]] Expected<double> window(Direction direction, unsigned fillings);

 private:
  // Ticks of the worker's turns.
  [[nodiscard]] Expected<std::uint64_t> carry(Direction direction,
                                              const std::function<NodeNumber()>& next);

  Tunnels tunnels_;
  std::uint16_t octets_;
  HomeAgentFrames frames_;
  NodeDraw draw_;
  std::vector<std::uint32_t> sequences_;  // of packets that nodes sent
  std::vector<rte_mbuf*> mbufs_;
};

// Processor time of this thread, in ticks of the TSC: what else the machine does meanwhile counts
// by what it leaves in the caches alone.
[[nodiscard]] std::uint64_t thread_ticks() noexcept;

// The turns that it takes until nothing is left to do: their ticks.
[[nodiscard]] std::uint64_t turn_until_idle(RingGateway& ring);

}  // namespace sallyport::bench
