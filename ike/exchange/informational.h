// INFORMATIONAL: deletes, liveness, changes of address, and what goes without saying (RFC 7296 1.4,
// 4555 3.5; IKE-30, IKE-117, IKE-118, IKE-128, LIVE-01, MOBIKE-02..05).
#pragma once

#include <memory>
#include <string>

#include "ike/child_sa.h"
#include "ike/session.h"

namespace sallyport::ike {

void begin_liveness_check(Session& session);
// It ends when the peer has answered, or does not.
void begin_ike_delete(Session& session, const std::string& why);
void begin_child_delete(Session& session, const std::shared_ptr<ChildSa>& child,
                        const std::string& why);
// Of what the peer has and we have not installed.
void begin_orphan_delete(Session& session, IpsecProtocol protocol, Spi inbound);
// To a responder whose proof is not good; no answer is waited for (AUTH-06).
void send_authentication_failed(Session& session);
// As the original initiator with MOBIKE: from now on along `path` (MOBIKE-02).
void begin_address_update(Session& session, const Path& path);

void respond_to_informational(Session& session, MessageId id, const Message& request);

}  // namespace sallyport::ike
