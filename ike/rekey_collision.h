// What becomes of it when both ends replace the same SA at once (RFC 7296 2.8.1, 2.8.2; IKE-114,
// IKE-115). Pure.
#pragma once

#include "ike/wire/payloads.h"

namespace sallyport::ike {

// The lower of an exchange's two nonces: octet by octet, a prefix below what it begins.
[[nodiscard]] Octets lower_nonce(const Octets& initiator, const Octets& responder);

// Of two exchanges that replaced the same SA, by their lower nonces: the one with the lowest of all
// four has made what is to go.
enum class Survivor : std::uint8_t { Ours, Theirs };
[[nodiscard]] Survivor survivor_of(const Octets& our_lower, const Octets& their_lower) noexcept;

}  // namespace sallyport::ike
