// AH header (RFC 4302 2).
#pragma once

#include "base/bytes.h"

namespace sallyport {

// The ICV field, padding included, follows.
struct AhHeader {
  std::uint8_t next_header;
  std::uint8_t payload_length;  // of AH with its ICV field, in 4-octet words, less 2
  Be16 reserved;
  Be32 spi;
  Be32 sequence;  // low half of the 64-bit sequence number

  static constexpr std::size_t kSpiOffset = 4;
  [[nodiscard]] unsigned length() const noexcept { return (payload_length + 2u) * 4u; }
};
static_assert(sizeof(AhHeader) == 12 && alignof(AhHeader) == 1);

}  // namespace sallyport
