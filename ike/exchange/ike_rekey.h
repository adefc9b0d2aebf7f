// The succession of IKE SAs (RFC 7296 1.3.2, 2.8, 2.18; IKE-80, IKE-112, IKE-115).
#pragma once

#include "ike/session.h"

namespace sallyport::ike {

// The responder's half of an IKE rekey.
void respond_to_ike_rekey(Session& session, MessageId id, const Message& request);
// Both ends have replaced it at once: the peer's successor is there, and may be the one that stays.
// Not where the IKE SA has been told to end meanwhile.
[[nodiscard]] bool may_settle_for_rival(const IkeSa& sa) noexcept;
// It is the one.
void settle_for_rival(Session& session);
// The peer has settled for it and uses it, though an answer to us is still under way: where it
// stood by, it takes over.
void take_over(Session& successor);
// What the old one had belongs to the new one from now on.
void hand_over(Session& from, Session& to);

}  // namespace sallyport::ike
