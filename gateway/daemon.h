// The process around a gateway: event loop, signals, control socket, logging.
#pragma once

#include "gateway/command_line.h"
#include "gateway/config/configuration.h"

namespace sallyport {

// Returns when SIGTERM, SIGINT or a stop command ended it in good order. SIGHUP reloads.
[[nodiscard]] Expected<void> run_daemon(Configuration configuration,
                                        const CommandLine& command_line);

}  // namespace sallyport
