// Two gateways back to back: the first seals what comes from its inside, the second opens it. One
// policy and one SA for each address in use behind the second, after policies for other networks.
#pragma once

#include "bench/ring_gateway.h"
#include "crypto/algorithms.h"
#include "spd/spd.h"

namespace sallyport::bench {

inline constexpr std::uint32_t kFirstSpi = 0x1000;

// Behind the first gateway, whence all packets come; and behind the second, where those of SA
// number `sa` go. Only the last four octets of the latter differ.
[[nodiscard]] Address source_of(Family family);
[[nodiscard]] Address destination_of(Family family, std::uint32_t sa);

// SA number `number` of the first gateway, with keys of its own, inner and outer addresses of one
// family; and what the second one opens it by.
[[nodiscard]] Sa outbound_sa(Family family, std::uint32_t number, Transform transform,
                             Random& random);
[[nodiscard]] Sa reversed(const Sa& outbound);

class TunnelPair {
 public:
  struct Settings {
    Family family{Family::V4};  // of inner and outer packets
    Transform transform;
    std::uint32_t sas{1};
    std::uint32_t other_policies{};
    std::uint32_t flows{1024};
    std::uint32_t spare_sas{};  // room for others in each gateway
  };
  [[nodiscard]] static Expected<std::unique_ptr<TunnelPair>> open(const Settings& settings,
                                                                  Random& random);
  // Megabytes of DPDK memory for both.
  [[nodiscard]] static std::uint64_t memory_needed(const Settings& settings);

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] RingGateway& sealing() noexcept { return *sealing_; }
  [[nodiscard]] RingGateway& opening() noexcept { return *opening_; }
  // Where the sealing gateway keeps the key of SA number `sa`.
  [[nodiscard]] KeySlot key_of(std::uint32_t sa) const noexcept { return keys_[sa]; }

 private:
  explicit TunnelPair(const Settings& settings) : settings_(settings) {}
  [[nodiscard]] Expected<void> add_tunnels(Random& random);
  [[nodiscard]] Expected<void> add_policies();
  [[nodiscard]] Expected<void> add_tunnel(std::uint32_t sa, Random& random);
  [[nodiscard]] Expected<void> connect();

  Settings settings_;
  std::unique_ptr<RingGateway> sealing_;
  std::unique_ptr<RingGateway> opening_;
  std::unique_ptr<Spd> spd_;  // of the sealing one
  std::vector<KeySlot> keys_;
};

}  // namespace sallyport::bench
