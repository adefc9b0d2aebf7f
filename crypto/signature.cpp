#include "crypto/signature.h"

#include <fmt/format.h>
#include <openssl/bn.h>

#include <algorithm>
#include <array>

#include "crypto/openssl_objects.h"
#include "crypto/signature_primitive.h"

namespace sallyport {
namespace {

// What RFC 4754 7 ties to each curve.
struct CurveRow {
  KeyKind kind;
  SignatureHash hash;
  std::size_t half_bytes;  // of r, and of s
  std::uint8_t method;
};
constexpr std::array kCurves{
    CurveRow{KeyKind::EcP256, SignatureHash::Sha256, 32, 9},
    CurveRow{KeyKind::EcP384, SignatureHash::Sha384, 48, 10},
    CurveRow{KeyKind::EcP521, SignatureHash::Sha512, 66, 11},
};
constexpr std::uint8_t kRsaMethod = 1;
constexpr std::uint8_t kDigitalSignatureMethod = 14;

const CurveRow* curve_row(KeyKind kind) noexcept {
  const auto* found = std::ranges::find(kCurves, kind, &CurveRow::kind);
  return found != kCurves.end() ? found : nullptr;
}

bool is_rsa(KeyKind kind) noexcept { return kind == KeyKind::Rsa || kind == KeyKind::RsaPss; }

std::string_view name_of(SignatureScheme scheme) noexcept {
  switch (scheme) {
    case SignatureScheme::RsaPkcs1Legacy:
      return "method 1 (RSA)";
    case SignatureScheme::EcdsaLegacy:
      return "methods 9 to 11 (ECDSA)";
    case SignatureScheme::Rfc7427:
      break;
  }
  return "method 14 (digital signature)";
}

Expected<void> match(SignatureScheme scheme, KeyKind kind) {
  if (auth_method(scheme, kind) != 0) return {};
  return fail(Error::Code::Refused,
              fmt::format("a key of kind {} does not go with authentication {}", name_of(kind),
                          name_of(scheme)));
}

// RFC 7296 3.8 gives the hash to the signer's choice and its identifier to the signature.
Expected<void> verify_rsa_legacy(EVP_PKEY* key, ByteView octets, ByteView auth) {
  using enum SignatureHash;
  Expected<void> good;
  for (const SignatureHash hash : {Sha256, Sha1, Sha384, Sha512}) {
    good = check_signature(key, {.hash = hash}, octets, auth);
    if (good) break;
  }
  return good;
}

Expected<void> verify_ecdsa_legacy(EVP_PKEY* key, const CurveRow& curve, ByteView octets,
                                   ByteView auth) {
  if (auth.size() != 2 * curve.half_bytes)
    return fail(Error::Code::Refused,
                fmt::format("the {} signature has {} octets instead of {} (RFC 4754 7)",
                            name_of(curve.kind), auth.size(), 2 * curve.half_bytes));
  const int half = static_cast<int>(curve.half_bytes);
  const EcdsaObject pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(auth.data(), half, nullptr);
  BIGNUM* s = BN_bin2bn(auth.data() + half, half, nullptr);
  if (pair == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return fail(Error::Code::Exhausted, "no memory for an ECDSA signature");
  }
  return check_signature(key, {.hash = curve.hash}, octets, der_of(i2d_ECDSA_SIG, pair.get()));
}

Expected<std::vector<std::uint8_t>> sign_ecdsa_legacy(EVP_PKEY* key, const CurveRow& curve,
                                                      ByteView octets) {
  const auto der = make_signature(key, {.hash = curve.hash}, octets);
  if (!der) return der;
  const EcdsaObject pair(whole_of(d2i_ECDSA_SIG, ECDSA_SIG_free, *der));
  std::vector<std::uint8_t> joined(2 * curve.half_bytes);
  const int half = static_cast<int>(curve.half_bytes);
  if (pair == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), joined.data(), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), joined.data() + half, half) != half)
    return fail(Error::Code::Unsupported, "OpenSSL's ECDSA signature does not fit its curve");
  return joined;
}

}  // namespace

Expected<void> PublicKey::verify(SignatureScheme scheme, ByteView signed_octets, ByteView auth,
                                 unsigned least_rsa_bits) const {
  const CleanErrorQueue clean;
  const KeyKind own_kind = kind();
  if (Expected<void> good = match(scheme, own_kind); !good) return good;
  if (is_rsa(own_kind) && bits() < least_rsa_bits)
    return fail(Error::Code::Refused,
                fmt::format("the RSA key of {} bits is shorter than {}", bits(), least_rsa_bits),
                "a longer key, or a lower limit for this peer");
  switch (scheme) {
    case SignatureScheme::RsaPkcs1Legacy:
      return verify_rsa_legacy(key_.get(), signed_octets, auth);
    case SignatureScheme::EcdsaLegacy:
      return verify_ecdsa_legacy(key_.get(), *curve_row(own_kind), signed_octets, auth);
    case SignatureScheme::Rfc7427:
      break;
  }
  return verify_rfc7427(*this, signed_octets, auth);
}

Expected<std::vector<std::uint8_t>> PrivateKey::sign(SignatureScheme scheme, ByteView octets,
                                                     const SignaturePreferences& by) const {
  const CleanErrorQueue clean;
  const KeyKind own_kind = kind();
  if (Expected<void> good = match(scheme, own_kind); !good) return std::unexpected(good.error());
  switch (scheme) {
    case SignatureScheme::RsaPkcs1Legacy:
      return make_signature(key_.get(), {.hash = SignatureHash::Sha1}, octets);
    case SignatureScheme::EcdsaLegacy:
      return sign_ecdsa_legacy(key_.get(), *curve_row(own_kind), octets);
    case SignatureScheme::Rfc7427:
      break;
  }
  return sign_rfc7427(key_.get(), own_kind, octets, by);
}

std::uint8_t auth_method(SignatureScheme scheme, KeyKind kind) noexcept {
  const CurveRow* curve = curve_row(kind);
  switch (scheme) {
    case SignatureScheme::RsaPkcs1Legacy:
      return kind == KeyKind::Rsa ? kRsaMethod : 0;
    case SignatureScheme::EcdsaLegacy:
      return curve != nullptr ? curve->method : 0;
    case SignatureScheme::Rfc7427:
      break;
  }
  return kind != KeyKind::Other ? kDigitalSignatureMethod : 0;
}

}  // namespace sallyport
