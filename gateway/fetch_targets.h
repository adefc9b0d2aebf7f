// Which hosts may be asked for what certificates point to: a stranger writes those URLs, and what
// he cannot reach himself he shall not reach through us (CERT-03).
#pragma once

#include <span>

#include "net/address.h"

namespace sallyport {

// A global unicast address (RFC 6890), or one within `allowed`. Loopback, link-local, private,
// shared, documentation, benchmarking, multicast and reserved ones are none, nor are IPv6 addresses
// that hold an IPv4 address which is none.
[[nodiscard]] bool may_be_fetched_from(const Address& host,
                                       std::span<const Prefix> allowed) noexcept;

}  // namespace sallyport
