#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/signature.h"
#include "tests/crypto/octets.h"
#include "tests/support/test_pki.h"

namespace sallyport::signature_key_test {
namespace {

using Octets = std::vector<std::uint8_t>;
using enum SignatureScheme;
using Catch::Contains;

PrivateKey make_key(TestKey kind) { return PrivateKey::from_pem(make_key_pem(kind)).value(); }

// Made by the openssl program for this test: with and without a password, secp256k1 at the end.
constexpr std::string_view kTraditional =
    "-----BEGIN EC PARAMETERS-----\n"
    "BggqhkjOPQMBBw==\n"
    "-----END EC PARAMETERS-----\n"
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIGtS1s3pM7fyCF9Elo+LHPZvnpzFys+z9DiD7PaM0TwDoAoGCCqGSM49\n"
    "AwEHoUQDQgAElfl09h1QIwdwx05fV/5uJazLjZHt5QYFFWQRy3mi36A6crqyeDPI\n"
    "AnnZ5gsVw0WVeS0MSTVg4qk/4e+d3D2edA==\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr std::string_view kEncrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhCP9N1MlY0SQICA+gw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJQIb8rqQe00Fn0a135ZgDEEgZDk\n"
    "eCq9TIQqUOwNJeVeKtGSEmlDxjY8Cv6HvJNruJAy0NcCtujoEr7u+XAJA53sGhhc\n"
    "QoG4d4r7EelceFf1X9xLGeuD+yyd3mXML+mJe0cKe5k4zt7F8ybSc4r0CWiHCEqh\n"
    "GiBDjmS5yRnCSkpidg6TlBCTFG0VxTmKyKss68RUQV2zjItQE3bsPgM3ML9JWmU=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";
constexpr std::string_view kEncryptedTraditional =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,A4BF7E361650FDF2F48D54D0E78950F2\n"
    "\n"
    "yvXkcFMFoD9/TFtY2oSCH/VYVaW5A6gP66Ox9NRzYBjCvxMb7BprDTO4FK98e+H5\n"
    "V8trUZ8HLkBbnuNEk2qwCzVHw1srlGGG/ie2f5wo2wttv3w0//5dkyqz4O4LkS8r\n"
    "V8mKYjxl0RHAYFtbaswXwFPcAu8GG8ZVyK2wGcbegUo=\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr std::string_view kForeign =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHQCAQEEIEtyxT0lYTdimEdBTWzoyHAr/VQi+638ZBKuFxwHSPMjoAcGBSuBBAAK\n"
    "oUQDQgAE9qFmdRy4IZbpYLaPPLk+fpPcL0elcD6siA2pN75s5BPAFKTLnQ+WJpv1\n"
    "/6K/qDVOspqGCnBKkgN9CoWV3iXt2Q==\n"
    "-----END EC PRIVATE KEY-----\n";

constexpr TestKey kKinds[] = {TestKey::Rsa2048, TestKey::RsaPss2048, TestKey::EcP256,
                              TestKey::EcP384,  TestKey::EcP521,     TestKey::Ed25519,
                              TestKey::Ed448};

}  // namespace

TEST_CASE("CERT-06: a raw public key is the SubjectPublicKeyInfo, and nothing behind it") {
  for (const TestKey kind : kKinds) {
    const PublicKey key = make_key(kind).public_key();
    const Octets spki = key.spki();
    REQUIRE_FALSE(spki.empty());
    const auto read = PublicKey::from_spki(spki);
    REQUIRE(read);
    CHECK(*read == key);
    CHECK(read->spki() == spki);
    CHECK(read->kind() == key.kind());
    Octets longer = spki;
    longer.push_back(0);
    CHECK_FALSE(PublicKey::from_spki(longer));
    CHECK_FALSE(PublicKey::from_spki(ByteView(spki).first(spki.size() - 1)));
  }
  CHECK_FALSE(PublicKey::from_spki({}));
  const PublicKey one = make_key(TestKey::EcP256).public_key();
  CHECK_FALSE(one == make_key(TestKey::EcP256).public_key());
  CHECK_FALSE(one == make_key(TestKey::Ed25519).public_key());
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-01: a raw RSA key is read as the key that it is, and nothing behind it") {
  const PrivateKey key = make_key(TestKey::Rsa2048);
  // PKCS#1 is what the BIT STRING of a SubjectPublicKeyInfo of RSA holds (RFC 3279 2.3.1): here 24
  // octets are in front of it.
  const Octets spki = key.spki();
  CHECK(spki == key.public_key().spki());
  Octets pkcs1(spki.begin() + 24, spki.end());
  const auto read = PublicKey::from_pkcs1(pkcs1);
  REQUIRE(read);
  CHECK(*read == key.public_key());
  CHECK(read->kind() == KeyKind::Rsa);
  CHECK(read->bits() == 2048);
  const Octets text(32, 7);
  const auto auth = key.sign(RsaPkcs1Legacy, text, {});
  REQUIRE(auth);
  CHECK(read->verify(RsaPkcs1Legacy, text, *auth));
  pkcs1.push_back(0);
  CHECK_FALSE(PublicKey::from_pkcs1(pkcs1));
  CHECK_FALSE(PublicKey::from_pkcs1(spki));
  CHECK_FALSE(PublicKey::from_pkcs1({}));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-06, IALG-07: keys of other kinds are told apart, and verify nothing") {
  // A key on P-256 with its parameters written out (RFC 5480 2.1.1 forbids them), by "openssl ec".
  const PublicKey spelled_out =
      PublicKey::from_spki(
          test::octets(
              "3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100ffffffff00"
              "00"
              "0001000000000000000000000000ffffffffffffffffffffffff305b0420ffffffff0000000100000000"
              "0000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0"
              "cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2"
              "e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f"
              "9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7"
              "179e84f3b9cac2fc63255102010103420004b7294d39d047dbf95fc2b8378fd9929d4066dd83dee925d4"
              "08d52fa07c7b79e58bb78b3f63868a25e5032c92643f5ebdc87f78ed61870724b45c9e2ede9228b0"))
          .value();
  CHECK(spelled_out.kind() == KeyKind::Other);
  // The generator of secp256k1.
  const PublicKey other =
      PublicKey::from_spki(
          test::octets(
              "3056301006072a8648ce3d020106052b8104000a0342000479be667ef9dcbbac55a06295ce870b07029b"
              "fcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08f"
              "fb10d4b8"))
          .value();
  CHECK(other.kind() == KeyKind::Other);
  for (const SignatureScheme scheme : {RsaPkcs1Legacy, EcdsaLegacy, Rfc7427}) {
    const Expected<void> good = other.verify(scheme, Octets(32), Octets(64));
    REQUIRE_FALSE(good);
    CHECK_THAT(to_string(good.error()), Contains("a key of kind unknown"));
  }
}

TEST_CASE("CERT-06: keys are read from PEM; encrypted and foreign ones are refused by name") {
  const TestAuthority authority;
  const std::string plain = make_key_pem(TestKey::EcP256);
  const PrivateKey key = PrivateKey::from_pem(plain).value();
  CHECK(PublicKey::from_pem(authority.certificate_pem()).value() ==
        authority.certificate().public_key());
  const std::string public_pem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"  // RFC 8410 10.1
      "-----END PUBLIC KEY-----\n";
  CHECK(PublicKey::from_pem(public_pem).value().kind() == KeyKind::Ed25519);
  const std::string private_pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"  // RFC 8410 10.3
      "-----END PRIVATE KEY-----\n";
  CHECK(PrivateKey::from_pem(private_pem).value().public_key() ==
        PublicKey::from_pem(public_pem).value());

  CHECK(PrivateKey::from_pem(kTraditional).value().kind() == KeyKind::EcP256);

  const auto refusal = [](const auto& read) { return read ? "" : to_string(read.error()); };
  for (const std::string_view encrypted : {kEncrypted, kEncryptedTraditional})
    CHECK_THAT(refusal(PrivateKey::from_pem(encrypted)),
               Contains("is encrypted") && Contains("openssl pkey"));
  CHECK_THAT(refusal(PrivateKey::from_pem(kForeign)), Contains("does not sign with"));
  CHECK_THAT(refusal(PrivateKey::from_pem("")), Contains("no private key"));
  CHECK_THAT(refusal(PrivateKey::from_pem("nonsense")), Contains("no private key"));
  CHECK_THAT(refusal(PrivateKey::from_pem(public_pem)), Contains("no private key"));
  CHECK_THAT(refusal(PublicKey::from_pem(plain)), Contains("no public key"));
  CHECK_THAT(refusal(PublicKey::from_pem("")), Contains("no public key"));
  CHECK(ERR_peek_error() == 0);
}

}  // namespace sallyport::signature_key_test
