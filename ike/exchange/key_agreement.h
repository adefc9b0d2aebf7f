// The two halves of a key exchange, as jobs of the pool do them.
#pragma once

#include <memory>

#include "crypto/key_exchange.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

using KeyPair = std::shared_ptr<KeyExchange>;
using Agreement = Expected<SecretBytes>;

// The initiator's private value, used once; null where none is to be had.
[[nodiscard]] KeyPair make_key_pair(Group group);

// The responder's public value, and the secret that it has with the peer's.
struct ResponderKeys {
  Octets public_value;
  Agreement secret;
};
[[nodiscard]] ResponderKeys make_responder_keys(Group group, const Octets& peer_value);

}  // namespace sallyport::ike
