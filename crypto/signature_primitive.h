// One signature as OpenSSL makes and checks it: the step below the schemes of crypto/signature.h.
// For crypto/ alone. Any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/signature.h"

struct evp_md_st;

namespace sallyport {

struct PssParameters {
  SignatureHash mask_hash;
  int salt_bytes;  // not negative: OpenSSL gives negative ones other meanings
};
// Without `pss` RSA keys do PKCS#1 v1.5. Hash Identity for Ed25519 and Ed448.
struct SignaturePrimitive {
  SignatureHash hash;
  std::optional<PssParameters> pss{};
};

[[nodiscard]] std::string_view name_of(KeyKind kind) noexcept;
[[nodiscard]] std::string_view name_of(SignatureHash hash) noexcept;
// Null for Identity.
[[nodiscard]] const evp_md_st* digest_of(SignatureHash hash) noexcept;
[[nodiscard]] std::size_t digest_bytes(SignatureHash hash) noexcept;

// ECDSA signatures as DER here.
[[nodiscard]] Expected<std::vector<std::uint8_t>> make_signature(evp_pkey_st* key,
                                                                 const SignaturePrimitive& by,
                                                                 ByteView octets);
[[nodiscard]] Expected<void> check_signature(evp_pkey_st* key, const SignaturePrimitive& by,
                                             ByteView octets, ByteView signature);

// Method 14 for keys that auth_method() knows there.
[[nodiscard]] Expected<std::vector<std::uint8_t>> sign_rfc7427(evp_pkey_st* key, KeyKind kind,
                                                               ByteView octets,
                                                               const SignaturePreferences& by);
[[nodiscard]] Expected<void> verify_rfc7427(const PublicKey& key, ByteView octets, ByteView auth);

}  // namespace sallyport
