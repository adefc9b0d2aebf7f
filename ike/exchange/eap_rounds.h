// The initiator's EAP within IKE_AUTH: what the responder, who is known by now, asks, and both
// proofs by the key that comes of it (RFC 7296 2.16; EAP-01, EAP-03, EAP-08, EAP-10).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ike/auth/proof.h"
#include "ike/eap/peer.h"
#include "ike/exchange/exchange.h"
#include "ike/session.h"

namespace sallyport::ike {

struct EapTask {
  std::unique_ptr<EapPeer> peer;
  ProofInputs ours;    // of AUTH, which is the same whatever EAP has said
  ProofInputs theirs;  // likewise
  // One of these is called, and nothing is done after it.
  std::function<void(const Message& last)> authenticated{};
  std::function<void(const Message& last, std::string_view missing)> refused{};
  std::function<void(const std::string& why)> dropped{};  // by the peer, which is gone
  std::function<void(const Error& why)> failed{};
  std::function<void(NoResponse why)> unanswered{};
};
// `request`: the EAP packet of the responder's first response.
void begin_eap_rounds(Session& session, EapTask task, ByteView request);

}  // namespace sallyport::ike
