#include "ike/auth/certificate_pointers.h"

#include <catch2/catch.hpp>

#include "crypto/digest.h"
#include "tests/crypto/octets.h"
#include "tests/ike/published.h"

namespace sallyport::ike::test::certificate_pointers_test {
namespace {

using sallyport::test::octets;

using Payload = std::pair<CertificateEncoding, Octets>;

Message with(const std::vector<Payload>& payloads) {
  Message message;
  for (const auto& [encoding, data] : payloads) message.certificates.push_back({encoding, data});
  return message;
}

using enum CertificateEncoding;

}  // namespace

TEST_CASE("CERT-03: a pointer is a hash and an http URL, and stands where its payload did") {
  const Octets good = hash_and_url(octets("0102"), "http://example.org/a.der");
  const auto pointers = pointers_in(with({{X509Signature, octets("aa")},
                                          {HashAndUrl, good},
                                          {RevocationList, octets("bb")},
                                          {X509Signature, octets("cc")},
                                          {HashAndUrlOfBundle, good}}));
  REQUIRE(pointers.size() == 2);
  CHECK(pointers[0].form == PointsTo::Certificate);
  CHECK(pointers[0].hash == sha1({octets("0102")}));
  CHECK(pointers[0].url == "http://example.org/a.der");
  CHECK(pointers[0].place == 1);
  CHECK(pointers[1].form == PointsTo::Bundle);
  CHECK(pointers[1].place == 2);
  for (const char* url : {"", "https://example.org/a", "file:///etc/passwd", "http://a b/",
                          "http://user@example.org/", "ftp://example.org/"})
    CHECK(pointers_in(with({{HashAndUrl, hash_and_url(octets("0102"), url)}})).empty());
  CHECK(pointers_in(with({{HashAndUrl, octets("0102")}})).empty());
  CHECK(pointers_in(with({{HashAndUrl, {}}})).empty());
  const std::vector<Payload> many(20, Payload{HashAndUrl, good});
  CHECK(pointers_in(with(many)).size() == kMostPointers);
}

TEST_CASE("CERT-03: what was fetched is taken where its hash is right, and in its place") {
  PresentedCertificates presented;
  presented.certificates = {octets("aa"), octets("bb")};
  CertificatePointer pointer{.form = PointsTo::Certificate, .hash = {}, .url = {}};
  pointer.hash = sha1({octets("0102")});
  pointer.place = 1;
  CHECK_FALSE(resolve(presented, pointer, octets("0103")));
  CHECK_FALSE(resolve(presented, pointer, {}));
  CHECK(presented.certificates.size() == 2);
  CHECK(resolve(presented, pointer, octets("0102")));
  CHECK(presented.certificates == std::vector<Octets>{octets("aa"), octets("0102"), octets("bb")});
}

TEST_CASE("CERT-03: a bundle is its certificates and lists, in their order") {
  const std::vector<Octets> certificates{octets("3003020101"), octets("3003020102")};
  const Octets der = bundle_of(certificates, {octets("3003020103")});
  const auto bundle = split_bundle(der);
  REQUIRE(bundle);
  CHECK(bundle->certificates == certificates);
  CHECK(bundle->lists == std::vector<Octets>{octets("3003020103")});
  PresentedCertificates presented;
  presented.certificates = {octets("aa")};
  presented.lists = {octets("bb")};
  CHECK(resolve(presented, {.form = PointsTo::Bundle, .hash = sha1({der}), .url = {}}, der));
  CHECK(presented.certificates ==
        std::vector<Octets>{certificates[0], certificates[1], octets("aa")});
  CHECK(presented.lists.size() == 2);

  CHECK_FALSE(split_bundle({}));
  CHECK_FALSE(split_bundle(octets("3103020101")));
  CHECK_FALSE(split_bundle(octets("3003020101")));  // an element that is neither
  for (std::size_t size = 0; size < der.size(); ++size)
    CHECK_FALSE(split_bundle(ByteView(der).first(size)));
  Octets longer = der;
  longer.push_back(0);
  CHECK_FALSE(split_bundle(longer));
  CHECK(split_bundle(bundle_of(std::vector<Octets>(16, octets("3000")), {})));
  CHECK_FALSE(split_bundle(bundle_of(std::vector<Octets>(17, octets("3000")), {})));
  const Octets refused = octets("3103020101");
  CHECK_FALSE(
      resolve(presented, {.form = PointsTo::Bundle, .hash = sha1({refused}), .url = {}}, refused));
  CHECK(presented.certificates.size() == 3);
}

}  // namespace sallyport::ike::test::certificate_pointers_test
