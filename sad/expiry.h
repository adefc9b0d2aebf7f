// When an SA's hard lifetime in time is over, as workers see it: 32 bits of their clock.
#pragma once

#include <cstdint>

namespace sallyport {

// A comparison within half the range of the 32 bits: months, for a clock of some GHz.
class Expiry {
 public:
  constexpr Expiry() noexcept = default;  // never
  // `ahead` ticks after `now`, rounded up to whole units. What is too far away is never: control
  // ends the SA in any case.
  [[nodiscard]] static constexpr Expiry after(std::uint64_t now, std::uint64_t ahead) noexcept {
    if (ahead >= std::uint64_t{1} << (kUnitBits + 30)) return {};
    Expiry expiry;
    expiry.unit_ = unit_of(now + ahead + (std::uint64_t{1} << kUnitBits) - 1);
    if (expiry.unit_ == 0) expiry.unit_ = 1;
    return expiry;
  }

  [[nodiscard]] constexpr bool is_never() const noexcept { return unit_ == 0; }
  [[nodiscard]] constexpr bool has_passed(std::uint64_t now) const noexcept {
    return !is_never() && static_cast<std::int32_t>(unit_of(now) - unit_) >= 0;
  }
  friend constexpr bool operator==(const Expiry&, const Expiry&) noexcept = default;

 private:
  static constexpr unsigned kUnitBits = 24;  // ticks of a unit: 5.6 ms at 3 GHz
  [[nodiscard]] static constexpr std::uint32_t unit_of(std::uint64_t ticks) noexcept {
    return static_cast<std::uint32_t>(ticks >> kUnitBits);
  }
  std::uint32_t unit_{};
};

}  // namespace sallyport
