// The command `explain` of the control protocol: reads which packet is meant, and writes what would
// become of it (docs/control-protocol.md).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gateway/gateway.h"
#include "gateway/request_arguments.h"

namespace sallyport {

// Control thread.
[[nodiscard]] Expected<nlohmann::json> explain_packet(Gateway& gateway,
                                                      const RequestArguments& arguments);

}  // namespace sallyport
