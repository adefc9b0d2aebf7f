// Whom one may ask about a certificate's revocation, and what such answers are good for.
#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/certificate_chain.h"
#include "crypto/openssl_objects.h"
#include "tests/support/test_pki.h"

namespace sallyport::certificate_sources_test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using Octets = std::vector<std::uint8_t>;

struct Pki {
  TestAuthority root;
  TestAuthority intermediate = root.subordinate({.subject = "C=CH, O=Example, CN=Intermediate"});

  [[nodiscard]] ChainQuestion question(const TestIdentity& leaf) const {
    return {.leaf = leaf.certificate,
            .others = {intermediate.certificate()},
            .anchors = {root.certificate()},
            .lists = {},
            .now = test_now(),
            .sources = RevocationSources::Named};
  }
};

TestCertificate with_sources(std::string responders, std::string lists) {
  return {.extensions = {{"authorityInfoAccess", std::move(responders)},
                         {"crlDistributionPoints", std::move(lists)}}};
}

}  // namespace

TEST_CASE("CERT-05: of what nothing is known, the certificate says who may be asked") {
  const Pki pki;
  const TestIdentity leaf = pki.intermediate.issue(
      with_sources("OCSP;URI:http://ocsp.example.org/a,caIssuers;URI:http://example.org/ca.der",
                   "URI:http://example.org/a.crl,URI:ldap://example.org/b"));
  const ChainVerdict verdict = judge_chain(pki.question(leaf));
  REQUIRE(verdict.chain);
  REQUIRE(verdict.uncovered.size() == 2);
  const UncoveredCertificate& about = verdict.uncovered[0];
  CHECK(about.ocsp_urls == std::vector<std::string>{"http://ocsp.example.org/a"});
  CHECK(about.list_urls == std::vector<std::string>{"http://example.org/a.crl"});
  CHECK(verdict.uncovered[1].ocsp_urls.empty());
  CHECK(verdict.uncovered[1].list_urls.empty());
  CHECK(about.issuer_key != verdict.uncovered[1].issuer_key);
  // A request that a responder can answer: one certificate, by its issuer and its number.
  const OcspRequest request(whole_of(d2i_OCSP_REQUEST, OCSP_REQUEST_free, about.ocsp_request));
  REQUIRE(request != nullptr);
  CHECK(OCSP_request_onereq_count(request.get()) == 1);
  const OcspCertificateId own(OCSP_cert_to_id(EVP_sha1(), leaf.certificate.handle(),
                                              pki.intermediate.certificate().handle()));
  OCSP_CERTID* id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), 0));
  CHECK(OCSP_id_cmp(id, own.get()) == 0);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-05: nobody is named where it is not asked for, and of what is known or refused") {
  const Pki pki;
  const TestIdentity leaf = pki.intermediate.issue(
      with_sources("OCSP;URI:http://ocsp.example.org/", "URI:http://example.org/a.crl"));
  ChainQuestion question = pki.question(leaf);
  question.sources = RevocationSources::Unnamed;
  CHECK(judge_chain(question).uncovered.empty());
  question.sources = RevocationSources::Named;
  question.revocation = RevocationRule::None;
  CHECK(judge_chain(question).uncovered.empty());
  question.revocation = RevocationRule::IfKnown;
  question.ocsp_responses = {pki.intermediate.ocsp_response(leaf.certificate, {})};
  CHECK(judge_chain(question).uncovered.size() == 1);
  question.lists = {pki.root.revocation_list({})};
  CHECK(judge_chain(question).uncovered.empty());
  // Revoked is revoked, and a path that leads nowhere needs no more.
  question.ocsp_responses = {
      pki.intermediate.ocsp_response(leaf.certificate, {.status = TestStatus::Revoked})};
  question.lists = {};
  const ChainVerdict revoked = judge_chain(question);
  CHECK_FALSE(revoked.chain);
  CHECK(revoked.uncovered.empty());
  ChainQuestion elsewhere = pki.question(leaf);
  elsewhere.anchors = {Pki().root.certificate()};
  const ChainVerdict nowhere = judge_chain(elsewhere);
  REQUIRE_FALSE(nowhere.chain);
  CHECK(nowhere.chain.error().code == Error::Code::NotFound);
  CHECK(nowhere.uncovered.empty());
  // Expired: a path there is, but it is not good.
  TestCertificate short_lived =
      with_sources("OCSP;URI:http://ocsp.example.org/", "URI:http://example.org/a.crl");
  short_lived.not_after = test_now() - std::chrono::days(1);
  const ChainVerdict expired = judge_chain(pki.question(pki.intermediate.issue(short_lived)));
  REQUIRE_FALSE(expired.chain);
  CHECK(expired.chain.error().code == Error::Code::Refused);
  CHECK(expired.uncovered.empty());
  // An anchor that has ended leads nowhere: another set may have a younger one.
  ChainQuestion late = pki.question(leaf);
  late.now = test_now() + 2 * kTestYear;
  const ChainVerdict ended = judge_chain(late);
  REQUIRE_FALSE(ended.chain);
  CHECK(ended.chain.error().code == Error::Code::NotFound);
}

TEST_CASE("CERT-05: where revocation data is required, the refusal says who may be asked") {
  const Pki pki;
  const TestIdentity leaf = pki.intermediate.issue(
      with_sources("OCSP;URI:http://ocsp.example.org/", "URI:http://example.org/a.crl"));
  ChainQuestion question = pki.question(leaf);
  question.revocation = RevocationRule::Required;
  const ChainVerdict verdict = judge_chain(question);
  CHECK_FALSE(verdict.chain);
  REQUIRE(verdict.uncovered.size() == 2);
  CHECK(verdict.uncovered[0].ocsp_urls.size() == 1);
}

