#include "ike/exchange/informational.h"

#include <algorithm>
#include <utility>

#include "ike/child_negotiation.h"
#include "ike/exchange/ike_rekey.h"
#include "ike/exchange/mobike.h"
#include "ike/wire/protect.h"

namespace sallyport::ike {
namespace {

// Behind a NAT it asks as well whether the mapping is still the same (RFC 4555 3.8).
class LivenessCheck final : public Informational {
 public:
  using Informational::Informational;
  void write(PayloadChain& payloads) override { append_mapping_question(payloads, session_.sa); }
  void on_response(const Message& response) override { follow_mapping(session_, response); }
};

class IkeDelete final : public Informational {
 public:
  IkeDelete(Session& session, std::string why) : Informational(session), why_(std::move(why)) {}
  void write(PayloadChain& payloads) override { payloads.remove_ike_sa(); }
  void on_response(const Message&) override { session_.end(why_); }

 private:
  std::string why_;
};

class ChildDelete final : public Informational {
 public:
  ChildDelete(Session& session, std::shared_ptr<ChildSa> child, std::string why)
      : Informational(session), child_(std::move(child)), why_(std::move(why)) {}
  void write(PayloadChain& payloads) override {
    payloads.remove(protocol_id(child_->protocol()), {&child_->inbound, 1});
  }
  void on_response(const Message&) override {
    if (session_.sa.state == IkeState::Rekeyed) return;  // it is the successor's, which deletes it
    if (!child_->successor && !replaced_) return drop_child(session_, *child_, why_);
    if (child_->successor) start_sending(session_, *child_->successor);
    retire_child(session_, child_);
  }
  void was_replaced() noexcept { replaced_ = true; }

 private:
  const ChildExchange counted_{session_.sa};
  std::shared_ptr<ChildSa> child_;
  std::string why_;
  bool replaced_{};
};

class OrphanDelete final : public Informational {
 public:
  OrphanDelete(Session& session, IpsecProtocol protocol, Spi inbound)
      : Informational(session), protocol_(protocol), inbound_(inbound) {}
  void write(PayloadChain& payloads) override {
    payloads.remove(protocol_id(protocol_), {&inbound_, 1});
  }

 private:
  const ChildExchange counted_{session_.sa};
  IpsecProtocol protocol_;
  Spi inbound_;
};

// One Delete payload of the peer's: what it sends by goes, and our halves of the same pairs.
class Deletes {
 public:
  explicit Deletes(Session& session) : session_(session) {}

  void take(const DeletePayload& payload) {
    for (const Spi spi : payload.spis)
      if (const auto child = find(payload.protocol, spi)) take(child);
  }
  void write(PayloadChain& payloads) const {
    for (const auto protocol : {IpsecProtocol::Esp, IpsecProtocol::Ah}) {
      std::vector<Spi> spis;
      for (const auto& child : answered_)
        if (child->protocol() == protocol) spis.push_back(child->inbound);
      if (!spis.empty()) payloads.remove(protocol_id(protocol), spis);
    }
  }

 private:
  // The peer names what it receives by: our outbound SPIs.
  std::shared_ptr<ChildSa> find(ProtocolId protocol, Spi spi) const {
    const auto found = std::ranges::find_if(session_.sa.children, [&](const auto& child) {
      return child->chosen.peer_spi == spi && protocol_id(child->protocol()) == protocol &&
             !child->has_retired();
    });
    return found == session_.sa.children.end() ? nullptr : *found;
  }
  void take(const std::shared_ptr<ChildSa>& child) {
    // Where our own Delete is under way, its answer ends the other half (IKE-117, IKE-128).
    if (child->state != ChildState::Deleting) answered_.push_back(child);
    if (!child->successor) return drop_child(session_, *child, "deleted by the peer");
    start_sending(session_, *child->successor);  // the peer has it, or would keep this one
    retire_child(session_, child);
  }

  Session& session_;
  std::vector<std::shared_ptr<ChildSa>> answered_;
};

bool deletes_ike_sa(const Message& request) {
  return std::ranges::any_of(request.deletes, [](const DeletePayload& payload) {
    return payload.protocol == ProtocolId::Ike;
  });
}

void answer_ike_delete(Session& session, MessageId id) {
  session.respond(ExchangeType::Informational, id, PayloadChain{});
  if (may_settle_for_rival(session.sa)) settle_for_rival(session);
  session.end_answered(session.sa.state == IkeState::Rekeyed ? "rekeyed" : "deleted by the peer");
}

// A request outside all windows, whose answer nobody waits for.
void send_last_word(Session& session, const PayloadChain& payloads) {
  const IkeSa& sa = session.sa;
  const std::uint8_t side = sa.side == Side::Initiator ? kInitiatorFlag : 0;
  const Header header{.initiator_spi = sa.initiator_spi,
                      .responder_spi = sa.responder_spi,
                      .exchange = ExchangeType::Informational,
                      .flags = side,
                      .message_id = session.requests().next_id()};
  const Sealer sealer(sa.our_cipher(), session.sa.next_iv, session.my.random);
  for (const Octets& datagram : sealer.seal(header, payloads, 0))
    session.my.datagrams.send(sa.path, datagram);
}

}  // namespace

void begin_liveness_check(Session& session) {
  session.begin(std::make_shared<LivenessCheck>(session));
}

void begin_ike_delete(Session& session, const std::string& why) {
  if (session.sa.state == IkeState::Deleting || session.dead()) return;
  if (session.sa.state != IkeState::Rekeyed) session.sa.state = IkeState::Deleting;
  session.begin_first(std::make_shared<IkeDelete>(session, why));
}

void begin_child_delete(Session& session, const std::shared_ptr<ChildSa>& child,
                        const std::string& why) {
  if (child->state >= ChildState::Deleting || child->has_retired()) return;
  const auto exchange = std::make_shared<ChildDelete>(session, child, why);
  if (child->state == ChildState::Replaced) exchange->was_replaced();
  child->state = ChildState::Deleting;
  session.begin(exchange);
}

void begin_orphan_delete(Session& session, IpsecProtocol protocol, Spi inbound) {
  if (session.sa.state >= IkeState::Established)
    session.begin(std::make_shared<OrphanDelete>(session, protocol, inbound));
}

void send_authentication_failed(Session& session) {
  PayloadChain payloads;
  payloads.notify(NotifyType::AuthenticationFailed);
  send_last_word(session, payloads);
}

void drop_ike_sa(Session& session, const std::string& why) {
  if (session.dead()) return;
  PayloadChain payloads;
  payloads.remove_ike_sa();
  send_last_word(session, payloads);
  session.end(why);
}

void respond_to_informational(Session& session, MessageId id, const Message& request) {
  if (deletes_ike_sa(request)) return answer_ike_delete(session, id);
  PayloadChain answer;
  Deletes deletes(session);
  for (const DeletePayload& payload : request.deletes) deletes.take(payload);
  deletes.write(answer);
  AddressNews news(session, id, request);
  news.write(answer);
  session.respond(ExchangeType::Informational, id, answer);
  // The peer does not believe us: what we took for an IKE SA is none (AUTH-06).
  if (request.find(NotifyType::AuthenticationFailed) != nullptr)
    return session.end_answered("AUTHENTICATION_FAILED from the peer");
  news.take();
}

}  // namespace sallyport::ike
