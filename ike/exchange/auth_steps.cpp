#include "ike/exchange/auth_steps.h"

#include <algorithm>

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

void append_auth_notifies(PayloadChain& payloads, const IkeSa& sa) {
  if (sa.abilities.mobike) payloads.notify(NotifyType::MobikeSupported);
  if (sa.peer->window <= 1) return;
  Octets window;
  append(window, sa.peer->window);
  payloads.notify(NotifyType::SetWindowSize, window);
}

void note_auth_notifies(Session& session, const Message& message) {
  IkeSa& sa = session.sa;
  const bool offered = message.find(NotifyType::MobikeSupported) != nullptr;
  sa.abilities.mobike = offered && sa.peer->mobike == Offer::Yes;
  if (const Notify* const window = message.find(NotifyType::SetWindowSize))
    if (window->data.size() == 4)
      session.requests().allow(load_be<std::uint32_t>(window->data.data()));
}

void limit_by_credentials(IkeSa& sa, const Belief& belief) {
  if (!belief.valid_until) return;
  sa.credentials_end =
      sa.credentials_end ? std::min(*sa.credentials_end, *belief.valid_until) : *belief.valid_until;
}

}  // namespace sallyport::ike
