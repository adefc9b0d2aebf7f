// The AUTH payload, each method both ways (AUTH-01..07, IKE-77, IKE-92, PAD-07).
#include "ike/auth/proof.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/crypto/octets.h"
#include "tests/support/test_pki.h"

namespace sallyport::ike::test::proof_test {
namespace {

using sallyport::test::octets;
using sallyport::test::text_view;

const std::vector<SignatureHash> kHashes{SignatureHash::Sha256, SignatureHash::Sha384,
                                         SignatureHash::Sha512, SignatureHash::Identity};
const std::vector<SignatureHash> kNoHashes;
const Identity kCarol = Identity::parse("carol.example.org").value();

const TestAuthority& authority() {
  static const TestAuthority kOne;
  return kOne;
}

std::shared_ptr<const Credential> credential(TestKey kind,
                                             const std::string& name = "carol.example.org") {
  TestIdentity identity = authority().issue({.subject = "C=CH, CN=carol",
                                             .key = kind,
                                             .extensions = {{"subjectAltName", "DNS:" + name}}});
  return std::make_shared<const Credential>(
      Credential{"carol", std::move(identity.key), {identity.certificate}});
}

ProofInputs inputs(std::string_view covered = "what AUTH covers") {
  return {.prf = Prf::HmacSha256,
          .octets = octets(text_view(covered)),
          .p = SecretBytes(text_view("SK_p of who proves"))};
}

std::shared_ptr<const SecretBytes> secret(std::string_view text) {
  return std::make_shared<const SecretBytes>(text_view(text));
}

LocalAuthentication by_psk(std::string_view text) {
  return {.kind = AuthenticationKind::PreSharedKey, .secret = secret(text), .credential = {}};
}
LocalAuthentication by_key(std::shared_ptr<const Credential> credential) {
  return {.kind = AuthenticationKind::PublicKey, .secret = {}, .credential = std::move(credential)};
}
LocalAuthentication by_null() {
  return {.kind = AuthenticationKind::Null, .secret = {}, .credential = {}};
}

RemoteAuthentication expects_psk(std::string_view text) {
  return {.kind = AuthenticationKind::PreSharedKey,
          .secret = secret(text),
          .anchors = {},
          .raw_keys = {}};
}
RemoteAuthentication expects_certificate(const TestAuthority& by = authority()) {
  return {
      .kind = AuthenticationKind::PublicKey,
      .secret = {},
      .anchors = {std::make_shared<const TrustAnchors>(TrustAnchors{"ca", {by.certificate()}, {}})},
      .raw_keys = {}};
}
RemoteAuthentication expects_raw(const PublicKey& key) {
  return {.kind = AuthenticationKind::PublicKey, .secret = {}, .anchors = {}, .raw_keys = {key}};
}
RemoteAuthentication expects_null() {
  return {.kind = AuthenticationKind::Null, .secret = {}, .anchors = {}, .raw_keys = {}};
}

// What a side sends that proves itself: AUTH and CERT, by way of the wire.
Message presented_by(const LocalAuthentication& by, const Proof& proof,
                     const PeerAbilities& asked = {}) {
  PayloadChain chain;
  append_certificates(chain, by, asked);
  chain.authentication(proof.method, proof.data);
  return parse_message(chain.first(), chain.bytes()).value();
}

Expected<Belief> check(const std::vector<RemoteAuthentication>& methods, const ProofInputs& inputs,
                       const Message& message, const Identity& asserted = kCarol) {
  return check_proof(methods, inputs,
                     {.asserted = asserted,
                      .authentication = *message.authentication,
                      .presented = presented_in(message),
                      .now = test_now()});
}

bool fails(const Expected<Belief>& belief, AuthenticationFailure why) {
  return !belief && belief.error().what.starts_with(to_string(why));
}

Proof proof_of(const LocalAuthentication& by, const std::vector<SignatureHash>& hashes = kHashes) {
  auto proof = make_proof(by, inputs(), hashes);
  if (!proof) FAIL(to_string(proof.error()));
  return std::move(*proof);
}

TEST_CASE("IKE-77, AUTH-06: a shared key proves, another does not") {
  const LocalAuthentication by = by_psk("their secret");
  const Proof proof = proof_of(by);
  CHECK(proof.method == AuthMethod::SharedKey);
  CHECK(
      proof.data ==
      octets(shared_key_auth(Prf::HmacSha256, text_view("their secret"), inputs().octets).view()));
  const Message message = presented_by(by, proof);
  CHECK(message.certificates.empty());
  const auto belief = check({expects_psk("their secret")}, inputs(), message);
  REQUIRE(belief);
  CHECK_FALSE(belief->valid_until);
  CHECK(fails(check({expects_psk("their secret.")}, inputs(), message),
              AuthenticationFailure::BadSecret));
  CHECK(fails(check({expects_psk("their secret")}, inputs("something else"), message),
              AuthenticationFailure::BadSecret));
  for (std::size_t at = 0; at < proof.data.size(); ++at) {
    Proof flipped = proof;
    flipped.data[at] ^= 1;
    CHECK_FALSE(check({expects_psk("their secret")}, inputs(), presented_by(by, flipped)));
  }
  Proof shorter = proof;
  shorter.data.pop_back();
  CHECK_FALSE(check({expects_psk("their secret")}, inputs(), presented_by(by, shorter)));
}

TEST_CASE("AUTH-07: secrets of any octets and length count as they are") {
  const std::string binary("a\0b\xff", 4);
  const std::string_view with_nul("text\0", 5);
  const std::string_view without("text");
  const std::string long_one(200, 'x');
  for (const std::string_view one :
       {std::string_view(binary), with_nul, std::string_view(long_one)}) {
    const LocalAuthentication by = by_psk(one);
    CHECK(check({expects_psk(one)}, inputs(), presented_by(by, proof_of(by))));
  }
  const LocalAuthentication by = by_psk(without);
  const LocalAuthentication nul = by_psk("text\n");
  CHECK_FALSE(check({expects_psk(without)}, inputs(), presented_by(nul, proof_of(nul))));
  CHECK_FALSE(check({expects_psk(long_one)}, inputs(), presented_by(by, proof_of(by))));
}

struct KeyRow {
  TestKey key;
  AuthMethod legacy;
  std::size_t legacy_bytes;
};

TEST_CASE("AUTH-01, AUTH-02, AUTH-03, PAD-07: every kind of key, by method 14 and by its old one") {
  const std::vector<KeyRow> table{{TestKey::Rsa2048, AuthMethod::RsaSignature, 256},
                                  {TestKey::EcP256, AuthMethod::Ecdsa256, 64},
                                  {TestKey::EcP384, AuthMethod::Ecdsa384, 96},
                                  {TestKey::EcP521, AuthMethod::Ecdsa521, 132}};
  for (const KeyRow& row : table) {
    LocalAuthentication by = by_key(credential(row.key));
    const Proof modern = proof_of(by);
    CHECK(modern.method == AuthMethod::DigitalSignature);
    // A peer that lists no hashes does not know RFC 7427.
    const Proof old = proof_of(by, kNoHashes);
    CHECK(old.method == row.legacy);
    CHECK(old.data.size() == row.legacy_bytes);
    by.legacy = true;
    CHECK(proof_of(by).method == row.legacy);
    for (const Proof& proof : {modern, old}) {
      const Message message = presented_by(by, proof);
      const auto belief = check({expects_certificate()}, inputs(), message);
      REQUIRE(belief);
      CHECK(belief->valid_until == by.credential->chain.front().not_after());
      CHECK(fails(check({expects_certificate()}, inputs("other"), message),
                  AuthenticationFailure::BadSignature));
    }
  }
}

TEST_CASE("AUTH-03: Ed25519, Ed448 and RSA-PSS keys have method 14 alone") {
  for (const TestKey kind : {TestKey::Ed25519, TestKey::Ed448, TestKey::RsaPss2048}) {
    const LocalAuthentication by = by_key(credential(kind));
    const Proof proof = proof_of(by);
    CHECK(proof.method == AuthMethod::DigitalSignature);
    CHECK(check({expects_certificate()}, inputs(), presented_by(by, proof)));
    const auto none = make_proof(by, inputs(), kNoHashes);
    REQUIRE_FALSE(none);
    CHECK_FALSE(none.error().remedy.empty());
  }
}

TEST_CASE("AUTH-03: RSA as PKCS#1 v1.5 where the operator says so") {
  LocalAuthentication by = by_key(credential(TestKey::Rsa2048));
  by.pkcs1 = true;
  const Proof proof = proof_of(by);
  CHECK(proof.method == AuthMethod::DigitalSignature);
  CHECK(proof.data != proof_of(by_key(by.credential)).data);
  CHECK(check({expects_certificate()}, inputs(), presented_by(by, proof)));
}

TEST_CASE("AUTH-04: only hashes that the peer has listed, and never SHA-1") {
  const LocalAuthentication rsa = by_key(credential(TestKey::Rsa2048));
  CHECK_FALSE(make_proof(rsa, inputs(), {SignatureHash::Sha1}));
  CHECK_FALSE(make_proof(rsa, inputs(), {SignatureHash::Identity}));
  CHECK_FALSE(make_proof(by_key(credential(TestKey::Ed25519)), inputs(), {SignatureHash::Sha256}));
  for (const SignatureHash hash :
       {SignatureHash::Sha256, SignatureHash::Sha384, SignatureHash::Sha512}) {
    const Proof proof = proof_of(rsa, {SignatureHash::Sha1, hash});
    CHECK(check({expects_certificate()}, inputs(), presented_by(rsa, proof)));
  }
}

TEST_CASE("AUTH-06: a signature with a flipped octet, or by another key, is not believed") {
  const LocalAuthentication by = by_key(credential(TestKey::EcP256));
  const LocalAuthentication mallory = by_key(credential(TestKey::EcP256));
  for (const auto& hashes : {kHashes, kNoHashes}) {
    const Proof good = proof_of(by, hashes);
    unsigned believed = 0;
    for (std::size_t at = 0; at < good.data.size(); ++at) {
      Proof bad = good;
      bad.data[at] ^= 0x10;
      believed += check({expects_certificate()}, inputs(), presented_by(by, bad)).has_value();
    }
    CHECK(believed == 0);
    // Mallory's signature with Carol's certificate.
    CHECK(
        fails(check({expects_certificate()}, inputs(), presented_by(by, proof_of(mallory, hashes))),
              AuthenticationFailure::BadSignature));
  }
}

TEST_CASE("AUTH-06: a method that does not go with the key is not believed") {
  const LocalAuthentication by = by_key(credential(TestKey::EcP256));
  const Proof old = proof_of(by, kNoHashes);
  for (const AuthMethod method : {AuthMethod::RsaSignature, AuthMethod::DssSignature,
                                  AuthMethod::DigitalSignature, AuthMethod{200}}) {
    const Message message = presented_by(by, {method, old.data});
    CHECK_FALSE(check({expects_certificate()}, inputs(), message));
  }
}

TEST_CASE("AUTH-02: methods 9, 10 and 11 name the curve, and another's number is refused") {
  const LocalAuthentication by = by_key(credential(TestKey::EcP256));
  const Proof old = proof_of(by, kNoHashes);
  for (const AuthMethod method : {AuthMethod::Ecdsa384, AuthMethod::Ecdsa521})
    CHECK_FALSE(check({expects_certificate()}, inputs(), presented_by(by, {method, old.data})));
}

TEST_CASE("PAD-07, IKE-92: only the methods of the entry count, whatever the credential is worth") {
  const LocalAuthentication psk = by_psk("secret");
  const LocalAuthentication key = by_key(credential(TestKey::EcP256));
  const Message by_secret = presented_by(psk, proof_of(psk));
  const Message by_signature = presented_by(key, proof_of(key));
  const Message by_nothing = presented_by(by_null(), proof_of(by_null()));
  CHECK(fails(check({expects_certificate()}, inputs(), by_secret),
              AuthenticationFailure::WrongMethod));
  CHECK(fails(check({expects_psk("secret")}, inputs(), by_signature),
              AuthenticationFailure::WrongMethod));
  CHECK(fails(check({expects_psk("secret"), expects_certificate()}, inputs(), by_nothing),
              AuthenticationFailure::WrongMethod));
  CHECK(fails(check({expects_null()}, inputs(), by_secret), AuthenticationFailure::WrongMethod));
  CHECK(fails(check({}, inputs(), by_secret), AuthenticationFailure::WrongMethod));
  // Of several, the one that the peer has chosen; of several such, any.
  const std::vector<RemoteAuthentication> several{
      expects_psk("secret"), expects_certificate(TestAuthority({.subject = "CN=Another"})),
      expects_certificate()};
  CHECK(check(several, inputs(), by_secret));
  CHECK(check(several, inputs(), by_signature));
  // EAP is not spoken.
  RemoteAuthentication eap = expects_null();
  eap.kind = AuthenticationKind::Eap;
  CHECK_FALSE(check({eap}, inputs(), by_secret));
  LocalAuthentication local_eap = by_null();
  local_eap.kind = AuthenticationKind::Eap;
  CHECK_FALSE(make_proof(local_eap, inputs(), kHashes));
}

TEST_CASE("PAD-08, AUTH-06: a good certificate of somebody else, or by another authority, fails") {
  const LocalAuthentication by = by_key(credential(TestKey::EcP256));
  const Message message = presented_by(by, proof_of(by));
  CHECK(fails(check({expects_certificate()}, inputs(), message,
                    Identity::parse("dave.example.org").value()),
              AuthenticationFailure::IdentityNotCertified));
  CHECK(fails(
      check({expects_certificate(TestAuthority({.subject = "CN=Another"}))}, inputs(), message),
      AuthenticationFailure::BadCredential));
  Message bare = message;
  bare.certificates.clear();
  CHECK(fails(check({expects_certificate()}, inputs(), bare), AuthenticationFailure::NoCredential));
}

TEST_CASE(
    "IALG-07, AUTH-01: RSA keys that are too short are refused, unless the entry allows them") {
  const LocalAuthentication by = by_key(credential(TestKey::Rsa1024));
  RemoteAuthentication expects = expects_certificate();
  for (const auto& hashes : {kHashes, kNoHashes}) {
    const Message message = presented_by(by, proof_of(by, hashes));
    CHECK_FALSE(check({expects}, inputs(), message));
    expects.least_rsa_bits = 1024;
    CHECK(check({expects}, inputs(), message));
    expects.least_rsa_bits = 2048;
  }
}

TEST_CASE("AUTH-05: NULL is keyed by SK_p, and nothing else fits") {
  const LocalAuthentication by = by_null();
  const Proof proof = proof_of(by);
  CHECK(proof.method == AuthMethod::Null);
  CHECK(proof.data ==
        octets(shared_key_auth(Prf::HmacSha256, inputs().p.view(), inputs().octets).view()));
  const Identity nobody{IdType::Null, {}};
  const Message message = presented_by(by, proof);
  CHECK(check({expects_null()}, inputs(), message, nobody));
  ProofInputs other = inputs();
  other.p = SecretBytes(text_view("SK_p of the other side"));
  CHECK_FALSE(check({expects_null()}, other, message, nobody));
}

TEST_CASE("CERT-06: a raw key is sent where there is no chain or where it was asked for") {
  const auto carol = credential(TestKey::EcP256);
  const PublicKey key = carol->key.public_key();
  const LocalAuthentication by = by_key(carol);
  const Proof proof = proof_of(by);
  PeerAbilities raw;
  raw.raw_key_asked = true;
  const Message message = presented_by(by, proof, raw);
  REQUIRE(message.certificates.size() == 1);
  CHECK(message.certificates[0].encoding == CertificateEncoding::RawPublicKey);
  CHECK(message.certificates[0].data == key.spki());
  CHECK(check({expects_raw(key)}, inputs(), message));
  CHECK(
      fails(check({expects_raw(credential(TestKey::EcP256)->key.public_key())}, inputs(), message),
            AuthenticationFailure::UnknownKey));
  // Certificates where both were asked for, or nothing.
  raw.certificates_asked = true;
  for (const PeerAbilities& asked : {raw, PeerAbilities{}})
    CHECK(presented_by(by, proof, asked).certificates[0].encoding ==
          CertificateEncoding::X509Signature);
}

TEST_CASE(
    "CERT-01: CERT payloads are read by their encoding, and what cannot be read passed over") {
  const auto carol = credential(TestKey::EcP256);
  const RevocationList list = authority().revocation_list({});
  PayloadChain chain;
  chain.certificate(CertificateEncoding::X509Signature, octets("deadbeef"));
  chain.certificate(CertificateEncoding::X509Signature, carol->chain.front().der());
  chain.certificate(CertificateEncoding::X509Signature, authority().certificate().der());
  chain.certificate(CertificateEncoding::RawPublicKey, octets("00"));
  chain.certificate(CertificateEncoding::RevocationList, octets("3000"));
  chain.certificate(CertificateEncoding::OcspContent, octets("0a0b"));
  chain.certificate(CertificateEncoding::Pkcs7, octets("01"));
  chain.certificate(CertificateEncoding{99}, octets("01"));
  const LocalAuthentication by = by_key(carol);
  const Proof proof = proof_of(by);
  chain.authentication(proof.method, proof.data);
  const Message message = parse_message(chain.first(), chain.bytes()).value();
  const PresentedCertificates presented = presented_in(message);
  CHECK(presented.certificates.size() == 3);
  CHECK(presented.ocsp_responses == std::vector<Octets>{octets("0a0b")});
  CHECK(presented.lists.size() == 1);
  CHECK(check({expects_certificate()}, inputs(), message));
}

TEST_CASE("CERT-01: a raw RSA key of old proves as well, where it is pinned") {
  const auto carol = credential(TestKey::Rsa2048);
  const LocalAuthentication by = by_key(carol);
  const Proof proof = proof_of(by);
  // PKCS#1: what the BIT STRING of the SubjectPublicKeyInfo holds, 24 octets in.
  const Octets& spki = carol->key.spki();
  PayloadChain chain;
  chain.certificate(CertificateEncoding::RawRsaKey, ByteView(spki).subspan(24));
  chain.authentication(proof.method, proof.data);
  const Message message = parse_message(chain.first(), chain.bytes()).value();
  CHECK(check({expects_raw(carol->key.public_key())}, inputs(), message));
  CHECK(
      fails(check({expects_raw(credential(TestKey::EcP256)->key.public_key())}, inputs(), message),
            AuthenticationFailure::UnknownKey));
}

TEST_CASE("CERT-05: OCSP responses go to who asks for them, and who needs them asks") {
  const auto carol = credential(TestKey::EcP256);
  Credential stapled = *carol;
  stapled.ocsp_responses = {authority().ocsp_response(carol->chain.front(), {})};
  const LocalAuthentication by = by_key(std::make_shared<const Credential>(std::move(stapled)));
  const Proof proof = proof_of(by);
  RemoteAuthentication required = expects_certificate();
  required.revocation = RevocationRule::Required;
  CHECK(fails(check({required}, inputs(), presented_by(by, proof)),
              AuthenticationFailure::BadCredential));
  PeerAbilities asked;
  for (const bool fetches : {false, true}) {
    Peer peer;
    peer.remote = {required};
    if (fetches) {
      peer.remote.front().revocation = RevocationRule::IfKnown;
      peer.remote.front().fetch_revocation = true;
    }
    PayloadChain chain;
    append_certificate_requests(chain, std::vector<Pad::Entry>{std::make_shared<const Peer>(peer)});
    const Message message = parse_message(chain.first(), chain.bytes()).value();
    REQUIRE(message.certificate_requests.size() == 2);
    CHECK(message.certificate_requests[1].encoding == CertificateEncoding::OcspContent);
    CHECK(message.certificate_requests[1].authorities.empty());
    note_certificate_requests(asked, message);
    CHECK(asked.ocsp_asked);
  }
  const Message message = presented_by(by, proof, asked);
  CHECK(presented_in(message).ocsp_responses.size() == 1);
  CHECK(check({required}, inputs(), message));
}

TEST_CASE("CERT-05: nothing is fetched for who has signed nothing with the certificate") {
  const auto carol = credential(TestKey::EcP256);
  const LocalAuthentication by = by_key(carol);
  const Proof proof = proof_of(by);
  const TestIdentity named = authority().issue(
      {.extensions = {{"subjectAltName", "DNS:carol.example.org"},
                      {"authorityInfoAccess", "OCSP;URI:http://ocsp.example.org/"}}});
  Message message = presented_by(by, proof);
  message.certificates = {{CertificateEncoding::X509Signature, named.certificate.der()}};
  RemoteAuthentication fetches = expects_certificate();
  fetches.fetch_revocation = true;
  FetchedEvidence fetched;
  const auto judged = [&](const Message& one) {
    const PresentedCertificates presented = presented_in(one);
    return check_proof({&fetches, 1}, inputs(),
                       {.asserted = kCarol,
                        .authentication = *one.authentication,
                        .presented = presented,
                        .now = test_now(),
                        .fetched = &fetched});
  };
  // Mallory shows her certificate, and signs with a key of his own.
  CHECK(fails(judged(message), AuthenticationFailure::BadSignature));
  const LocalAuthentication own = by_key(std::make_shared<const Credential>(
      Credential{"own", PrivateKey::from_pem(named.key_pem).value(), {named.certificate}}));
  const auto belief = judged(presented_by(own, proof_of(own)));
  REQUIRE(belief);
  CHECK(belief->wanted.size() == 1);
}

TEST_CASE(
    "CERT-02: a peer that has proved nothing is remembered no more authorities than are of use") {
  PeerAbilities abilities;
  Message message;
  Octets hashes(20 * 1000);
  for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = static_cast<std::uint8_t>(i / 20 + i);
  message.certificate_requests = {{CertificateEncoding::X509Signature, hashes},
                                  {CertificateEncoding::X509Signature, octets("0102")}};
  note_certificate_requests(abilities, message);
  note_certificate_requests(abilities, message);
  CHECK(abilities.authorities.size() <= 64 * 20);
  CHECK(abilities.authorities.size() % 20 == 0);
}

TEST_CASE("CERT-02, CERT-06: what this side trusts is asked for once, and noted by the other") {
  Peer peer;
  peer.remote = {expects_certificate(), expects_certificate(),
                 expects_raw(credential(TestKey::EcP256)->key.public_key()), expects_psk("s")};
  const std::vector<Pad::Entry> entries{std::make_shared<const Peer>(peer),
                                        std::make_shared<const Peer>(peer)};
  PayloadChain chain;
  append_certificate_requests(chain, entries);
  const Message message = parse_message(chain.first(), chain.bytes()).value();
  REQUIRE(message.certificate_requests.size() == 2);
  CHECK(message.certificate_requests[0].encoding == CertificateEncoding::X509Signature);
  CHECK(message.certificate_requests[0].authorities == authority().certificate().key_hash());
  CHECK(message.certificate_requests[0].authorities.size() == 20);
  CHECK(message.certificate_requests[1].encoding == CertificateEncoding::RawPublicKey);
  CHECK(message.certificate_requests[1].authorities.empty());
  PeerAbilities abilities;
  note_certificate_requests(abilities, message);
  CHECK(abilities.certificates_asked);
  CHECK(abilities.raw_key_asked);
  CHECK(abilities.authorities == authority().certificate().key_hash());
  // A PAD of shared keys asks for nothing.
  peer.remote = {expects_psk("s")};
  PayloadChain none;
  append_certificate_requests(none, std::vector<Pad::Entry>{std::make_shared<const Peer>(peer)});
  CHECK(none.bytes().empty());
}

}  // namespace
}  // namespace sallyport::ike::test::proof_test
