// Regions and packets for people: what `explain`, `lint-policies` and --check print.
#pragma once

#include <string>

#include "spd/region.h"

namespace sallyport {

// Like a selector: "10.1.0.0/16 <-> 10.2.0.0-10.2.0.8 tcp any <-> 0-442,444-65535,opaque". No more
// than `most` ranges of a field, the others by number.
[[nodiscard]] std::string to_string(const Region& region, std::size_t most = 8);

// A packet of the region that reads well; nullopt where there is none.
[[nodiscard]] std::optional<SelectorFields> example_of(const Region& region);

// "tcp 10.1.0.1 port 1024 <-> 10.2.0.1 port 443", "icmp 10.1.0.1 -> 10.2.0.1 type 8 code 0", the
// arrow from who sends.
[[nodiscard]] std::string to_string(const SelectorFields& fields);

}  // namespace sallyport
