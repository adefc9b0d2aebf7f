// What return routability computes: keygen tokens, the key made of them, and the authenticator of
// messages to and from a correspondent (RFC 6275 5.2.5, 6.2.7; RR-02..04). Holds no state.
#pragma once

#include "base/secret.h"
#include "mip6/message.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

// Kbm (5.2.5).
using BindingKey = Secret<20>;

// What the authenticator covers besides the message.
struct AuthorizedAddresses {
  Address care_of;        // the home address where the update deletes the binding (6.2.7)
  Address correspondent;  // its home address where it is mobile itself
};

class ReturnRoutability {
 public:
  explicit ReturnRoutability(const Sha1Functions& sha1) noexcept : sha1_(sha1) {}

  // The correspondent's: `node_key` is its Kcn of 20 octets, `nonce` the one of the index that goes
  // with the token.
  [[nodiscard]] KeygenToken home_token(ByteView node_key, const Address& home,
                                       ByteView nonce) const;
  [[nodiscard]] KeygenToken care_of_token(ByteView node_key, const Address& care_of,
                                          ByteView nonce) const;

  [[nodiscard]] BindingKey binding_key(const KeygenToken& home, const KeygenToken& care_of) const;
  // For an update that deletes the binding, and its acknowledgement.
  [[nodiscard]] BindingKey deletion_key(const KeygenToken& home) const;

  // Fills in the authenticator of `message`, which ends with an authorization option, as
  // build_without_checksum() made it; false where it does not. The checksum comes afterwards.
  [[nodiscard]] bool authorize(MutableBytes message, const BindingKey& key,
                               const AuthorizedAddresses& addresses) const;
  // True for a message as received, checksum and all, whose authenticator is right; the time does
  // not tell how wrong another is. False where it does not end with one.
  [[nodiscard]] bool is_authorized(ByteView message, const BindingKey& key,
                                   const AuthorizedAddresses& addresses) const;

 private:
  Sha1Functions sha1_;
};

}  // namespace sallyport::mip6
