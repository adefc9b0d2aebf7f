// At most three messages of a type to a peer within a second (RFC 6275 11.8, 12: MAX_UPDATE_RATE;
// MN-11).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace sallyport::mip6 {

// Peers whose rate is watched at one time.
inline constexpr std::size_t kMostRates = 8192;

class MessageRate {
 public:
  // True where one may go now; it then counts.
  [[nodiscard]] bool take(Instant now) noexcept {
    std::optional<Instant>& oldest = last_[next_];
    if (oldest && now - *oldest < std::chrono::seconds{1}) return false;
    oldest = now;
    next_ = (next_ + 1) % last_.size();
    return true;
  }

 private:
  std::array<std::optional<Instant>, 3> last_{};
  std::size_t next_{};
};

}  // namespace sallyport::mip6
