#include "crypto/signature.h"

#include <openssl/err.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "crypto/openssl_objects.h"
#include "tests/crypto/octets.h"
#include "tests/support/test_pki.h"

namespace sallyport::signature_test {
namespace {

using Octets = std::vector<std::uint8_t>;
using enum SignatureHash;
using enum SignatureScheme;
using Catch::Contains;

const std::vector<SignatureHash> kAllHashes{Sha1, Sha256, Sha384, Sha512, Identity};

Octets octets_of(std::string_view text) { return {text.begin(), text.end()}; }
const Octets kSigned = octets_of("first message, nonce and identity");

struct Vector {
  std::string name;
  PublicKey key;
  Octets signed_octets;
  Octets auth;
};

std::vector<Vector> read_vectors(const std::string& file) {
  std::vector<Vector> vectors;
  for (const test::VectorCase& one : test::read_vectors("ike/" + file))
    vectors.push_back(
        {one.name, PublicKey::from_spki(one.at("key")).value(), one.at("octets"), one.at("auth")});
  return vectors;
}

std::string outcome(const PublicKey& key, SignatureScheme scheme, ByteView auth) {
  const Expected<void> good = key.verify(scheme, kSigned, auth);
  return good ? "" : to_string(good.error());
}

PrivateKey make_key(TestKey kind) { return PrivateKey::from_pem(make_key_pem(kind)).value(); }

Octets sign(const PrivateKey& key, SignatureScheme scheme, SignaturePreferences by = {kAllHashes}) {
  return key.sign(scheme, kSigned, by).value();
}

// The AlgorithmIdentifier in an RFC 7427 AUTH payload.
Octets algorithm_of(ByteView auth) {
  const ByteView algorithm = auth.subspan(1, auth.front());
  return {algorithm.begin(), algorithm.end()};
}

Octets labelled(const Octets& algorithm, ByteView signature) {
  Octets auth(1 + algorithm.size() + signature.size());
  auth.front() = static_cast<std::uint8_t>(algorithm.size());
  std::ranges::copy(signature, std::ranges::copy(algorithm, auth.begin() + 1).out);
  return auth;
}

// With another AlgorithmIdentifier in front of the same signature.
Octets relabelled(ByteView auth, const Octets& algorithm) {
  return labelled(algorithm, auth.subspan(1U + auth.front()));
}

// RFC 7427 A.
const Octets kSha256Rsa{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                        0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
const Octets kSha1Rsa{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                      0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00};
const Octets kEcdsaSha256{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
const Octets kEcdsaSha384{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
const Octets kEcdsaSha512{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04};
const Octets kEcdsaSha1{0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01};
// RFC 8410 3.
const Octets kEd25519{0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
const Octets kEd448{0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71};

// RFC 7427 A.4.3 without its trailer field, which DER leaves out.
Octets pss(std::string_view hash_oid_end, std::string_view salt) {
  const std::string oid = "06096086480165030402" + std::string(hash_oid_end);
  return test::octets("304106092a864886f70d01010a3034a00f300d" + oid +
                      "0500a11c301a06092a864886f70d010108300d" + oid + "0500a2030201" +
                      std::string(salt));
}

struct KindRow {
  TestKey made;
  KeyKind kind;
  std::uint8_t legacy_method;
};
constexpr KindRow kKinds[] = {
    {TestKey::Rsa2048, KeyKind::Rsa, 1},    {TestKey::RsaPss2048, KeyKind::RsaPss, 0},
    {TestKey::EcP256, KeyKind::EcP256, 9},  {TestKey::EcP384, KeyKind::EcP384, 10},
    {TestKey::EcP521, KeyKind::EcP521, 11}, {TestKey::Ed25519, KeyKind::Ed25519, 0},
    {TestKey::Ed448, KeyKind::Ed448, 0},
};

}  // namespace

TEST_CASE("AUTH-01, AUTH-02, AUTH-03: every kind of key signs what its public half verifies") {
  for (const KindRow& row : kKinds) {
    const PrivateKey key = make_key(row.made);
    INFO(static_cast<int>(row.kind));
    CHECK(key.kind() == row.kind);
    CHECK(key.public_key().kind() == row.kind);
    CHECK(auth_method(Rfc7427, row.kind) == 14);
    const auto legacy_method =
        std::max(auth_method(RsaPkcs1Legacy, row.kind), auth_method(EcdsaLegacy, row.kind));
    CHECK(legacy_method == row.legacy_method);
    for (const SignatureScheme scheme : {RsaPkcs1Legacy, EcdsaLegacy, Rfc7427}) {
      INFO(static_cast<int>(scheme));
      const auto auth = key.sign(scheme, kSigned, {kAllHashes});
      REQUIRE(auth.has_value() == (auth_method(scheme, row.kind) != 0));
      if (!auth) {
        CHECK_THAT(to_string(auth.error()), Contains("does not go with authentication"));
        CHECK_THAT(outcome(key.public_key(), scheme, kSigned), Contains("does not go with"));
        continue;
      }
      CHECK(outcome(key.public_key(), scheme, *auth).empty());
      CHECK_THAT(outcome(make_key(TestKey::EcP256).public_key(), scheme, *auth),
                 !Catch::Equals(""));
    }
  }
  for (const SignatureScheme scheme : {RsaPkcs1Legacy, EcdsaLegacy, Rfc7427})
    CHECK(auth_method(scheme, KeyKind::Other) == 0);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("AUTH-01, AUTH-02, AUTH-03: a signature with one octet changed is refused") {
  for (const KindRow& row : kKinds) {
    const PrivateKey key = make_key(row.made);
    const PublicKey half = key.public_key();
    for (const SignatureScheme scheme : {RsaPkcs1Legacy, EcdsaLegacy, Rfc7427}) {
      if (auth_method(scheme, row.kind) == 0) continue;
      const Octets auth = sign(key, scheme);
      // All of the AlgorithmIdentifier, and here and there of the signature.
      for (std::size_t i = 0; i < auth.size(); i += scheme == Rfc7427 && i < 80 ? 1 : 13) {
        Octets changed = auth;
        changed[i] ^= 0x01;
        INFO(static_cast<int>(row.kind) << " " << static_cast<int>(scheme) << " " << i);
        CHECK_FALSE(half.verify(scheme, kSigned, changed));
      }
      const ByteView whole = auth;
      CHECK_FALSE(half.verify(scheme, kSigned, whole.first(auth.size() - 1)));
      CHECK_FALSE(half.verify(scheme, kSigned, {}));
      Octets longer = auth;
      longer.push_back(0);
      CHECK_FALSE(half.verify(scheme, kSigned, longer));
      Octets other = kSigned;
      other.back() ^= 0x80;
      CHECK_FALSE(half.verify(scheme, other, auth));
      CHECK_FALSE(half.verify(scheme, ByteView(kSigned).first(kSigned.size() - 1), auth));
    }
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("AUTH-02: the signatures of RFC 4754 8 verify, and nothing near them") {
  const std::vector<Vector> vectors = read_vectors("rfc4754.txt");
  REQUIRE(vectors.size() == 3);
  const std::size_t lengths[] = {64, 96, 132};
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const auto& [name, key, octets, auth] = vectors[i];
    INFO(name);
    CHECK(auth.size() == lengths[i]);
    CHECK(auth_method(EcdsaLegacy, key.kind()) == 9 + i);
    CHECK(key.verify(EcdsaLegacy, octets, auth));
    CHECK_FALSE(key.verify(EcdsaLegacy, octets_of("abd"), auth));
    for (const std::size_t at : {std::size_t{5}, auth.size() / 2 + 5}) {  // in r, in s
      Octets changed = auth;
      changed[at] ^= 0x10;
      CHECK_FALSE(key.verify(EcdsaLegacy, octets, changed));
    }
    CHECK_FALSE(key.verify(EcdsaLegacy, octets, Octets(auth.size())));
    CHECK_FALSE(key.verify(Rfc7427, octets, auth));
  }
}

TEST_CASE("AUTH-02: r and s have their curve's length each, whatever their value") {
  const PrivateKey key = make_key(TestKey::EcP256);
  bool zero_in_front = false;
  for (int i = 0; i < 2000 && !zero_in_front; ++i) {
    const Octets auth = sign(key, EcdsaLegacy);
    REQUIRE(auth.size() == 64);
    zero_in_front = auth[0] == 0 || auth[32] == 0;
    if (zero_in_front) CHECK(key.public_key().verify(EcdsaLegacy, kSigned, auth));
  }
  CHECK(zero_in_front);
  // The DER form of method 14 is not for methods 9 to 11.
  const Octets der = sign(key, Rfc7427);
  CHECK_THAT(outcome(key.public_key(), EcdsaLegacy, ByteView(der).subspan(13)),
             Contains("octets instead of 64 (RFC 4754 7)"));
}

TEST_CASE("AUTH-01: method 1 takes any of SHA-1, SHA-256, SHA-384 and SHA-512, and signs SHA-1") {
  std::size_t verified = 0;
  for (const auto& [name, key, octets, auth] : read_vectors("method1.txt")) {
    INFO(name);
    const bool is_short = key.bits() == 1024;
    CHECK(key.verify(RsaPkcs1Legacy, octets, auth).has_value() == !is_short);
    CHECK(key.verify(RsaPkcs1Legacy, octets, auth, 1024));
    CHECK_FALSE(key.verify(RsaPkcs1Legacy, kSigned, auth, 1024));
    ++verified;
  }
  CHECK(verified == 5);
  const PrivateKey key = make_key(TestKey::Rsa2048);
  const PublicKey half = key.public_key();
  const Octets auth = sign(key, RsaPkcs1Legacy);
  CHECK(auth.size() == 256);
  const DigestContext sha1(EVP_MD_CTX_new());
  REQUIRE(EVP_DigestVerifyInit(sha1.get(), nullptr, EVP_sha1(), nullptr, half.handle()) == 1);
  CHECK(EVP_DigestVerify(sha1.get(), auth.data(), auth.size(), kSigned.data(), kSigned.size()) ==
        1);
  CHECK_THAT(outcome(half, Rfc7427, labelled(kSha1Rsa, auth)), Contains("SHA-1 is too weak"));
}

TEST_CASE("AUTH-01, IALG-07: RSA keys below 2048 bits are refused unless the limit is lowered") {
  const PrivateKey key = make_key(TestKey::Rsa1024);
  for (const SignatureScheme scheme : {RsaPkcs1Legacy, Rfc7427}) {
    const Octets auth = sign(key, scheme);
    CHECK_THAT(outcome(key.public_key(), scheme, auth),
               Contains("the RSA key of 1024 bits is shorter than 2048"));
    CHECK(key.public_key().verify(scheme, kSigned, auth, 1024));
    CHECK_FALSE(key.public_key().verify(scheme, kSigned, auth, 1025));
  }
}

TEST_CASE("AUTH-03, IALG-07: method 14 signatures that others made verify") {
  std::size_t verified = 0;
  for (const std::string file : {"method14.txt", "wycheproof.txt"}) {
    for (const auto& [name, key, octets, auth] : read_vectors(file)) {
      INFO(name);
      const Expected<void> good = key.verify(Rfc7427, octets, auth);
      CHECK((good ? "" : to_string(good.error())) == "");
      CHECK_FALSE(key.verify(Rfc7427, kSigned, auth));
      ++verified;
    }
  }
  CHECK(verified == 23);
}

TEST_CASE("AUTH-04, IALG-07: method 14 refuses SHA-1, and PSS with empty or default parameters") {
  std::map<std::string, std::string> reasons;
  for (const auto& [name, key, octets, auth] : read_vectors("method14-sha1.txt")) {
    const Expected<void> good = key.verify(Rfc7427, octets, auth);
    reasons[name] = good ? "" : to_string(good.error());
  }
  REQUIRE(reasons.size() == 6);
  CHECK_THAT(reasons["pkcs1 sha1"], Contains("SHA-1 is too weak (RFC 8247 3.2)"));
  CHECK_THAT(reasons["ecdsa p256 sha1"], Contains("SHA-1 is too weak (RFC 8247 3.2)"));
  CHECK_THAT(reasons["rsassa-pss sha1"], Contains("empty or default parameters"));
  CHECK_THAT(reasons["rsassa-pss, empty parameters of RFC 7427 A.4.1"],
             Contains("empty or default parameters"));
  CHECK_THAT(reasons["rsassa-pss, default parameters of RFC 7427 A.4.2"],
             Contains("RSASSA-PSS with SHA-1"));
  CHECK_THAT(reasons["rsassa-pss sha256, mask sha1"], Contains("empty or default parameters"));
}

TEST_CASE("AUTH-03, IALG-07: the parameters of RSASSA-PSS bind the signature") {
  const PrivateKey key = make_key(TestKey::Rsa2048);
  const Octets auth = sign(key, Rfc7427, {{Sha256}});
  const auto with = [&](const Octets& algorithm) {
    return outcome(key.public_key(), Rfc7427, relabelled(auth, algorithm));
  };
  CHECK(with(pss("01", "20")).empty());
  CHECK_THAT(with(pss("01", "1f")), Contains("does not match"));
  CHECK_THAT(with(pss("01", "21")), Contains("does not match"));
  CHECK_THAT(with(pss("01", "00")), Contains("does not match"));
  CHECK_THAT(with(pss("02", "20")), Contains("does not match"));
  // -1 and -2, by which OpenSSL means lengths that it finds itself.
  CHECK_THAT(with(pss("01", "ff")), Contains("impossible length"));
  CHECK_THAT(with(pss("01", "fe")), Contains("impossible length"));
  CHECK_THAT(with(pss("08", "20")), Contains("a hash that is not known in IKE"));  // SHA3-256
  CHECK_THAT(with(test::octets("300b06092a864886f70d01010a")), Contains("without its parameters"));
  CHECK_THAT(with(test::octets("300d06092a864886f70d01010a0500")),
             Contains("without its parameters"));
  CHECK_THAT(with(test::octets("301006092a864886f70d01010a3003020101")), Contains("malformed"));
  // Trailer 2.
  CHECK_THAT(
      with(test::octets("304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06"
                        "092a864886f70d010108300d06096086480165030402010500a203020120a303020102")),
      Contains("trailer is not 1"));
  // As a PKCS#1 v1.5 signature, and the other way round.
  CHECK_THAT(with(kSha256Rsa), Contains("does not match"));
  const Octets pkcs1 = sign(key, Rfc7427, {.hashes = {Sha256}, .pkcs1 = true});
  CHECK_THAT(outcome(key.public_key(), Rfc7427, relabelled(pkcs1, pss("01", "20"))),
             Contains("does not match"));
}

TEST_CASE("AUTH-03: AlgorithmIdentifiers that do not fit the key or their own rules are refused") {
  const PrivateKey ec = make_key(TestKey::EcP256);
  const Octets auth = sign(ec, Rfc7427, {{Sha256}});
  const auto with = [&](const Octets& algorithm) {
    return outcome(ec.public_key(), Rfc7427, relabelled(auth, algorithm));
  };
  CHECK(with(kEcdsaSha256).empty());
  CHECK_THAT(with(kEcdsaSha384), Contains("does not match"));
  CHECK_THAT(with(kEcdsaSha1), Contains("SHA-1 is too weak"));
  CHECK_THAT(with(test::octets("300c06082a8648ce3d0403020500")),
             Contains("parameters that it must not"));
  CHECK_THAT(with(kSha256Rsa), Contains("does not go with a key of kind ECDSA P-256"));
  CHECK_THAT(with(kEd25519), Contains("does not go with a key of kind ECDSA P-256"));
  CHECK_THAT(with(test::octets("300906072a8648ce380403")),
             Contains("none that IKE has here"));  // DSA
  CHECK_THAT(with({}), Contains("malformed"));
  CHECK_THAT(with(test::octets("300b06082a8648ce3d04030200")), Contains("malformed"));
  CHECK_THAT(outcome(ec.public_key(), Rfc7427, test::octets("0c300a0608")),
             Contains("ends within"));

  const PrivateKey rsa = make_key(TestKey::Rsa2048);
  const Octets pkcs1 = sign(rsa, Rfc7427, {.hashes = {Sha256}, .pkcs1 = true});
  // RFC 4055 5: to be accepted without NULL as well.
  CHECK(outcome(rsa.public_key(), Rfc7427,
                relabelled(pkcs1, test::octets("300b06092a864886f70d01010b")))
            .empty());
  const PublicKey pss_only = make_key(TestKey::RsaPss2048).public_key();
  CHECK_THAT(outcome(pss_only, Rfc7427, pkcs1), Contains("does not go with a key of kind RSASSA"));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("AUTH-03, AUTH-04, IALG-07: the signer takes the best hash that the peer lists") {
  struct Row {
    TestKey key;
    std::vector<SignatureHash> listed;
    Octets algorithm;
  };
  const Row rows[] = {
      {TestKey::EcP256, {Sha512, Sha384, Sha256}, kEcdsaSha256},
      {TestKey::EcP256, {Sha1, Sha384, Sha512}, kEcdsaSha512},
      {TestKey::EcP384, {Sha256, Sha384, Sha512}, kEcdsaSha384},
      {TestKey::EcP384, {Sha256, Sha512}, kEcdsaSha512},
      {TestKey::EcP521, {Sha256, Sha384}, kEcdsaSha384},
      {TestKey::EcP521, {Sha256}, kEcdsaSha256},
      {TestKey::Rsa2048, {Sha512, Sha384, Sha256, Sha1}, pss("01", "20")},
      {TestKey::Rsa2048, {Sha384, Sha512}, pss("03", "40")},
      {TestKey::Rsa2048, {Sha1, Sha384}, pss("02", "30")},
      {TestKey::RsaPss2048, {Sha256}, pss("01", "20")},
      {TestKey::Ed25519, {Sha256, Identity}, kEd25519},
      {TestKey::Ed448, {Identity}, kEd448},
      // 1024 bits have no room for SHA-512 and a salt of its length.
      {TestKey::Rsa1024, {Sha512, Sha384}, pss("02", "30")},
  };
  for (const Row& row : rows) {
    const PrivateKey key = make_key(row.key);
    const auto auth = key.sign(Rfc7427, kSigned, {row.listed});
    REQUIRE(auth);
    CHECK(algorithm_of(*auth) == row.algorithm);
    CHECK(key.public_key().verify(Rfc7427, kSigned, *auth, 1024));
  }
  const Octets pkcs1 =
      sign(make_key(TestKey::Rsa2048), Rfc7427, {.hashes = kAllHashes, .pkcs1 = true});
  CHECK(algorithm_of(pkcs1) == kSha256Rsa);
}

TEST_CASE("AUTH-04: without a hash that the peer lists there is no signature") {
  const auto refusal = [](TestKey kind, SignaturePreferences by) {
    const auto auth = make_key(kind).sign(Rfc7427, kSigned, by);
    return auth ? "" : to_string(auth.error());
  };
  for (const TestKey kind : {TestKey::Rsa2048, TestKey::RsaPss2048, TestKey::EcP256}) {
    CHECK_THAT(refusal(kind, {}), Contains("the peer lists no hash"));
    CHECK_THAT(refusal(kind, {{Sha1, Identity}}), Contains("the peer lists no hash"));
  }
  for (const TestKey kind : {TestKey::Ed25519, TestKey::Ed448})
    CHECK_THAT(refusal(kind, {{Sha256, Sha384, Sha512}}), Contains("has to list Identity"));
  CHECK_THAT(refusal(TestKey::RsaPss2048, {.hashes = {Sha256}, .pkcs1 = true}),
             Contains("for RSASSA-PSS only"));
  CHECK(ERR_peek_error() == 0);
}

}  // namespace sallyport::signature_test
