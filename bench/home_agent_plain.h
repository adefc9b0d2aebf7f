// As many tunnels as a home agent has, of the same algorithm and families, with nothing of Mobile
// IPv6 about them: one policy and one pair of SAs for each address behind its peer.
#pragma once

#include "bench/home_agent_frames.h"
#include "bench/ring_gateway.h"
#include "spd/spd.h"

namespace sallyport::bench {

class PlainTunnels {
 public:
  struct Settings {
    NodeNumber tunnels{};
    Transform transform;
  };
  // `random` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<PlainTunnels>> open(const Settings& settings,
                                                                    Random& random);
  [[nodiscard]] static std::uint64_t memory_needed(const Settings& settings);
  [[nodiscard]] RingGateway& ring() noexcept { return *ring_; }

 private:
  explicit PlainTunnels(const Settings& settings)
      : settings_(settings), spd_(settings.tunnels, 1) {}
  [[nodiscard]] Expected<void> add_tunnels();
  [[nodiscard]] Expected<void> connect();

  Settings settings_;
  Spd spd_;
  std::unique_ptr<RingGateway> ring_;
};

}  // namespace sallyport::bench
