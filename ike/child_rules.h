// What both halves of the negotiation of a child go by: what the peer may claim, and what the
// notifies beside a proposal mean (RFC 7296 1.3.1, 2.23.1; RFC 4301 4.4.3.4).
#pragma once

#include <span>
#include <string>

#include "ike/session.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike {

// What remains of each selector of the peer's side within its entry's ranges and what it was given,
// without what another one was given (PAD-10, PAD-14).
[[nodiscard]] TrafficSelectors within_claims(const Session& session,
                                             std::span<const TrafficSelector> remote);

// The addresses on the wire are not those that policy knows (RFC 7296 2.23.1; IKE-99).
[[nodiscard]] bool is_transport_through_nat(const Policy& policy, const IkeSa& sa);

// What the notifies of both sides make of what policy wants (RFC 7296 1.3.1; IKE-66).
struct Concessions {
  FragmentChecks fragments{FragmentChecks::Stateless};
  bool padding{true};  // the peer bears traffic flow padding (ESP-14)
};
// `message` is the peer's.
[[nodiscard]] Concessions concessions(const Policy& policy, const Message& message);
void apply(const Concessions& concessions, ChildPair& pair);
// What our side says of a child of this policy; in an answer `fragments` is what both have agreed.
void write_notifies(PayloadChain& payloads, const Protection& protection, FragmentChecks fragments);

// "policy/7.3"
[[nodiscard]] std::string name_of_next_child(IkeSa& sa, const Policy& policy);

}  // namespace sallyport::ike
