// Certificates of peers: what is remembered, what is fetched, and what neither may hide.
#include <catch2/catch.hpp>
#include <string>

#include "crypto/openssl_objects.h"
#include "pad/authentication.h"
#include "tests/support/test_pki.h"

namespace sallyport::chain_acceptance_test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Octets = std::vector<std::uint8_t>;

constexpr auto kResponder = "http://ocsp.example.org/";
constexpr auto kListUrl = "http://lists.example.org/ca.crl";

Octets der_of(const RevocationList& list) {
  return sallyport::der_of(i2d_X509_CRL, static_cast<const X509_CRL*>(list.handle()));
}

struct Pki {
  TestAuthority root;
  TestIdentity leaf = issue("vpn.example.org");

  [[nodiscard]] TestIdentity issue(const std::string& name) const {
    return root.issue(
        {.subject = "C=CH, CN=" + name,
         .extensions = {{"subjectAltName", "DNS:" + name},
                        {"authorityInfoAccess", "OCSP;URI:" + std::string(kResponder)},
                        {"crlDistributionPoints", "URI:" + std::string(kListUrl)}}});
  }
  [[nodiscard]] std::shared_ptr<TrustAnchors> anchors(
      std::vector<RevocationList> lists = {}) const {
    return std::make_shared<TrustAnchors>(
        TrustAnchors{"ca", {root.certificate()}, std::move(lists)});
  }
};

RemoteAuthentication trusting(std::shared_ptr<const TrustAnchors> anchors) {
  return {.kind = AuthenticationKind::PublicKey,
          .secret = nullptr,
          .anchors = {std::move(anchors)},
          .raw_keys = {}};
}

RemoteAuthentication fetching(const Pki& pki, RevocationRule rule) {
  RemoteAuthentication method = trusting(pki.anchors());
  method.fetch_revocation = true;
  method.revocation = rule;
  return method;
}

PresentedCertificates shown(const TestIdentity& leaf) {
  return {
      .certificates = {leaf.certificate.der()}, .ocsp_responses = {}, .lists = {}, .raw_key = {}};
}

Expected<AcceptedKey> accept(const RemoteAuthentication& method, const TestIdentity& leaf,
                             const Circumstances& circumstances,
                             std::string_view identity = "vpn.example.org") {
  return accept_key(method, Identity::parse(identity).value(), shown(leaf), circumstances);
}

std::size_t remembered(const RemoteAuthentication& method) {
  return method.anchors.front()->verified->size();
}

// What is wanted, answered by one of these; the next judgement.
Expected<AcceptedKey> after(const RemoteAuthentication& method, const TestIdentity& leaf,
                            FetchedEvidence& fetched, const Expected<Octets>& answer) {
  const auto asked = accept(method, leaf, {test_now(), &fetched});
  REQUIRE(asked);
  REQUIRE(asked->wanted.size() == 1);
  fetched.note(asked->wanted.front(), answer, test_now());
  return accept(method, leaf, {test_now(), &fetched});
}

}  // namespace

TEST_CASE("CERT-04: who comes again is remembered, under the same identity and rules alone") {
  const Pki pki;
  RemoteAuthentication method = trusting(pki.anchors());
  const auto first = accept(method, pki.leaf, {test_now()});
  REQUIRE(first);
  CHECK(remembered(method) == 1);
  const auto again = accept(method, pki.leaf, {test_now() + minutes(1)});
  REQUIRE(again);
  CHECK(again->key == first->key);
  CHECK(again->valid_until == first->valid_until);
  CHECK(remembered(method) == 1);
  CHECK_FALSE(accept(method, pki.leaf, {test_now()}, "other.example.org"));
  method.least_rsa_bits = 4096;  // which the key, of another kind, does not mind
  CHECK(accept(method, pki.leaf, {test_now()}));
  CHECK(remembered(method) == 2);
}

