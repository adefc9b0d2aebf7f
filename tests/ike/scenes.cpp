#include "tests/ike/scenes.h"

#include <catch2/catch.hpp>

#include "tests/ike/eap_peers.h"

namespace sallyport::ike::test {
namespace {

IkeCipher cipher_of_nobody() {
  const Octets key(20, 0x5a);
  return {{Cipher::AesGcm16_128, Integrity::None}, key, {}};
}

// Somebody who knows the SPIs and no keys.
Impostor stranger(const Node& target) {
  const IkeSa& sa = *target.ike_sas().front();
  IkeSa other;
  other.side = sa.side == Side::Initiator ? Side::Responder : Side::Initiator;
  other.initiator_spi = sa.initiator_spi;
  other.responder_spi = sa.responder_spi == IkeSpi{} ? IkeSpi{9} : sa.responder_spi;
  other.path = {sa.path.remote, sa.path.local};
  other.keys.emplace(IkeKeys{.d = {},
                             .p_initiator = {},
                             .p_responder = {},
                             .initiator = cipher_of_nobody(),
                             .responder = cipher_of_nobody()});
  return Impostor(other);
}

void send_first_request(Scene& scene) {
  REQUIRE(scene.two->alice.daemon->initiate("net"));
  scene.watch_first(scene.two->alice);
}

}  // namespace

void Scene::watch(Node& node) {
  target = &node;
  const IkeSa& sa = node.only();
  spi = sa.our_spi();
  child = sa.children.at(0)->chosen.peer_spi;
  voice.emplace(other().only());
  if (sa.side == Side::Initiator) return;
  expected = 2;
  answered = ExchangeType::IkeAuth;
}

void Scene::watch_first(Node& node) {
  target = &node;
  spi = node.ike_sas().front()->our_spi();
}

void Scene::count(ExchangeType exchange) {
  ++expected;
  answered = exchange;
}

void Scene::keep_outstanding() {
  REQUIRE(target->sent.size() == 1);
  outstanding = parse_header(target->sent.front().message);
  REQUIRE(outstanding);
  REQUIRE_FALSE(outstanding->is_response());
}

void init_sent(Scene& scene) {
  send_first_request(scene);
  scene.voice.emplace(stranger(scene.two->alice));
  scene.keep_outstanding();
}

void init_answered(Scene& scene) {
  send_first_request(scene);
  scene.voice.emplace(stranger(scene.two->alice));
  REQUIRE(scene.two->deliver(scene.two->alice));
  scene.two->alice.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.two->bob));
  REQUIRE(scene.two->alice.jobs.waiting.size() == 1);
}

void auth_sent(Scene& scene) {
  send_first_request(scene);
  REQUIRE(scene.two->deliver(scene.two->alice));
  REQUIRE(scene.two->deliver(scene.two->bob));
  scene.voice.emplace(*scene.two->bob.ike_sas().front());
  scene.keep_outstanding();
}

void auth_answered(Scene& scene) {
  auth_sent(scene);
  scene.outstanding.reset();
  REQUIRE(scene.two->deliver(scene.two->alice));
  scene.two->alice.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.two->bob));
  REQUIRE(scene.two->alice.jobs.waiting.size() == 1);
}

void init_received(Scene& scene) {
  REQUIRE(scene.two->alice.daemon->initiate("net"));
  scene.two->bob.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.two->alice));
  scene.watch_first(scene.two->bob);
  scene.voice.emplace(stranger(scene.two->bob));
}

void auth_expected(Scene& scene) {
  REQUIRE(scene.two->alice.daemon->initiate("net"));
  REQUIRE(scene.two->deliver(scene.two->alice));
  REQUIRE(scene.two->deliver(scene.two->bob));
  scene.watch_first(scene.two->bob);
  scene.voice.emplace(*scene.two->alice.ike_sas().front());
  scene.expected = 1;
}

void auth_received(Scene& scene) {
  auth_expected(scene);
  scene.two->bob.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.two->alice));
  REQUIRE(scene.two->bob.jobs.waiting.size() == 1);
}

