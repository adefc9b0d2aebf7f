// One line of the audit log.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dataplane/event.h"

namespace sallyport {

using WallTime = std::chrono::system_clock::time_point;

// The fields in the order in which they are written; all of them plain texts, numbers or flags.
using AuditRecord = nlohmann::ordered_json;

// How the numbers of an event are called; an empty name leaves the field out.
struct AuditNames {
  std::function<std::string(Direction direction, SaSlot sa, Spi spi)> sa;
  std::function<std::string(PolicyId policy)> policy;
  std::function<std::string(PortId port)> port;
};

// {"time": "2026-11-25T16:00:00.123456Z", "event": EVENT}
[[nodiscard]] AuditRecord begin_record(WallTime time, std::string_view event);
// A dropped packet, with what RFC 4301 4.2, 5.2, RFC 4302 3.4 and RFC 4303 3.4 ask for where it is
// known: reason, SPI, addresses, sequence number, flow label, selectors.
[[nodiscard]] AuditRecord drop_record(const Event& event, WallTime time, const AuditNames& names);

}  // namespace sallyport
