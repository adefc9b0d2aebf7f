// The Internet checksum (RFC 1071), its incremental update (RFC 1624), pseudo-headers.
#pragma once

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport {

// One's-complement sum of big-endian 16-bit words, unfolded; an odd last octet counts as high.
[[nodiscard]] std::uint32_t checksum_add(ByteView bytes, std::uint32_t sum = 0) noexcept;
// Carries come back in at the low end until 16 bits are left (RFC 1071 2).
[[nodiscard]] inline std::uint32_t checksum_fold(std::uint64_t sum) noexcept {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint32_t>(sum);
}
// Folds and complements: the value that goes into a header, host order.
[[nodiscard]] inline std::uint16_t checksum_finish(std::uint32_t sum) noexcept {
  return static_cast<std::uint16_t>(~checksum_fold(sum));
}
// The same of a sum of few words, less than 2^20.
[[nodiscard]] inline std::uint16_t checksum_of_few(std::uint32_t sum) noexcept {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~(sum + (sum >> 16)));
}
[[nodiscard]] inline std::uint16_t checksum(ByteView bytes) noexcept {
  return checksum_finish(checksum_add(bytes));
}
// Sum of the pseudo-header of UDP, TCP or ICMPv6 (RFC 768, RFC 8200 8.1), to start checksum_add.
[[nodiscard]] std::uint32_t pseudo_header_sum(const Address& source, const Address& destination,
                                              std::uint8_t protocol, std::uint32_t length) noexcept;
// The checksum after one 16-bit word changed from `before` to `after` (RFC 1624 equation 3).
[[nodiscard]] inline std::uint16_t checksum_update(std::uint16_t checksum, std::uint16_t before,
                                                   std::uint16_t after) noexcept {
  std::uint32_t sum = std::uint32_t(static_cast<std::uint16_t>(~checksum)) +
                      static_cast<std::uint16_t>(~before) + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace sallyport
