// ARP for IPv4 over Ethernet (RFC 826).
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport {

inline constexpr std::size_t kArpBytes = 28;

struct ArpMessage {
  enum class Operation : std::uint16_t { Request = 1, Reply = 2 };

  Operation operation{Operation::Request};
  MacAddress sender_mac;
  Address sender;  // 0.0.0.0: a probe (RFC 5227)
  MacAddress target_mac;
  Address target;

  friend bool operator==(const ArpMessage&, const ArpMessage&) = default;
};

// Nullopt unless it is a request or reply of IPv4 over Ethernet from a station's own address.
// Octets behind the message are link padding.
[[nodiscard]] std::optional<ArpMessage> parse_arp(ByteView bytes) noexcept;
[[nodiscard]] std::array<std::uint8_t, kArpBytes> build_arp(const ArpMessage& message) noexcept;

}  // namespace sallyport
