// Certificates that a peer only points to, and revocation data that is fetched, in both roles
// (CERT-03, CERT-05).
#include <catch2/catch.hpp>

#include <algorithm>

#include "crypto/openssl_objects.h"
#include "tests/ike/certified_peers.h"
#include "tests/ike/published.h"

namespace sallyport::ike::test::certificates_by_url_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kAliceUrl = "http://certificates.example.org/alice.der";
constexpr auto kBobUrl = "http://certificates.example.org/bob.der";
constexpr auto kResponder = "http://ocsp.example.org/";
constexpr auto kListUrl = "http://lists.example.org/ca.crl";

PublishedObject published(const Octets& object, const char* url) {
  const auto hash = sha1({object});
  return {.url = url, .hash = {hash.begin(), hash.end()}};
}

const TestCertificate::Extensions kSources{
    {"authorityInfoAccess", "OCSP;URI:" + std::string(kResponder)},
    {"crlDistributionPoints", "URI:" + std::string(kListUrl)}};

// Both publish their certificates, and look each other's up.
class Publishing {
 public:
  explicit Publishing(TestKey key = TestKey::EcP256)
      : alice(issued_today(authority, "alice.example.org", kSources, key)),
        bob(issued_today(authority, "bob.example.org", kSources, key)) {
    give(two.alice, alice, kAliceUrl);
    give(two.bob, bob, kBobUrl);
    restart();
  }

  void restart() {
    for (Node* const node : {&two.alice, &two.bob}) {
      node->settings.hash_and_url = true;
      node->fetches.published = web;
      node->start();
    }
  }

  TestAuthority authority = authority_of_today();
  TestIdentity alice;
  TestIdentity bob;
  std::map<std::string, Octets> web;
  TwoPeers two;

 private:
  void give(Node& node, const TestIdentity& own, const char* url) {
    const Octets der = own.certificate.der();
    web[url] = der;
    change_entry(node, [&](Peer& peer) {
      peer.remote = {trust_in(authority)};
      peer.local = proof_by(credential_of(
          own, [&](Credential& credential) { credential.published = {published(der, url)}; }));
    });
  }
};

void fetch_revocation(Node& node, RevocationRule rule) {
  change_entry(node, [&](Peer& peer) {
    peer.remote.front().fetch_revocation = true;
    peer.remote.front().revocation = rule;
  });
}

std::string why_failed(const Node& node) {
  const Event* const event = node.last(EventKind::IkeFailed);
  return event != nullptr ? event->detail : "";
}

TestAuthority::AnswerTerms today(TestStatus status = TestStatus::Good) {
  const auto now = std::chrono::system_clock::now();
  return {.status = status, .this_update = now - 1h, .next_update = now + 5h};
}

}  // namespace

TEST_CASE("CERT-03: certificates by hash and URL prove both sides") {
  Publishing with;
  CHECK(comes_up(with.two));
  CHECK(with.two.bob.fetches.asked == std::vector<std::string>{kAliceUrl});
  CHECK(with.two.alice.fetches.asked == std::vector<std::string>{kBobUrl});
  CHECK(with.two.alice.only().abilities.looks_up_certificates);
  // What has been fetched is not fetched again.
  REQUIRE(with.two.alice.daemon->initiate_anew("net"));
  with.two.settle();
  CHECK(with.two.bob.up().size() == 2);
  CHECK(with.two.bob.fetches.asked.size() == 1);
}

TEST_CASE("CERT-03: hash and URL go only to who says that it looks certificates up") {
  Publishing with;
  with.two.bob.settings.hash_and_url = false;
  with.two.bob.start();
  CHECK(comes_up(with.two));
  CHECK(with.two.bob.fetches.asked.empty());
  CHECK(with.two.alice.fetches.asked.size() == 1);
  CHECK_FALSE(with.two.alice.only().abilities.looks_up_certificates);
}

TEST_CASE("CERT-03: who does not look certificates up passes over where they are") {
  Publishing with;
  REQUIRE(with.two.alice.daemon->initiate("net"));
  REQUIRE(with.two.deliver(with.two.alice));
  REQUIRE(with.two.deliver(with.two.bob));  // who has said that he does
  Settings settings = with.two.bob.settings;
  settings.hash_and_url = false;
  with.two.bob.daemon->set(settings);
  with.two.settle();
  CHECK(with.two.bob.up().empty());
  CHECK(with.two.bob.fetches.asked.empty());
  CHECK_THAT(why_failed(with.two.bob), Catch::StartsWith("no_credential"));
}

TEST_CASE("CERT-03: nothing blocks while a certificate is being fetched") {
  Publishing with;
  TwoPeers& two = with.two;
  two.bob.fetches.at_once = false;
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.bob.fetches.waiting.size() == 1);
  CHECK(two.bob.up().empty());
  // Alice repeats herself and is not heard twice.
  two.pass(3s);
  CHECK(two.bob.fetches.asked.size() == 1);
  two.bob.fetches.answer_all();
  two.settle();
  CHECK(two.bob.up().size() == 1);
  CHECK(two.traffic_flows());
}

TEST_CASE("CERT-03: a fetch that outlives its IKE SA brings nothing back") {
  Publishing with;
  TwoPeers& two = with.two;
  two.bob.fetches.at_once = false;
  two.alice.fetches.at_once = false;
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  two.pass_silently(31s);  // longer than Bob waits for a proof
  CHECK(two.bob.ike_sas().empty());
  REQUIRE(two.bob.fetches.waiting.size() == 1);
  two.bob.fetches.answer_all();
  two.bob.daemon->poll();
  CHECK(two.bob.ike_sas().empty());
  CHECK(two.bob.installer.sas.empty());
}

