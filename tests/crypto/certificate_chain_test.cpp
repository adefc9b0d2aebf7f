#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/certificate_chain.h"
#include "tests/support/test_pki.h"

namespace sallyport::certificate_chain_test {
namespace {

using Catch::Contains;
using std::chrono::days;
using std::chrono::hours;
using Octets = std::vector<std::uint8_t>;

// A root, an authority below it, and a certificate of that.
struct Pki {
  TestAuthority root;
  TestAuthority intermediate = root.subordinate({.subject = "C=CH, O=Example, CN=Intermediate"});
  TestIdentity leaf = intermediate.issue({});

  [[nodiscard]] ChainQuestion question() const { return question_about(leaf); }
  [[nodiscard]] ChainQuestion question_about(const TestIdentity& identity) const {
    return {.leaf = identity.certificate,
            .others = {intermediate.certificate()},
            .anchors = {root.certificate()},
            .lists = {},
            .now = test_now()};
  }
};

// Why the chain is refused; empty where it is not.
std::string refusal(const ChainQuestion& question) {
  const Expected<VerifiedChain> chain = verify_chain(question);
  CHECK(ERR_peek_error() == 0);
  return chain ? "" : to_string(chain.error());
}

// Of a leaf below the intermediate authority.
std::string refusal_of(const Pki& pki, const TestCertificate& about) {
  return refusal(pki.question_about(pki.intermediate.issue(about)));
}

WallTime end_of(const ChainQuestion& question) {
  const Expected<VerifiedChain> chain = verify_chain(question);
  INFO((chain ? "" : to_string(chain.error())));
  REQUIRE(chain);
  return chain->valid_until;
}

constexpr auto kAuthority = "critical,CA:TRUE";
constexpr auto kAuthorityUsage = "critical,keyCertSign,cRLSign";

}  // namespace

TEST_CASE("CERT-04: a path to an anchor verifies, for leaves of every kind") {
  const Pki pki;
  CHECK(end_of(pki.question()) == test_now() + kTestYear);
  for (const TestKey key : {TestKey::EcP256, TestKey::EcP384, TestKey::EcP521, TestKey::Rsa2048,
                            TestKey::RsaPss2048, TestKey::Ed25519, TestKey::Ed448})
    CHECK(refusal_of(pki, {.key = key}) == "");
  const TestAuthority rsa({.subject = "CN=RSA Root", .key = TestKey::Rsa2048});
  const TestIdentity leaf = rsa.issue({});
  CHECK(refusal({.leaf = leaf.certificate,
                 .others = {},
                 .anchors = {pki.root.certificate(), rsa.certificate()},
                 .lists = {},
                 .now = test_now()}) == "");
}

TEST_CASE("CERT-04: others may come in any order, with strangers among them") {
  const Pki pki;
  const Pki stranger;
  const TestAuthority lowest = pki.intermediate.subordinate({.subject = "CN=Lowest"});
  const TestIdentity leaf = lowest.issue({});
  ChainQuestion question = pki.question_about(leaf);
  question.others = {stranger.intermediate.certificate(), stranger.root.certificate(),
                     pki.intermediate.certificate(), leaf.certificate, lowest.certificate()};
  CHECK(refusal(question) == "");
  question.others.pop_back();
  CHECK_THAT(refusal(question), Contains("CN=vpn") && Contains("unable to get local issuer"));
}

TEST_CASE("CERT-04: of anchors with one name that is taken whose key has signed") {
  const Pki first;
  const Pki second;  // as after a change of the authorities' keys
  for (const Pki* pki : {&first, &second}) {
    ChainQuestion question = pki->question();
    question.others = {first.intermediate.certificate(), second.intermediate.certificate()};
    question.anchors = {first.root.certificate(), second.root.certificate()};
    question.lists = {second.intermediate.revocation_list({}), second.root.revocation_list({}),
                      first.intermediate.revocation_list({}), first.root.revocation_list({})};
    question.revocation = RevocationRule::Required;
    CHECK(refusal(question) == "");
  }
}

TEST_CASE("CERT-04: an intermediate authority or the leaf itself may be the anchor") {
  const Pki pki;
  ChainQuestion question = pki.question();
  question.others = {};
  CHECK_THAT(refusal(question), Contains("unable to get local issuer certificate"));
  question.anchors = {pki.intermediate.certificate()};
  CHECK(refusal(question) == "");
  question.revocation = RevocationRule::Required;
  question.lists = {pki.intermediate.revocation_list({})};  // the anchor itself needs no list
  CHECK(refusal(question) == "");
  question.anchors = {pki.leaf.certificate};
  question.lists = {};
  CHECK(refusal(question) == "");
  question.anchors = {};
  CHECK_THAT(refusal(question), Contains("unable to get local issuer certificate"));
}

TEST_CASE("CERT-04: what was not signed by the authority that it names is refused") {
  const Pki pki;
  const Pki same_names;
  ChainQuestion question = pki.question();
  question.anchors = {same_names.root.certificate()};
  CHECK_THAT(refusal(question), Contains("is refused"));
  ChainQuestion by_another = pki.question();
  by_another.others = {same_names.intermediate.certificate()};
  CHECK_THAT(refusal(by_another), Contains("is refused"));
  Octets changed = pki.leaf.certificate.der();
  changed.back() ^= 1;
  const auto forged = Certificate::from_der(changed);
  REQUIRE(forged);
  CHECK_THAT(refusal({.leaf = *forged,
                      .others = {pki.intermediate.certificate()},
                      .anchors = {pki.root.certificate()},
                      .lists = {},
                      .now = test_now()}),
             Contains("CN=vpn") && Contains("certificate signature failure"));
  const TestAuthority self({.subject = "CN=self"});
  CHECK_THAT(refusal(pki.question_about(self.identity())),
             Contains("CN=self") && Contains("self-signed"));
}

TEST_CASE("CERT-04: validity is judged at the time that the question names") {
  const Pki pki;
  CHECK_THAT(refusal_of(pki, {.not_after = test_now() - hours(1)}),
             Contains("CN=vpn") && Contains("certificate has expired") && Contains("renewed"));
  CHECK_THAT(refusal_of(pki, {.not_before = test_now() + hours(1)}),
             Contains("CN=vpn") && Contains("certificate is not yet valid"));
  ChainQuestion question = pki.question();
  question.now = test_now() + kTestYear - hours(1);
  CHECK(refusal(question) == "");
  question.now = test_now() + kTestYear + hours(1);
  CHECK_THAT(refusal(question), Contains("certificate has expired"));
  question.now = test_now() - kTestYear - hours(1);
  CHECK_THAT(refusal(question), Contains("certificate is not yet valid"));
}

TEST_CASE("CERT-04, SAD-08: the end of what was verified is that of its shortest certificate") {
  const Pki pki;
  const TestIdentity leaf = pki.intermediate.issue({.not_after = test_now() + days(30)});
  CHECK(end_of(pki.question_about(leaf)) == test_now() + days(30));
  const TestAuthority brief =
      pki.root.subordinate({.subject = "CN=Brief", .not_after = test_now() + days(10)});
  const TestIdentity below = brief.issue({});
  ChainQuestion question = pki.question_about(below);
  question.others = {brief.certificate()};
  CHECK(end_of(question) == test_now() + days(10));
}

TEST_CASE("CERT-04: an authority has to be one by its basic constraints and key usage") {
  const Pki pki;
  const auto below = [&](TestCertificate::Extensions extensions) {
    const TestAuthority authority =
        pki.root.subordinate({.subject = "CN=Below", .extensions = std::move(extensions)});
    const TestIdentity leaf = authority.issue({});
    ChainQuestion question = pki.question_about(leaf);
    question.others = {authority.certificate()};
    return refusal(question);
  };
  CHECK(below({{"basicConstraints", kAuthority}}) == "");
  CHECK_THAT(below({{"basicConstraints", "critical,CA:FALSE"}}),
             Contains("CN=Below") && Contains("invalid CA certificate"));
  // RFC 4945 5.1.3.9: no extension, no authority.
  CHECK_THAT(below({{"keyUsage", kAuthorityUsage}}),
             Contains("CN=Below") && Contains("invalid CA certificate"));
  CHECK_THAT(below({{"basicConstraints", kAuthority}, {"keyUsage", "critical,digitalSignature"}}),
             Contains("is refused"));
  CHECK_THAT(below({{"subjectAltName", "DNS:a.example"}}), Contains("CN=Below"));
  const TestAuthority version1({.subject = "CN=Old Root", .version = 1});
  const TestIdentity leaf = version1.issue({});
  CHECK_THAT(refusal({.leaf = leaf.certificate,
                      .others = {},
                      .anchors = {version1.certificate()},
                      .lists = {},
                      .now = test_now()}),
             Contains("CN=Old Root") && Contains("basic constraints"));
}

TEST_CASE("CERT-04: a path longer than an authority allows is refused") {
  const TestAuthority root;
  const TestAuthority short_one =
      root.subordinate({.subject = "CN=Short",
                        .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
                                       {"keyUsage", kAuthorityUsage}}});
  const TestAuthority too_deep = short_one.subordinate({.subject = "CN=Deep"});
  const TestIdentity direct = short_one.issue({});
  const TestIdentity deep = too_deep.issue({});
  const auto with = [&](const TestIdentity& leaf) {
    return refusal({.leaf = leaf.certificate,
                    .others = {short_one.certificate(), too_deep.certificate()},
                    .anchors = {root.certificate()},
                    .lists = {},
                    .now = test_now()});
  };
  CHECK(with(direct) == "");
  CHECK_THAT(with(deep), Contains("path length constraint exceeded"));
}

