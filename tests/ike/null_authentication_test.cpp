// Peers that prove nothing (RFC 7619; AUTH-05).
#include <catch2/catch.hpp>

#include "tests/ike/certified_peers.h"

namespace sallyport::ike::test::null_authentication_test {
namespace {

using namespace std::chrono_literals;

// Alice proves nothing, and knows Bob by his certificate; whoever Bob lets in, he lets in by a
// policy of theirs.
class Stranger {
 public:
  Stranger() {
    change_entry(two.alice, [&](Peer& peer) {
      peer.local = {.kind = AuthenticationKind::Null, .secret = nullptr, .credential = nullptr};
      peer.local_identity = Identity::parse("null").value();
      peer.remote = {trust_in(authority)};
    });
    two.bob.set_peers({friends(), strangers()});
    set_flag(true);
  }

  // An entry of its own, behind those of peers that are known.
  [[nodiscard]] Peer strangers() const {
    Peer peer = psk_peer("strangers", "any", "bob.example.org", "x");
    peer.remote = {
        {.kind = AuthenticationKind::Null, .secret = nullptr, .anchors = {}, .raw_keys = {}}};
    peer.local = proof_by(credential_of(bob));
    peer.may_claim = {AddressRange::parse("192.0.2.0/24").value()};
    return peer;
  }
  [[nodiscard]] static Peer friends() {
    Peer peer = psk_peer("friend", "carol.example.org", "bob.example.org", "a secret");
    peer.may_claim = {AddressRange::parse("192.0.2.0/24").value()};
    return peer;
  }
  void set_flag(bool on) {
    Policy policy = tunnel_policy("net", {}, "198.51.100.0/24", "192.0.2.0/24");
    policy.protect->unauthenticated_peers = on;
    two.bob.policies = {std::make_shared<const Policy>(policy)};
  }
  [[nodiscard]] bool comes_in() {
    REQUIRE(two.alice.daemon->initiate("net"));
    two.settle();
    return two.bob.up().size() == 1 && two.traffic_flows();
  }

  TestAuthority authority = authority_of_today();
  TestIdentity bob = issued_today(authority, "bob.example.org");
  TwoPeers two;
};

}  // namespace

TEST_CASE("AUTH-05: who proves nothing comes in by an entry and a policy for such") {
  Stranger stranger;
  CHECK(stranger.comes_in());
  CHECK(stranger.two.bob.only().peer->name == "strangers");
  CHECK(stranger.two.bob.only().remote_identity.type == IdType::Null);
  REQUIRE(stranger.two.bob.last(EventKind::IkeUp) != nullptr);
  CHECK_THAT(stranger.two.bob.last(EventKind::IkeUp)->detail,
             Catch::Contains("the peer has proved nothing"));
  // Alice knows whom she has reached.
  CHECK_THAT(stranger.two.alice.last(EventKind::IkeUp)->detail, !Catch::Contains("proved nothing"));
}

TEST_CASE("AUTH-05: a policy that is not for such is none that they may use") {
  Stranger stranger;
  stranger.set_flag(false);
  CHECK_FALSE(stranger.comes_in());
  CHECK(stranger.two.bob.installer.sas.empty());
  REQUIRE(stranger.two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK_THAT(stranger.two.alice.last(EventKind::ChildFailed)->detail,
             Catch::StartsWith("TS_UNACCEPTABLE"));
}

TEST_CASE("AUTH-05: where everybody is known, NULL is a method like any that is not the entry's") {
  Stranger stranger;
  Peer known = Stranger::friends();
  known.identities = {IdentityPattern::parse("null").value()};
  stranger.two.bob.set_peers({known});
  CHECK_FALSE(stranger.comes_in());
  CHECK(stranger.two.bob.up().empty());
  REQUIRE(stranger.two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK_THAT(stranger.two.bob.last(EventKind::IkeFailed)->detail,
             Catch::StartsWith("wrong_method"));
}

TEST_CASE("AUTH-05: the name of somebody who is known does not help who proves nothing") {
  Stranger stranger;
  change_entry(stranger.two.alice, [](Peer& peer) {
    peer.local_identity = Identity::parse("carol.example.org").value();
  });
  CHECK_FALSE(stranger.comes_in());
  CHECK(stranger.two.bob.up().empty());
  REQUIRE(stranger.two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK_THAT(stranger.two.bob.last(EventKind::IkeFailed)->detail,
             Catch::StartsWith("wrong_method"));
}

TEST_CASE("AUTH-05: INITIAL_CONTACT of who has proved nothing ends nobody's IKE SA") {
  Stranger stranger;
  // The same name for all of them: an identity that is asserted and not proved.
  change_entry(stranger.two.alice, [](Peer& peer) {
    peer.local_identity = Identity::parse("somebody.example.org").value();
  });
  REQUIRE(stranger.comes_in());
  // Alice starts anew, knows of nothing, and says so.
  stranger.two.alice.start();
  REQUIRE(stranger.two.alice.daemon->initiate("net"));
  stranger.two.settle();
  CHECK(stranger.two.alice.up().size() == 1);
  CHECK(stranger.two.bob.up().size() == 2);
}

TEST_CASE("AUTH-05: a responder that proves nothing is called by a policy for such alone") {
  for (const bool allowed : {true, false}) {
    TwoPeers two;
    change_entry(two.alice, [](Peer& peer) {
      peer.remote = {
          {.kind = AuthenticationKind::Null, .secret = nullptr, .anchors = {}, .raw_keys = {}}};
      peer.identities = {IdentityPattern::parse("any").value()};
    });
    change_entry(two.bob, [](Peer& peer) {
      peer.local = {.kind = AuthenticationKind::Null, .secret = nullptr, .credential = nullptr};
      peer.local_identity = Identity::parse("null").value();
    });
    Policy policy = *two.alice.policies.front();
    policy.protect->unauthenticated_peers = allowed;
    two.alice.policies = {std::make_shared<const Policy>(policy)};
    const auto begun = two.alice.daemon->initiate("net");
    CHECK(begun.has_value() == allowed);
    if (!allowed) CHECK_THAT(to_string(begun.error()), Catch::Contains("prove nothing"));
    two.settle();
    CHECK(two.alice.up().size() == (allowed ? 1u : 0u));
    if (allowed) CHECK(two.traffic_flows());
  }
}

TEST_CASE("AUTH-05: both sides may prove nothing to each other") {
  Stranger stranger;
  TwoPeers& two = stranger.two;
  change_entry(two.alice, [](Peer& peer) {
    peer.remote = {
        {.kind = AuthenticationKind::Null, .secret = nullptr, .anchors = {}, .raw_keys = {}}};
    peer.identities = {IdentityPattern::parse("any").value()};
  });
  Policy policy = *two.alice.policies.front();
  policy.protect->unauthenticated_peers = true;
  two.alice.policies = {std::make_shared<const Policy>(policy)};
  Peer both = stranger.strangers();
  both.local = {.kind = AuthenticationKind::Null, .secret = nullptr, .credential = nullptr};
  both.local_identity = Identity::parse("null").value();
  two.bob.set_peers({both});
  CHECK(stranger.comes_in());
}

}  // namespace sallyport::ike::test::null_authentication_test
