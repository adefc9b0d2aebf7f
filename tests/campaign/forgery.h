// Ways to bend a sealed packet so that no receiver may let it in.
#pragma once

#include "tests/support/fixed_random.h"
#include "tests/support/packet_builder.h"

namespace sallyport::campaign {

// Where the ESP or AH header of a sealed datagram begins.
[[nodiscard]] std::size_t ipsec_offset(const PacketBytes& datagram);
[[nodiscard]] std::uint32_t spi_of(const PacketBytes& datagram);
[[nodiscard]] std::uint32_t low_sequence_of(const PacketBytes& datagram);
void set_low_sequence(PacketBytes& datagram, std::uint32_t value);

// A packet that differs from `good` in what integrity covers or in its length. `other` is a sealed
// packet of another SA.
[[nodiscard]] PacketBytes forge(const PacketBytes& good, const PacketBytes& other,
                                FixedRandom& random);

}  // namespace sallyport::campaign
