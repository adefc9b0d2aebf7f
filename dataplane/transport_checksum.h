// The checksum of TCP and UDP, made by us where nobody else has or will.
#pragma once

#include "dataplane/packet.h"

namespace sallyport {

// Makes the checksum anew over the packet as it is now (RFC 768, RFC 9293 3.1). Whole packets whose
// headers have been summarized; of other protocols, and of a header that is cut off, nothing
// changes.
void renew_transport_checksum(Packet& packet) noexcept;

}  // namespace sallyport
