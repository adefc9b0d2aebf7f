// The proofs around EAP: by public key before it, by the MSK behind it (RFC 7296 2.15, 2.16).
#include <catch2/catch.hpp>

#include "ike/eap/packet.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/eap_peers.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::eap_proofs_test {

TEST_CASE("EAP-01, AUTH-06: nobody's EAP is answered whose AUTH is not good") {
  using Alter = std::function<void(Message&)>;
  const std::pair<Alter, std::string_view> cases[] = {
      {[](Message& message) { message.authentication->data.back() ^= 1; }, "bad_signature"},
      {[](Message& message) { message.certificates.clear(); }, "no_credential"},
      {[](Message& message) { message.authentication->method = AuthMethod::SharedKey; },
       "shows no public key"},
      {[](Message& message) { message.authentication->method = AuthMethod::Null; },
       "shows no public key"},
      {[](Message& message) { message.eap.reset(); }, "asks for no EAP"}};
  for (const auto& [alter, why] : cases) {
    CAPTURE(why);
    EapPeers eap;
    // A secret that both have would do for AUTH, and does not for EAP.
    change_peer(eap.two.alice, [](Peer& peer) {
      peer.remote.push_back(psk_peer("x", "x.org", "y.org", "known to all").remote.front());
    });
    begin(eap);
    eap.exchange(1);
    REQUIRE(eap.two.deliver(eap.two.alice));
    const Impostor as_bob(*eap.two.bob.ike_sas().front());
    deliver_altered(eap.two, eap.two.bob, alter);
    check_alice_leaves(eap, as_bob, why);
    CHECK(eap.aaa->heard.empty());
  }
  // Nor is that of somebody else whose AUTH is good.
  EapPeers eap;
  change_peer(eap.two.alice, [](Peer& peer) {
    peer.identities = {IdentityPattern::parse("carol.example.org").value()};
  });
  begin(eap);
  eap.exchange(1);
  REQUIRE(eap.two.deliver(eap.two.alice));
  const Impostor as_bob(*eap.two.bob.ike_sas().front());
  REQUIRE(eap.two.deliver(eap.two.bob));
  check_alice_leaves(eap, as_bob, "bob.example.org");
  CHECK(eap.aaa->heard.empty());
}

TEST_CASE("EAP-01, EAP-08: a first response without AUTH is the end, whatever else it has") {
  EapPeers eap;
  begin(eap);
  eap.exchange(1);
  REQUIRE(eap.two.deliver(eap.two.alice));
  deliver_altered(eap.two, eap.two.bob, [](Message& message) { message.authentication.reset(); });
  CHECK(failure_of(eap.two.alice) == "an IKE_AUTH response without IDr or AUTH");
  CHECK(eap.two.alice.sent.empty());
}

TEST_CASE("EAP-03: AUTH of the initiator is good by the MSK alone, of the shared-key method") {
  using Alter = std::function<void(Message&)>;
  const std::pair<Alter, std::string_view> cases[] = {
      {[](Message& message) { message.authentication->data.back() ^= 1; }, "bad_secret"},
      {[](Message& message) { message.authentication->data.pop_back(); }, "bad_secret"},
      {[](Message& message) { message.authentication->method = AuthMethod::Null; },
       "not by its key"},
      {[](Message& message) { message.authentication->method = AuthMethod::DigitalSignature; },
       "not by its key"},
      {[](Message& message) { message.authentication.reset(); }, "no AUTH after EAP"}};
  for (const auto& [alter, why] : cases) {
    CAPTURE(why);
    EapPeers eap;
    begin_proofs(eap);
    deliver_altered(eap.two, eap.two.alice, alter);
    CHECK_THAT(failure_of(eap.two.bob), Catch::Contains(std::string(why)));
    CHECK(eap.two.bob.count(EventKind::IkeUp) == 0);
    eap.two.settle();
    CHECK(failure_of(eap.two.alice) == "AUTHENTICATION_FAILED from the peer");
    check_over(eap);
  }
}

TEST_CASE("EAP-03: AUTH of the responder is checked by the MSK as well") {
  for (const bool method : {true, false}) {
    EapPeers eap;
    begin_proofs(eap);
    REQUIRE(eap.two.deliver(eap.two.alice));
    const Impostor as_bob(*eap.two.bob.ike_sas().front());
    deliver_altered(eap.two, eap.two.bob, [&](Message& message) {
      if (method)
        message.authentication->method = AuthMethod::DigitalSignature;
      else
        message.authentication->data.front() ^= 0x80;
    });
    check_alice_leaves(eap, as_bob, method ? "not by its key" : "bad_secret");
    CHECK(eap.two.alice.installer.sas.empty());
  }
}

TEST_CASE("EAP-04: a method that makes no key, or a short one, authenticates nobody") {
  for (const std::size_t octets : {std::size_t{0}, std::size_t{32}, std::size_t{63}}) {
    CAPTURE(octets);
    EapPeers eap;
    eap.aaa->alter = [&](EapStep& step) {
      if (auto* const success = std::get_if<EapSuccess>(&step))
        success->msk = SecretBytes(success->msk.view().first(octets));
    };
    begin(eap);
    eap.two.settle();
    CHECK_THAT(failure_of(eap.two.bob), Catch::Contains("makes no key"));
    CHECK(failure_of(eap.two.alice) == "AUTHENTICATION_FAILED from the peer");
    check_over(eap);
  }
}

}  // namespace sallyport::ike::test::eap_proofs_test
