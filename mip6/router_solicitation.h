// Router solicitations, as a router is asked (RFC 4861 4.1, 6.1.1).
#pragma once

#include "base/bytes.h"
#include "net/packet_summary.h"

namespace sallyport::mip6 {

// An ICMPv6 datagram is one, and passes the checks of RFC 4861 6.1.1. A fragment is none (RFC
// 6980).
[[nodiscard]] bool is_router_solicitation(ByteView datagram, const PacketSummary& summary);

}  // namespace sallyport::mip6
