// What a test packet says of itself: it stands at the start of the UDP payload, in the order of
// this machine, since the same program reads it.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/bytes.h"

namespace sallyport::bench {

struct Stamp {
  static constexpr std::uint32_t kMagic = 0x53616c79;

  std::uint32_t magic{kMagic};
  std::uint32_t trial{};    // what is left of an earlier one does not count
  std::uint64_t number{};   // of the packet in its trial, from 0
  std::uint64_t sent_at{};  // TSC

  void write(std::uint8_t* to) const noexcept { std::memcpy(to, this, sizeof *this); }
  [[nodiscard]] static Stamp read(const std::uint8_t* from) noexcept {
    Stamp stamp;
    std::memcpy(&stamp, from, sizeof stamp);
    return stamp;
  }
};
static_assert(sizeof(Stamp) == 24 && std::has_unique_object_representations_v<Stamp>);

}  // namespace sallyport::bench
