// Certificates, fragments, NATs, inner addresses and windows, between two instances.
#include <catch2/catch.hpp>

#include "tests/ike/two_peers.h"
#include "tests/support/test_pki.h"

namespace sallyport::ike::test::features_test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const TrustAnchors> anchors(const TestAuthority& authority) {
  auto anchors = std::make_shared<TrustAnchors>();
  anchors->name = "root";
  anchors->certificates = {authority.certificate()};
  return anchors;
}

// Valid now and not only at the PKI's own time.
TestCertificate certificate_of(const std::string& name, TestKey key) {
  const auto now = std::chrono::system_clock::now();
  return {.subject = "C=CH, O=Example, CN=" + name,
          .key = key,
          .extensions = {{"subjectAltName", "DNS:" + name}},
          .not_before = now - 1h,
          .not_after = now + 24h};
}

TestAuthority authority_now() {
  const auto now = std::chrono::system_clock::now();
  return TestAuthority(
      {.subject = "C=CH, O=Example, CN=Root", .not_before = now - 1h, .not_after = now + 48h});
}

void use_certificates(TwoPeers& two, const TestAuthority& authority, TestKey key,
                      const std::string& alices_name = "alice.example.org") {
  const auto give = [&](Node& node, const std::string& name) {
    TestIdentity own = authority.issue(certificate_of(name, key));
    change_peer(node, [&](Peer& peer) {
      peer.remote = {RemoteAuthentication{.kind = AuthenticationKind::PublicKey,
                                          .secret = nullptr,
                                          .anchors = {anchors(authority)},
                                          .raw_keys = {}}};
      peer.local = {};
      peer.local.kind = AuthenticationKind::PublicKey;
      peer.local.credential = std::make_shared<const Credential>(
          Credential{name, std::move(own.key), {std::move(own.certificate)}});
    });
  };
  give(two.alice, alices_name);
  give(two.bob, "bob.example.org");
}

TEST_CASE("AUTH-03, CERT-01, CERT-04: certificates prove both sides, keys of every kind") {
  const TestAuthority authority = authority_now();
  for (const TestKey key : {TestKey::EcP256, TestKey::EcP384, TestKey::Rsa2048, TestKey::Ed25519}) {
    CAPTURE(static_cast<int>(key));
    TwoPeers two;
    use_certificates(two, authority, key);
    two.bring_up();
    CHECK(two.traffic_flows());
    REQUIRE(two.alice.only().credentials_end);  // SAD-08
  }
}

TEST_CASE("AUTH-01, AUTH-02: a side that is to use the older methods does") {
  const TestAuthority authority = authority_now();
  for (const TestKey key : {TestKey::EcP256, TestKey::Rsa2048}) {
    TwoPeers two;
    use_certificates(two, authority, key);
    change_peer(two.alice, [](Peer& peer) { peer.local.legacy = true; });
    two.bring_up();
    CHECK(two.traffic_flows());
  }
}

TEST_CASE("PAD-08, PAD-16: a good certificate of somebody else does not do") {
  const TestAuthority authority = authority_now();
  TwoPeers two;
  use_certificates(two, authority, TestKey::EcP256, "mallory.example.org");
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.bob.up().empty());
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail == "AUTHENTICATION_FAILED from the peer");
  REQUIRE(two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.bob.last(EventKind::IkeFailed)->detail.find("identity_not_certified") !=
        std::string::npos);
}

TEST_CASE("PAD-07: a valid shared key does not do where the entry wants a certificate") {
  const TestAuthority authority = authority_now();
  TwoPeers two;
  change_peer(two.bob, [&](Peer& peer) {
    peer.remote = {RemoteAuthentication{.kind = AuthenticationKind::PublicKey,
                                        .secret = nullptr,
                                        .anchors = {anchors(authority)},
                                        .raw_keys = {}}};
  });
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.bob.up().empty());
  REQUIRE(two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.bob.last(EventKind::IkeFailed)->detail.find("wrong_method") != std::string::npos);
}

