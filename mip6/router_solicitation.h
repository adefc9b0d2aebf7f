// Router solicitations, as a router is asked (RFC 4861 4.1, 6.1.1).
#pragma once

#include "base/bytes.h"
#include "mip6/message.h"
#include "net/packet_summary.h"

namespace sallyport::mip6 {

// An ICMPv6 datagram is one, and passes the checks of RFC 4861 6.1.1. A fragment is none (RFC
// 6980).
[[nodiscard]] bool is_router_solicitation(ByteView datagram, const PacketSummary& summary);

// From a link-local address to all routers, with our link address: the ICMPv6 message.
[[nodiscard]] Octets build_router_solicitation(const Address& source,
                                               const MacAddress& link_address);

}  // namespace sallyport::mip6
