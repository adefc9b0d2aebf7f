// Certificate chains that have been verified, so that a peer that comes again costs no check
// (CERT-04). Nothing is ever remembered of a chain that was refused.
#pragma once

#include <mutex>
#include <optional>

#include "base/recent_map.h"
#include "crypto/certificate.h"
#include "crypto/signature.h"

namespace sallyport {

// What a verified chain is good for.
struct VerifiedKey {
  PublicKey key;         // of its leaf
  WallTime valid_until;  // of its certificates and of the revocation data used (SAD-08)
};

// Bounded; any thread.
class VerifiedChains {
 public:
  static constexpr std::size_t kMost = 4096;
  // However long a chain is good for: by then it is verified anew.
  static constexpr std::chrono::hours kLongest{1};

  explicit VerifiedChains(std::size_t most = kMost) noexcept : known_(most) {}

  // `question` stands for everything that the verdict was found from: certificates, anchors,
  // revocation data, rules, identity. Found only between the moment of the check and its end, so
  // that neither an end that has come nor a clock that was set back is passed over.
  [[nodiscard]] std::optional<VerifiedKey> find(const Fingerprint& question, WallTime now);
  // Verified at `now`; to be forgotten after `until`, after its own end, and after kLongest.
  void remember(const Fingerprint& question, VerifiedKey key, WallTime now, WallTime until);
  [[nodiscard]] std::size_t size();

 private:
  struct Known {
    VerifiedKey key;
    WallTime from;
    WallTime until;
  };

  std::mutex mutex_;
  RecentMap<Fingerprint, Known> known_;
};

}  // namespace sallyport
