// Where a Binding Acknowledgement goes (RFC 6275 9.5.4, 10.3.2; HA-11, HA-13), for either role that
// takes Binding Updates.
#pragma once

#include "mip6/ports.h"

namespace sallyport::mip6 {

// Back to where the update came from, whatever the Binding Cache says: by a type 2 routing header
// where the update had a Home Address option, else straight to the home address.
[[nodiscard]] Departure acknowledgement_departure(const Arrival& update) noexcept;

// The same, past neighbour discovery to who sent the frame: for a node on this link, whose address
// we may still answer for.
[[nodiscard]] Departure on_link_departure(const Arrival& update) noexcept;

}  // namespace sallyport::mip6