TEST_CASE("CERT-04: two certificates of one issuer are two questions") {
  const Pki pki;
  const TestIdentity other = pki.issue("vpn.example.org");
  const RemoteAuthentication method = trusting(pki.anchors());
  const auto one = accept(method, pki.leaf, {test_now()});
  const auto two = accept(method, other, {test_now()});
  REQUIRE(one);
  REQUIRE(two);
  CHECK(remembered(method) == 2);
  CHECK(one->key == pki.leaf.certificate.public_key());
  CHECK(two->key == other.certificate.public_key());
  CHECK_FALSE(one->key == two->key);
  CHECK(accept(method, pki.leaf, {test_now()})->key == one->key);
  CHECK(accept(method, other, {test_now()})->key == two->key);
}

TEST_CASE("CERT-04: a certificate that was remembered is refused once it has expired") {
  const Pki pki;
  const TestIdentity brief =
      pki.root.issue({.subject = "CN=vpn.example.org",
                      .extensions = {{"subjectAltName", "DNS:vpn.example.org"}},
                      .not_after = test_now() + minutes(10)});
  const RemoteAuthentication method = trusting(pki.anchors());
  REQUIRE(accept(method, brief, {test_now()}));
  CHECK(accept(method, brief, {test_now() + minutes(10)}));
  CHECK_FALSE(accept(method, brief, {test_now() + minutes(11)}));
  CHECK(remembered(method) == 0);
}

TEST_CASE("CERT-04, PAD-12: what a reload revokes is refused, though it was remembered before") {
  const Pki pki;
  const RemoteAuthentication before = trusting(pki.anchors());
  REQUIRE(accept(before, pki.leaf, {test_now()}));
  const RevocationList against = pki.root.revocation_list({.revoked = {pki.leaf.certificate}});
  RemoteAuthentication after = trusting(pki.anchors({against}));
  CHECK_FALSE(accept(after, pki.leaf, {test_now()}));
  // Even where what is remembered lived on.
  const auto kept = pki.anchors({against});
  kept->verified = before.anchors.front()->verified;
  CHECK_FALSE(accept(trusting(kept), pki.leaf, {test_now()}));
  // Nor does it help to be trusted by other anchors, or by a rule that looks away.
  const Pki other;
  const auto replaced = other.anchors();
  replaced->verified = before.anchors.front()->verified;
  CHECK_FALSE(accept(trusting(replaced), pki.leaf, {test_now()}));
  after.revocation = RevocationRule::None;
  CHECK(accept(after, pki.leaf, {test_now()}));
  after.revocation = RevocationRule::IfKnown;
  CHECK_FALSE(accept(after, pki.leaf, {test_now()}));
}

TEST_CASE("CERT-04: nothing is remembered of what was refused") {
  const Pki pki;
  const Pki stranger;
  const RemoteAuthentication method = trusting(pki.anchors());
  CHECK_FALSE(accept(method, stranger.leaf, {test_now()}));
  CHECK_FALSE(accept(method, pki.leaf, {test_now()}, "other.example.org"));
  CHECK_FALSE(accept(method, pki.leaf, {test_now() - 2 * kTestYear}));
  CHECK(remembered(method) == 0);
  // And a refusal is none of the reasons why a later one passes.
  CHECK(accept(method, pki.leaf, {test_now()}));
}

TEST_CASE("CERT-04, SAD-08: what was remembered by a list ends with the list") {
  const Pki pki;
  const RemoteAuthentication method =
      trusting(pki.anchors({pki.root.revocation_list({.next_update = test_now() + minutes(20)})}));
  const auto accepted = accept(method, pki.leaf, {test_now()});
  REQUIRE(accepted);
  CHECK(accepted->valid_until == test_now() + minutes(20));
  RemoteAuthentication required = method;
  required.revocation = RevocationRule::Required;
  REQUIRE(accept(required, pki.leaf, {test_now()}));
  CHECK_FALSE(accept(required, pki.leaf, {test_now() + minutes(21)}));
}

