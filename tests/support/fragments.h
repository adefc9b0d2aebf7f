// Splits datagrams as a router or a source would.
#pragma once

#include "tests/support/packet_builder.h"

namespace sallyport {

// Pieces with `size` octets of data each (a multiple of 8), the last with what is left. IPv4
// headers have no options; IPv6 datagrams get a fragment header right behind the fixed one.
[[nodiscard]] std::vector<PacketBytes> split(const PacketBytes& datagram, std::size_t size,
                                             std::uint32_t id = 77);
// One fragment with that place and those octets, of a datagram like `model`.
[[nodiscard]] PacketBytes piece_of(const PacketBytes& model, const FragmentPlace& place,
                                   const PacketBytes& data);

}  // namespace sallyport
