#include "net/checksum.h"

namespace sallyport {

// Four octets at a time: a 32-bit word counts as its two halves, since 2^16 = 1 modulo 2^16 - 1
// (RFC 1071 2).
std::uint32_t checksum_add(ByteView bytes, std::uint32_t sum) noexcept {
  std::uint64_t total = sum;
  while (bytes.size() >= 4) {
    total += load_be<std::uint32_t>(bytes.data());
    bytes = bytes.subspan(4);
  }
  if (bytes.size() >= 2) {
    total += load_be<std::uint16_t>(bytes.data());
    bytes = bytes.subspan(2);
  }
  if (!bytes.empty()) total += std::uint32_t{bytes[0]} << 8;
  return checksum_fold(total);
}

std::uint32_t pseudo_header_sum(const Address& source, const Address& destination,
                                std::uint8_t protocol, std::uint32_t length) noexcept {
  const std::uint32_t addresses = checksum_add(destination.wire(), checksum_add(source.wire()));
  return checksum_fold(std::uint64_t{addresses} + protocol + length);
}

}  // namespace sallyport
