// Fingerprints of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace sallyport {

// SHA-256 as 64 lower-case hexadecimal digits (FIPS 180-4).
[[nodiscard]] Expected<std::string> sha256_hex(ByteView bytes);
// The digests of the parts, one after the other: NAT detection (RFC 7296 2.23), cookies (2.6).
[[nodiscard]] std::array<std::uint8_t, 20> sha1(std::initializer_list<ByteView> parts);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::initializer_list<ByteView> parts);

}  // namespace sallyport
