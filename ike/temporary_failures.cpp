#include "ike/temporary_failures.h"

#include <algorithm>

namespace sallyport::ike {

std::optional<Duration> TemporaryFailures::note(Instant now, const Settings& settings) {
  // Whoever was not asked again has not gone on refusing.
  const Duration longest_pause = settings.retry_longest + settings.retransmission.give_up;
  if (!since_ || now - last_ > longest_pause) since_ = now;
  last_ = now;
  const Duration so_far = now - *since_;
  if (so_far >= settings.retry_give_up) return std::nullopt;
  // As long again as it has been: the waits double.
  return std::clamp(so_far, settings.retry, settings.retry_longest);
}

}  // namespace sallyport::ike
