// A policy that is added while the gateway runs: the text of one [[policy]] table, read by the same
// rules.
#pragma once

#include <functional>

#include "gateway/config/configuration.h"

namespace sallyport {

// A live SA by its name; null where there is none.
using LiveSas = std::function<const Sa*(const std::string& name)>;

// The SAs that the table names are live and as the policy says. Positions in errors: "policy:2:1".
[[nodiscard]] Expected<Policy> parse_live_policy(std::string_view text,
                                                 const Configuration& running, const LiveSas& sas);

}  // namespace sallyport
