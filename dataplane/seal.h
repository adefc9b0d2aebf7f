// Outbound: from the SA that was chosen to a sealed packet (RFC 4303 3.3, RFC 4302 3.3).
#pragma once

#include "dataplane/esp_encapsulate.h"

namespace sallyport {

// Numbers packets, puts them into what their SAs make of them, and seals them. Where all leave
// behind one link header they wait in their port's queue then, and `burst` is empty; otherwise it
// has what was sealed, with the next hop of what that has become. `longest`: as in Chosen.
void seal(Burst& burst, std::uint32_t longest, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
