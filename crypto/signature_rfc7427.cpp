// Authentication method 14: an AlgorithmIdentifier says how the signature was made (RFC 7427).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/openssl_objects.h"
#include "crypto/signature_primitive.h"

namespace sallyport {
namespace {

using enum SignatureHash;
using Octets = std::vector<std::uint8_t>;

enum class Family : std::uint8_t { Pkcs1, Pss, Ecdsa, Ed25519, Ed448 };

// The algorithms of RFC 7427 A and RFC 8420 A; SHA-1 is here to be refused by name.
struct AlgorithmRow {
  int nid;
  Family family;
  SignatureHash hash;  // of PSS its parameters name it
};
constexpr std::array kAlgorithms{
    AlgorithmRow{NID_sha1WithRSAEncryption, Family::Pkcs1, Sha1},
    AlgorithmRow{NID_sha256WithRSAEncryption, Family::Pkcs1, Sha256},
    AlgorithmRow{NID_sha384WithRSAEncryption, Family::Pkcs1, Sha384},
    AlgorithmRow{NID_sha512WithRSAEncryption, Family::Pkcs1, Sha512},
    AlgorithmRow{NID_rsassaPss, Family::Pss, Sha1},
    AlgorithmRow{NID_ecdsa_with_SHA1, Family::Ecdsa, Sha1},
    AlgorithmRow{NID_ecdsa_with_SHA256, Family::Ecdsa, Sha256},
    AlgorithmRow{NID_ecdsa_with_SHA384, Family::Ecdsa, Sha384},
    AlgorithmRow{NID_ecdsa_with_SHA512, Family::Ecdsa, Sha512},
    AlgorithmRow{NID_ED25519, Family::Ed25519, Identity},
    AlgorithmRow{NID_ED448, Family::Ed448, Identity},
};

bool fits(Family family, KeyKind kind) noexcept {
  switch (family) {
    case Family::Pkcs1:
      return kind == KeyKind::Rsa;
    case Family::Pss:
      return kind == KeyKind::Rsa || kind == KeyKind::RsaPss;
    case Family::Ecdsa:
      return kind == KeyKind::EcP256 || kind == KeyKind::EcP384 || kind == KeyKind::EcP521;
    case Family::Ed25519:
      return kind == KeyKind::Ed25519;
    case Family::Ed448:
      break;
  }
  return kind == KeyKind::Ed448;
}

std::unexpected<Error> refuse(std::string what, std::string remedy = {}) {
  return fail(Error::Code::Refused, std::move(what), std::move(remedy));
}

// An AlgorithmIdentifier taken apart; it borrows from `algorithm`.
struct Algorithm {
  int nid{};
  int parameter_type{};
  const ASN1_STRING* parameters{};  // of type SEQUENCE only

