// The operator's choice for SAs that a key manager has made.
#pragma once

#include <cstdint>

namespace sallyport {

// What becomes of SAs whose policy was changed or removed, or decides no more what they were made
// for (RFC 4301 4.4.1; SPD-06). Whatever is chosen, outbound they carry nothing but what a policy
// protects by them.
enum class ChangedPolicySas : std::uint8_t {
  Keep,  // they live on: a policy of the same name that asks for the same protection and selectors
         // uses them, and inbound they are accepted
  Delete,  // they go at once
  Rekey,   // the successor asks for new ones; the old ones are accepted until those are there
};

}  // namespace sallyport
