// The fragments of one message of a peer, until they are all there (RFC 7383 2.6; IFRAG-03).
#pragma once

#include <map>
#include <optional>

#include "ike/wire/protect.h"

namespace sallyport::ike {

class FragmentAssembly {
 public:
  // Limits of one message: fragments, and octets of all of them.
  static constexpr std::uint16_t kMostFragments = 64;
  static constexpr std::size_t kMostBytes = 128 * 1024;

  // Takes a fragment whose ICV was right; yields the whole when it was the last that was missing.
  // A larger total drops what came before, a smaller one is dropped, as is what came already.
  [[nodiscard]] std::optional<Opened> add(MessageId message, Opened fragment);
  // Forgets what is incomplete of earlier messages.
  void forget_before(MessageId message) noexcept {
    parts_.erase(parts_.begin(), parts_.lower_bound(message));
  }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }

 private:
  struct Parts {
    std::uint16_t total{};
    std::size_t bytes{};
    std::map<std::uint16_t, Opened> by_number;
  };
  std::map<MessageId, Parts> parts_;
};

}  // namespace sallyport::ike
