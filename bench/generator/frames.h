// The frames of a trial: UDP between two networks, one of many flows each.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "bench/generator/stamp.h"
#include "net/address.h"

namespace sallyport::bench {

class Frames {
 public:
  struct Settings {
    std::uint16_t size{64};  // octets of the IP packet
    Address from;            // of the same family
    Address to;
    std::uint32_t destinations{1};  // addresses from `to` on, over which flows are spread
    std::uint32_t flows{1024};      // one after the other
    MacAddress source;
    MacAddress gateway;
  };
  static constexpr std::uint16_t kMostOctets = 9000;  // of the IP packet
  // The smallest IP packet that holds a stamp.
  [[nodiscard]] static std::uint16_t least_size(Family family) noexcept;
  // Fails where the size, the families or the number of flows cannot be.
  [[nodiscard]] static Expected<Frames> make(const Settings& settings);

  [[nodiscard]] std::uint16_t frame_bytes() const noexcept {
    return static_cast<std::uint16_t>(template_.size());
  }
  // Writes the frame of the stamp's packet, frame_bytes() long, with its checksums.
  void write(const Stamp& stamp, std::uint8_t* frame) const noexcept;

 private:
  explicit Frames(const Settings& settings);
  [[nodiscard]] std::size_t udp_offset() const noexcept { return ip_bytes_ + kLinkBytes; }

  static constexpr std::size_t kLinkBytes = 14;
  Settings settings_;
  std::size_t ip_bytes_;
  std::vector<std::uint8_t> template_;
  std::vector<Address> destinations_;
  std::uint32_t payload_sum_;  // of the template's UDP datagram, whose stamp and checksum are zero
};

}  // namespace sallyport::bench