TEST_CASE("CERT-05: at most four places of each kind, and no partial lists") {
  const Pki pki;
  std::string responders;
  std::string lists;
  for (int i = 0; i < 9; ++i) {
    const std::string n = std::to_string(i);
    responders += (i == 0 ? "" : ",") + ("OCSP;URI:http://ocsp.example.org/" + n);
    lists += (i == 0 ? "" : ",") + ("URI:http://example.org/" + n);
  }
  const TestIdentity leaf = pki.intermediate.issue(with_sources(responders, lists));
  const ChainVerdict verdict = judge_chain(pki.question(leaf));
  REQUIRE(verdict.uncovered.size() == 2);
  CHECK(verdict.uncovered[0].ocsp_urls.size() == 4);
  CHECK(verdict.uncovered[0].list_urls.size() == 4);
  // A distribution point with reasons, and one with an issuer of its own: DER of RFC 5280 4.2.1.13.
  const TestIdentity partial = pki.intermediate.issue(
      {.extensions = {{"crlDistributionPoints",
                       "DER:30:17:30:15:a0:0f:a0:0d:86:0b:68:74:74:70:3a:2f:2f:61:2f:62:63:81:02:"
                       "06:40"}}});
  const ChainVerdict of_partial = judge_chain(pki.question(partial));
  REQUIRE(of_partial.uncovered.size() == 2);
  CHECK(of_partial.uncovered[0].list_urls.empty());
}

TEST_CASE("CERT-05: an OCSP response may be kept until the first of its answers ends") {
  const TestAuthority authority;
  const TestIdentity leaf = authority.issue({});
  const Octets good = authority.ocsp_response(leaf.certificate, {});
  CHECK(end_of_ocsp_response(good) == test_now() + days(1));
  CHECK(end_of_ocsp_response(authority.ocsp_response(
            leaf.certificate, {.next_update = test_now() + hours(3)})) == test_now() + hours(3));
  CHECK_FALSE(end_of_ocsp_response({}));
  CHECK_FALSE(end_of_ocsp_response(ByteView(good).first(good.size() - 1)));
  CHECK_FALSE(end_of_ocsp_response(Octets{0x30, 0x03, 0x0a, 0x01, 0x06}));  // unauthorized
  CHECK_FALSE(end_of_ocsp_response(leaf.certificate.der()));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-04: a list knows its signer again, and never takes another's for it") {
  const Pki pki;
  const Pki forger;  // the same names, other keys
  const RevocationList list = pki.intermediate.revocation_list({});
  CHECK_FALSE(list.has_known_signer());
  CHECK_FALSE(list.is_signed_by(forger.intermediate.certificate().handle()));
  CHECK_FALSE(list.is_signed_by(pki.root.certificate().handle()));
  CHECK_FALSE(list.has_known_signer());
  for (int again = 0; again < 2; ++again) {
    CHECK(list.is_signed_by(pki.intermediate.certificate().handle()));
    CHECK_FALSE(list.is_signed_by(forger.intermediate.certificate().handle()));
  }
  CHECK(list.has_known_signer());
  CHECK(list.next_update() == test_now() + days(7));
  CHECK(list.fingerprint() != forger.intermediate.revocation_list({}).fingerprint());
}

TEST_CASE("CERT-02: trusted certificates are told apart by what they are") {
  const Pki pki;
  const TrustedCertificates none;
  const TrustedCertificates one{pki.root.certificate()};
  const TrustedCertificates two{pki.root.certificate(), pki.intermediate.certificate()};
  CHECK(none.empty());
  CHECK(none.key_hashes().empty());
  CHECK(one.size() == 1);
  CHECK(one.key_hashes() == pki.root.certificate().key_hash());
  CHECK(two.key_hashes().size() == 40);
  CHECK(one.fingerprint() == TrustedCertificates{pki.root.certificate()}.fingerprint());
  CHECK(one.fingerprint() != two.fingerprint());
  CHECK(one.fingerprint() != none.fingerprint());
  CHECK(pki.intermediate.certificate().is_issued_by(pki.root.certificate()));
  CHECK_FALSE(pki.root.certificate().is_issued_by(pki.intermediate.certificate()));
  CHECK_FALSE(pki.intermediate.certificate().is_issued_by(Pki().root.certificate()));
}

TEST_CASE("CERT-04: anchors that are made ready once verify chain after chain") {
  const Pki pki;
  const Pki other;
  const TrustedCertificates anchors{pki.root.certificate()};
  const TestIdentity first = pki.intermediate.issue({.subject = "CN=first"});
  const TestIdentity second = pki.intermediate.issue({.subject = "CN=second"});
  const TestIdentity stranger = other.intermediate.issue({.subject = "CN=stranger"});
  const RevocationList against =
      pki.intermediate.revocation_list({.revoked = {second.certificate}});
  const auto verifies = [&](const Pki& from, const TestIdentity& leaf,
                            std::vector<RevocationList> lists) {
    ChainQuestion question = from.question(leaf);
    question.anchors = anchors;
    question.lists = std::move(lists);
    return verify_chain(question).has_value();
  };
  for (int again = 0; again < 3; ++again) {
    CHECK(verifies(pki, first, {}));
    CHECK(verifies(pki, first, {against}));
    CHECK_FALSE(verifies(pki, second, {against}));
    CHECK(verifies(pki, second, {}));
    CHECK_FALSE(verifies(other, stranger, {}));
  }
}

}  // namespace sallyport::certificate_sources_test