TEST_CASE("CERT-03: what is not what the hash says, or is not there, proves nothing") {
  for (const bool there : {false, true}) {
    Publishing with;
    if (there)
      with.two.bob.fetches.published[kAliceUrl] = with.bob.certificate.der();
    else
      with.two.bob.fetches.published.clear();
    CHECK_FALSE(comes_up(with.two));
    CHECK(with.two.bob.up().empty());
    CHECK_THAT(why_failed(with.two.bob), Catch::StartsWith("no_credential"));
    CHECK(why_failed(with.two.alice) == "AUTHENTICATION_FAILED from the peer");
  }
}

TEST_CASE("CERT-03: the chain as a bundle, by one URL") {
  const TestAuthority root = authority_of_today();
  const auto now = std::chrono::system_clock::now();
  const TestAuthority between = root.subordinate(
      {.subject = "C=CH, O=Example, CN=Between", .not_before = now - 1h, .not_after = now + 48h});
  const TestIdentity own = issued_today(between, "alice.example.org");
  const Octets bundle = bundle_of({own.certificate.der(), between.certificate().der()}, {});
  TwoPeers two;
  change_entry(two.alice, [&](Peer& peer) {
    peer.local = proof_by(credential_of(own, [&](Credential& credential) {
      credential.published_bundle = published(bundle, kAliceUrl);
    }));
  });
  change_entry(two.bob, [&](Peer& peer) { peer.remote = {trust_in(root)}; });
  two.bob.settings.hash_and_url = true;
  two.bob.fetches.published[kAliceUrl] = bundle;
  two.bob.start();
  CHECK(comes_up(two));
}

TEST_CASE("CERT-05: a responder fetches what tells whether the initiator is revoked") {
  for (const RevocationRule rule : {RevocationRule::IfKnown, RevocationRule::Required}) {
    Publishing with;
    TwoPeers& two = with.two;
    fetch_revocation(two.bob, rule);
    two.bob.fetches.published[kResponder] =
        with.authority.ocsp_response(with.alice.certificate, today());
    CHECK(comes_up(two));
    CHECK(two.bob.fetches.asked == std::vector<std::string>{kAliceUrl, kResponder});
    REQUIRE(two.bob.only().credentials_end);
    CHECK(*two.bob.only().credentials_end < std::chrono::system_clock::now() + 6h);  // SAD-08

    Publishing again;
    fetch_revocation(again.two.bob, rule);
    again.two.bob.fetches.published[kResponder] =
        again.authority.ocsp_response(again.alice.certificate, today(TestStatus::Revoked));
    CHECK_FALSE(comes_up(again.two));
    CHECK_THAT(why_failed(again.two.bob),
               Catch::StartsWith("bad_credential") && Catch::Contains("has been revoked"));
    CHECK(why_failed(again.two.alice) == "AUTHENTICATION_FAILED from the peer");
  }
}

TEST_CASE("CERT-05: an initiator fetches what tells whether the responder is revoked") {
  for (const TestStatus status : {TestStatus::Good, TestStatus::Revoked}) {
    Publishing with;
    TwoPeers& two = with.two;
    fetch_revocation(two.alice, RevocationRule::Required);
    two.alice.fetches.published[kResponder] =
        with.authority.ocsp_response(with.bob.certificate, today(status));
    CHECK(comes_up(two) == (status == TestStatus::Good));
    if (status == TestStatus::Good) continue;
    CHECK(two.alice.up().empty());
    CHECK(two.bob.up().empty());  // AUTH-06: it has been told
    CHECK_THAT(why_failed(two.alice), Catch::Contains("has been revoked"));
  }
}

TEST_CASE(
    "CERT-05: where OCSP is not to be had the list is fetched; where neither is, the rule says") {
  const auto now = std::chrono::system_clock::now();
  for (const RevocationRule rule : {RevocationRule::IfKnown, RevocationRule::Required}) {
    Publishing with;
    fetch_revocation(with.two.bob, rule);
    const RevocationList list =
        with.authority.revocation_list({.this_update = now - 1h, .next_update = now + 24h});
    with.two.bob.fetches.published[kListUrl] =
        der_of(i2d_X509_CRL, static_cast<const X509_CRL*>(list.handle()));
    CHECK(comes_up(with.two));
    CHECK(with.two.bob.fetches.asked == std::vector<std::string>{kAliceUrl, kResponder, kListUrl});

    Publishing none;
    fetch_revocation(none.two.bob, rule);
    CHECK(comes_up(none.two) == (rule == RevocationRule::IfKnown));
    CHECK(none.two.bob.fetches.asked.size() == 3);
  }
}

TEST_CASE("CERT-05: an answer without end does not hold a proof up for ever") {
  Publishing with;
  fetch_revocation(with.two.bob, RevocationRule::IfKnown);
  // Each answer is well-formed, and about somebody else.
  with.two.bob.fetches.published[kResponder] =
      with.authority.ocsp_response(with.bob.certificate, today());
  CHECK(comes_up(with.two));
  CHECK(with.two.bob.fetches.asked.size() == 3);
}

}  // namespace sallyport::ike::test::certificates_by_url_test
