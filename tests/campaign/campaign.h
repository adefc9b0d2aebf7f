// A long run of good, repeated, forged and bent packets through two gateways: everything valid is
// delivered once, nothing else is, and every other packet is one counted drop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/campaign/lane.h"
#include "tests/support/test_gateway.h"

namespace sallyport::campaign {

class Campaign {
 public:
  struct Settings {
    std::uint64_t packets{100'000};  // presented to the receiver
    std::uint16_t workers{1};        // of each gateway
    std::uint64_t seed{1};
  };
  explicit Campaign(const Settings& settings);

  struct Tally {
    std::uint64_t presented{}, valid{}, delivered{}, repeated{}, forged{}, lost_on_purpose{};
  };
  // Ends early, with `fault` set, at the first packet that was lost or let in wrongly.
  Tally run();
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  // What the receiver counted for what was not to be delivered.
  [[nodiscard]] std::string drops() const;

 private:
  struct Presented {
    Lane* lane{};
    std::size_t index{};
  };
  void seal_some();
  void collect_sealed();
  void present_burst();
  void present(const PacketBytes& datagram);
  void present_valid(Lane& lane);
  void present_repeated(Lane& lane);
  void present_forged(Lane& lane);
  void present_clear(Lane& lane);
  void check_burst();
  void check_delivered(const PacketBytes& datagram);
  [[nodiscard]] Lane* lane_of(const PacketBytes& delivered);
  [[nodiscard]] const Sealed* any_sealed(Lane& lane);

  Settings settings_;
  FixedRandom random_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::map<std::uint32_t, Lane*> by_spi_;
  std::map<Address, Lane*> by_destination_;
  std::unique_ptr<TestGateway> sender_, receiver_;
  std::vector<Presented> expected_;  // of this burst
  std::uint64_t drops_expected_{};
  Tally tally_;
  std::string fault_;
};

}  // namespace sallyport::campaign
