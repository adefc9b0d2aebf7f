#include "ike/exchange/auth_steps.h"

#include <algorithm>

#include "ike/exchange/mobike.h"
#include "ike/wire/append.h"

namespace sallyport::ike {

ProofInputs proof_inputs(const IkeSa& sa, Side side, ByteView id_body) {
  const InitialExchange& initial = *sa.initial;
  const bool initiator = side == Side::Initiator;
  const SecretBytes& p = initiator ? sa.keys->p_initiator : sa.keys->p_responder;
  return {.prf = sa.suite.prf,
          .octets = signed_octets(sa.suite.prf, initiator ? initial.request : initial.response,
                                  initiator ? initial.responder_nonce : initial.initiator_nonce,
                                  p.view(), id_body),
          .p = p.duplicate()};
}

KeyInputs initial_nonces(const InitialExchange& initial) {
  return {.initiator_nonce = initial.initiator_nonce, .responder_nonce = initial.responder_nonce};
}

void append_auth_notifies(PayloadChain& payloads, Session& session) {
  append_mobike(payloads, session);
  const IkeSa& sa = session.sa;
  if (sa.peer->window <= 1) return;
  Octets window;
  append(window, sa.peer->window);
  payloads.notify(NotifyType::SetWindowSize, window);
}

void note_auth_notifies(Session& session, const Message& message) {
  note_mobike(session, message);
  if (const Notify* const window = message.find(NotifyType::SetWindowSize))
    if (window->data.size() == 4)
      session.requests().allow(load_be<std::uint32_t>(window->data.data()));
}

std::string what_is_up(const IkeSa& sa) {
  return to_string(sa.suite) + (proves_nothing(*sa.peer) ? ", the peer has proved nothing" : "");
}

CertificateLookup lookup_of(const Session& session) noexcept {
  return session.my.lookups != nullptr && session.my.settings.hash_and_url
             ? CertificateLookup::Offered
             : CertificateLookup::None;
}

const Notify* end_in(const Message& response) {
  const Notify* const failed = response.find(NotifyType::AuthenticationFailed);
  return failed != nullptr ? failed : response.find(NotifyType::UnsupportedCriticalPayload);
}

void limit_by_credentials(IkeSa& sa, const Belief& belief) {
  if (!belief.valid_until) return;
  sa.credentials_end =
      sa.credentials_end ? std::min(*sa.credentials_end, *belief.valid_until) : *belief.valid_until;
}

}  // namespace sallyport::ike
