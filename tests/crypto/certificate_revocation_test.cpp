#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/certificate_chain.h"
#include "tests/support/test_pki.h"

namespace sallyport::certificate_revocation_test {
namespace {

using Catch::Contains;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using enum RevocationRule;
using Octets = std::vector<std::uint8_t>;

struct Pki {
  TestAuthority root;
  TestAuthority intermediate = root.subordinate({.subject = "C=CH, O=Example, CN=Intermediate"});
  TestIdentity leaf = intermediate.issue({});

  [[nodiscard]] ChainQuestion question(RevocationRule rule, std::vector<RevocationList> lists,
                                       std::vector<Octets> ocsp = {}) const {
    return {.leaf = leaf.certificate,
            .others = {intermediate.certificate()},
            .anchors = {root.certificate()},
            .lists = std::move(lists),
            .ocsp_responses = std::move(ocsp),
            .revocation = rule,
            .now = test_now()};
  }
};

std::string refusal(const ChainQuestion& question) {
  const Expected<VerifiedChain> chain = verify_chain(question);
  CHECK(ERR_peek_error() == 0);
  return chain ? "" : to_string(chain.error());
}

WallTime end_of(const ChainQuestion& question) {
  const Expected<VerifiedChain> chain = verify_chain(question);
  INFO((chain ? "" : to_string(chain.error())));
  REQUIRE(chain);
  return chain->valid_until;
}

constexpr auto kNothingCovers = "no current revocation list or OCSP response covers it";

}  // namespace

TEST_CASE("CERT-04: a certificate on its issuer's list is refused unless lists are not looked at") {
  const Pki pki;
  const RevocationList bad = pki.intermediate.revocation_list({.revoked = {pki.leaf.certificate}});
  const RevocationList root_list = pki.root.revocation_list({});
  for (const RevocationRule rule : {IfKnown, Required})
    CHECK_THAT(refusal(pki.question(rule, {root_list, bad})),
               Contains("CN=vpn") && Contains("has been revoked, says the revocation list"));
  CHECK(refusal(pki.question(None, {root_list, bad})) == "");
  const RevocationList higher =
      pki.root.revocation_list({.revoked = {pki.intermediate.certificate()}});
  CHECK_THAT(refusal(pki.question(IfKnown, {higher})),
             Contains("CN=Intermediate") && Contains("has been revoked"));
  const TestIdentity other = pki.intermediate.issue({.subject = "CN=other"});
  CHECK(refusal(pki.question(Required, {root_list, pki.intermediate.revocation_list(
                                                       {.revoked = {other.certificate}})})) == "");
}

TEST_CASE("CERT-04: where revocation data is required, every certificate of the path needs it") {
  const Pki pki;
  const RevocationList leaf_list = pki.intermediate.revocation_list({});
  const RevocationList root_list = pki.root.revocation_list({});
  CHECK(refusal(pki.question(Required, {leaf_list, root_list})) == "");
  CHECK(refusal(pki.question(Required, {root_list, leaf_list})) == "");
  CHECK_THAT(
      refusal(pki.question(Required, {root_list})),
      Contains("CN=vpn") && Contains(kNothingCovers) && Contains("unable to get certificate CRL"));
  CHECK_THAT(refusal(pki.question(Required, {leaf_list})),
             Contains("CN=Intermediate") && Contains(kNothingCovers));
  CHECK_THAT(refusal(pki.question(Required, {})), Contains("CN=vpn") && Contains(kNothingCovers));
  for (const auto& lists : std::vector<std::vector<RevocationList>>{{}, {leaf_list}, {root_list}})
    CHECK(refusal(pki.question(IfKnown, lists)) == "");
}

TEST_CASE("CERT-04: a list that is not current covers nothing, but what it revokes stays revoked") {
  const Pki pki;
  const RevocationList root_list = pki.root.revocation_list({});
  const TestAuthority::ListTerms old{.this_update = test_now() - days(9),
                                     .next_update = test_now() - days(2)};
  const TestAuthority::ListTerms early{.this_update = test_now() + days(1),
                                       .next_update = test_now() + days(2)};
  const RevocationList expired = pki.intermediate.revocation_list(old);
  CHECK_THAT(refusal(pki.question(Required, {root_list, expired})),
             Contains(kNothingCovers) && Contains("CRL has expired"));
  CHECK_THAT(refusal(pki.question(Required, {root_list, pki.intermediate.revocation_list(early)})),
             Contains(kNothingCovers) && Contains("CRL is not yet valid"));
  CHECK(end_of(pki.question(IfKnown, {expired})) == test_now() + kTestYear);
  TestAuthority::ListTerms old_and_bad = old;
  old_and_bad.revoked = {pki.leaf.certificate};
  const RevocationList revoking = pki.intermediate.revocation_list(old_and_bad);
  CHECK_THAT(refusal(pki.question(IfKnown, {revoking})), Contains("has been revoked"));
  // The newest list counts: it may have taken a certificate off.
  const RevocationList current = pki.intermediate.revocation_list({});
  CHECK(refusal(pki.question(Required, {revoking, current, root_list})) == "");
  CHECK(refusal(pki.question(Required, {current, expired, root_list})) == "");
}

TEST_CASE("CERT-04: a forged list is passed over and does not hide a true one") {
  const Pki pki;
  const Pki forger;  // the same names, other keys
  const RevocationList forged = forger.intermediate.revocation_list(
      {.revoked = {pki.leaf.certificate}, .this_update = test_now() - minutes(1)});
  const RevocationList harmless =
      forger.intermediate.revocation_list({.this_update = test_now() - minutes(1)});
  const RevocationList true_list =
      pki.intermediate.revocation_list({.revoked = {pki.leaf.certificate}});
  CHECK(refusal(pki.question(IfKnown, {forged})) == "");
  CHECK_THAT(refusal(pki.question(Required, {pki.root.revocation_list({}), harmless})),
             Contains(kNothingCovers));
  CHECK_THAT(refusal(pki.question(IfKnown, {harmless, true_list})), Contains("has been revoked"));
  CHECK_THAT(refusal(pki.question(IfKnown, {true_list, harmless})), Contains("has been revoked"));
}

TEST_CASE(
    "CERT-04: a list about other certificates or with unknown critical parts covers nothing") {
  const Pki pki;
  const RevocationList root_list = pki.root.revocation_list({});
  const auto with = [&](TestCertificate::Extensions extensions) {
    return refusal(pki.question(Required, {root_list, pki.intermediate.revocation_list(
                                                          {.extensions = std::move(extensions)})}));
  };
  CHECK(with({{"issuingDistributionPoint", "critical,onlyuser:TRUE"}}) == "");
  CHECK_THAT(with({{"issuingDistributionPoint", "critical,onlyCA:TRUE"}}),
             Contains("CN=vpn") && Contains(kNothingCovers));
  // RFC 4945 5.1.3.13: of another distribution point than the certificate names.
  CHECK_THAT(
      with({{"issuingDistributionPoint", "critical,fullname:URI:http://example.org/other.crl"}}),
      Contains("CN=vpn") && Contains(kNothingCovers));
  CHECK_THAT(with({{"1.3.6.1.4.1.99999.1", "critical,DER:0500"}}),
             Contains(kNothingCovers) && Contains("unhandled critical CRL extension"));
}

TEST_CASE("CERT-04, SAD-08: what was verified ends with the first list that it relied on") {
  const Pki pki;
  const RevocationList weekly = pki.intermediate.revocation_list({});
  const RevocationList root_list = pki.root.revocation_list({.next_update = test_now() + days(3)});
  CHECK(end_of(pki.question(IfKnown, {weekly})) == test_now() + days(7));
  CHECK(end_of(pki.question(Required, {weekly, root_list})) == test_now() + days(3));
  CHECK(end_of(pki.question(None, {weekly, root_list})) == test_now() + kTestYear);
  // Of two lists of one authority the newer one is used, whatever the other says of its end.
  const RevocationList older = pki.intermediate.revocation_list(
      {.this_update = test_now() - hours(5), .next_update = test_now() + days(1)});
  CHECK(end_of(pki.question(IfKnown, {older, weekly})) == test_now() + days(7));
}

TEST_CASE("CERT-05: an OCSP response of the issuer covers a certificate or revokes it") {
  const Pki pki;
  const RevocationList root_list = pki.root.revocation_list({});
  const auto answer = [&](const TestAuthority::AnswerTerms& terms) {
    return pki.intermediate.ocsp_response(pki.leaf.certificate, terms);
  };
  CHECK(end_of(pki.question(Required, {root_list}, {answer({})})) == test_now() + days(1));
  CHECK(end_of(pki.question(IfKnown, {}, {answer({})})) == test_now() + days(1));
  for (const RevocationRule rule : {IfKnown, Required})
    CHECK_THAT(refusal(pki.question(rule, {root_list, pki.intermediate.revocation_list({})},
                                    {answer({.status = TestStatus::Revoked})})),
               Contains("CN=vpn") && Contains("has been revoked, says the OCSP response"));
  CHECK(refusal(pki.question(None, {}, {answer({.status = TestStatus::Revoked})})) == "");
  CHECK_THAT(
      refusal(pki.question(Required, {root_list}, {answer({.status = TestStatus::Unknown})})),
      Contains(kNothingCovers) && Contains("unable to get certificate CRL"));
  CHECK_THAT(refusal(pki.question(Required, {}, {answer({.status = TestStatus::Unknown})})),
             Contains(kNothingCovers) && Contains("the OCSP responder does not know it"));
  CHECK(refusal(pki.question(IfKnown, {}, {answer({.status = TestStatus::Unknown})})) == "");
  // Both certificates by OCSP alone.
  CHECK(refusal(pki.question(
            Required, {},
            {pki.root.ocsp_response(pki.intermediate.certificate(), {}), answer({})})) == "");
  CHECK_THAT(refusal(pki.question(Required, {}, {answer({})})),
             Contains("CN=Intermediate") && Contains(kNothingCovers));
}

TEST_CASE("CERT-05: an OCSP response that is stale, about another or not readable covers nothing") {
  const Pki pki;
  const RevocationList root_list = pki.root.revocation_list({});
  const auto with = [&](Octets response) {
    return refusal(pki.question(Required, {root_list}, {std::move(response)}));
  };
  const Octets good = pki.intermediate.ocsp_response(pki.leaf.certificate, {});
  CHECK(with(good) == "");
  CHECK_THAT(with(pki.intermediate.ocsp_response(
                 pki.leaf.certificate,
                 {.this_update = test_now() - days(3), .next_update = test_now() - days(1)})),
             Contains(kNothingCovers));
  CHECK_THAT(with(pki.intermediate.ocsp_response(
                 pki.leaf.certificate,
                 {.this_update = test_now() + hours(1), .next_update = test_now() + days(1)})),
             Contains(kNothingCovers));
  const TestIdentity other = pki.intermediate.issue({.subject = "CN=other"});
  CHECK_THAT(with(pki.intermediate.ocsp_response(other.certificate, {})), Contains(kNothingCovers));
  CHECK_THAT(with({}), Contains(kNothingCovers));
  CHECK_THAT(with(Octets(good.begin(), good.end() - 1)), Contains(kNothingCovers));
  CHECK_THAT(with(Octets{0x30, 0x03, 0x0a, 0x01, 0x06}), Contains(kNothingCovers));  // unauthorized
  Octets changed = good;
  changed[changed.size() / 4] ^= 1;
  CHECK_THAT(with(changed), Contains(kNothingCovers));
}

TEST_CASE("CERT-05: the newest OCSP response of several counts") {
  const Pki pki;
  const Octets revoked = pki.intermediate.ocsp_response(
      pki.leaf.certificate, {.status = TestStatus::Revoked, .this_update = test_now() - hours(9)});
  const Octets good = pki.intermediate.ocsp_response(pki.leaf.certificate, {});
  CHECK(refusal(pki.question(IfKnown, {}, {revoked, good})) == "");
  CHECK(refusal(pki.question(IfKnown, {}, {good, revoked})) == "");
  CHECK_THAT(refusal(pki.question(IfKnown, {}, {revoked})), Contains("has been revoked"));
}

TEST_CASE("CERT-05: only the issuer and whom it has certified for OCSP may answer") {
  const Pki pki;
  const RevocationList root_list = pki.root.revocation_list({});
  const auto by = [&](const TestIdentity& responder, std::vector<RevocationList> lists) {
    lists.push_back(root_list);
    return refusal(pki.question(
        Required, lists,
        {pki.intermediate.ocsp_response(pki.leaf.certificate, {.responder = &responder})}));
  };
  const TestCertificate named{.subject = "CN=OCSP",
                              .extensions = {{"extendedKeyUsage", "OCSPSigning"}}};
  TestCertificate expired = named;
  expired.not_after = test_now() - hours(1);
  TestCertificate unable = named;
  unable.extensions.emplace_back("keyUsage", "keyEncipherment");
  const TestIdentity responder = pki.intermediate.issue(named);
  CHECK(by(responder, {}) == "");
  CHECK_THAT(by(pki.intermediate.issue({.subject = "CN=OCSP"}), {}), Contains(kNothingCovers));
  CHECK_THAT(by(pki.intermediate.issue(expired), {}), Contains(kNothingCovers));
  CHECK_THAT(by(pki.intermediate.issue(unable), {}), Contains(kNothingCovers));
  CHECK_THAT(by(pki.root.issue(named), {}), Contains(kNothingCovers));  // of another authority
  CHECK_THAT(by(pki.leaf, {}), Contains(kNothingCovers));
  // A list of the issuer that revokes the responder itself, and is too old to cover the leaf.
  const RevocationList against =
      pki.intermediate.revocation_list({.revoked = {responder.certificate},
                                        .this_update = test_now() - days(9),
                                        .next_update = test_now() - days(1)});
  CHECK_THAT(by(responder, {against}), Contains(kNothingCovers));
  const Pki forger;
  CHECK_THAT(refusal(pki.question(
                 Required, {root_list},
                 {pki.intermediate.ocsp_response(pki.leaf.certificate,
                                                 {.responder = &forger.intermediate.identity()})})),
             Contains(kNothingCovers));
}

}  // namespace sallyport::certificate_revocation_test
