// The packets of a measurement: the same buffers over and over, filled anew each time, since
// sealing destroys what was in them.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <span>
#include <vector>

#include "bench/command_line.h"
#include "net/address.h"

namespace sallyport::bench {

// Buffers in use. They stay in the second-level cache, as they do behind a device that writes
// there.
inline constexpr unsigned kPackets = 256;

// A flow of packets: one SA, one pair of ports.
class Flows {
 public:
  struct Settings {
    std::uint32_t sas{1};
    std::uint32_t flows{1024};
    Order order{Order::Random};
  };
  explicit Flows(const Settings& settings) noexcept : settings_(settings) {}

  struct Flow {
    std::uint32_t sa;
    std::uint16_t port;
  };
  [[nodiscard]] Flow next() noexcept;

 private:
  [[nodiscard]] std::uint64_t draw() noexcept;  // 32 bits
  [[nodiscard]] std::uint32_t next_flow() noexcept;

  Settings settings_;
  std::uint32_t position_{};
  std::uint64_t state_{0x853c49e6748fea9bull};
};

class Traffic {
 public:
  struct Settings {
    Family family{Family::V4};
    std::uint16_t size{};  // octets of the IP packet, or kImix
    MacAddress gateway;    // that the frames go to
  };
  // UDP. Buffers come from `pool` and go back there.
  Traffic(rte_mempool* pool, const Settings& settings);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // False where `pool` had too few.
  [[nodiscard]] bool complete() const noexcept { return mbufs_.front() != nullptr; }
  // Writes the next packet of `flows` into each buffer.
  void refill(Flows& flows) noexcept;
  [[nodiscard]] std::span<rte_mbuf*> mbufs() noexcept { return mbufs_; }
  // Of an inner packet.
  [[nodiscard]] double mean_octets() const noexcept;

 private:
  // Makes a copy of a frame the next packet of `flow`.
  void lead(std::uint8_t* frame, const Flows::Flow& flow) const noexcept;

  Family family_;
  std::uint32_t first_destination_;  // its last four octets
  std::array<rte_mbuf*, kPackets> mbufs_{};
  std::vector<std::vector<std::uint8_t>> frames_;  // one of each size, in turn
};

}  // namespace sallyport::bench
