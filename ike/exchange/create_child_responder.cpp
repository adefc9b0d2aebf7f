#include <fmt/format.h>

#include <algorithm>

#include "ike/auth/proof.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/ike_rekey.h"
#include "ike/exchange/key_agreement.h"
#include "ike/rekey_collision.h"

namespace sallyport::ike {
namespace {

// Answers a request for a child, or for the successor of one.
class ChildResponder : public std::enable_shared_from_this<ChildResponder> {
 public:
  ChildResponder(Session& session, MessageId id, const Message& request)
      : session_(session), id_(id), request_(request), nonce_(kNonceBytes) {
    session.my.random.fill(nonce_);
  }
  ~ChildResponder() {
    if (replaced_) --replaced_->replacements;
  }
  ChildResponder(const ChildResponder&) = delete;
  ChildResponder& operator=(const ChildResponder&) = delete;

  void start();

 private:
  void refuse(const Refusal& refusal);
  // False where it has been refused.
  [[nodiscard]] bool find_replaced();
  void refuse_going();
  void with_secret(ResponderKeys made);
  void finish(ByteView public_value, ByteView secret);
  void settle(const std::shared_ptr<ChildSa>& child);

  Session& session_;
  MessageId id_;
  Message request_;
  Octets nonce_;
  std::shared_ptr<ChildSa> replaced_;
  ChildAnswer answer_;
};

void ChildResponder::refuse(const Refusal& refusal) {
  if (refusal.notify.type == NotifyType::InvalidSyntax)
    return session_.refuse_malformed(ExchangeType::CreateChildSa, id_, refusal.why);
  session_.respond_with(ExchangeType::CreateChildSa, id_, refusal.notify);
  session_.report(EventKind::ChildFailed, session_.sa.peer->name,
                  fmt::format("{}: {}", name_of(refusal.notify.type), refusal.why));
}

bool ChildResponder::find_replaced() {
  const Notify* const rekey = request_.find(NotifyType::RekeySa);
  if (rekey == nullptr) return true;
  // The peer names what it receives by: our outbound SPI (IKE-111).
  const Spi named{rekey->spi.size() == 4 ? load_be<std::uint32_t>(rekey->spi.data()) : 0};
  const auto& children = session_.sa.children;
  const auto found = std::ranges::find_if(children, [&](const auto& child) {
    return child->chosen.peer_spi == named && child->state != ChildState::Gone &&
           child->state != ChildState::Replaced;
  });
  if (found == children.end()) {
    refuse({{.type = NotifyType::ChildSaNotFound, .protocol = rekey->protocol, .spi = rekey->spi},
            "no such child"});
    return false;
  }
  if ((*found)->state == ChildState::Deleting || (*found)->is_contested()) {
    refuse_going();
    return false;
  }
  replaced_ = *found;
  ++replaced_->replacements;
  return true;
}

void ChildResponder::refuse_going() {
  refuse({{.type = NotifyType::TemporaryFailure}, "the child is about to go"});
}

void ChildResponder::start() {
  if (!request_.nonce || !request_.sa)
    return refuse({{.type = NotifyType::InvalidSyntax}, "no SA or nonce"});
  if (!find_replaced()) return;
  const auto answer = answer_child(session_, {.request = request_,
                                              .secrecy = ForwardSecrecy::AsPolicySays,
                                              .rekeyed = replaced_ ? replaced_->policy : nullptr});
  if (!answer) return refuse(answer.error());
  answer_ = *answer;
  const std::optional<Group> group = answer_.chosen.group;
  if (!group) return finish({}, {});
  if (!request_.key_exchange || request_.key_exchange->group != facts(*group).ike_id)
    return refuse({wants_group(*group), "another group"});
  session_.compute<ResponderKeys>(
      [group = *group, value = request_.key_exchange->data] {
        return make_responder_keys(group, value);
      },
      [self = shared_from_this()](ResponderKeys made) { self->with_secret(std::move(made)); });
}

void ChildResponder::with_secret(ResponderKeys made) {
  if (made.secret) return finish(made.public_value, made.secret->view());
  // A bad value under our keys ends the IKE SA (IKE-48).
  session_.refuse_malformed(ExchangeType::CreateChildSa, id_, to_string(made.secret.error()));
}

void ChildResponder::finish(ByteView public_value, ByteView secret) {
  // While values were computed; not where our own rekey is what deletes it.
  if (session_.sa.state >= IkeState::Rekeyed) return refuse_going();
  if (replaced_ && replaced_->state >= ChildState::Deleting && !replaced_->successor)
    return refuse_going();
  const auto child = install_answer(session_, answer_,
                                    {.initiator_nonce = *request_.nonce, .responder_nonce = nonce_},
                                    secret, replaced_ ? Sending::WhenHeard : Sending::AtOnce);
  if (!child) return refuse(child.error());
  PayloadChain payloads;
  write_answer(payloads, answer_, **child);
  payloads.nonce(nonce_);
  if (answer_.chosen.group)
    payloads.key_exchange(facts(*answer_.chosen.group).ike_id, public_value);
  write_answered_selectors(payloads, answer_);
  session_.respond(ExchangeType::CreateChildSa, id_, payloads);
  settle(*child);
}

void ChildResponder::settle(const std::shared_ptr<ChildSa>& child) {
  if (!replaced_)
    return session_.report(EventKind::ChildUp, child->name, to_string(child->chosen.transform));
  child->lowest_nonce = lower_nonce(*request_.nonce, nonce_);
  // Ours has been answered while this one was made.
  const auto ours = replaced_->successor;
  if (ours) settle_collision(session_, ours, child);
  if (child->state == ChildState::Replaced) return;
  succeed(replaced_, child);
  // Where ours is under way as well its answer decides (IKE-114).
  if (ours || replaced_->state != ChildState::Live) return;
  yield_to_successor(session_, *replaced_);
}

}  // namespace

void respond_to_create_child(Session& session, MessageId id, const Message& request) {
  const auto refuse = [&](NotifyType type) {
    session.respond_with(ExchangeType::CreateChildSa, id, {.type = type});
  };
  if (!request.sa || request.sa->empty())
    return session.refuse_malformed(ExchangeType::CreateChildSa, id, "CREATE_CHILD_SA without SA");
  const bool of_ike = request.sa->front().protocol == ProtocolId::Ike;
  const IkeState state = session.sa.state;
  if (of_ike) return respond_to_ike_rekey(session, id, request);
  if (state != IkeState::Established) return refuse(NotifyType::TemporaryFailure);
  std::make_shared<ChildResponder>(session, id, request)->start();
}

}  // namespace sallyport::ike
