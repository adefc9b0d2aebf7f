// How large datagrams of IKE may be (RFC 7383 2.5.1, 2.5.2; IFRAG-04). Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "ike/ports.h"

namespace sallyport::ike {

// All in octets of the IP datagram, IP and UDP headers included.

// What RFC 7383 recommends where nothing is known of the way: 576 of IPv4, 1280 of IPv6.
[[nodiscard]] std::size_t usual_datagram_bytes(Family family) noexcept;
// What is tried after datagrams of `bytes` that nobody answers; nullopt where there is no smaller
// size that makes sense.
[[nodiscard]] std::optional<std::size_t> smaller_datagram_bytes(Family family,
                                                                std::size_t bytes) noexcept;
// What goes around an IKE message along `path`: an IP header without options, the UDP header, and
// on port 4500 the marker.
[[nodiscard]] std::size_t bytes_around_message(const Path& path) noexcept;

}  // namespace sallyport::ike
