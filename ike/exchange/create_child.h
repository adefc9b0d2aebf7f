// CREATE_CHILD_SA: further children, and successors of children and of the IKE SA itself (RFC 7296
// 1.3, 2.8, 2.25; IKE-69, IKE-80, IKE-110..116).
#pragma once

#include "ike/child_negotiation.h"
#include "ike/session.h"

namespace sallyport::ike {

void begin_child(Session& session, ChildRequest request);
// Without effect where it is being replaced or deleted already.
void begin_child_rekey(Session& session, const std::shared_ptr<ChildSa>& child);
void begin_ike_rekey(Session& session);

void respond_to_create_child(Session& session, MessageId id, const Message& request);

}  // namespace sallyport::ike
