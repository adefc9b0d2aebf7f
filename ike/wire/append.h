// Big-endian numbers and bytes at the end of a message that is being written.
#pragma once

#include <concepts>
#include <vector>

#include "base/bytes.h"

namespace sallyport::ike {

template <std::unsigned_integral T>
inline void append(std::vector<std::uint8_t>& to, T value) {
  const std::size_t at = to.size();
  to.resize(at + sizeof value);
  store_be<T>(to.data() + at, value);
}

void append(std::vector<std::uint8_t>& to, ByteView bytes);

}  // namespace sallyport::ike
