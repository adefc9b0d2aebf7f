#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ike/configuration.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/auth_steps.h"

namespace sallyport::ike {
namespace {

// Both proofs, as the pool has worked them out.
struct Proofs {
  Expected<Belief> belief;
  Expected<Proof> ours;
};

// Answers one IKE_AUTH request.
class AuthAnswer : public std::enable_shared_from_this<AuthAnswer> {
 public:
  AuthAnswer(Session& session, MessageId id, const Message& request)
      : session_(session), id_(id), request_(request) {}

  void start();

 private:
  void fail(const Error& why);
  void on_proofs(Proofs proofs);
  [[nodiscard]] bool suite_allowed() const;
  void replace_older();
  // False where addresses are wanted and not to be had: there is no child then (CP-04).
  [[nodiscard]] bool give(PayloadChain& payloads);
  void add_child(PayloadChain& payloads);
  void refuse_child(PayloadChain& payloads, const Refusal& refusal);

  Session& session_;
  MessageId id_;
  Message request_;
  Octets id_body_;
};

void AuthAnswer::start() {
  IkeSa& sa = session_.sa;
  // By 4500 where the initiator has floated to it: from here on that is the way (IKE-47).
  sa.path = session_.path_of(id_);
  note_certificate_requests(sa.abilities, request_);
  if (!request_.initiator || !request_.authentication)
    return fail(refusal(AuthenticationFailure::WrongMethod, "no IDi or AUTH, or EAP is asked for"));
  auto asserted = Identity::from_wire(request_.initiator->type, request_.initiator->data);
  if (!asserted) return fail(asserted.error());
  sa.remote_identity = *asserted;
  sa.peer = session_.my.peers.pad().find(*asserted);
  if (!sa.peer)
    return fail(refusal(AuthenticationFailure::NoEntry,
                        fmt::format("no entry for {}", to_string(*asserted))));
  if (!suite_allowed())
    return fail(refusal(AuthenticationFailure::WrongMethod,
                        fmt::format("the entry does not allow {}", to_string(sa.suite))));
  sa.local_identity = sa.peer->local_identity;
  id_body_ = id_body(static_cast<std::uint8_t>(sa.local_identity.type), sa.local_identity.data);
  auto theirs =
      std::make_shared<ProofInputs>(proof_inputs(sa, Side::Initiator, request_.initiator->body));
  auto ours = std::make_shared<ProofInputs>(proof_inputs(sa, Side::Responder, id_body_));
  session_.compute<Proofs>(
      [peer = sa.peer, theirs, ours, id = std::move(*asserted), auth = *request_.authentication,
       presented = presented_in(request_), hashes = sa.abilities.hashes,
       now = std::chrono::system_clock::now()]() -> Proofs {
        auto belief = check_proof(peer->remote, *theirs, {id, auth, presented, now});
        // Nothing is signed for who has not proved anything.
        if (!belief) return {std::unexpected(belief.error()), std::unexpected(belief.error())};
        return {std::move(belief), make_proof(peer->local, *ours, hashes)};
      },
      [self = shared_from_this()](Proofs proofs) { self->on_proofs(std::move(proofs)); });
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
  session_.end(to_string(why));
}

void AuthAnswer::on_proofs(Proofs proofs) {
  if (!proofs.belief) return fail(proofs.belief.error());
  if (!proofs.ours) return fail(proofs.ours.error());
  IkeSa& sa = session_.sa;
  replace_older();
  if (session_.my.registry.count_of(*sa.peer) >= sa.peer->limits.ike_sas)
    return fail(Error{Error::Code::Exhausted, sa.peer->name, "max_ike_sas is reached", {}});
  limit_by_credentials(sa, *proofs.belief);
  sa.authenticated = session_.now();
  if (sa.peer->fragmentation == Offer::No) sa.abilities.fragmentation = false;
  note_auth_notifies(session_, request_);
  session_.responses().widen(sa.peer->window);

  PayloadChain payloads;
  payloads.id(PayloadType::IdResponder, id_body_);
  append_certificates(payloads, sa.peer->local, sa.abilities);
  payloads.authentication(proofs.ours->method, proofs.ours->data);
  session_.report(EventKind::IkeUp, to_string(sa.suite));
  if (give(payloads)) add_child(payloads);
  append_auth_notifies(payloads, sa);
  session_.respond(ExchangeType::IkeAuth, id_, payloads);
  session_.establish();
}

// It says that it knows no IKE SA between us but this (IKE-102).
void AuthAnswer::replace_older() {
  // Who has proved nothing ends nobody's (AUTH-05).
  if (request_.find(NotifyType::InitialContact) == nullptr || !session_.sa.peer->replace_older ||
      session_.sa.remote_identity.type == IdType::Null)
    return;
  for (const auto& other : session_.my.registry.others_between_the_same(session_))
    other->end("INITIAL_CONTACT from the peer");
}

bool AuthAnswer::give(PayloadChain& payloads) {
  if (!request_.configuration || request_.configuration->type != ConfigurationType::Request)
    return true;
  IkeSa& sa = session_.sa;
  auto given =
      give_addresses(*request_.configuration, *sa.peer, sa.remote_identity, session_.my.pools);
  if (!given) {
    refuse_child(payloads, {{.type = given.error()}, "no address is free"});
    return false;
  }
  sa.leases = std::move(given->leases);
  payloads.configuration(given->reply);
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
  std::make_shared<AuthAnswer>(session, id, request)->start();
}

}  // namespace sallyport::ike
