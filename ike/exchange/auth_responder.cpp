#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "ike/auth/credential_choice.h"
#include "ike/auth/proof_work.h"
#include "ike/configuration.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/auth_steps.h"
#include "ike/paths.h"

namespace sallyport::ike {
namespace {

// Answers one IKE_AUTH request, or several where it takes EAP to know who the peer is.
class AuthAnswer final : public AuthRounds, public std::enable_shared_from_this<AuthAnswer> {
 public:
  AuthAnswer(Session& session, MessageId id, const Message& request)
      : session_(session), id_(id), request_(request) {}

  void start();
  void take(MessageId id, const Message& request) override;
  [[nodiscard]] std::string explain(const std::string& why) const override;

 private:
  void fail(const Error& why);
  void refuse_nat();
  // Finds the peer's entry; an error where the peer has none, or the entry does not allow the rest.
  [[nodiscard]] Expected<void> identify();
  [[nodiscard]] Expected<void> take_entry(const Identity& identity);
  void check_proofs();
  void on_proofs(const Proofs& proofs);
  void begin_eap();
  void ask(ByteView response);
  void on_step(EapStep step);
  void say(ByteView packet);
  void on_eap_success(EapSuccess success);
  void on_eap_failure(const EapFailure& failure);
  void conclude(const AuthenticationPayload& authentication);
  [[nodiscard]] Expected<void> authorise();
  void accept(const Belief& belief);
  void show(PayloadChain& payloads);
  [[nodiscard]] std::string claim() const;
  [[nodiscard]] bool is_malformed() const;
  [[nodiscard]] bool suite_allowed() const;
  [[nodiscard]] const Identity& own_identity() const;
  void replace_older();
  // False where addresses are wanted and not to be had: there is no child then (CP-04).
  [[nodiscard]] bool give(PayloadChain& payloads);
  void add_child(PayloadChain& payloads);
  void refuse_child(PayloadChain& payloads, const Refusal& refusal);

  Session& session_;
  MessageId id_;
  Message request_;
  Path first_path_;  // by which that message has come
  Octets id_body_;
  LocalAuthentication local_;  // the credential that the peer is shown
  Proof proof_;                // ours

