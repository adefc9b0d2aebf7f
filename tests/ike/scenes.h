// One end of an IKE SA, brought into each state that it knows, with somebody who speaks for the
// other end (IKE-32).
#pragma once

#include <memory>
#include <optional>

#include "tests/ike/impostor.h"

namespace sallyport::ike::test {

class FakeAaa;

struct Scene {
  std::unique_ptr<TwoPeers> two = std::make_unique<TwoPeers>();
  Node* target{};
  std::optional<Impostor> voice{};
  IkeSpi spi{};                            // the target's own
  MessageId expected{};                    // of the other end's next request
  std::optional<ExchangeType> answered{};  // what the request before it was, if it is remembered
  std::optional<Header> outstanding{};     // of the target's request
  Spi child{};                             // by which the other end receives
  std::shared_ptr<FakeAaa> aaa{};          // of scenes with EAP

  [[nodiscard]] Node& other() const { return two->other(*target); }
  // The target is `node`, whose IKE SA is up.
  void watch(Node& node);
  // The same where it is not up yet; nobody speaks so far.
  void watch_first(Node& node);
  // The target has answered one more request.
  void count(ExchangeType exchange);
  // The target has just sent a request.
  void keep_outstanding();
};

// Before there are keys and before the peer is known.
void init_sent(Scene& scene);
void init_answered(Scene& scene);  // keys are being worked out
void auth_sent(Scene& scene);
void auth_answered(Scene& scene);  // the peer's proof is being checked
void init_received(Scene& scene);  // keys are being worked out
void auth_expected(Scene& scene);
void auth_received(Scene& scene);  // proofs are being worked out

// The same where Alice is authenticated by EAP.
void eap_offered(Scene& scene);     // Bob's proof is being checked
void eap_sent(Scene& scene);        // her answer to EAP
void eap_proof_sent(Scene& scene);  // her AUTH by the MSK
void eap_received(Scene& scene);    // Bob's AAA is being asked
void eap_expected(Scene& scene);    // Bob has asked by EAP
void eap_succeeded(Scene& scene);   // Bob waits for her AUTH

// Afterwards, for either end.
void established(Scene& scene, Node& node);
void ike_rekeying(Scene& scene, Node& node);
void ike_rekey_answered(Scene& scene, Node& node);  // keys are being worked out
void replaced_by_us(Scene& scene, Node& node);      // its Delete is under way
void replaced_by_peer(Scene& scene, Node& node);    // whose Delete is awaited
void deleting(Scene& scene, Node& node);
void deleted_by_peer(Scene& scene, Node& node);

// And its child.
void child_rekeying(Scene& scene, Node& node);
void child_replaced_by_us(Scene& scene, Node& node);
void child_replaced_by_peer(Scene& scene, Node& node);
void child_deleting(Scene& scene, Node& node);

}  // namespace sallyport::ike::test
