// Of several credentials a peer is shown the one that it asks for (RFC 7296 3.7; CERT-02).
#include "ike/auth/credential_choice.h"

#include <catch2/catch.hpp>

#include "tests/ike/certified_peers.h"

namespace sallyport::ike::test::credential_choice_test {
namespace {

// Alice has a certificate by each of two authorities, the first one preferred.
struct TwoCredentials {
  TestAuthority first = authority_of_today("C=CH, O=Example, CN=First");
  TestAuthority second = authority_of_today("C=CH, O=Example, CN=Second");
  std::shared_ptr<const Credential> by_first = issued_by(first);
  std::shared_ptr<const Credential> by_second = issued_by(second);

  [[nodiscard]] static std::shared_ptr<const Credential> issued_by(const TestAuthority& authority) {
    const TestIdentity own = issued_today(authority, "alice.example.org");
    return credential_of(own, [&](Credential& credential) {
      credential.authorities = authorities_of(credential.chain, {authority.certificate()});
    });
  }
  [[nodiscard]] LocalAuthentication local() const {
    LocalAuthentication local = proof_by(by_first);
    local.alternatives = {by_second};
    return local;
  }
  [[nodiscard]] std::shared_ptr<const Credential> shown_to(const PeerAbilities& peer) const {
    const LocalAuthentication shown = authentication_for(local(), peer);
    CHECK(shown.alternatives.empty());
    return shown.credential;
  }
};

PeerAbilities asking_for(const Octets& authorities) {
  PeerAbilities abilities;
  abilities.hashes = {SignatureHash::Sha256};
  abilities.certificates_asked = true;
  abilities.authorities = authorities;
  return abilities;
}

}  // namespace

TEST_CASE("CERT-02: the credential that leads to an authority which was asked for is shown") {
  const TwoCredentials has;
  const Octets first = has.first.certificate().key_hash();
  const Octets second = has.second.certificate().key_hash();
  const Octets other = authority_of_today().certificate().key_hash();
  Octets both = second;
  both.insert(both.end(), first.begin(), first.end());
  CHECK(has.shown_to(asking_for(first)) == has.by_first);
  CHECK(has.shown_to(asking_for(second)) == has.by_second);
  CHECK(has.shown_to(asking_for(both)) == has.by_first);  // ours is the preference
  // A wish that cannot be met, and none at all, end nothing.
  CHECK(has.shown_to(asking_for(other)) == has.by_first);
  CHECK(has.shown_to(asking_for({})) == has.by_first);
}

TEST_CASE("CERT-02: of what a peer asks for, it is shown what it can verify") {
  TwoCredentials has;
  const TestIdentity edwards = issued_today(has.second, "alice.example.org", {}, TestKey::Ed25519);
  has.by_second = credential_of(edwards, [&](Credential& credential) {
    credential.authorities = authorities_of(credential.chain, {has.second.certificate()});
  });
  PeerAbilities peer = asking_for(has.second.certificate().key_hash());
  CHECK(has.shown_to(peer) == has.by_first);  // RFC 8420: it does not list Identity
  peer.hashes.push_back(SignatureHash::Identity);
  CHECK(has.shown_to(peer) == has.by_second);
  peer.hashes.clear();  // it knows no RFC 7427
  CHECK(has.shown_to(peer) == has.by_first);
}

TEST_CASE("CERT-02: either side shows what the other trusts") {
  const TwoCredentials has;
  const TestIdentity bobs = issued_today(has.first, "bob.example.org");
  for (const TestAuthority* const trusted : {&has.first, &has.second}) {
    TwoPeers initiating;
    change_entry(initiating.alice, [&](Peer& peer) {
      peer.local = has.local();
      peer.remote = {trust_in(has.first)};
    });
    change_entry(initiating.bob, [&](Peer& peer) {
      peer.remote = {trust_in(*trusted)};
      peer.local = proof_by(credential_of(bobs));
    });
    CHECK(comes_up(initiating));

    TwoPeers responding;  // the same by exchanged roles: it is Bob who has two
    change_entry(responding.bob, [&](Peer& peer) {
      peer.local = has.local();
      peer.local_identity = Identity::parse("alice.example.org").value();
    });
    change_entry(responding.alice, [&](Peer& peer) {
      peer.identities = {IdentityPattern::parse("alice.example.org").value()};
      peer.remote = {trust_in(*trusted)};
    });
    CHECK(comes_up(responding));
  }
}

}  // namespace sallyport::ike::test::credential_choice_test
