#include "ike/exchange/create_child.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/auth/proof.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/key_agreement.h"
#include "ike/rekey_collision.h"
#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

// The entry as it is now: a reload may have changed it, or taken it away.
PolicySource::Entry current(Session& session, const Policy& policy) {
  for (const PolicySource::Entry& entry : session.my.policies.negotiable())
    if (entry->name == policy.name) return entry;
  return nullptr;
}

ChildRequest successor_request(const PolicySource::Entry& policy, const ChildSa& child) {
  ChildRequest request{.policy = policy, .selectors = {}, .packet = {}, .question = {}};
  // Populated ones keep what the packet gave them; the others are offered whole again, so that they
  // never shrink from rekey to rekey (IKE-98).
  if (policy->pfp != PopulateFromPacket{})
    request.selectors = to_selectors(child.selectors).value_or(std::vector<Selector>{});
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
    ++session.sa.child_exchanges;
    if (!offer_.terms().groups.empty()) group_ = offer_.terms().groups.front();
  }

  ~CreateChild() override { --session_.sa.child_exchanges; }
  CreateChild(const CreateChild&) = delete;
  CreateChild& operator=(const CreateChild&) = delete;

  void start();
  ExchangeType type() const noexcept override { return ExchangeType::CreateChildSa; }
  void write(PayloadChain& payloads) override;
  void on_response(const Message& response) override;
  void on_no_response(NoResponse) override { give_up("the IKE SA has ended"); }

 private:
  void give_up(const std::string& why);
  void on_error(const Notify& error);
  void retry_later(const std::string& why);
  void conclude(const Message& response, const ChosenChild& chosen, ByteView secret);
  void replace(const std::shared_ptr<ChildSa>& child);

  Session& session_;
  ChildOffer offer_;
  std::shared_ptr<ChildSa> replaced_;
  Octets nonce_;
  std::optional<Group> group_;
  KeyPair key_;
};

void CreateChild::start() {
  session_.my.random.fill(nonce_);
  if (!group_) return session_.begin(shared_from_this());
  session_.compute<KeyPair>([group = *group_] { return make_key_pair(group); },
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

void CreateChild::give_up(const std::string& why) {
  if (replaced_ && replaced_->state == ChildState::Rekeying) replaced_->state = ChildState::Live;
  refuse_child(session_, offer_.request(), why);
}

// Until its life is over there is time: only the end of that is the end (IKE-116, IKE-127).
void CreateChild::retry_later(const std::string& why) {
  if (!replaced_) return give_up(why);
  if (replaced_->state != ChildState::Rekeying) return;  // it is about to go, or has gone
  replaced_->state = ChildState::Live;
  session_.my.timers.after(session_.my.settings.retry,
                           [weak = session_.weak_from_this(), old = replaced_] {
                             if (const auto session = weak.lock(); session && !session->dead())
                               begin_child_rekey(*session, old);
                           });
}

void CreateChild::on_error(const Notify& error) {
  const std::string why = fmt::format("{} from the peer", name_of(error.type));
  switch (error.type) {
    case NotifyType::InvalidKePayload: {
      const auto other = error.data.size() == 2
                             ? group_by_ike_id(load_be<std::uint16_t>(error.data.data()))
                             : std::nullopt;
      const auto& groups = offer_.terms().groups;
      if (!other || other == group_ || std::ranges::find(groups, *other) == groups.end())
        return give_up(why);
      group_ = other;
      return start();
    }
    case NotifyType::TemporaryFailure:
      return retry_later(why);
    case NotifyType::ChildSaNotFound:
      // The peer has it no more: a new one takes its place, unless a rekey of the peer's has.
      if (replaced_ && replaced_->state == ChildState::Rekeying) {
        drop_child(session_, *replaced_, why);
        return begin_child(session_, offer_.request());
      }
      return;
    case NotifyType::NoAdditionalSas:
      if (replaced_) {
        begin_child_delete(session_, replaced_, why);
        return begin_child(session_, offer_.request());
      }
      return give_up(why);
    default:
      give_up(why);
      if (replaced_) session_.close("a child could not be rekeyed: " + why);
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
  if (!answers) return session_.close("a KE payload that does not go with the offer");
  session_.compute<Agreement>(
      [key = key_, value = response.key_exchange->data] { return key->agree(value); },
      [self = shared_from_this(), response, chosen = *chosen](Agreement secret) {
        // A bad value under our keys is the peer's fault, or worse (IKE-48).
        if (!secret) return self->session_.close(to_string(secret.error()));
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
  const auto rival = replaced_->successor;
  if (rival && survivor_of(child->lowest_nonce, rival->lowest_nonce) == Survivor::Theirs) {
    start_sending(session_, *rival);
    child->state = ChildState::Replaced;
    return begin_child_delete(session_, child, "the peer's rekey has won");
  }
  replaced_->successor = child;
  if (replaced_->state != ChildState::Gone) begin_child_delete(session_, replaced_, "rekeyed");
}

}  // namespace

void begin_child(Session& session, ChildRequest request) {
  std::make_shared<CreateChild>(session, std::move(request), nullptr)->start();
}

void begin_child_rekey(Session& session, const std::shared_ptr<ChildSa>& child) {
  if (child->state != ChildState::Live) return;
  if (session.sa.state != IkeState::Established) {
    // The IKE SA is being replaced: its successor has the child by then.
    session.my.timers.after(session.my.settings.retry, [weak = session.weak_from_this(), child] {
      const auto self = weak.lock();
      if (self && !self->dead() && child->state == ChildState::Live)
        begin_child_rekey(*self, child);
    });
    return;
  }
  const auto policy = current(session, *child->policy);
  if (!policy) return begin_child_delete(session, child, "its policy is gone");
  child->state = ChildState::Rekeying;
  std::make_shared<CreateChild>(session, successor_request(policy, *child), child)->start();
}

}  // namespace sallyport::ike