  explicit Algorithm(const X509_ALGOR* algorithm) {
    const ASN1_OBJECT* oid = nullptr;
    const void* value = nullptr;
    X509_ALGOR_get0(&oid, &parameter_type, &value, algorithm);
    nid = OBJ_obj2nid(oid);
    if (parameter_type == V_ASN1_SEQUENCE) parameters = static_cast<const ASN1_STRING*>(value);
  }
  // NULL or nothing: of hashes and of PKCS#1 both have to be accepted (RFC 4055 2.1, 5).
  [[nodiscard]] bool is_bare() const noexcept {
    return parameter_type == V_ASN1_UNDEF || parameter_type == V_ASN1_NULL;
  }
};

// What a hash's AlgorithmIdentifier in PSS parameters names; absent means SHA-1 there.
Expected<SignatureHash> read_hash(const X509_ALGOR* identifier) {
  const Algorithm algorithm(identifier);
  if (!algorithm.is_bare()) return refuse("a hash of the RSASSA-PSS parameters has parameters");
  switch (algorithm.nid) {
    case NID_sha256:
      return Sha256;
    case NID_sha384:
      return Sha384;
    case NID_sha512:
      return Sha512;
    case NID_sha1:
      return Sha1;
    default:
      return refuse("the RSASSA-PSS parameters name a hash that is not known in IKE");
  }
}

Expected<SignatureHash> read_mask_hash(const X509_ALGOR* identifier) {
  const Algorithm algorithm(identifier);
  if (algorithm.nid != NID_mgf1 || algorithm.parameters == nullptr)
    return refuse("the mask of the RSASSA-PSS parameters is not MGF1 with a hash");
  const AlgorithmObject hash(
      whole_of(d2i_X509_ALGOR, X509_ALGOR_free, octets_of(algorithm.parameters)));
  if (hash == nullptr) return refuse("the mask of the RSASSA-PSS parameters has no hash");
  return read_hash(hash.get());
}

// A number of the PSS parameters, or what stands for it where it is absent.
std::int64_t read_number(const ASN1_INTEGER* number, std::int64_t otherwise) noexcept {
  std::int64_t value = otherwise;
  if (number != nullptr && ASN1_INTEGER_get_int64(&value, number) != 1) return -1;
  return value;
}

// RFC 4055 3.1. RFC 8247 3.2: what is left out for hash or mask means SHA-1, which is refused.
Expected<SignaturePrimitive> read_pss(const Algorithm& algorithm) {
  constexpr std::int64_t kDefaultSalt = 20;
  constexpr std::int64_t kMostSalt = 2048;  // octets of the longest RSA key that OpenSSL takes
  if (algorithm.parameters == nullptr) return refuse("RSASSA-PSS comes without its parameters");
  const PssObject pss(
      whole_of(d2i_RSA_PSS_PARAMS, RSA_PSS_PARAMS_free, octets_of(algorithm.parameters)));
  if (pss == nullptr) return refuse("the RSASSA-PSS parameters are malformed");
  if (pss->hashAlgorithm == nullptr || pss->maskGenAlgorithm == nullptr)
    return refuse("RSASSA-PSS with empty or default parameters means SHA-1 (RFC 8247 3.2)",
                  "the peer has to name a SHA-2 hash for message and mask");
  const Expected<SignatureHash> hash = read_hash(pss->hashAlgorithm);
  if (!hash) return std::unexpected(hash.error());
  const Expected<SignatureHash> mask_hash = read_mask_hash(pss->maskGenAlgorithm);
  if (!mask_hash) return std::unexpected(mask_hash.error());
  if (*hash == Sha1 || *mask_hash == Sha1)
    return refuse("RSASSA-PSS with SHA-1 is not accepted (RFC 8247 3.2)",
                  "the peer has to name a SHA-2 hash for message and mask");
  const std::int64_t salt = read_number(pss->saltLength, kDefaultSalt);
  if (salt < 0 || salt > kMostSalt) return refuse("the RSASSA-PSS salt has an impossible length");
  if (read_number(pss->trailerField, 1) != 1) return refuse("the RSASSA-PSS trailer is not 1");
  return SignaturePrimitive{.hash = *hash,
                            .pss = PssParameters{*mask_hash, static_cast<int>(salt)}};
}

Expected<SignaturePrimitive> read_algorithm(ByteView der, KeyKind kind) {
  const AlgorithmObject identifier(whole_of(d2i_X509_ALGOR, X509_ALGOR_free, der));
  if (identifier == nullptr) return refuse("the AlgorithmIdentifier in front is malformed");
  const Algorithm algorithm(identifier.get());
  const auto* row = std::ranges::find(kAlgorithms, algorithm.nid, &AlgorithmRow::nid);
  if (row == kAlgorithms.end()) return refuse("the signature algorithm is none that IKE has here");
  const char* name = OBJ_nid2ln(row->nid);
  if (!fits(row->family, kind))
    return refuse(fmt::format("{} does not go with a key of kind {}", name, name_of(kind)));
  if (row->family == Family::Pss) return read_pss(algorithm);
  if (row->hash == Sha1)
    return refuse(fmt::format("{} is not accepted: SHA-1 is too weak (RFC 8247 3.2)", name),
                  "the peer has to sign with a SHA-2 hash, of those that we list");
  const bool well_formed =
      row->family == Family::Pkcs1 ? algorithm.is_bare() : algorithm.parameter_type == V_ASN1_UNDEF;
  if (!well_formed) return refuse(fmt::format("{} has parameters that it must not have", name));
  return SignaturePrimitive{.hash = row->hash};
}

// RFC 7427 A.4.3 without the trailer, which DER leaves out as the default: the three SHA-2 hashes
// differ in the last octet of their OID and in the length of the salt.
Octets encode_pss(SignatureHash hash) {
  constexpr std::size_t kHashAt = 29;
  constexpr std::size_t kMaskHashAt = 59;
  constexpr std::size_t kSaltAt = 66;
  Octets der{0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
             0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
             0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
             0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
             0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};
  const auto last_octet = static_cast<std::uint8_t>(hash == Sha256 ? 1 : hash == Sha384 ? 2 : 3);
  der[kHashAt] = last_octet;
  der[kMaskHashAt] = last_octet;
  der[kSaltAt] = static_cast<std::uint8_t>(digest_bytes(hash));
  return der;
}

Octets encode_algorithm(Family family, SignatureHash hash) {
  if (family == Family::Pss) return encode_pss(hash);
  const auto* row = std::ranges::find_if(kAlgorithms, [&](const AlgorithmRow& candidate) {
    return candidate.family == family && candidate.hash == hash;
  });
  const AlgorithmObject identifier(X509_ALGOR_new());
  const int parameters = family == Family::Pkcs1 ? V_ASN1_NULL : V_ASN1_UNDEF;
  if (row == kAlgorithms.end() || identifier == nullptr ||
      X509_ALGOR_set0(identifier.get(), OBJ_nid2obj(row->nid), parameters, nullptr) != 1)
    return {};
  return der_of(i2d_X509_ALGOR, identifier.get());
}

// In falling preference. ECDSA: what matches the curve, then the strongest; RSA: RFC 8247 3.2.
std::array<SignatureHash, 3> preferred_hashes(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::EcP384:
      return {Sha384, Sha512, Sha256};
    case KeyKind::EcP521:
      return {Sha512, Sha384, Sha256};
    case KeyKind::Ed25519:
    case KeyKind::Ed448:
      return {Identity, Identity, Identity};
    default:
      return {Sha256, Sha512, Sha384};
  }
}

Family family_for(KeyKind kind, const SignaturePreferences& by) noexcept {
  switch (kind) {
    case KeyKind::Rsa:
      return by.pkcs1 ? Family::Pkcs1 : Family::Pss;
    case KeyKind::RsaPss:
      return Family::Pss;
    case KeyKind::Ed25519:
      return Family::Ed25519;
    case KeyKind::Ed448:
      return Family::Ed448;
    default:
      return Family::Ecdsa;
  }
}

Expected<Octets> sign_with(EVP_PKEY* key, Family family, SignatureHash hash, ByteView octets) {
  SignaturePrimitive primitive{.hash = hash};
  if (family == Family::Pss)
    primitive.pss = PssParameters{hash, static_cast<int>(digest_bytes(hash))};
  const Expected<Octets> signature = make_signature(key, primitive, octets);
  if (!signature) return signature;
  const Octets algorithm = encode_algorithm(family, hash);
  if (algorithm.empty() || algorithm.size() > 0xff)
    return fail(Error::Code::Unsupported, "OpenSSL encodes no AlgorithmIdentifier");
  Octets auth(1 + algorithm.size() + signature->size());
  auth.front() = static_cast<std::uint8_t>(algorithm.size());
  std::ranges::copy(*signature, std::ranges::copy(algorithm, auth.begin() + 1).out);
  return auth;
}

}  // namespace