TEST_CASE("IKE-92: each side has its own method: a certificate one way, a shared key the other") {
  const TestAuthority authority = authority_now();
  TwoPeers two;
  TestIdentity own = authority.issue(certificate_of("bob.example.org", TestKey::EcP256));
  change_peer(two.bob, [&](Peer& peer) {
    peer.local = {};
    peer.local.kind = AuthenticationKind::PublicKey;
    peer.local.credential = std::make_shared<const Credential>(
        Credential{"bob", std::move(own.key), {std::move(own.certificate)}});
  });
  change_peer(two.alice, [&](Peer& peer) {
    peer.remote = {RemoteAuthentication{.kind = AuthenticationKind::PublicKey,
                                        .secret = nullptr,
                                        .anchors = {anchors(authority)},
                                        .raw_keys = {}}};
  });
  two.bring_up();
  CHECK(two.traffic_flows());
}

TEST_CASE("CERT-06: raw public keys, pinned on both sides") {
  const TestAuthority authority = authority_now();
  TwoPeers two;
  TestIdentity alice = authority.issue(certificate_of("alice.example.org", TestKey::Ed25519));
  TestIdentity bob = authority.issue(certificate_of("bob.example.org", TestKey::EcP256));
  const auto use = [](Node& node, TestIdentity& own, const PublicKey& theirs) {
    change_peer(node, [&](Peer& peer) {
      peer.remote = {RemoteAuthentication{.kind = AuthenticationKind::PublicKey,
                                          .secret = nullptr,
                                          .anchors = {},
                                          .raw_keys = {theirs}}};
      peer.local = {};
      peer.local.kind = AuthenticationKind::PublicKey;
      peer.local.credential =
          std::make_shared<const Credential>(Credential{"own", std::move(own.key), {}});
    });
  };
  const PublicKey alices = alice.key.public_key();
  const PublicKey bobs = bob.key.public_key();
  use(two.alice, alice, bobs);
  use(two.bob, bob, alices);
  two.bring_up();
  CHECK(two.traffic_flows());
}

TEST_CASE(
    "IFRAG-01, IFRAG-02, IFRAG-03: a large IKE_AUTH goes in fragments, of which any may be lost") {
  const TestAuthority authority = authority_now();
  TwoPeers two;
  use_certificates(two, authority, TestKey::Rsa2048);
  for (Node* const node : {&two.alice, &two.bob})
    change_peer(*node, [](Peer& peer) { peer.fragment_bytes = 576; });
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.alice.sent.size() > 2);
  for (const Datagram& datagram : two.alice.sent) CHECK(datagram.message.size() <= 576);
  two.alice.sent.erase(two.alice.sent.begin() + 1);
  two.settle();
  CHECK(two.alice.up().empty());
  two.pass(2s);
  CHECK(two.alice.up().size() == 1);
  CHECK(two.traffic_flows());

  TwoPeers without;
  use_certificates(without, authority, TestKey::Rsa2048);
  change_peer(without.alice, [](Peer& peer) { peer.fragmentation = Offer::No; });
  REQUIRE(without.alice.daemon->initiate("net"));
  REQUIRE(without.deliver(without.alice));
  REQUIRE(without.deliver(without.bob));
  CHECK(without.alice.sent.size() == 1);
}

