#include "pad/authentication.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/pad/test_authority.h"
#include "tests/pad/test_peer.h"

namespace sallyport::authentication_test {
namespace {

using Kind = AuthenticationKind;
using test::Issued;
using test::kIssued;
using test::TestAuthority;

constexpr WallTime kNow = kIssued + std::chrono::hours(1);
constexpr std::string_view kNames =
    "DNS:vpn.example.org,DNS:*.wild.example.org,email:carol@example.org,IP:192.0.2.1,"
    "IP:2001:db8::1";

Identity identity(std::string_view text) { return Identity::parse(text).value(); }

const TestAuthority& authority() {
  static const TestAuthority kOne("C=US, O=Example, CN=CA");
  return kOne;
}

const Issued& carol() {
  static const Issued kOne = authority().issue(
      {.subject = "C=US, O=Example, CN=Carol", .alternative_names = std::string(kNames)});
  return kOne;
}

RemoteAuthentication by_certificate(const TestAuthority& trusted = authority()) {
  return {
      .kind = Kind::PublicKey,
      .secret = nullptr,
      .anchors = {std::make_shared<TrustAnchors>(TrustAnchors{"ca", {trusted.certificate()}, {}})},
      .raw_keys = {}};
}

RemoteAuthentication by_pin(const PublicKey& key) {
  return {.kind = Kind::PublicKey, .secret = nullptr, .anchors = {}, .raw_keys = {key}};
}

PresentedCertificates presented(const Certificate& leaf) {
  return {.certificates = {leaf.der()}, .ocsp_responses = {}, .lists = {}, .raw_key = {}};
}
PresentedCertificates presented(const PublicKey& key) {
  return {.certificates = {},
          .ocsp_responses = {},
          .lists = {},
          .raw_key = RawKey{RawKeyForm::SubjectPublicKeyInfo, key.spki()}};
}
std::vector<std::uint8_t> der_of(const RevocationList& list) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_CRL(list.handle(), &der);
  REQUIRE(length > 0);
  std::vector<std::uint8_t> octets(der, der + length);
  OPENSSL_free(der);
  return octets;
}

bool fails(const auto& result, AuthenticationFailure why) {
  return !result && result.error().code == Error::Code::Refused &&
         result.error().what.starts_with(std::string(to_string(why)) + ": ");
}

bool accepts(const RemoteAuthentication& method, std::string_view asserted,
             const Issued& by = carol()) {
  return accept_key(method, identity(asserted), presented(by.certificate), {kNow}).has_value();
}

TEST_CASE("PAD-07: a certificate below the entry's anchor gives its key, until it ends") {
  const auto accepted = accept_key(by_certificate(), identity("vpn.example.org"),
                                   presented(carol().certificate), {kNow});
  REQUIRE(accepted);
  CHECK(accepted->key == carol().certificate.public_key());
  CHECK(accepted->valid_until == carol().certificate.not_after());
}

TEST_CASE("PAD-08: the identity is the certificate's subject or one of its names") {
  for (const char* named :
       {"vpn.example.org", "VPN.Example.ORG", "carol@example.org", "Carol@Example.org", "192.0.2.1",
        "2001:db8::1", "C=US, O=Example, CN=Carol", "C=US, O=example, CN=carol"})
    CHECK(accepts(by_certificate(), named));
  for (const char* unnamed :
       {"www.example.org", "example.org", "dave@example.org", "carol@vpn.example.org", "192.0.2.2",
        "2001:db8::2", "C=US, O=Example", "C=US, O=Example, CN=Dave",
        "C=US, O=Example, CN=Carol, OU=a", "null", "gn-hex:820f76706e2e6578616d706c652e6f7267"})
    CHECK(fails(
        accept_key(by_certificate(), identity(unnamed), presented(carol().certificate), {kNow}),
        AuthenticationFailure::IdentityNotCertified));
}

TEST_CASE("PAD-08: a kind of name proves no other kind") {
  const Issued crossed = authority().issue(
      {.subject = "CN=vpn.example.org", .alternative_names = "DNS:192.0.2.1,email:a@example.org"});
  for (const char* unnamed : {"vpn.example.org", "192.0.2.1"})
    CHECK_FALSE(accepts(by_certificate(), unnamed, crossed));
  CHECK(accepts(by_certificate(), "fqdn:192.0.2.1", crossed));
  CHECK(accepts(by_certificate(), "a@example.org", crossed));
}

TEST_CASE("PAD-08: a wildcard in a certificate names nobody") {
  CHECK_FALSE(accepts(by_certificate(), "a.wild.example.org"));
  CHECK_FALSE(accepts(by_certificate(), "wild.example.org"));
}

TEST_CASE("PAD-08: key IDs are exempt; the rule can be switched off") {
  CHECK(accepts(by_certificate(), "keyid:anything"));
  RemoteAuthentication lenient = by_certificate();
  lenient.identity_in_certificate = false;
  CHECK(accepts(lenient, "www.example.org"));
  CHECK(accepts(lenient, "null"));
}

TEST_CASE("PAD-08: a certificate without names has its subject alone") {
  const Issued bare = authority().issue({.subject = "CN=bare", .alternative_names = {}});
  CHECK(accepts(by_certificate(), "CN=bare", bare));
  CHECK_FALSE(accepts(by_certificate(), "bare", bare));
}

TEST_CASE("PAD-16: certificates without a path, expired or not yet valid are refused") {
  const TestAuthority stranger("C=US, O=Example, CN=CA");  // of the same name
  const Identity who = identity("vpn.example.org");
  const PresentedCertificates good = presented(carol().certificate);
  CHECK(fails(accept_key(by_certificate(stranger), who, good, {kNow}),
              AuthenticationFailure::BadCredential));
  CHECK(fails(accept_key(by_certificate(), who, good, {kIssued - std::chrono::hours(1)}),
              AuthenticationFailure::BadCredential));
  CHECK(fails(accept_key(by_certificate(), who, good, {kIssued + std::chrono::hours(24 * 31)}),
              AuthenticationFailure::BadCredential));
  CHECK(accept_key(by_certificate(), who, good, {kIssued + std::chrono::hours(24 * 29)}));
}

TEST_CASE("PAD-07: any of the entry's authorities will do") {
  RemoteAuthentication method = by_certificate(TestAuthority("CN=another"));
  CHECK_FALSE(accepts(method, "vpn.example.org"));
  method.anchors.push_back(by_certificate().anchors.front());
  CHECK(accepts(method, "vpn.example.org"));
}

TEST_CASE("PAD-12: revocations that the entry or the peer knows of") {
  const Identity who = identity("vpn.example.org");
  const RevocationList list = authority().revoke({carol().certificate});
  PresentedCertificates shown = presented(carol().certificate);
  RemoteAuthentication method = by_certificate();
  method.anchors.front() =
      std::make_shared<TrustAnchors>(TrustAnchors{"ca", {authority().certificate()}, {list}});
  CHECK(fails(accept_key(method, who, shown, {kNow}), AuthenticationFailure::BadCredential));
  method.revocation = RevocationRule::None;
  CHECK(accept_key(method, who, shown, {kNow}));
  method = by_certificate();
  CHECK(accept_key(method, who, shown, {kNow}));
  shown.lists.push_back(der_of(list));
  CHECK(fails(accept_key(method, who, shown, {kNow}), AuthenticationFailure::BadCredential));

  method.revocation = RevocationRule::Required;
  shown.lists = {der_of(authority().revoke({}))};
  const auto accepted = accept_key(method, who, shown, {kNow});
  REQUIRE(accepted);
  CHECK(accepted->valid_until == kIssued + std::chrono::hours(24));
  shown.lists.clear();
  CHECK(fails(accept_key(method, who, shown, {kNow}), AuthenticationFailure::BadCredential));
}

TEST_CASE("CERT-06: a raw key is one of those that the entry pins") {
  const PublicKey key = carol().certificate.public_key();
  const PublicKey other =
      authority().issue({.subject = "CN=x", .alternative_names = {}}).certificate.public_key();
  const Identity who = identity("whoever.example.org");
  const auto accepted = accept_key(by_pin(key), who, presented(key), {kNow});
  REQUIRE(accepted);
  CHECK(accepted->key == key);
  CHECK_FALSE(accepted->valid_until);
  CHECK(fails(accept_key(by_pin(other), who, presented(key), {kNow}),
              AuthenticationFailure::UnknownKey));
  // The anchors of an entry vouch for certificates, not for keys.
  CHECK(fails(accept_key(by_certificate(), who, presented(key), {kNow}),
              AuthenticationFailure::UnknownKey));
  RemoteAuthentication both = by_pin(other);
  both.raw_keys.push_back(key);
  CHECK(accept_key(both, who, presented(key), {kNow}));
}

TEST_CASE("CERT-06: a pinned key in a certificate, and one that goes without saying") {
  const PublicKey key = carol().certificate.public_key();
  const Identity who = identity("whoever.example.org");
  CHECK(accept_key(by_pin(key), who, presented(carol().certificate), {kNow}));
  RemoteAuthentication method = by_pin(key);
  CHECK(accept_key(method, who, {}, {kNow})->key == key);
  method.raw_keys.push_back(authority().certificate().public_key());
  CHECK(fails(accept_key(method, who, {}, {kNow}), AuthenticationFailure::NoCredential));
  CHECK(fails(accept_key(by_certificate(), who, {}, {kNow}), AuthenticationFailure::NoCredential));
  // Where there are anchors, a certificate needs its path though its key be pinned.
  RemoteAuthentication both = by_certificate(TestAuthority("CN=another"));
  both.raw_keys.push_back(key);
  CHECK(fails(accept_key(both, who, presented(carol().certificate), {kNow}),
              AuthenticationFailure::BadCredential));
}

TEST_CASE("AUTH-01: RSA keys that are too short are refused, where the entry does not allow them") {
  const Issued small =
      authority().issue({.subject = "CN=small", .alternative_names = {}, .rsa_bits = 1024});
  const Identity who = identity("CN=small");
  RemoteAuthentication method = by_certificate();
  CHECK(fails(accept_key(method, who, presented(small.certificate), {kNow}),
              AuthenticationFailure::WeakKey));
  const PublicKey key = small.certificate.public_key();
  CHECK(
      fails(accept_key(by_pin(key), who, presented(key), {kNow}), AuthenticationFailure::WeakKey));
  method.least_rsa_bits = 1024;
  CHECK(accept_key(method, who, presented(small.certificate), {kNow}));
}

TEST_CASE(
    "PAD-07, IKE-92: a method that the entry does not have fails, however good the credential") {
  Peer entry = test::peer("a", {"vpn.example.org"});
  const Identity who = identity("vpn.example.org");
  CHECK(accept_method(entry, Kind::PreSharedKey).value() == &entry.remote.front());
  for (const Kind other : {Kind::PublicKey, Kind::Null, Kind::Eap})
    CHECK(fails(accept_method(entry, other), AuthenticationFailure::WrongMethod));
  CHECK(fails(accept_key(entry, who, presented(carol().certificate), {kNow}),
              AuthenticationFailure::WrongMethod));
  CHECK(fails(accept_key(entry.remote.front(), who, presented(carol().certificate), {kNow}),
              AuthenticationFailure::WrongMethod));

  entry.remote.front() = by_certificate();
  CHECK(fails(accept_method(entry, Kind::PreSharedKey), AuthenticationFailure::WrongMethod));
  CHECK(accept_key(entry, who, presented(carol().certificate), {kNow}));
}

TEST_CASE("PAD-07: one of an entry's methods suffices") {
  Peer entry = test::peer("a", {"vpn.example.org"});
  entry.remote.push_back(by_certificate(TestAuthority("CN=another")));
  entry.remote.push_back(by_certificate());
  const Identity who = identity("vpn.example.org");
  CHECK(accept_key(entry, who, presented(carol().certificate), {kNow}));
  entry.remote.pop_back();
  CHECK(fails(accept_key(entry, who, presented(carol().certificate), {kNow}),
              AuthenticationFailure::BadCredential));
}

TEST_CASE("PAD-16: every failure has a word of its own") {
  std::set<std::string_view> words;
  constexpr auto kLast = AuthenticationFailure::BadSecret;
  for (unsigned i = 0; i <= static_cast<unsigned>(kLast); ++i)
    words.insert(to_string(static_cast<AuthenticationFailure>(i)));
  CHECK(words.size() == static_cast<unsigned>(kLast) + 1);
  CHECK_FALSE(words.contains("unknown"));
  CHECK(to_string(refusal(AuthenticationFailure::BadSignature, "by key x")) ==
        "bad_signature: by key x");
}

}  // namespace
}  // namespace sallyport::authentication_test