Expected<Octets> sign_rfc7427(EVP_PKEY* key, KeyKind kind, ByteView octets,
                              const SignaturePreferences& by) {
  if (kind == KeyKind::RsaPss && by.pkcs1)
    return refuse("the private key is for RSASSA-PSS only, and PKCS#1 v1.5 is asked for",
                  "an RSA key without that restriction, or RSASSA-PSS");
  Expected<Octets> auth = refuse(
      fmt::format("the peer lists no hash that a key of kind {} can sign with", name_of(kind)),
      kind == KeyKind::Ed25519 || kind == KeyKind::Ed448
          ? "the peer has to list Identity (RFC 8420 2), or another key"
          : "the peer has to list one of SHA-256, SHA-384 and SHA-512");
  // A key may refuse a hash: RSASSA-PSS keys name theirs, and short ones have no room for all.
  for (const SignatureHash hash : preferred_hashes(kind)) {
    if (std::ranges::find(by.hashes, hash) == by.hashes.end()) continue;
    auth = sign_with(key, family_for(kind, by), hash, octets);
    if (auth) break;
  }
  return auth;
}

Expected<void> verify_rfc7427(const PublicKey& key, ByteView octets, ByteView auth) {
  ByteReader reader(auth);
  const auto length = reader.read<std::uint8_t>();
  const auto algorithm = length ? reader.take(*length) : std::nullopt;
  if (!algorithm) return refuse("the AUTH payload ends within its AlgorithmIdentifier");
  const Expected<SignaturePrimitive> primitive = read_algorithm(*algorithm, key.kind());
  if (!primitive) return std::unexpected(primitive.error());
  return check_signature(key.handle(), *primitive, octets, auth.last(reader.remaining()));
}

}  // namespace sallyport
