// What keygen tokens are made from, so that a correspondent keeps nothing of who has asked for one
// (RFC 6275 5.2.1, 5.2.2, 5.2.7; RR-02, RR-06).
#pragma once

#include <array>
#include <deque>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"

namespace sallyport::mip6 {

class CorrespondentNonces {
 public:
  static constexpr Duration kRenewal = std::chrono::seconds{30};
  static constexpr Duration kLifetime = std::chrono::seconds{240};  // MAX_NONCE_LIFETIME

  struct Nonce {
    std::uint16_t index{};
    std::array<std::uint8_t, 16> value{};
    Instant made;
  };

  CorrespondentNonces(const Clock& clock, Random& random);

  // Kcn, 20 octets, the same as long as this lives.
  [[nodiscard]] ByteView node_key() const noexcept { return key_.view(); }
  // For tokens that are made now: 30 s old at most, so that they are good for 210 to 240 s.
  [[nodiscard]] const Nonce& current();
  // Null where the index is of none, or of one that is too old. Valid until the next call.
  [[nodiscard]] const Nonce* find(std::uint16_t index);
  // No token that was made is good any more.
  void forget_all() noexcept { nonces_.clear(); }

 private:
  void drop_old();

  const Clock& clock_;
  Random& random_;
  Secret<20> key_;
  std::uint16_t last_index_{};
  std::deque<Nonce> nonces_;  // the newest last; eight at most, by their ages
};

}  // namespace sallyport::mip6
