// Policies that are bound to mobility tunnels (RFC 4877 7.2.4), and edits in place.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "spd/policy.h"

namespace sallyport {

// Bound to a tunnel, and any packet could be of any tunnel's (MSEC-38).
[[nodiscard]] bool is_wide(const Policy& policy) noexcept;

[[nodiscard]] std::unexpected<Error> no_such_policy(std::string_view name);

// Of an id that is in it.
[[nodiscard]] std::size_t place_of(const std::vector<PolicyId>& order, PolicyId id) noexcept;

}  // namespace sallyport