  // Where the peer is asked by EAP.
  std::shared_ptr<EapAuthenticator> authenticator_;
  std::unique_ptr<EapConversation> conversation_;  // until it has come to its end
  unsigned rounds_{};
  std::string refusal_;  // of the peer by EAP, which it has been told
  bool shown_{};         // who we are
  Identity identity_;    // that EAP has authenticated
  SecretBytes msk_;      // with which AUTH is to come; it has no other use (EAP-10)
};

void AuthAnswer::start() {
  IkeSa& sa = session_.sa;
  // By 4500 where the initiator has floated to it: from here on that is the way (IKE-47).
  sa.path = first_path_ = session_.path_of(id_);
  note_certificate_requests(sa.abilities, request_);
  if (is_malformed())
    return session_.refuse_malformed(ExchangeType::IkeAuth, id_, "SA, TSi and TSr go together");
  if (auto identified = identify(); !identified) return fail(identified.error());
  sa.local_identity = own_identity();
  id_body_ = id_body(static_cast<std::uint8_t>(sa.local_identity.type), sa.local_identity.data);
  local_ = authentication_for(sa.peer->local, sa.abilities);
  if (authenticator_ != nullptr) return begin_eap();
  check_proofs();
}

// Whoever wants a child says all that a child takes; nothing of who it is is looked at where it
// does not (RFC 7296 2.21.2).
bool AuthAnswer::is_malformed() const {
  const bool sa = request_.sa.has_value();
  return sa != request_.initiator_selectors.has_value() ||
         sa != request_.responder_selectors.has_value();
}

Expected<void> AuthAnswer::identify() {
  if (!request_.initiator) return refused(AuthenticationFailure::WrongMethod, "no IDi");
  const auto asserted = Identity::from_wire(request_.initiator->type, request_.initiator->data);
  if (!asserted) return std::unexpected(asserted.error());
  if (auto taken = take_entry(*asserted); !taken) return taken;
  if (request_.authentication) return {};
  // That is how EAP is asked for (EAP-01).
  authenticator_ = eap_authenticator_of(*session_.sa.peer);
  if (authenticator_ != nullptr) return {};
  return std::unexpected(
      refusal(AuthenticationFailure::WrongMethod, "no AUTH, and the entry knows no EAP"));
}

Expected<void> AuthAnswer::take_entry(const Identity& identity) {
  IkeSa& sa = session_.sa;
  sa.remote_identity = identity;
  sa.peer = session_.my.peers.pad().find(sa.remote_identity);
  if (!sa.peer)
    return refused(AuthenticationFailure::NoEntry,
                   fmt::format("no entry for {}", to_string(sa.remote_identity)));
  if (!suite_allowed())
    return std::unexpected(
        refusal(AuthenticationFailure::WrongMethod,
                fmt::format("the entry does not allow {}", to_string(sa.suite))));
  return {};
}

// The one of ours that the initiator has asked for, if the entry has it; it may like another as
// well (RFC 7296 1.2; IKE-91).
const Identity& AuthAnswer::own_identity() const {
  const Peer& peer = *session_.sa.peer;
  if (!request_.responder) return peer.local_identity;
  const auto wanted = Identity::from_wire(request_.responder->type, request_.responder->data);
  if (!wanted) return peer.local_identity;
  const auto found = std::ranges::find_if(
      peer.further_local_identities, [&](const Identity& one) { return one.is_same_as(*wanted); });
  return found == peer.further_local_identities.end() ? peer.local_identity : *found;
}

void AuthAnswer::check_proofs() {
  const IkeSa& sa = session_.sa;
  work_out(session_,
           {.peer = sa.peer,
            .theirs = proof_inputs(sa, Side::Initiator, request_.initiator->body),
            .asserted = sa.remote_identity,
            .authentication = *request_.authentication,
            .presented = presented_in(request_),
            .pointers = pointers_in(request_),
            .ours = OwnProofTask{.by = local_,
                                 .inputs = proof_inputs(sa, Side::Responder, id_body_),
                                 .hashes = sa.abilities.hashes}},
           [self = shared_from_this()](const Proofs& proofs) { self->on_proofs(proofs); });
}

// What IKE_SA_INIT agreed to before the peer had a name is one of the entry's (IKE-64).
bool AuthAnswer::suite_allowed() const {
  const Suite& suite = session_.sa.suite;
  const auto has = [](const auto& list, auto one) {
    return std::ranges::find(list, one) != list.end();
  };
  return std::ranges::any_of(session_.sa.peer->proposals, [&](const IkeProposal& proposal) {
    return has(proposal.ciphers, suite.transform.cipher) && has(proposal.prfs, suite.prf) &&
           has(proposal.groups, suite.group) &&
           (suite.transform.integrity == Integrity::None ||
            has(proposal.integrities, suite.transform.integrity));
  });
}

// One answer for every reason (PAD-16), and no IKE SA.
void AuthAnswer::fail(const Error& why) {
  session_.respond_with(ExchangeType::IkeAuth, id_, {.type = NotifyType::AuthenticationFailed});
  session_.end_answered(to_string(why));
}

// It has said that there may be none (RFC 4555 3.9).
void AuthAnswer::refuse_nat() {
  session_.respond_with(ExchangeType::IkeAuth, id_, {.type = NotifyType::UnexpectedNatDetected});
  session_.end_answered("there is a NAT where the peer allows none");
}

void AuthAnswer::on_proofs(const Proofs& proofs) {
  if (!proofs.belief) return fail(proofs.belief.error());
  if (!proofs.ours) return fail(proofs.ours.error());
  proof_ = *proofs.ours;
  accept(*proofs.belief);
}

// Who the peer is has been proved, and what its entry is: all else follows from these.
void AuthAnswer::accept(const Belief& belief) {
  IkeSa& sa = session_.sa;
  replace_older();
  if (session_.my.registry.count_of(*sa.peer) >= sa.peer->limits.ike_sas)
    return fail(Error{Error::Code::Exhausted, sa.peer->name, "max_ike_sas is reached", {}});
  limit_by_credentials(sa, belief);
  sa.authenticated = session_.now();
  if (sa.peer->fragmentation == Offer::No) sa.abilities.fragmentation = false;
  note_auth_notifies(session_, request_);
  session_.responses().widen(sa.peer->window);
  if (uses_mobike(sa) && finds_unexpected_nat(request_, first_path_)) return refuse_nat();

  PayloadChain payloads;
  show(payloads);
  session_.report(EventKind::IkeUp, what_is_up(sa) + claim());
  if (give(payloads)) add_child(payloads);
  append_auth_notifies(payloads, session_);
  session_.respond(ExchangeType::IkeAuth, id_, payloads);
  session_.establish();
}

// Once who we are; and our proof, which with EAP there are two of.
void AuthAnswer::show(PayloadChain& payloads) {
  if (!std::exchange(shown_, true)) {
    payloads.id(PayloadType::IdResponder, id_body_);
    append_certificates(payloads, local_, session_.sa.abilities);
  }
  payloads.authentication(proof_.method, proof_.data);
}

// For the audit trail.
std::string AuthAnswer::claim() const {
  if (authenticator_ == nullptr) return {};
  const auto claimed = Identity::from_wire(request_.initiator->type, request_.initiator->data);
  return fmt::format(", EAP by {} (IDi: {})", authenticator_->name(), to_string(*claimed));
}

// RFC 7296 2.16: who asks for EAP hears first who we are, by a public key, and what EAP asks.
void AuthAnswer::begin_eap() {
  IkeSa& sa = session_.sa;
  sa.initial->rounds = shared_from_this();
  if (sa.peer->fragmentation == Offer::No) sa.abilities.fragmentation = false;
  conversation_ = authenticator_->begin(sa.remote_identity, session_.my.random);
  session_.compute<Expected<Proof>>(
      [local = local_, hashes = sa.abilities.hashes,
       inputs = std::make_shared<ProofInputs>(proof_inputs(sa, Side::Responder, id_body_))] {
        return make_proof(local, *inputs, hashes);
      },
      [self = shared_from_this()](Expected<Proof> proof) {
        if (!proof) return self->fail(proof.error());
        self->proof_ = std::move(*proof);
        self->ask({});
      });
}

// The authenticator may take its time, and be asked for nothing any more when it answers.
void AuthAnswer::ask(ByteView response) {
  if (++rounds_ > kMostEapRounds)
    return fail(refusal(AuthenticationFailure::BadSecret, "EAP comes to no end"));
  conversation_->take(response, [weak = weak_from_this()](EapStep step) {
    const auto self = weak.lock();
    if (self && !self->session_.dead()) self->on_step(std::move(step));
  });
}

void AuthAnswer::on_step(EapStep step) {
  if (auto* const success = std::get_if<EapSuccess>(&step))
    return on_eap_success(std::move(*success));
  if (const auto* const failure = std::get_if<EapFailure>(&step)) return on_eap_failure(*failure);
  refusal_ = std::get<EapRequest>(step).refusal;
  say(std::get<EapRequest>(step).packet);
}

void AuthAnswer::say(ByteView packet) {
  PayloadChain payloads;
  if (!shown_) show(payloads);
  payloads.eap(packet);
  session_.sa.state = IkeState::EapExpected;
  session_.respond(ExchangeType::IkeAuth, id_, payloads);
}

// A method that makes no key proves nothing of this IKE SA (EAP-04).
void AuthAnswer::on_eap_success(EapSuccess success) {
  if (success.msk.size() < kLeastMskBytes)
    return fail(refusal(AuthenticationFailure::WrongMethod, "the EAP method makes no key"));
  identity_ = std::move(success.identity);
  msk_ = std::move(success.msk);
  conversation_.reset();
  say(success.packet);
}

// EAP's own word says it all (EAP-08).
void AuthAnswer::on_eap_failure(const EapFailure& failure) {
  say(failure.packet);
  refusal_.clear();
  session_.end_answered(
      to_string(refusal(AuthenticationFailure::BadSecret, fmt::format("EAP: {}", failure.why))));
}

std::string AuthAnswer::explain(const std::string& why) const {
  return refusal_.empty() ? why : fmt::format("{}, EAP: {}", why, refusal_);
}

void AuthAnswer::take(MessageId id, const Message& request) {
  const auto self = shared_from_this();
  id_ = id;
  session_.sa.path = session_.path_of(id);
  const bool proof_is_due = !msk_.empty();
  if (proof_is_due && request.authentication) return conclude(*request.authentication);
  if (!proof_is_due && request.eap && !request.authentication) return ask(*request.eap);
  fail(refusal(AuthenticationFailure::WrongMethod,
               proof_is_due ? "no AUTH after EAP" : "no EAP where it was asked for"));
}

// What EAP has authenticated has the keys of this IKE SA as well; then it is looked for in the PAD.
void AuthAnswer::conclude(const AuthenticationPayload& authentication) {
  const SecretBytes msk = std::exchange(msk_, {});
  const IkeSa& sa = session_.sa;
  if (auto good = check_by_msk(
          msk.view(), proof_inputs(sa, Side::Initiator, request_.initiator->body), authentication);
      !good)
    return fail(good.error());
  if (auto allowed = authorise(); !allowed) return fail(allowed.error());
  proof_ = prove_by_msk(msk.view(), proof_inputs(sa, Side::Responder, id_body_));
  accept({});
}

// By the identity that was authenticated, whatever IDi has said (RFC 4877 8; EAP-05, MDYN-14). An
// entry that trusts another authenticator, or none, is not for whom this one knows (PAD-07).
Expected<void> AuthAnswer::authorise() {
  if (auto taken = take_entry(identity_); !taken) return taken;
  const Peer& peer = *session_.sa.peer;
  const auto own = eap_authenticator_of(peer);
  if (own != nullptr && own->name() == authenticator_->name()) return {};
  return refused(
      AuthenticationFailure::WrongMethod,
      fmt::format("the entry {} does not have EAP by {}", peer.name, authenticator_->name()));
}

// It says that it knows no IKE SA between us but this (IKE-102).
void AuthAnswer::replace_older() {
  // Who has proved nothing ends nobody's, whoever he says that he is (RFC 7619 2.3; AUTH-05).
  if (request_.find(NotifyType::InitialContact) == nullptr || !session_.sa.peer->replace_older ||
      proves_nothing(*session_.sa.peer))
    return;
  for (const auto& other : session_.my.registry.older_between_the_same(session_))
    other->end("INITIAL_CONTACT from the peer");
}

bool AuthAnswer::give(PayloadChain& payloads) {
  if (!request_.configuration || request_.configuration->type != ConfigurationType::Request)
    return true;
  IkeSa& sa = session_.sa;
  // Nobody has back what was another's by saying that he is that one.
  const Identity party = proves_nothing(*sa.peer) ? Identity{IdType::Null, {}} : sa.remote_identity;
  auto given = give_addresses(*request_.configuration, *sa.peer, party, session_.my.pools);
  if (!given) {
    refuse_child(payloads, {{.type = given.error()}, "no address is free"});
    return false;
  }
  sa.leases = std::move(given->leases);
  payloads.configuration(given->reply);
  if (given->home_address_assigned) payloads.notify(NotifyType::UseAssignedHoa);
  return true;
}

void AuthAnswer::add_child(PayloadChain& payloads) {
  if (!request_.sa) return;  // RFC 6023
  const auto answer = answer_child(session_, {.request = request_, .rekeyed = nullptr});
  if (!answer) return refuse_child(payloads, answer.error());
  const auto child =
      install_answer(session_, *answer, initial_nonces(*session_.sa.initial), {}, Sending::AtOnce);
  if (!child) return refuse_child(payloads, child.error());
  write_answer(payloads, *answer, **child);
  write_answered_selectors(payloads, *answer);
  session_.report(EventKind::ChildUp, (*child)->name, to_string((*child)->chosen.transform));
}

void AuthAnswer::refuse_child(PayloadChain& payloads, const Refusal& refusal) {
  payloads.notify(refusal.notify);
  session_.report(EventKind::ChildFailed, session_.sa.peer->name,
                  fmt::format("{}: {}", name_of(refusal.notify.type), refusal.why));
}

}  // namespace

void respond_to_auth(Session& session, MessageId id, const Message& request) {
  if (const auto rounds = session.sa.initial->rounds) return rounds->take(id, request);
  std::make_shared<AuthAnswer>(session, id, request)->start();
}

void respond_amid_eap(Session& session, MessageId id, const Message& request) {
  session.respond(ExchangeType::Informational, id, {});
  const bool deletes = std::ranges::any_of(request.deletes, [](const DeletePayload& payload) {
    return payload.protocol == ProtocolId::Ike;
  });
  if (deletes || request.find(NotifyType::AuthenticationFailed) != nullptr)
    session.end_answered("the peer has left amid EAP");
}

}  // namespace sallyport::ike
