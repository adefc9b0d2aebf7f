// The checksum of TCP and UDP, made anew.
#pragma once

#include "dataplane/packet.h"

namespace sallyport {

// For a packet that is no fragment; other protocols, and what is too short for one, stay as they
// are.
void renew_transport_checksum(Packet& packet) noexcept;

}  // namespace sallyport