TEST_CASE(
    "CERT-04: a path to any of the authorities will do, and the first that there is decides") {
  const Pki pki;
  const Pki other;
  RemoteAuthentication method = trusting(other.anchors());
  method.anchors.push_back(pki.anchors());
  CHECK(accept(method, pki.leaf, {test_now()}));
  CHECK(accept(method, other.leaf, {test_now()}));
  // The list of one is known to all.
  method.anchors.front() =
      other.anchors({pki.root.revocation_list({.revoked = {pki.leaf.certificate}})});
  CHECK_FALSE(accept(method, pki.leaf, {test_now()}));
  const auto refused = accept(method, pki.leaf, {test_now()});
  CHECK_THAT(to_string(refused.error()), Catch::Contains("revoked"));
}

TEST_CASE("CERT-01: what cannot be read is passed over, and more than sixteen are not looked at") {
  const Pki pki;
  const RemoteAuthentication method = trusting(pki.anchors());
  PresentedCertificates presented = shown(pki.leaf);
  presented.certificates.insert(presented.certificates.begin(), Octets{0xde, 0xad});
  presented.lists = {Octets{0x30, 0x00}};
  presented.ocsp_responses = {Octets{0x0a}};
  const Identity who = Identity::parse("vpn.example.org").value();
  CHECK(accept_key(method, who, presented, {test_now()}));
  presented.certificates.insert(presented.certificates.begin(), 15, Octets{0xde, 0xad});
  const auto refused = accept_key(method, who, presented, {test_now()});
  REQUIRE_FALSE(refused);
  CHECK_THAT(to_string(refused.error()), Catch::StartsWith("no_credential"));
}

TEST_CASE("CERT-05: what is not known is wanted, by OCSP first, and nothing is accepted before") {
  const Pki pki;
  FetchedEvidence fetched;
  const RemoteAuthentication method = fetching(pki, RevocationRule::IfKnown);
  const auto asked = accept(method, pki.leaf, {test_now(), &fetched});
  REQUIRE(asked);
  REQUIRE(asked->wanted.size() == 1);
  CHECK(asked->wanted.front().kind == EvidenceKind::OcspResponse);
  CHECK(asked->wanted.front().url == kResponder);
  CHECK_FALSE(asked->wanted.front().body.empty());
  CHECK_FALSE(asked->valid_until);
  CHECK(remembered(method) == 0);
  // Nobody is asked for a stranger, or for who is somebody else.
  CHECK_FALSE(accept(method, Pki().leaf, {test_now(), &fetched}));
  CHECK_FALSE(accept(method, pki.leaf, {test_now(), &fetched}, "other.example.org"));
  // Nor where nothing may be fetched.
  CHECK(accept(method, pki.leaf, {test_now()})->wanted.empty());
  CHECK(accept(trusting(pki.anchors()), pki.leaf, {test_now(), &fetched})->wanted.empty());
}

TEST_CASE("CERT-05: a fetched OCSP response accepts or refuses, and is asked for once") {
  const Pki pki;
  for (const RevocationRule rule : {RevocationRule::IfKnown, RevocationRule::Required}) {
    FetchedEvidence fetched;
    const RemoteAuthentication method = fetching(pki, rule);
    const auto good =
        after(method, pki.leaf, fetched, pki.root.ocsp_response(pki.leaf.certificate, {}));
    REQUIRE(good);
    CHECK(good->wanted.empty());
    CHECK(good->valid_until == test_now() + days(1));
    CHECK(remembered(method) == 1);
    const auto later = accept(method, pki.leaf, {test_now() + hours(2), &fetched});
    REQUIRE(later);
    CHECK(later->wanted.empty());
    // When it has ended it is wanted again.
    const auto stale = accept(method, pki.leaf, {test_now() + days(2), &fetched});
    REQUIRE(stale);
    CHECK(stale->wanted.size() == 1);

    FetchedEvidence bad;
    const TestIdentity revoked = pki.issue("vpn.example.org");
    const auto refused =
        after(method, revoked, bad,
              pki.root.ocsp_response(revoked.certificate, {.status = TestStatus::Revoked}));
    REQUIRE_FALSE(refused);
    CHECK_THAT(to_string(refused.error()), Catch::Contains("has been revoked"));
  }
}

