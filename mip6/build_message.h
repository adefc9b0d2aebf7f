// Mobility messages, written (RFC 6275 6.1; MH-01, MH-02, MH-07..15).
#pragma once

#include "base/error.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

// The whole message, checksummed for these addresses, which are those of checksum_good(). Addresses
// in it are IPv6 (a binding identifier's may be IPv4). Fails where it has more than 2 048 octets or
// a name of more than 253.
[[nodiscard]] Expected<Octets> build_message(const Message& message, const Address& source,
                                             const Address& destination);
// The same with a checksum of zero, for who fills in the authenticator first: set_checksum() then.
[[nodiscard]] Expected<Octets> build_without_checksum(const Message& message);

}  // namespace sallyport::mip6
