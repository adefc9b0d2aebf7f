// How long a home agent grants a binding (RFC 6275 10.3.1; HA-07).
#pragma once

#include "mip6/home_agent_config.h"

namespace sallyport::mip6 {

struct Grant {
  BindingLifetime lifetime{};
  BindingStatus status{BindingStatus::Accepted};
};

// No more than was asked for, than policy allows, and than the prefix is valid. `prefix` is null
// for a mobile router whose home address is of its own networks.
[[nodiscard]] Grant grant(BindingLifetime asked, BindingLifetime longest, const HomePrefix* prefix,
                          Instant now) noexcept;

// For timers and dates.
[[nodiscard]] constexpr Duration duration_of(BindingLifetime lifetime) noexcept {
  return std::chrono::seconds(4 * std::int64_t{lifetime.count()});
}

}  // namespace sallyport::mip6
