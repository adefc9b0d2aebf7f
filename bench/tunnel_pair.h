// Two gateways back to back: the first seals what comes from its inside, the second opens it. One
// policy and one SA for each address of 172.16.0.0/12 in use, behind policies for other networks.
#pragma once

#include "bench/ring_gateway.h"
#include "crypto/algorithms.h"
#include "spd/spd.h"

namespace sallyport::bench {

inline constexpr std::uint32_t kFirstDestination = 0xac100000;  // 172.16.0.0, behind the second
inline constexpr std::uint32_t kSource = 0xc6120001;            // 198.18.0.1, behind the first
inline constexpr std::uint32_t kFirstSpi = 0x1000;

// SA number `number` of the first gateway, with keys of its own; and what the second one opens it
// by.
[[nodiscard]] Sa outbound_sa(std::uint32_t number, Transform transform, Random& random);
[[nodiscard]] Sa reversed(const Sa& outbound);

class TunnelPair {
 public:
  struct Settings {
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
