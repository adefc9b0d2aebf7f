// Flag bits of a wire field, as a set of named ones.
#pragma once

#include <initializer_list>
#include <type_traits>
#include <utility>

namespace sallyport::mip6 {

// `Flag` is an enum of single bits, as wide as the field, and `All`, which is all of them.
template <class Flag>
class Flags {
 public:
  using Bits = std::underlying_type_t<Flag>;

  constexpr Flags() noexcept = default;
  constexpr Flags(std::initializer_list<Flag> flags) noexcept {
    for (const Flag flag : flags) bits_ = static_cast<Bits>(bits_ | std::to_underlying(flag));
  }
  // Bits without a name are reserved, and ignored.
  [[nodiscard]] static constexpr Flags of_wire(Bits bits) noexcept {
    Flags flags;
    flags.bits_ = static_cast<Bits>(bits & std::to_underlying(Flag::All));
    return flags;
  }

  [[nodiscard]] constexpr bool has(Flag flag) const noexcept {
    return (bits_ & std::to_underlying(flag)) != 0;
  }
  [[nodiscard]] constexpr Bits wire() const noexcept { return bits_; }
  friend bool operator==(const Flags&, const Flags&) = default;

 private:
  Bits bits_{};
};

}  // namespace sallyport::mip6
