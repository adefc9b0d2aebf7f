#include "pad/credentials.h"

#include <fmt/format.h>

namespace sallyport {

Expected<void> validate(const Credential& credential) {
  if (credential.name.empty())
    return fail(Error::Code::Invalid, "a credential has no name", "a name to refer to it by");
  const PublicKey key = credential.key.public_key();
  if (auth_method(SignatureScheme::Rfc7427, key.kind()) == 0)
    return fail(Error::Code::Unsupported,
                fmt::format("the key of credential {} is of a kind that makes no IKE signatures",
                            credential.name),
                "an RSA, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448 key");
  if (credential.chain.empty() || credential.chain.front().public_key() == key) return {};
  return fail(
      Error::Code::Invalid,
      fmt::format("the first certificate of credential {} is not that of its key", credential.name),
      "the key's own certificate first, then those that lead to an authority");
}

}  // namespace sallyport
