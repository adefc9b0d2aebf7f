// ESP header and trailer (RFC 4303 2).
#pragma once

#include "base/bytes.h"

namespace sallyport {

struct EspHeader {
  Be32 spi;
  Be32 sequence;  // low half of the 64-bit sequence number
};
static_assert(sizeof(EspHeader) == 8 && alignof(EspHeader) == 1);

struct EspTrailer {
  std::uint8_t padding_length;
  std::uint8_t next_header;
};
static_assert(sizeof(EspTrailer) == 2);

}  // namespace sallyport
