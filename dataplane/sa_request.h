// What is asked of a key manager when policy protects a packet and has no SA for it. No DPDK here.
#pragma once

#include <functional>

#include "spd/populate.h"

namespace sallyport {

// Names one request for as long as it is under way; never used again.
using RequestId = Strong<struct RequestIdTag, std::uint64_t>;

// The SA that is wanted: for the policy and populated values of `key`, and the packet that asked
// first, whose selector fields go into IKE's traffic selectors as well (RFC 7296 2.9).
struct SaMiss {
  PopulatedKey key;
  SelectorFields packet;
  // Of a Home Address option in it: where it goes out from, and whoever negotiates for it speaks
  // from (RFC 4877 4.4; MAPI-11). The packet's own source is the home address.
  std::optional<Address> care_of{};
};

using AskForSa = std::function<void(RequestId id, const SaMiss& miss)>;

}  // namespace sallyport
