// The keys of an IKE SA and of its children (RFC 7296 2.13 to 2.18; IKE-70..80).
#pragma once

#include "crypto/ike_cipher.h"
#include "crypto/ike_transforms.h"
#include "crypto/prf.h"
#include "ike/wire/numbers.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

// What was agreed for an IKE SA.
struct Suite {
  Transform transform;
  Prf prf{};
  Group group{};
  friend bool operator==(const Suite&, const Suite&) = default;
};
// "aes128-gcm16+prf-hmac-sha256+curve25519"
[[nodiscard]] std::string to_string(const Suite& suite);

struct IkeKeys {
  SecretBytes d;            // SK_d: of which children's keys and successors' come
  SecretBytes p_initiator;  // SK_pi, SK_pr: in AUTH
  SecretBytes p_responder;
  IkeCipher initiator;  // SK_ei and SK_ai: what the original initiator sends
  IkeCipher responder;
};

// What goes into keys besides the shared secret.
struct KeyInputs {
  ByteView initiator_nonce;
  ByteView responder_nonce;
  IkeSpi initiator_spi{};
  IkeSpi responder_spi{};
};

// Of a new IKE SA (2.14).
[[nodiscard]] IkeKeys derive_keys(const Suite& suite, ByteView shared_secret,
                                  const KeyInputs& inputs);
// Of an IKE SA that replaces one with `old_prf` and `old_d`; the inputs are the new ones (2.18).
[[nodiscard]] IkeKeys derive_rekeyed(const Suite& suite, Prf old_prf, ByteView old_d,
                                     ByteView shared_secret, const KeyInputs& inputs);

// Keys of the two SAs of a child; initiator and responder of the exchange that made it (2.17).
struct ChildKeys {
  struct Half {
    SecretBytes cipher;
    SecretBytes salt;
    SecretBytes integrity;
  };
  Half to_responder;
  Half to_initiator;
};
// `shared_secret` is empty without perfect forward secrecy.
[[nodiscard]] ChildKeys derive_child_keys(Prf prf, ByteView d, ByteView shared_secret,
                                          const KeyInputs& nonces, Transform transform);

// The octets that AUTH of one side covers: its first message, the other's nonce, and prf(SK_p, ID)
// (2.15; IKE-76).
[[nodiscard]] Octets signed_octets(Prf prf, ByteView first_message, ByteView nonce_of_other,
                                   ByteView p, ByteView id_body);
// AUTH by a shared key, over those octets (IKE-77).
[[nodiscard]] PrfOutput shared_key_auth(Prf prf, ByteView secret, ByteView octets);

}  // namespace sallyport::ike