namespace {

// IKE_SA_INIT, and so many exchanges of IKE_AUTH.
void begin_eap(Scene& scene, unsigned rounds) {
  scene.aaa = authenticate_by_eap(*scene.two);
  REQUIRE(scene.two->alice.daemon->initiate("net"));
  for (unsigned round = 0; round < 1 + rounds; ++round) {
    REQUIRE(scene.two->deliver(scene.two->alice));
    REQUIRE(scene.two->deliver(scene.two->bob));
  }
}

void watch_alice(Scene& scene) {
  scene.watch_first(scene.two->alice);
  scene.voice.emplace(*scene.two->bob.ike_sas().front());
}

void watch_bob(Scene& scene, MessageId expected) {
  scene.watch_first(scene.two->bob);
  scene.voice.emplace(*scene.two->alice.ike_sas().front());
  scene.expected = expected;
}

}  // namespace

void eap_offered(Scene& scene) {
  begin_eap(scene, 0);
  watch_alice(scene);
  REQUIRE(scene.two->deliver(scene.two->alice));
  scene.two->alice.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.two->bob));
  REQUIRE(scene.two->alice.jobs.waiting.size() == 1);
}

void eap_sent(Scene& scene) {
  begin_eap(scene, 1);
  watch_alice(scene);
  scene.keep_outstanding();
}

void eap_proof_sent(Scene& scene) {
  begin_eap(scene, 3);
  watch_alice(scene);
  scene.keep_outstanding();
}

void eap_received(Scene& scene) {
  begin_eap(scene, 1);
  watch_bob(scene, 2);
  scene.aaa->at_once = false;
  REQUIRE(scene.two->deliver(scene.two->alice));
  REQUIRE(scene.two->bob.sent.empty());
}

void eap_expected(Scene& scene) {
  begin_eap(scene, 1);
  watch_bob(scene, 2);
  scene.answered = ExchangeType::IkeAuth;
}

void eap_succeeded(Scene& scene) {
  begin_eap(scene, 3);
  watch_bob(scene, 4);
  scene.answered = ExchangeType::IkeAuth;
}

void established(Scene& scene, Node& node) {
  REQUIRE(scene.two->alice.daemon->initiate("net"));
  scene.two->settle();
  scene.watch(node);
}

void ike_rekeying(Scene& scene, Node& node) {
  established(scene, node);
  REQUIRE(node.daemon->rekey(node.only().number));
  scene.keep_outstanding();
}

void ike_rekey_answered(Scene& scene, Node& node) {
  ike_rekeying(scene, node);
  scene.outstanding.reset();
  REQUIRE(scene.two->deliver(node));
  node.jobs.at_once = false;
  REQUIRE(scene.two->deliver(scene.other()));
  REQUIRE(node.jobs.waiting.size() == 1);
}

void replaced_by_us(Scene& scene, Node& node) {
  ike_rekeying(scene, node);
  REQUIRE(scene.two->deliver(node));
  REQUIRE(scene.two->deliver(scene.other()));
  scene.keep_outstanding();
}

void replaced_by_peer(Scene& scene, Node& node) {
  established(scene, node);
  Node& other = scene.other();
  REQUIRE(other.daemon->rekey(other.only().number));
  REQUIRE(scene.two->deliver(other));
  scene.count(ExchangeType::CreateChildSa);
}

void deleting(Scene& scene, Node& node) {
  established(scene, node);
  REQUIRE(node.daemon->terminate(node.only().number));
  scene.keep_outstanding();
}

void deleted_by_peer(Scene& scene, Node& node) {
  established(scene, node);
  Node& other = scene.other();
  REQUIRE(other.daemon->terminate(other.only().number));
  REQUIRE(scene.two->deliver(other));
  scene.count(ExchangeType::Informational);
}

void child_rekeying(Scene& scene, Node& node) {
  established(scene, node);
  REQUIRE(node.daemon->rekey_child(node.only().children.at(0)->name));
  scene.keep_outstanding();
}

void child_replaced_by_us(Scene& scene, Node& node) {
  child_rekeying(scene, node);
  REQUIRE(scene.two->deliver(node));
  REQUIRE(scene.two->deliver(scene.other()));
  scene.keep_outstanding();
}

void child_replaced_by_peer(Scene& scene, Node& node) {
  established(scene, node);
  Node& other = scene.other();
  REQUIRE(other.daemon->rekey_child(other.only().children.at(0)->name));
  REQUIRE(scene.two->deliver(other));
  scene.count(ExchangeType::CreateChildSa);
}

void child_deleting(Scene& scene, Node& node) {
  established(scene, node);
  REQUIRE(node.daemon->terminate_child(node.only().children.at(0)->name));
  scene.keep_outstanding();
}

}  // namespace sallyport::ike::test
