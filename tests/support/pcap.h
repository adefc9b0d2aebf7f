// Classic pcap files, read whole and written whole, without libpcap.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/error.h"

namespace sallyport {

inline constexpr std::uint32_t kLinkEthernet = 1;
inline constexpr std::uint32_t kLinkRawIp = 101;

struct CapturedPacket {
  std::chrono::nanoseconds time{};
  std::vector<std::uint8_t> bytes;
  friend bool operator==(const CapturedPacket&, const CapturedPacket&) = default;
};

struct Capture {
  std::uint32_t link_type{kLinkEthernet};
  std::vector<CapturedPacket> packets;
  friend bool operator==(const Capture&, const Capture&) = default;
};

// Either byte order, micro- or nanoseconds; refuses packets that were cut when captured.
[[nodiscard]] Expected<Capture> read_pcap(const std::filesystem::path& file);
// Big-endian, nanoseconds.
[[nodiscard]] Expected<void> write_pcap(const std::filesystem::path& file, const Capture& capture);

}  // namespace sallyport
