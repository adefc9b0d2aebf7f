// How long a peer that says TEMPORARY_FAILURE is asked again (RFC 7296 2.25; IKE-116). Pure.
#pragma once

#include <optional>

#include "ike/settings.h"

namespace sallyport::ike {

// Of one IKE SA.
class TemporaryFailures {
 public:
  // One more: the wait before the next attempt, the longer the longer it has been so; nullopt where
  // it has been so for Settings::retry_give_up.
  [[nodiscard]] std::optional<Duration> note(Instant now, const Settings& settings);
  // The peer has answered otherwise.
  void forget() noexcept { since_.reset(); }

 private:
  std::optional<Instant> since_;  // of an unbroken row of them
  Instant last_{};
};

}  // namespace sallyport::ike