TEST_CASE("CERT-05: where OCSP does not answer, or answers in vain, the list is fetched") {
  const Pki pki;
  const Pki forger;
  const std::vector<Expected<Octets>> useless{
      fail(Error::Code::Io, "no answer"),
      Octets{0x30, 0x03, 0x0a, 0x01, 0x06},
      Octets{1, 2, 3},
      forger.root.ocsp_response(pki.leaf.certificate, {}),
      pki.root.ocsp_response(pki.leaf.certificate, {.status = TestStatus::Unknown}),
      Octets(FetchedEvidence::kMostResponseOctets + 1, 0x30)};
  for (const Expected<Octets>& answer : useless) {
    FetchedEvidence fetched;
    const RemoteAuthentication method = fetching(pki, RevocationRule::Required);
    const auto next = after(method, pki.leaf, fetched, answer);
    REQUIRE(next);
    REQUIRE(next->wanted.size() == 1);
    CHECK(next->wanted.front().kind == EvidenceKind::RevocationList);
    CHECK(next->wanted.front().url == kListUrl);
    CHECK(next->wanted.front().body.empty());
    const auto good = after(method, pki.leaf, fetched, der_of(pki.root.revocation_list({})));
    REQUIRE(good);
    CHECK(good->wanted.empty());
    CHECK(good->valid_until == test_now() + days(7));
  }
}

TEST_CASE("CERT-05: what nobody can tell is refused where it is required, and soon tried again") {
  const Pki pki;
  FetchedEvidence fetched;
  const RemoteAuthentication required = fetching(pki, RevocationRule::Required);
  const RemoteAuthentication if_known = fetching(pki, RevocationRule::IfKnown);
  const Expected<Octets> none = fail(Error::Code::Io, "no answer");
  REQUIRE(after(required, pki.leaf, fetched, none));
  CHECK_FALSE(after(required, pki.leaf, fetched, none));
  // Nobody waits for it again at once.
  const auto accepted = accept(if_known, pki.leaf, {test_now(), &fetched});
  REQUIRE(accepted);
  CHECK(accepted->wanted.empty());
  CHECK(accepted->valid_until == test_now() + kTestYear);
  // It is remembered no longer than nobody is asked.
  const auto soon = accept(if_known, pki.leaf, {test_now() + minutes(2), &fetched});
  REQUIRE(soon);
  CHECK(soon->wanted.size() == 1);
}

TEST_CASE("CERT-05: of many places eight are asked, and the rule decides then") {
  const Pki pki;
  const auto anchors = pki.anchors();
  for (int i = 0; i < 20; ++i)
    anchors->list_urls.push_back("http://ours.example.org/" + std::to_string(i));
  RemoteAuthentication method = trusting(anchors);
  method.fetch_revocation = true;
  method.revocation = RevocationRule::IfKnown;
  FetchedEvidence fetched;
  std::size_t asked = 0;
  auto next = accept(method, pki.leaf, {test_now(), &fetched});
  for (; next && !next->wanted.empty() && asked < 100; ++asked)
    next = after(method, pki.leaf, fetched, fail(Error::Code::Io, "no answer"));
  CHECK(asked == FetchedEvidence::kMostPlaces);
  CHECK(next);
}