TEST_CASE("IKE-46, IKE-47: behind a NAT both go to 4500, and ESP goes in UDP") {
  TwoPeers two;
  const Endpoint outside_500{Address::parse("198.51.100.9").value(), 1024};
  const Endpoint outside_4500{outside_500.address, 1025};
  two.put_nat_before_alice(outside_500, outside_4500);
  change_peer(two.bob, [](Peer& peer) {
    peer.locator.remote.reset();
    peer.mobility = PeerMobility::None;
  });
  change_peer(two.alice, [](Peer& peer) { peer.timers.liveness = 0s; });
  two.authenticate();
  CHECK(two.alice.only().nat.here);
  CHECK_FALSE(two.alice.only().nat.there);
  CHECK(two.bob.only().nat.there);
  const Sa* const out = two.bob.installer.outbound("net");
  REQUIRE(out != nullptr);
  REQUIRE(out->encapsulation);
  CHECK(out->encapsulation->remote_port == 1025);
  CHECK(out->encapsulation->local_port == 4500);
  CHECK(out->endpoints.remote == outside_4500.address);
  CHECK(two.alice.installer.outbound("net")->encapsulation->remote_port == 4500);
  // NAT-03: only who is behind it keeps the mapping alive, where nothing else does.
  two.pass_silently(45s);
  CHECK(two.alice.keepalives >= 2);
  CHECK(two.bob.keepalives == 0);

  // NAT-06: the mapping changes; the first authentic request from the new place moves Bob's SAs.
  two.settle();
  const Endpoint moved{outside_500.address, 2001};
  two.put_nat_before_alice(outside_500, moved);
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  REQUIRE(two.deliver(two.alice));
  CHECK(two.bob.only().path.remote == moved);
  for (const auto& [name, sa] : two.bob.installer.sas) CHECK(sa.encapsulation->remote_port == 2001);
}

TEST_CASE("NAT-07: AH is not negotiated through a NAT") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob}) {
    Policy policy = *node->policies.front();
    policy.protect->protocol = IpsecProtocol::Ah;
    policy.protect->proposals = {{Cipher::Null, Integrity::HmacSha256_128}};
    node->policies = {std::make_shared<const Policy>(policy)};
  }
  change_peer(two.bob, [](Peer& peer) { peer.locator.remote.reset(); });
  two.bring_up();
  CHECK(two.alice.installer.outbound("net")->protocol == IpsecProtocol::Ah);

  TwoPeers behind;
  behind.alice.policies = two.alice.policies;
  behind.bob.policies = two.bob.policies;
  behind.put_nat_before_alice({Address::parse("198.51.100.9").value(), 1024},
                              {Address::parse("198.51.100.9").value(), 1025});
  change_peer(behind.bob, [](Peer& peer) { peer.locator.remote.reset(); });
  behind.authenticate();
  CHECK(behind.bob.installer.sas.empty());
  CHECK(behind.alice.installer.sas.empty());
}

TEST_CASE("CP-02, CP-03, SPD-11: a traveller gets an address, and its selectors are that address") {
  TwoPeers two;
  change_peer(two.bob, [](Peer& peer) {
    peer.locator.remote.reset();
    peer.may_claim.clear();
    peer.pools = {"travellers"};
  });
  two.bob.daemon->pools().replace({{.name = "travellers",
                                    .addresses = AddressRange::parse("10.3.0.1-10.3.0.2").value(),
                                    .dns = {},
                                    .subnets = {},
                                    .netmask = {}}});
  two.bob.policies.clear();
  Policy policy = tunnel_policy("net", {}, "198.51.100.0/24", "0.0.0.0/0");
  policy.protect->peer = "alice";
  policy.pfp.remote = true;
  two.bob.add_policy(policy);
  two.alice.policies.clear();
  two.alice.add_policy(
      tunnel_policy("net", {two.alice.address, two.bob.address}, "0.0.0.0/0", "198.51.100.0/24"));
  change_peer(two.alice, [](Peer& peer) { peer.request_addresses = {Family::V4}; });
  two.bring_up();
  REQUIRE(two.alice.only().assigned.size() == 1);
  CHECK(to_string(two.alice.only().assigned.front()) == "10.3.0.1");
  CHECK(to_string(two.bob.only().children.front()->selectors.remote) == "10.3.0.1");
  // CP-05: the lease lives as long as the IKE SA, through its rekey.
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  two.settle();
  CHECK(two.bob.daemon->pools().usage().front().taken == 1);
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.settle();
  CHECK(two.bob.daemon->pools().usage().front().taken == 0);
}

