#include "pad/peer.h"

#include <catch2/catch.hpp>

#include "tests/pad/test_authority.h"
#include "tests/pad/test_peer.h"

namespace sallyport::peer_test {
namespace {

using Kind = AuthenticationKind;

Peer good() { return test::peer("a", {"a.org"}); }

// The error of a good entry that `change` has been done to; empty where it is still good.
template <class Change>
std::string refusal(Change change) {
  Peer entry = good();
  change(entry);
  const auto result = validate(entry);
  if (result) return {};
  CHECK(result.error().code != Error::Code::Io);
  CHECK_FALSE(result.error().remedy.empty());
  return result.error().what;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::shared_ptr<const TrustAnchors> anchors() {
  const test::TestAuthority authority("O=Example, CN=CA");
  return std::make_shared<TrustAnchors>(TrustAnchors{"ca", {authority.certificate()}, {}});
}

std::shared_ptr<const Credential> credential() {
  const test::TestAuthority authority("O=Example, CN=CA");
  const test::Issued own = authority.issue({.subject = "CN=gateway", .alternative_names = {}});
  return std::make_shared<Credential>(
      Credential{"own", PrivateKey::from_pem(own.key_pem).value(), {own.certificate}});
}

void remote_by_certificate(Peer& entry) {
  entry.remote.front() = {
      .kind = Kind::PublicKey, .secret = nullptr, .anchors = {anchors()}, .raw_keys = {}};
}
void remote_null(Peer& entry) {
  entry.remote.front() = {.kind = Kind::Null, .secret = nullptr, .anchors = {}, .raw_keys = {}};
  entry.identities = test::patterns({"null", "any"});
}
void local_by_certificate(Peer& entry) {
  entry.local.kind = Kind::PublicKey;
  entry.local.credential = credential();
}

TEST_CASE("PAD-07: entries with a method and its data are good") {
  CHECK(refusal([](Peer&) {}).empty());
  CHECK(refusal(remote_by_certificate).empty());
  CHECK(refusal(local_by_certificate).empty());
  CHECK(refusal(remote_null).empty());
  CHECK(refusal([](Peer& entry) {
          remote_by_certificate(entry);
          entry.remote.push_back(entry.remote.front());
          entry.remote.front().anchors.clear();
          entry.remote.front().raw_keys.push_back(credential()->key.public_key());
        }).empty());
}

TEST_CASE("PAD-01: an entry has a name and an identity") {
  CHECK(says(refusal([](Peer& entry) { entry.name.clear(); }), "no name"));
  CHECK(says(refusal([](Peer& entry) { entry.identities.clear(); }), "matches no identity"));
}

TEST_CASE("PAD-07: methods without their data are refused") {
  CHECK(says(refusal([](Peer& entry) { entry.remote.clear(); }), "no method"));
  CHECK(says(refusal([](Peer& entry) { entry.remote.front().secret = nullptr; }), "no secret"));
  CHECK(says(refusal([](Peer& entry) { entry.remote.front().secret = test::shared_secret(""); }),
             "no secret"));
  CHECK(says(refusal([](Peer& entry) {
               remote_by_certificate(entry);
               entry.remote.front().anchors.clear();
             }),
             "neither trust anchors nor keys"));
  CHECK(says(refusal([](Peer& entry) {
               remote_by_certificate(entry);
               entry.remote.front().anchors.push_back(nullptr);
             }),
             "holds no certificate"));
  CHECK(says(refusal([](Peer& entry) {
               remote_by_certificate(entry);
               entry.remote.front().anchors.push_back(std::make_shared<TrustAnchors>());
             }),
             "holds no certificate"));
  CHECK(says(refusal([](Peer& entry) { entry.local.secret = nullptr; }), "no secret"));
  CHECK(says(refusal([](Peer& entry) { entry.local.kind = Kind::PublicKey; }), "have none"));
}

TEST_CASE("CERT-05: what is fetched has to be looked at") {
  const auto fetching = [](Peer& entry) {
    remote_by_certificate(entry);
    entry.remote.front().fetch_revocation = true;
  };
  CHECK(refusal(fetching).empty());
  CHECK(says(refusal([&](Peer& entry) {
               fetching(entry);
               entry.remote.front().revocation = RevocationRule::None;
             }),
             "nobody looks at"));
  CHECK(says(refusal([&](Peer& entry) {
               fetching(entry);
               entry.remote.front().raw_keys = {credential()->key.public_key()};
               entry.remote.front().anchors.clear();
             }),
             "nobody looks at"));
}

TEST_CASE("CERT-02: every one of several credentials is a good one") {
  CHECK(refusal([](Peer& entry) {
          local_by_certificate(entry);
          entry.local.alternatives = {credential(), credential()};
        }).empty());
  CHECK(says(refusal([](Peer& entry) {
               local_by_certificate(entry);
               entry.local.alternatives = {credential(), nullptr};
             }),
             "have none"));
}

TEST_CASE("AUTH-05: an entry that proves nothing says so") {
  Peer entry = test::peer("a", {"any"});
  CHECK_FALSE(proves_nothing(entry));
  remote_null(entry);
  CHECK(proves_nothing(entry));
}

TEST_CASE("PAD-07: data of another method than the entry's is refused") {
  CHECK(says(refusal([](Peer& entry) {
               remote_by_certificate(entry);
               entry.remote.front().secret = test::shared_secret("x");
             }),
             "public-key has a pre-shared key"));
  CHECK(says(refusal([](Peer& entry) { entry.remote.front().anchors.push_back(anchors()); }),
             "pre-shared-key has public keys"));
}

TEST_CASE("AUTH-07: one pre-shared key per entry") {
  CHECK(says(refusal([](Peer& entry) {
               entry.remote.push_back(entry.remote.front());
               entry.remote.back().secret = test::shared_secret("another");
             }),
             "pre-shared-key stands twice"));
}

TEST_CASE("AUTH-05: NULL authentication proves no identity and stands alone") {
  CHECK(says(refusal([](Peer& entry) {
               remote_null(entry);
               entry.identities = test::patterns({"a.org"});
             }),
             "cannot prove the identity a.org"));
  CHECK(says(refusal([](Peer& entry) {
               entry.remote.push_back(entry.remote.front());
               entry.remote.back().kind = Kind::Null;
               entry.remote.back().secret = nullptr;
             }),
             "beside a method"));
  CHECK(says(refusal([](Peer& entry) {
               remote_null(entry);
               entry.search = ChildSearch::Identity;
             }),
             "does not prove"));
}

TEST_CASE("AUTH-05: our own identity is null where we do not authenticate, and only there") {
  CHECK(says(refusal([](Peer& entry) { entry.local_identity = {}; }), "who we are"));
  CHECK(refusal([](Peer& entry) {
          entry.local = {.kind = Kind::Null, .secret = nullptr, .credential = nullptr};
          entry.local_identity = {};
        }).empty());
}

TEST_CASE("IKE-90: our own identity is of a type that peers understand") {
  CHECK(says(refusal([](Peer& entry) { entry.local_identity = {IdType::Ipv4, {1, 2}}; }),
             "not an IPv4 address"));
  CHECK(says(
      refusal([](Peer& entry) { entry.local_identity = Identity::parse("gn-hex:820161").value(); }),
      "GeneralName"));
}

class Nobody final : public EapAuthenticator {
 public:
  const std::string& name() const noexcept override { return name_; }
  std::unique_ptr<EapConversation> begin(const Identity&, Random&) override { return nullptr; }

 private:
  std::string name_{"nobody"};
};

void remote_eap(Peer& entry) {
  entry.remote.front() = {.kind = Kind::Eap, .secret = nullptr, .anchors = {}, .raw_keys = {}};
  entry.remote.front().eap = std::make_shared<Nobody>();
}
void local_eap(Peer& entry) {
  entry.local = {
      .kind = Kind::Eap, .secret = test::shared_secret("a password"), .credential = nullptr};
  entry.local.user = "carol";
}

TEST_CASE("PAD-07: EAP has somebody who authenticates, or a user with a password") {
  CHECK(says(refusal([](Peer& entry) {
               remote_eap(entry), local_by_certificate(entry);
               entry.remote.front().eap = nullptr;
             }),
             "names nobody"));
  CHECK(says(refusal([](Peer& entry) {
               remote_eap(entry), local_by_certificate(entry);
               entry.remote.front().secret = test::shared_secret("x");
             }),
             "eap has a pre-shared key"));
  CHECK(says(refusal([](Peer& entry) { entry.remote.front().eap = std::make_shared<Nobody>(); }),
             "pre-shared-key has an EAP authenticator"));
  for (const bool user : {true, false})
    CHECK(says(refusal([=](Peer& entry) {
                 remote_by_certificate(entry), local_eap(entry);
                 if (user)
                   entry.local.user.clear();
                 else
                   entry.local.secret = nullptr;
               }),
               "no user, or no password"));
  Peer entry = good();
  CHECK(eap_authenticator_of(entry) == nullptr);
  remote_eap(entry);
  CHECK(eap_authenticator_of(entry) == entry.remote.front().eap);
}

TEST_CASE("PAD-07: EAP goes with a public key of the other side") {
  CHECK(says(refusal(remote_eap), "EAP goes with a side"));
  CHECK(says(refusal(local_eap), "EAP goes with a side"));
  CHECK(says(refusal([&](Peer& entry) { remote_eap(entry), local_eap(entry); }), "EAP goes with"));
  CHECK(refusal([&](Peer& entry) { remote_eap(entry), local_by_certificate(entry); }).empty());
  CHECK(refusal([&](Peer& entry) { remote_by_certificate(entry), local_eap(entry); }).empty());
}

TEST_CASE("PAD-13: a locator is an address where a peer can be") {
  const auto at = [](std::string_view remote, std::string_view local) {
    return refusal([&](Peer& entry) {
      entry.locator.remote = Address::parse(remote).value();
      entry.locator.local = Address::parse(local).value();
    });
  };
  CHECK(at("192.0.2.1", "192.0.2.2").empty());
  CHECK(at("2001:db8::1", "2001:db8::2").empty());
  CHECK(says(at("192.0.2.1", "2001:db8::2"), "cannot be reached"));
  CHECK(says(at("0.0.0.0", "192.0.2.2"), "no peer is at 0.0.0.0"));
  CHECK(says(at("ff02::1", "2001:db8::2"), "no peer is at ff02::1"));
  CHECK(says(refusal([](Peer& entry) { entry.locator.remote_port = 0; }), "port 0"));
}

TEST_CASE("PAD-09: ranges that a peer may claim are ranges") {
  const Address low = Address::parse("10.0.0.1").value();
  const Address high = Address::parse("10.0.0.9").value();
  CHECK(refusal([&](Peer& entry) { entry.may_claim = {{low, high}}; }).empty());
  CHECK(says(refusal([&](Peer& entry) { entry.may_claim = {{high, low}}; }), "no range"));
  CHECK(
      says(refusal([&](Peer& entry) { entry.may_claim = {{low, Address::parse("::1").value()}}; }),
           "no range"));
}

TEST_CASE("PAD-07: proposals and numbers that nothing can be made of are refused") {
  using std::chrono::seconds;
  CHECK(says(refusal([](Peer& entry) { entry.proposals.clear(); }), "no IKE proposal"));
  CHECK(says(refusal([](Peer& entry) { entry.proposals.front().prfs.clear(); }), "without cipher"));
  CHECK(says(refusal([](Peer& entry) { entry.window = 0; }), "lets nothing through"));
  CHECK(says(refusal([](Peer& entry) { entry.limits.children = 0; }), "lets nothing through"));
  CHECK(says(refusal([](Peer& entry) { entry.limits.ike_sas = 0; }), "lets nothing through"));
  CHECK(says(refusal([](Peer& entry) { entry.timers.ike_lifetime = entry.timers.rekey_margin; }),
             "rekeyed before it begins"));
  CHECK(says(refusal([](Peer& entry) { entry.timers.liveness = seconds(-1); }), "backwards"));
  CHECK(says(refusal([](Peer& entry) { entry.fragment_bytes = 575; }), "too small"));
  CHECK(refusal([](Peer& entry) { entry.fragment_bytes = 576; }).empty());
  CHECK(refusal([](Peer& entry) { entry.timers.liveness = seconds(0); }).empty());
}

TEST_CASE("PAD-16: methods by the words that logs use") {
  CHECK(to_string(Kind::PreSharedKey) == "pre-shared-key");
  CHECK(to_string(Kind::PublicKey) == "public-key");
  CHECK(to_string(Kind::Null) == "null");
  CHECK(to_string(Kind::Eap) == "eap");
}

}  // namespace
}  // namespace sallyport::peer_test
