// ESP's cryptography once more, packet by packet with OpenSSL, straight from the RFCs: the oracle
// of the engines.
#pragma once

#include "tests/dataplane/crypto/crypto_rig.h"

namespace sallyport {

// Text and ICV as they must stand on the wire.
[[nodiscard]] Octets reference_seal(const EspKeys& keys, const EspFields& fields);

}  // namespace sallyport
