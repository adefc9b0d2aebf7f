// Sequence numbers of Binding Updates, which go round (RFC 6275 9.5.1; HA-03).
#pragma once

#include <cstdint>

namespace sallyport::mip6 {

// True where `received` is greater than `last` modulo 65 536, which is one to 32 767 steps ahead;
// the 32 768 behind and `last` itself are not.
[[nodiscard]] constexpr bool is_newer(std::uint16_t received, std::uint16_t last) noexcept {
  const auto ahead = static_cast<std::uint16_t>(received - last);
  return ahead != 0 && ahead < 0x8000;
}

}  // namespace sallyport::mip6
