#include "ike/exchange/create_child.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/auth/proof.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/key_agreement.h"
#include "ike/rekey_collision.h"
#include "ike/wire/append.h"
#include "spd/populate.h"

namespace sallyport::ike {
namespace {

void add_all(std::vector<Selector>& to, const std::vector<Selector>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// What an entry says now of the packets that a child's successor is for. Where SAs are populated
// these are the child's own, and otherwise all of the entry's: so they never shrink from rekey to
// rekey (IKE-98).
std::vector<Selector> successor_selectors(const Policy& entry, const ChildSa& child) {
  if (populated_fields(entry) == PopulateFromPacket{}) return entry.selectors;
  std::vector<Selector> selectors;
  for (const SelectorPair& part : parts_within(entry.selectors, child.selectors))
    add_all(selectors, to_selectors(part).value_or(std::vector<Selector>{}));
  return selectors;
}

// Linked entries stay so as long as they are as `policy` is.
ChildRequest successor_request(Session& session, const PolicySource::Entry& policy,
                               const ChildSa& child) {
  ChildRequest request{
      .policy = policy, .linked = {}, .selectors = {}, .packet = {}, .question = {}};
  for (const PolicySource::Entry& old : child.linked)
    if (auto entry = session.my.policies.find(old->name); entry && are_alike(*entry, *policy))
      request.linked.push_back(std::move(entry));
  request.selectors = successor_selectors(*policy, child);
  for (const PolicySource::Entry& entry : request.linked)
    add_all(request.selectors, successor_selectors(*entry, child));
  return request;
}

// A new child, or the successor of one.
class CreateChild final : public Exchange, public std::enable_shared_from_this<CreateChild> {
 public:
  CreateChild(Session& session, ChildRequest request, std::shared_ptr<ChildSa> replaced)
      : session_(session),
        offer_(session, std::move(request), ForwardSecrecy::AsPolicySays),
        replaced_(std::move(replaced)),
        nonce_(kNonceBytes) {
    if (replaced_) ++replaced_->replacements;
    if (!offer_.terms().groups.empty()) group_ = offer_.terms().groups.front();
  }

  ~CreateChild() override {
    if (replaced_) --replaced_->replacements;
  }
  CreateChild(const CreateChild&) = delete;
  CreateChild& operator=(const CreateChild&) = delete;

  void start();
  ExchangeType type() const noexcept override { return ExchangeType::CreateChildSa; }
  void write(PayloadChain& payloads) override;
  void on_response(const Message& response) override;
  void on_no_response(NoResponse) override { give_up("the IKE SA has ended"); }

 private:
  // There is nothing to be rekeyed any more: true where the peer has done it meanwhile.
  [[nodiscard]] bool was_overtaken();
  void give_up(const std::string& why);
  // The same, and the IKE SA is closed.
  void break_off(const std::string& why) {
    give_up(why);
    session_.close(why);
  }
  void on_error(const Notify& error);
  void retry_later(const std::string& why);
  void conclude(const Message& response, const ChosenChild& chosen, ByteView secret);
  void replace(const std::shared_ptr<ChildSa>& child);

  Session& session_;
  const ChildExchange counted_{session_.sa};
  ChildOffer offer_;
  std::shared_ptr<ChildSa> replaced_;
  Octets nonce_;
  std::optional<Group> group_;
  KeyPair key_;
  bool regrouped_{};
};

void CreateChild::start() {
  if (!offer_.can_be_made()) return give_up(ChildOffer::kCannotBeMade);
  session_.my.random.fill(nonce_);
  if (!group_) return session_.begin(shared_from_this());
  session_.compute_for<KeyPair>(
      shared_from_this(), [group = *group_] { return make_key_pair(group); },
      [self = shared_from_this()](KeyPair key) {
        if (!key) return self->give_up("no private value to be had");
        self->key_ = std::move(key);
        self->session_.begin(self);
      });
}

void CreateChild::write(PayloadChain& payloads) {
  if (replaced_) {
    Notify rekey{.type = NotifyType::RekeySa, .protocol = protocol_id(replaced_->protocol())};
    append(rekey.spi, replaced_->inbound.value);
    payloads.notify(rekey);
  }
  offer_.write_sa(payloads);
  payloads.nonce(nonce_);
  if (group_) payloads.key_exchange(facts(*group_).ike_id, key_->public_value());
  offer_.write_selectors(payloads);
}

bool CreateChild::was_overtaken() {
  if (!replaced_ || replaced_->state != ChildState::Rekeying || !replaced_->successor) return false;
  yield_to_successor(session_, *replaced_);
  return true;
}

void CreateChild::give_up(const std::string& why) {
  if (was_overtaken()) return;
  if (replaced_ && replaced_->state == ChildState::Rekeying) replaced_->state = ChildState::Live;
  refuse_child(session_, offer_.request(), why);
}

// A rekey has time until the child's life is over; whoever wants a new child asks again (IKE-116,
// IKE-127).
void CreateChild::retry_later(const std::string& why) {
  if (was_overtaken()) return;
  const auto wait = session_.wait_after_temporary_failure();
  if (!wait || !replaced_) give_up(why);
  if (!wait) return session_.close(why + " for too long");
  if (!replaced_ || replaced_->state != ChildState::Rekeying) return;  // it is about to go, or gone
  replaced_->state = ChildState::Live;
  replaced_->rekey_due = true;
  session_.after(*wait,
                 [&session = session_, old = replaced_] { begin_child_rekey(session, old); });
}

void CreateChild::on_error(const Notify& error) {
  const std::string why = fmt::format("{} from the peer", name_of(error.type));
  if (error.type == NotifyType::TemporaryFailure) return retry_later(why);
  if (error.type == NotifyType::InvalidKePayload) {
    const auto other = other_group(error, offer_.terms().groups, group_);
    if (!other || std::exchange(regrouped_, true)) return give_up(why);
    group_ = other;
    return start();
  }
  if (!replaced_) return give_up(why);
  if (was_overtaken() || replaced_->state != ChildState::Rekeying) return;  // it is not needed now
  switch (error.type) {
    case NotifyType::ChildSaNotFound:  // the peer has it no more: a new one takes its place
      drop_child(session_, *replaced_, why);
      return begin_child(session_, offer_.request());
    case NotifyType::NoAdditionalSas:
      begin_child_delete(session_, replaced_, why);
      return begin_child(session_, offer_.request());
    default:
      break_off("a child could not be rekeyed: " + why);
  }
}

void CreateChild::on_response(const Message& response) {
  if (const Notify* const error = response.error()) return on_error(*error);
  const auto chosen = offer_.chosen(response);
  if (!chosen || !response.nonce) {
    give_up(chosen ? "a response without a nonce" : to_string(chosen.error()));
    return begin_orphan_delete(session_, offer_.protocol(), offer_.inbound());
  }
  if (!chosen->group) return conclude(response, *chosen, {});
  const bool answers = response.key_exchange && chosen->group == group_ &&
                       response.key_exchange->group == facts(*group_).ike_id;
  if (!answers) return break_off("a KE payload that does not go with the offer");
  session_.compute_for<Agreement>(
      shared_from_this(),
      [key = key_, value = response.key_exchange->data] { return key->agree(value); },
      [self = shared_from_this(), response, chosen = *chosen](Agreement secret) {
        // A bad value under our keys is the peer's fault, or worse (IKE-48).
        if (!secret) return self->break_off(to_string(secret.error()));
        self->conclude(response, chosen, secret->view());
      });
}

void CreateChild::conclude(const Message& response, const ChosenChild& chosen, ByteView secret) {
  const auto child = offer_.conclude(
      response, chosen, {.initiator_nonce = nonce_, .responder_nonce = *response.nonce}, secret);
  if (!child) {
    give_up(to_string(child.error()));
    return begin_orphan_delete(session_, offer_.protocol(), offer_.inbound());
  }
  if (!replaced_)
    return session_.report(EventKind::ChildUp, (*child)->name, to_string(chosen.transform));
  (*child)->lowest_nonce = lower_nonce(nonce_, *response.nonce);
  replace(*child);
}

// `child` is ours; the peer may have made another one for the same purpose meanwhile.
void CreateChild::replace(const std::shared_ptr<ChildSa>& child) {
  session_.report(EventKind::ChildRekeyed, replaced_->name, child->name);
  if (const auto rival = replaced_->successor) settle_collision(session_, child, rival);
  if (child->state == ChildState::Replaced) return;  // the peer deletes the old one
  succeed(replaced_, child);
  if (replaced_->state != ChildState::Gone) begin_child_delete(session_, replaced_, "rekeyed");
}

}  // namespace

void begin_child(Session& session, ChildRequest request) {
  std::make_shared<CreateChild>(session, std::move(request), nullptr)->start();
}

void begin_child_rekey(Session& session, const std::shared_ptr<ChildSa>& child) {
  if (child->state != ChildState::Live || session.sa.state >= IkeState::Rekeyed) return;
  // Either the IKE SA is being replaced, and its successor has the child by then; or the child is a
  // successor of which the peer may not have heard yet: it would say that there is none. Or it may
  // be the one that goes.
  if (session.sa.state != IkeState::Established || child->waiting_outbound ||
      child->is_contested()) {
    child->rekey_due = true;
    session.after(session.my.settings.retry, [&session, child] {
      if (child->state == ChildState::Live) begin_child_rekey(session, child);
    });
    return;
  }
  const auto policy = session.my.policies.find(child->policy->name);  // as it is now
  if (!policy) return begin_child_delete(session, child, "its policy is gone");
  ChildRequest request = successor_request(session, policy, *child);
  if (request.selectors.empty())
    return begin_child_delete(session, child, "its policy has its packets no more");
  child->state = ChildState::Rekeying;
  child->rekey_due = false;
  std::make_shared<CreateChild>(session, std::move(request), child)->start();
}

}  // namespace sallyport::ike
