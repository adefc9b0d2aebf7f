#include "ike/rekey_collision.h"

#include <algorithm>

namespace sallyport::ike {

Octets lower_nonce(const Octets& initiator, const Octets& responder) {
  return std::min(initiator, responder);
}

Survivor survivor_of(const Octets& our_lower, const Octets& their_lower) noexcept {
  return our_lower < their_lower ? Survivor::Theirs : Survivor::Ours;
}

}  // namespace sallyport::ike
