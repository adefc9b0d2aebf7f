#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ike/configuration.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/auth_steps.h"
#include "ike/exchange/informational.h"

namespace sallyport::ike {
namespace {

using ProofResult = Expected<Proof>;
using BeliefResult = Expected<Belief>;

class Auth final : public Exchange, public std::enable_shared_from_this<Auth> {
 public:
  Auth(Session& session, std::optional<ChildRequest> child) : session_(session) {
    if (child) offer_.emplace(session, std::move(*child), ForwardSecrecy::None);
  }

  void start();
  ExchangeType type() const noexcept override { return ExchangeType::IkeAuth; }
  void write(PayloadChain& payloads) override;
  void on_response(const Message& response) override;
  void on_no_response(NoResponse) override { refuse("the IKE SA did not come to be"); }

 private:
  void refuse(const std::string& why) {
    if (offer_) refuse_child(session_, offer_->request(), why);
  }
  void fail_peer(const Error& why);
  void on_believed(const Message& response, const BeliefResult& belief);
  void take_addresses(const Message& response);
  void take_child(const Message& response, const InitialExchange& initial);

  Session& session_;
  std::optional<ChildOffer> offer_;
  Proof proof_;
};

void Auth::start() {
  IkeSa& sa = session_.sa;
  sa.abilities.mobike = sa.peer->mobike == Offer::Yes;
  const Identity& id = sa.local_identity;
  auto inputs = std::make_shared<ProofInputs>(
      proof_inputs(sa, Side::Initiator, id_body(static_cast<std::uint8_t>(id.type), id.data)));
  session_.compute<ProofResult>(
      [peer = sa.peer, inputs, hashes = sa.abilities.hashes] {
        return make_proof(peer->local, *inputs, hashes);
      },
      [self = shared_from_this()](ProofResult proof) {
        if (!proof) {
          self->refuse(to_string(proof.error()));
          return self->session_.end(to_string(proof.error()));
        }
        self->proof_ = std::move(*proof);
        self->session_.begin(self);
      });
}

void Auth::write(PayloadChain& payloads) {
  const IkeSa& sa = session_.sa;
  const Identity& id = sa.local_identity;
  payloads.id(PayloadType::IdInitiator, id_body(static_cast<std::uint8_t>(id.type), id.data));
  append_certificates(payloads, sa.peer->local, sa.abilities);
  if (sa.peer->initial_contact && session_.my.registry.count_of(*sa.peer) == 0)
    payloads.notify(NotifyType::InitialContact);
  append_certificate_requests(payloads, {&sa.peer, 1});
  if (sa.peer->identities.size() == 1)
    if (const auto wanted = sa.peer->identities.front().exact())
      payloads.id(PayloadType::IdResponder,
                  id_body(static_cast<std::uint8_t>(wanted->type), wanted->data));
  payloads.authentication(proof_.method, proof_.data);
  if (!sa.peer->request_addresses.empty())
    payloads.configuration(ask_for_addresses(sa.peer->request_addresses));
  if (offer_) {
    offer_->write_sa(payloads);
    offer_->write_selectors(payloads);
  }
  append_auth_notifies(payloads, sa);
}

// The wire has one answer for whatever is wrong with the peer's proof (AUTH-06, PAD-16).
void Auth::fail_peer(const Error& why) {
  refuse(to_string(why));
  send_authentication_failed(session_);
  session_.end(to_string(why));
}

void Auth::on_response(const Message& response) {
  const IkeSa& sa = session_.sa;
  if (!response.responder || !response.authentication) {
    const Notify* const error = response.error();
    const std::string why = error != nullptr
                                ? fmt::format("{} from the peer", name_of(error->type))
                                : std::string("an IKE_AUTH response without IDr or AUTH");
    refuse(why);
    return session_.end(why);
  }
  auto asserted = Identity::from_wire(response.responder->type, response.responder->data);
  if (!asserted) return fail_peer(asserted.error());
  const bool expected = std::ranges::any_of(
      sa.peer->identities, [&](const IdentityPattern& one) { return one.matches(*asserted); });
  if (!expected)
    return fail_peer(refusal(AuthenticationFailure::NoEntry,
                             fmt::format("the peer is {}", to_string(*asserted))));
  session_.sa.remote_identity = *asserted;
  auto inputs =
      std::make_shared<ProofInputs>(proof_inputs(sa, Side::Responder, response.responder->body));
  session_.compute<BeliefResult>(
      [peer = sa.peer, inputs, id = std::move(*asserted), auth = *response.authentication,
       presented = presented_in(response), now = std::chrono::system_clock::now()] {
        return check_proof(peer->remote, *inputs, {id, auth, presented, now});
      },
      [self = shared_from_this(), response](BeliefResult belief) {
        self->on_believed(response, belief);
      });
}

void Auth::on_believed(const Message& response, const BeliefResult& belief) {
  if (!belief) return fail_peer(belief.error());
  IkeSa& sa = session_.sa;
  limit_by_credentials(sa, *belief);
  sa.authenticated = session_.now();
  note_auth_notifies(session_, response);
  if (response.find(NotifyType::InitialContact) != nullptr && sa.peer->replace_older)
    for (const auto& other : session_.my.registry.others_between_the_same(session_))
      other->end("INITIAL_CONTACT from the peer");
  take_addresses(response);
  const auto initial = std::move(sa.initial);  // of which the child's keys come
  session_.report(EventKind::IkeUp, to_string(sa.suite));
  session_.establish();
  take_child(response, *initial);
}

void Auth::take_addresses(const Message& response) {
  // Unasked for it means nothing (CP-08).
  if (response.configuration && !session_.sa.peer->request_addresses.empty() &&
      response.configuration->type == ConfigurationType::Reply)
    session_.sa.assigned = addresses_in(*response.configuration);
}

// Without a child the IKE SA is up all the same (IKE-100).
void Auth::take_child(const Message& response, const InitialExchange& initial) {
  if (!offer_) return;
  if (const Notify* const error = response.error(); error != nullptr && !response.sa)
    return refuse(fmt::format("{} from the peer", name_of(error->type)));
  if (!session_.sa.peer->request_addresses.empty() && session_.sa.assigned.empty()) {
    refuse("the peer gives no address");
    return begin_orphan_delete(session_, offer_->protocol(), offer_->inbound());
  }
  const auto chosen = offer_->chosen(response);
  auto child = chosen ? offer_->conclude(response, *chosen, initial_nonces(initial), {})
                      : std::unexpected(chosen.error());
  if (child)
    return session_.report(EventKind::ChildUp, (*child)->name,
                           to_string((*child)->chosen.transform));
  refuse(to_string(child.error()));
  // The peer has it; what we do not want of it we delete (PAD-11).
  if (chosen) begin_orphan_delete(session_, offer_->protocol(), offer_->inbound());
}

}  // namespace

void begin_auth(Session& session, std::optional<ChildRequest> child) {
  std::make_shared<Auth>(session, std::move(child))->start();
}

}  // namespace sallyport::ike
