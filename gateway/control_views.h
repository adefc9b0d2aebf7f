// What `show` tells: the running state as JSON. Keys never appear (SAD-12).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gateway/gateway.h"

namespace sallyport {

[[nodiscard]] nlohmann::json show_ports(Gateway& gateway);
[[nodiscard]] nlohmann::json show_routes(Gateway& gateway);
[[nodiscard]] nlohmann::json show_neighbours(Gateway& gateway);
[[nodiscard]] nlohmann::json show_policies(Gateway& gateway);
[[nodiscard]] nlohmann::json show_sas(Gateway& gateway);
// What became of ICMP errors: those for us by outcome, and those that we made.
[[nodiscard]] nlohmann::json show_icmp(Gateway& gateway);
// Reasons that have occurred; all of them where `all` says so.
enum class DropRows : std::uint8_t { Occurred, All };
[[nodiscard]] nlohmann::json show_drops(Gateway& gateway, DropRows rows);
[[nodiscard]] nlohmann::json show_workers(Gateway& gateway);
// The last records of the audit log, those after number `after`.
[[nodiscard]] nlohmann::json show_audit(Gateway& gateway, std::uint64_t after);
[[nodiscard]] nlohmann::json audit_counters(Gateway& gateway);
// The conservation law's two sides.
[[nodiscard]] nlohmann::json show_account(Gateway& gateway);

}  // namespace sallyport
