#include <fmt/format.h>

#include <algorithm>

#include "ike/auth/credential_choice.h"
#include "ike/auth/proof_work.h"
#include "ike/configuration.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/auth_steps.h"
#include "ike/exchange/eap_rounds.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/mobike.h"
#include "ike/exchange/sa_init.h"

namespace sallyport::ike {
namespace {

using ProofResult = Expected<Proof>;

Octets id_body_of(const Identity& id) {
  return id_body(static_cast<std::uint8_t>(id.type), id.data);
}

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
  [[nodiscard]] bool begin_anew();
  void fail_peer(const Error& why);
  // Neither an IKE SA nor EAP in it: that is the end.
  void on_refusal(const Message& response, std::string_view missing);
  [[nodiscard]] Expected<void> check_eap_offer(const Message& response) const;
  void on_proof(const Message& response, const Expected<Belief>& belief);
  void begin_eap(const Message& response);
  void on_believed(const Message& response);
  void take_addresses(const Message& response);
  void take_child(const Message& response, const InitialExchange& initial);

  Session& session_;
  std::optional<ChildOffer> offer_;
  LocalAuthentication local_;   // the credential that the peer is shown
  std::optional<Proof> proof_;  // none where EAP is to follow (EAP-01)
  bool initial_contact_{};      // the peer says so, in its first response or its last
};

void Auth::start() {
  if (offer_ && !offer_->can_be_made()) {
    refuse(ChildOffer::kCannotBeMade);
    return session_.end(ChildOffer::kCannotBeMade);
  }
  IkeSa& sa = session_.sa;
  offer_mobike(session_, offer_ ? offer_->request().policy.get() : nullptr);
  local_ = authentication_for(sa.peer->local, sa.abilities);
  if (local_.kind == AuthenticationKind::Eap) return session_.begin(shared_from_this());
  auto inputs = std::make_shared<ProofInputs>(
      proof_inputs(sa, Side::Initiator, id_body_of(sa.local_identity)));
  session_.compute_for<ProofResult>(
      shared_from_this(),
      [local = local_, inputs, hashes = sa.abilities.hashes] {
        return make_proof(local, *inputs, hashes);
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

bool asks_for_addresses(const IkeSa& sa) {
  return sa.wish() != nullptr || !sa.peer->request_addresses.empty() ||
         sa.peer->request_home_prefix == Offer::Yes;
}

ConfigurationPayload wishes_of(const IkeSa& sa) {
  if (const HomeAddressWish* const wish = sa.wish()) return ask_for(*wish);
  const Peer& peer = *sa.peer;
  ConfigurationPayload request = ask_for_addresses(peer.request_addresses);
  if (peer.request_home_prefix == Offer::Yes) ask_for_home_prefix(request);
  return request;
}

void Auth::write(PayloadChain& payloads) {
  const IkeSa& sa = session_.sa;
  payloads.id(PayloadType::IdInitiator, id_body_of(sa.local_identity));
  append_certificates(payloads, local_, sa.abilities);
  if (sa.peer->initial_contact && session_.my.registry.count_of(*sa.peer) == 0)
    payloads.notify(NotifyType::InitialContact);
  append_certificate_requests(payloads, {&sa.peer, 1}, lookup_of(session_));
  if (sa.peer->identities.size() == 1)
    if (const auto wanted = sa.peer->identities.front().exact())
      payloads.id(PayloadType::IdResponder, id_body_of(*wanted));
  if (proof_) payloads.authentication(proof_->method, proof_->data);
  if (asks_for_addresses(sa)) payloads.configuration(wishes_of(sa));
  if (offer_) {
    offer_->write_sa(payloads);
    offer_->write_selectors(payloads);
  }
  append_auth_notifies(payloads, session_);
}

// The wire has one answer for whatever is wrong with the peer's proof (AUTH-06, PAD-16).
void Auth::fail_peer(const Error& why) {
  refuse(to_string(why));
  send_authentication_failed(session_);
  session_.end(to_string(why));
}

// Somebody who can change single packets keeps no path from us: as often as changes of address are
// tried (RFC 4555 3.9; MOBIKE-06). False where that is over.
bool Auth::begin_anew() {
  const IkeSa& sa = session_.sa;
  const unsigned refusals = sa.mobility.nat_refusals + 1;
  if (refusals == kMostNatRefusals) return false;
  std::optional<ChildRequest> request;
  if (offer_) request = offer_->request();
  IkeSa& next = initiate(session_.my, sa.peer, sa.path, std::move(request))->sa;
  next.mobility.nat_refusals = refusals;
  if (const HomeAddressWish* const wish = sa.wish())
    next.home = std::make_shared<HomeFindings>(HomeFindings{.wish = *wish});
  return true;
}

void Auth::on_refusal(const Message& response, std::string_view missing) {
  const Notify* const end = end_in(response);
  const Notify* const error = end != nullptr ? end : response.error();
  const std::string why = error != nullptr
                              ? fmt::format("{} from the peer", name_of(error->type))
                              : fmt::format("an IKE_AUTH response without {}", missing);
  if (error == nullptr || error->type != NotifyType::UnexpectedNatDetected || !begin_anew())
    refuse(why);
  session_.end(why);
}

// Nobody hears anything of EAP who has not proved who he is by a public key (RFC 7296 2.16).
Expected<void> Auth::check_eap_offer(const Message& response) const {
  if (proof_) return {};
  if (!response.eap) return refused(AuthenticationFailure::WrongMethod, "the peer asks for no EAP");
  if (kind_of(response.authentication->method) != AuthenticationKind::PublicKey)
    return refused(AuthenticationFailure::WrongMethod,
                   "the peer asks for EAP and shows no public key");
  return {};
}

void Auth::on_response(const Message& response) {
  const IkeSa& sa = session_.sa;
  if (end_in(response) != nullptr || !response.responder || !response.authentication)
    return on_refusal(response, "IDr or AUTH");
  if (auto offered = check_eap_offer(response); !offered) return fail_peer(offered.error());
  auto asserted = Identity::from_wire(response.responder->type, response.responder->data);
  if (!asserted) return fail_peer(asserted.error());
  const bool expected = std::ranges::any_of(
      sa.peer->identities, [&](const IdentityPattern& one) { return one.matches(*asserted); });
  if (!expected)
    return fail_peer(refusal(AuthenticationFailure::NoEntry,
                             fmt::format("the peer is {}", to_string(*asserted))));
  session_.sa.remote_identity = *asserted;
  session_.enter_work(shared_from_this());
  work_out(session_,
           {.peer = sa.peer,
            .theirs = proof_inputs(sa, Side::Responder, response.responder->body),
            .asserted = std::move(*asserted),
            .authentication = *response.authentication,
            .presented = presented_in(response),
            .pointers = pointers_in(response)},
           [self = shared_from_this(), response](const Proofs& proofs) {
             self->session_.leave_work(self);
             self->on_proof(response, proofs.belief);
           });
}

void Auth::on_proof(const Message& response, const Expected<Belief>& belief) {
  if (!belief) return fail_peer(belief.error());
  limit_by_credentials(session_.sa, *belief);
  if (proof_) return on_believed(response);
  begin_eap(response);
}

// The responder is known; what it makes of us follows.
void Auth::begin_eap(const Message& response) {
  IkeSa& sa = session_.sa;
  auto peer = EapPeer::of(local_, session_.my.random);
  if (!peer) return fail_peer(peer.error());
  initial_contact_ = response.find(NotifyType::InitialContact) != nullptr;
  sa.state = IkeState::EapSent;
  begin_eap_rounds(
      session_,
      {.peer = std::move(*peer),
       .ours = proof_inputs(sa, Side::Initiator, id_body_of(sa.local_identity)),
       .theirs = proof_inputs(sa, Side::Responder, response.responder->body),
       .authenticated = [self =
                             shared_from_this()](const Message& last) { self->on_believed(last); },
       .refused = [self = shared_from_this()](
                      const Message& last,
                      std::string_view missing) { self->on_refusal(last, missing); },
       .dropped =
           [self = shared_from_this()](const std::string& why) {
             self->refuse(why);
             self->session_.end(why);
           },
       .failed = [self = shared_from_this()](const Error& why) { self->fail_peer(why); },
       .unanswered = [self = shared_from_this()](NoResponse why) { self->on_no_response(why); }},
      *response.eap);
}

void Auth::on_believed(const Message& response) {
  IkeSa& sa = session_.sa;
  sa.authenticated = session_.now();
  note_auth_notifies(session_, response);
  initial_contact_ |= response.find(NotifyType::InitialContact) != nullptr;
  if (initial_contact_ && sa.peer->replace_older && !proves_nothing(*sa.peer))
    for (const auto& other : session_.my.registry.older_between_the_same(session_))
      other->end("INITIAL_CONTACT from the peer");
  take_addresses(response);
  const auto initial = std::move(sa.initial);  // of which the child's keys come
  session_.report(EventKind::IkeUp, what_is_up(sa));
  session_.establish();
  take_child(response, *initial);
}

void Auth::take_addresses(const Message& response) {
  IkeSa& sa = session_.sa;
  HomeFindings found;
  if (sa.home) found = *sa.home;
  found.address_refused = response.find(NotifyType::InternalAddressFailure) != nullptr;
  // Unasked for it means nothing (CP-08).
  if (response.configuration && asks_for_addresses(sa) &&
      response.configuration->type == ConfigurationType::Reply) {
    sa.assigned = addresses_in(*response.configuration);
    found.addresses = home_addresses_in(*response.configuration);
    found.prefix = home_prefix_in(*response.configuration);
  }
  if (sa.home || found.address_refused || found.prefix || !found.addresses.empty())
    sa.home = std::make_shared<HomeFindings>(std::move(found));
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
  if (response.sa) begin_orphan_delete(session_, offer_->protocol(), offer_->inbound());
}

}  // namespace

void begin_auth(Session& session, std::optional<ChildRequest> child) {
  std::make_shared<Auth>(session, std::move(child))->start();
}

}  // namespace sallyport::ike