TEST_CASE("CERT-04: the leaf's key usage has to let it sign") {
  const Pki pki;
  for (const char* usage :
       {"critical,digitalSignature", "nonRepudiation", "digitalSignature,keyEncipherment"})
    CHECK(refusal_of(pki, {.extensions = {{"keyUsage", usage}}}) == "");
  for (const char* usage : {"critical,keyEncipherment", "keyAgreement,dataEncipherment"})
    CHECK_THAT(refusal_of(pki, {.extensions = {{"keyUsage", usage}}}),
               Contains("CN=vpn") && Contains("neither digitalSignature nor nonRepudiation"));
}

TEST_CASE("CERT-04: an extended key usage has to hold ipsecIKE or anyExtendedKeyUsage") {
  const Pki pki;
  for (const char* purposes : {"ipsecIKE", "anyExtendedKeyUsage", "critical,serverAuth,ipsecIKE",
                               "clientAuth,1.3.6.1.5.5.7.3.17"})
    CHECK(refusal_of(pki, {.extensions = {{"extendedKeyUsage", purposes}}}) == "");
  for (const char* purposes :
       {"serverAuth,clientAuth", "critical,codeSigning", "ipsecEndSystem,ipsecTunnel,ipsecUser"})
    CHECK_THAT(refusal_of(pki, {.extensions = {{"extendedKeyUsage", purposes}}}),
               Contains("CN=vpn") && Contains("neither id-kp-ipsecIKE nor anyExtendedKeyUsage"));
  // Twice, or unreadable: not even a certificate.
  CHECK_THROWS_WITH(pki.root.issue({.extensions = {{"extendedKeyUsage", "ipsecIKE"},
                                                   {"extendedKeyUsage", "codeSigning"}}}),
                    Contains("malformed extensions"));
  CHECK_THROWS_WITH(pki.root.issue({.extensions = {{"extendedKeyUsage", "DER:0500"}}}),
                    Contains("malformed extensions"));
}

