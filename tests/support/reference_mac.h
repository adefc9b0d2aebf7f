// Integrity algorithms once more with OpenSSL, straight from the RFCs: the oracle of the engines.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "crypto/algorithms.h"

namespace sallyport {

// Not cut to the length of the ICV. None and GMAC, which wants a nonce, give nothing.
[[nodiscard]] std::vector<std::uint8_t> reference_mac(Integrity integrity, ByteView key,
                                                      ByteView message);
// `nonce` of 12 octets (RFC 4543 3).
[[nodiscard]] std::vector<std::uint8_t> reference_gmac(ByteView key, ByteView nonce,
                                                       ByteView message);

}  // namespace sallyport
