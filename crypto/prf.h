// Pseudorandom functions of IKEv2 and what is drawn from them (RFC 7296 2.13).
#pragma once

#include <initializer_list>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/ike_transforms.h"

namespace sallyport {

using PrfOutput = Secret<64>;

// prf(key, data...), the parts one after the other. Keys of any length: what AES-based ones do with
// keys that are not 16 octets is RFC 4434 2 and RFC 4615 3 (IKE-74).
[[nodiscard]] PrfOutput prf(Prf prf, ByteView key, std::initializer_list<ByteView> data);
// prf+(key, seed...), `bytes` octets of it; at most 255 rounds (IKE-70).
[[nodiscard]] SecretBytes prf_plus(Prf prf, ByteView key, std::initializer_list<ByteView> seed,
                                   std::size_t bytes);
// The same functions with their output cut, as integrity algorithms of IKE's own messages.
[[nodiscard]] Secret<64> integrity_check(Integrity integrity, ByteView key,
                                         std::initializer_list<ByteView> data);

}  // namespace sallyport