TEST_CASE("CERT-04: names outside of an authority's name constraints are refused") {
  const TestAuthority root;
  const TestAuthority bound = root.subordinate(
      {.subject = "CN=Bound",
       .extensions = {{"basicConstraints", kAuthority},
                      {"nameConstraints",
                       "critical,permitted;DNS:example.org,permitted;IP:192.0.2.0/255.255.255.0,"
                       "excluded;DNS:lab.example.org"}}});
  const auto with = [&](const std::string& names) {
    const TestIdentity leaf = bound.issue({.extensions = {{"subjectAltName", names}}});
    return refusal({.leaf = leaf.certificate,
                    .others = {bound.certificate()},
                    .anchors = {root.certificate()},
                    .lists = {},
                    .now = test_now()});
  };
  CHECK(with("DNS:vpn.example.org,IP:192.0.2.1") == "");
  CHECK_THAT(with("DNS:vpn.example.com"), Contains("permitted subtree violation"));
  CHECK_THAT(with("DNS:vpn.example.org,IP:198.51.100.1"), Contains("permitted subtree violation"));
  CHECK_THAT(with("DNS:a.lab.example.org"), Contains("excluded subtree violation"));
}

TEST_CASE("CERT-04: critical extensions that are not understood are refused") {
  const Pki pki;
  CHECK(refusal_of(pki, {.extensions = {{"1.3.6.1.4.1.99999.1", "DER:0500"}}}) == "");
  CHECK_THAT(refusal_of(pki, {.extensions = {{"1.3.6.1.4.1.99999.1", "critical,DER:0500"}}}),
             Contains("CN=vpn") && Contains("unhandled critical extension"));
}

TEST_CASE("CERT-04, IALG-07: short RSA keys and SHA-1 in the path are refused") {
  const Pki pki;
  const TestIdentity leaf = pki.intermediate.issue({.key = TestKey::Rsa1024});
  ChainQuestion question = pki.question_about(leaf);
  CHECK_THAT(refusal(question),
             Contains("CN=vpn") && Contains("RSA key of 1024 bits is shorter than 2048"));
  question.least_rsa_bits = 1024;
  CHECK(refusal(question) == "");

  const TestAuthority weak = pki.root.subordinate({.subject = "CN=Weak", .key = TestKey::Rsa1024});
  const TestIdentity below = weak.issue({});
  ChainQuestion under_weak = pki.question_about(below);
  under_weak.others = {weak.certificate()};
  CHECK_THAT(refusal(under_weak), Contains("CN=Weak") && Contains("shorter than 2048"));
  CHECK_THAT(refusal_of(pki, {.digest = "SHA1"}), Contains("digest algorithm too weak"));
}

}  // namespace sallyport::certificate_chain_test
