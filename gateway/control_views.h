// What `show` tells: the running state as rows of JSON. Keys never appear (SAD-12).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gateway/gateway.h"
#include "gateway/page_of_rows.h"

namespace sallyport {

// Empty for kNoPort.
[[nodiscard]] std::string port_name(Gateway& gateway, PortId id);
// As show_routes() has it.
[[nodiscard]] nlohmann::json route_row(Gateway& gateway, const Route& route);

void show_ports(Gateway& gateway, PageOfRows& page);
void show_routes(Gateway& gateway, PageOfRows& page);
void show_neighbours(Gateway& gateway, PageOfRows& page);
void show_policies(Gateway& gateway, PageOfRows& page);
void show_sas(Gateway& gateway, PageOfRows& page);
// What became of ICMP errors: those for us by outcome, and those that we made.
void show_icmp(Gateway& gateway, PageOfRows& page);
// Reasons that have occurred; all of them where `all` says so.
enum class DropRows : std::uint8_t { Occurred, All };
void show_drops(Gateway& gateway, DropRows rows, PageOfRows& page);
void show_workers(Gateway& gateway, PageOfRows& page);
// The last records of the audit log, those after number `after`.
void show_audit(Gateway& gateway, std::uint64_t after, PageOfRows& page);
[[nodiscard]] nlohmann::json audit_counters(Gateway& gateway);
// The conservation law's two sides.
void show_account(Gateway& gateway, PageOfRows& page);

}  // namespace sallyport