TEST_CASE("CP-04, IKE-100: without a free address there is no child, and the IKE SA stays") {
  TwoPeers two;
  change_peer(two.bob, [](Peer& peer) { peer.pools = {"empty"}; });
  change_peer(two.alice, [](Peer& peer) { peer.request_addresses = {Family::V4}; });
  two.authenticate();
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.last(EventKind::ChildFailed)->detail == "INTERNAL_ADDRESS_FAILURE from the peer");
}

TEST_CASE("IKE-65: transport mode is asked for, granted and used") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob}) {
    Policy policy = *node->policies.front();
    policy.protect->mode = IpsecMode::Transport;
    policy.protect->endpoints = {};
    policy.protect->peer = node->pad().entries().front()->name;
    const Address other = two.other(*node).address;
    policy.selectors = {{.local = {{node->address, node->address}}, .remote = {{other, other}}}};
    node->policies = {std::make_shared<const Policy>(policy)};
  }
  two.bring_up();
  CHECK(two.alice.installer.outbound("net")->mode == IpsecMode::Transport);
  CHECK(two.bob.installer.outbound("net")->mode == IpsecMode::Transport);
}

TEST_CASE(
    "IKE-69, IKE-78: a rekey with perfect forward secrecy, and another group than was guessed") {
  TwoPeers two;
  const auto set_pfs = [](Node& node, std::vector<Group> groups) {
    Policy policy = *node.policies.front();
    policy.protect->pfs = std::move(groups);
    node.policies = {std::make_shared<const Policy>(policy)};
  };
  set_pfs(two.alice, {Group::Curve25519, Group::Ecp256});
  set_pfs(two.bob, {Group::Ecp256});
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass(3s);
  CHECK(two.traffic_flows());
  REQUIRE(two.alice.only().children.front()->chosen.group);
  CHECK(*two.alice.only().children.front()->chosen.group == Group::Ecp256);
}

TEST_CASE("IKE-27: with a larger window several requests are under way at once") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob})
    change_peer(*node, [](Peer& peer) { peer.window = 5; });
  two.bring_up();
  for (unsigned i = 0; i < 8; ++i) REQUIRE(two.alice.daemon->initiate("net"));
  CHECK(two.alice.sent.size() == 5);
  std::reverse(two.alice.sent.begin(), two.alice.sent.end());
  two.settle();
  CHECK(two.alice.only().children.size() == 9);
  CHECK(two.bob.only().children.size() == 9);
}

TEST_CASE("IKE-34: one IKE SA carries a thousand children") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob})
    change_peer(*node, [](Peer& peer) { peer.limits.children = 1000; });
  two.bring_up();
  for (unsigned i = 1; i < 1001; ++i) {
    REQUIRE(two.alice.daemon->initiate("net"));
    two.settle();
  }
  CHECK(two.alice.only().children.size() == 1000);
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.last(EventKind::ChildFailed)->detail == "NO_ADDITIONAL_SAS from the peer");
}

TEST_CASE("PAD-01: an initiator takes nobody else for the peer that it called") {
  TwoPeers two;
  change_peer(two.bob, [](Peer& peer) {
    peer.local_identity = Identity::parse("mallory.example.org").value();
  });
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.alice.up().empty());
  CHECK(two.alice.installer.sas.empty());
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail.find("mallory.example.org") !=
        std::string::npos);
  // Bob is told, and has nothing either (AUTH-06).
  CHECK(two.bob.up().empty());
  CHECK(two.bob.installer.sas.empty());
}

TEST_CASE("IKE-64: a suite that another entry allows is not this one's") {
  TwoPeers two;
  Peer own = *two.bob.pad().entries().front();
  own.proposals = {parse_ike_proposal("aes256-gcm16+prf-hmac-sha384+ecp384").value()};
  Peer other = psk_peer("other", "carol.example.org", "bob.example.org", "another secret");
  two.bob.set_peers({own, other});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.bob.up().empty());
  CHECK(two.alice.up().empty());
  REQUIRE(two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.bob.last(EventKind::IkeFailed)->detail.find("does not allow") != std::string::npos);
}

}  // namespace
}  // namespace sallyport::ike::test::features_test
