// INFORMATIONAL: deletes, liveness, and what goes without saying (RFC 7296 1.4; IKE-30, IKE-117,
// IKE-118, IKE-128, LIVE-01). Changes of address are in ike/exchange/mobike.
#pragma once

#include <memory>
#include <string>

#include "ike/child_sa.h"
#include "ike/session.h"

namespace sallyport::ike {

// One of ours; as it stands it is empty and asks for nothing but an answer.
class Informational : public Exchange {
 public:
  explicit Informational(Session& session) : session_(session) {}
  ExchangeType type() const noexcept final { return ExchangeType::Informational; }
  void write(PayloadChain&) override {}
  void on_response(const Message&) override {}
  void on_no_response(NoResponse) override {}

 protected:
  Session& session_;
};

void begin_liveness_check(Session& session);
// It ends when the peer has answered, or does not.
void begin_ike_delete(Session& session, const std::string& why);
// It ends now; the peer is told once, and no answer is waited for.
void drop_ike_sa(Session& session, const std::string& why);
void begin_child_delete(Session& session, const std::shared_ptr<ChildSa>& child,
                        const std::string& why);
// Of what the peer has and we have not installed.
void begin_orphan_delete(Session& session, IpsecProtocol protocol, Spi inbound);
// To a responder whose proof is not good; no answer is waited for (AUTH-06).
void send_authentication_failed(Session& session);

void respond_to_informational(Session& session, MessageId id, const Message& request);

}  // namespace sallyport::ike