TEST_CASE("CERT-05: a list that one peer has waited for serves the next one at once") {
  const Pki pki;
  RemoteAuthentication method = fetching(pki, RevocationRule::IfKnown);
  FetchedEvidence fetched;
  const auto list = after(method, pki.leaf, fetched, fail(Error::Code::Io, "no answer"));
  REQUIRE(list);
  REQUIRE(list->wanted.size() == 1);
  const TestIdentity revoked = pki.issue("vpn.example.org");
  fetched.note(list->wanted.front(),
               der_of(pki.root.revocation_list({.revoked = {revoked.certificate}})), test_now());
  const auto other = accept(method, revoked, {test_now(), &fetched});
  REQUIRE_FALSE(other);
  CHECK_THAT(to_string(other.error()), Catch::Contains("has been revoked"));
}

TEST_CASE("CERT-04: of two anchors with one name and key the younger one serves") {
  const std::string key = make_own_key_pem(TestKey::EcP256);
  const TestCertificate young{.subject = "C=CH, O=Example, CN=Root", .key_pem = key};
  TestCertificate old = young;
  old.not_after = test_now() - days(1);
  const TestAuthority renewed(young);
  const TestAuthority expired(old);
  const TestIdentity leaf = renewed.issue(
      {.subject = "C=CH, CN=vpn", .extensions = {{"subjectAltName", "DNS:vpn.example.org"}}});
  const auto set = [](const TestAuthority& authority) {
    return std::make_shared<const TrustAnchors>(TrustAnchors{"ca", {authority.certificate()}, {}});
  };
  RemoteAuthentication method = trusting(set(expired));
  CHECK_FALSE(accept(method, leaf, {test_now()}));
  method.anchors.push_back(set(renewed));
  CHECK(accept(method, leaf, {test_now()}));
}

TEST_CASE("CERT-05: a fetched list is one for all that its authority has issued") {
  const Pki pki;
  FetchedEvidence fetched;
  RemoteAuthentication method = trusting([&] {
    auto anchors = pki.anchors();
    anchors->list_urls = {"http://ours.example.org/ca.crl"};
    return anchors;
  }());
  method.fetch_revocation = true;
  method.revocation = RevocationRule::Required;
  const Expected<Octets> none = fail(Error::Code::Io, "no answer");
  const auto next = after(method, pki.leaf, fetched, none);
  REQUIRE(next);
  REQUIRE(next->wanted.size() == 1);
  CHECK(next->wanted.front().url == "http://ours.example.org/ca.crl");
  const TestIdentity other = pki.issue("vpn.example.org");
  fetched.note(next->wanted.front(),
               der_of(pki.root.revocation_list({.revoked = {other.certificate}})), test_now());
  CHECK(accept(method, pki.leaf, {test_now(), &fetched})->wanted.empty());
  CHECK_FALSE(accept(method, other, {test_now(), &fetched}));
}

TEST_CASE("CERT-05, PAD-12: an authority's own responder is asked instead of a named one") {
  const Pki pki;
  FetchedEvidence fetched;
  const auto anchors = pki.anchors();
  anchors->ocsp_url = "http://ours.example.org/ocsp";
  RemoteAuthentication method = trusting(anchors);
  method.fetch_revocation = true;
  const auto asked = accept(method, pki.leaf, {test_now(), &fetched});
  REQUIRE(asked);
  REQUIRE(asked->wanted.size() == 1);
  CHECK(asked->wanted.front().url == "http://ours.example.org/ocsp");
}

TEST_CASE("CERT-05: a new list makes chains verified anew that were remembered before it came") {
  const Pki pki;
  FetchedEvidence fetched;
  const RemoteAuthentication method = fetching(pki, RevocationRule::IfKnown);
  REQUIRE(after(method, pki.leaf, fetched, pki.root.ocsp_response(pki.leaf.certificate, {})));
  CHECK(remembered(method) == 1);
  EvidenceRequest list{
      .kind = EvidenceKind::RevocationList, .key = {}, .about = {}, .url = {}, .body = {}};
  fetched.note(list, der_of(pki.root.revocation_list({})), test_now());
  REQUIRE(accept(method, pki.leaf, {test_now(), &fetched}));
  CHECK(remembered(method) == 2);
}

}  // namespace sallyport::chain_acceptance_test
