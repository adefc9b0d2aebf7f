// IKE_AUTH: both sides prove who they are, and the first child comes with it (RFC 7296 1.2, 2.15;
// IKE-20, IKE-100..102, AUTH-06).
#pragma once

#include <optional>
#include <string>

#include "ike/child_negotiation.h"
#include "ike/session.h"

namespace sallyport::ike {

// Of the responder, where the peer is asked by EAP: it goes on with each request (RFC 7296 2.16).
class AuthRounds {
 public:
  virtual ~AuthRounds() = default;
  virtual void take(MessageId id, const Message& request) = 0;
  // Why it ends before its time, and what is known of the peer by then; for the audit trail.
  [[nodiscard]] virtual std::string explain(const std::string& why) const = 0;
};

// The initiator's, when keys are there.
void begin_auth(Session& session, std::optional<ChildRequest> child);
// The responder's: the response follows when the peer's proof has been checked, or when it is known
// what EAP says next.
void respond_to_auth(Session& session, MessageId id, const Message& request);
// Amid EAP the peer may leave by an INFORMATIONAL request, and ask for nothing else (2.21.2).
void respond_amid_eap(Session& session, MessageId id, const Message& request);

}  // namespace sallyport::ike
