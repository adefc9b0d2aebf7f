#include "pad/verified_chains.h"

#include <algorithm>

namespace sallyport {

std::optional<VerifiedKey> VerifiedChains::find(const Fingerprint& question, WallTime now) {
  const std::lock_guard lock(mutex_);
  const Known* known = known_.find(question);
  if (known == nullptr) return std::nullopt;
  if (now >= known->from && now <= known->until) return known->key;
  known_.erase(question);
  return std::nullopt;
}

void VerifiedChains::remember(const Fingerprint& question, VerifiedKey key, WallTime now,
                              WallTime until) {
  const WallTime end = std::min({until, key.valid_until, now + kLongest});
  const std::lock_guard lock(mutex_);
  known_.put(question, {.key = std::move(key), .from = now, .until = end});
}

std::size_t VerifiedChains::size() {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace sallyport
