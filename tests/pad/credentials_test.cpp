#include "pad/credentials.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>

#include "pad/peer.h"
#include "tests/pad/test_authority.h"
#include "tests/pad/test_peer.h"

namespace sallyport::credentials_test {
namespace {

Credential credential(const std::string& key_pem, std::vector<Certificate> chain) {
  return {"own", PrivateKey::from_pem(key_pem).value(), std::move(chain)};
}

std::string key_of_kind(const char* kind) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, kind), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

TEST_CASE("PAD-07: a credential is a key with its own certificate first, or without any") {
  const test::TestAuthority authority("CN=CA");
  const test::Issued one = authority.issue({.subject = "CN=one", .alternative_names = {}});
  const test::Issued other = authority.issue({.subject = "CN=other", .alternative_names = {}});
  CHECK(validate(credential(one.key_pem, {one.certificate, authority.certificate()})));
  CHECK(validate(credential(one.key_pem, {})));

  const auto swapped = validate(credential(one.key_pem, {other.certificate, one.certificate}));
  REQUIRE_FALSE(swapped);
  CHECK(swapped.error().what == "the first certificate of credential own is not that of its key");
  Credential nameless = credential(one.key_pem, {one.certificate});
  nameless.name.clear();
  CHECK_FALSE(validate(nameless));
}

TEST_CASE("CERT-03: each certificate of a credential is published, or none is") {
  const test::TestAuthority authority("CN=CA");
  const test::Issued one = authority.issue({.subject = "CN=one", .alternative_names = {}});
  Credential own = credential(one.key_pem, {one.certificate, authority.certificate()});
  const PublishedObject object{.url = "http://example.org/", .hash = std::vector<std::uint8_t>(20)};
  own.published = {object, object};
  CHECK(validate(own));
  own.published.pop_back();
  CHECK_FALSE(validate(own));
  own.published.clear();
  own.published_bundle = object;
  CHECK(validate(own));
}

TEST_CASE("CERT-02: a credential leads to the authorities of its chain, and to its issuers") {
  const test::TestAuthority root("CN=Root");
  const test::TestAuthority namesake("CN=Root");
  const test::TestAuthority other("CN=Other");
  const test::Issued one = root.issue({.subject = "CN=one", .alternative_names = {}});
  Credential own = credential(one.key_pem, {one.certificate});
  own.authorities =
      authorities_of(own.chain, {other.certificate(), namesake.certificate(), root.certificate()});
  CHECK(own.authorities.size() == 40);  // its own and its issuer's
  const auto asked = [](std::initializer_list<const test::TestAuthority*> authorities) {
    std::vector<std::uint8_t> hashes;
    for (const test::TestAuthority* authority : authorities) {
      const auto hash = authority->certificate().key_hash();
      hashes.insert(hashes.end(), hash.begin(), hash.end());
    }
    return hashes;
  };
  CHECK(leads_to_any(own, asked({&root})));
  CHECK(leads_to_any(own, asked({&other, &root})));
  CHECK_FALSE(leads_to_any(own, asked({&other, &namesake})));
  CHECK_FALSE(leads_to_any(own, {}));
  CHECK_FALSE(leads_to_any(own, ByteView(asked({&root})).first(19)));
  own.authorities = authorities_of({}, {root.certificate()});
  CHECK(own.authorities.empty());
}

TEST_CASE("PAD-07: a key that cannot sign is no credential") {
  // An X25519 key agrees on secrets and signs nothing; whether it is read at all is crypto's.
  const auto key = PrivateKey::from_pem(key_of_kind("X25519"));
  const bool refused = !key || !validate(Credential{"own", std::move(*key), {}});
  CHECK(refused);
  CHECK(validate(credential(key_of_kind("ED25519"), {})));
}

TEST_CASE("AUTH-02: an Ed25519 key goes with no method before RFC 7427") {
  Peer entry = test::peer("a", {"a.org"});
  entry.local.kind = AuthenticationKind::PublicKey;
  entry.local.credential = std::make_shared<Credential>(credential(key_of_kind("ED25519"), {}));
  CHECK(validate(entry));
  entry.local.legacy = true;
  const auto refused = validate(entry);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("before RFC 7427") != std::string::npos);

  const test::Issued ecdsa =
      test::TestAuthority("CN=CA").issue({.subject = "CN=a", .alternative_names = {}});
  entry.local.credential = std::make_shared<Credential>(credential(ecdsa.key_pem, {}));
  CHECK(validate(entry));
}

}  // namespace
}  // namespace sallyport::credentials_test
