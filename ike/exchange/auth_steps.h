// What both sides of IKE_AUTH do alike.
#pragma once

#include "ike/auth/proof.h"
#include "ike/session.h"

namespace sallyport::ike {

// What `side` signs, and keys for NULL authentication; `id_body` is that side's ID payload's.
[[nodiscard]] ProofInputs proof_inputs(const IkeSa& sa, Side side, ByteView id_body);
// Of IKE_SA_INIT, which children of IKE_AUTH take over (IKE-78).
[[nodiscard]] KeyInputs initial_nonces(const InitialExchange& initial);

// What a side says of itself beside its proof, and what it makes of what the other one says.
void append_auth_notifies(PayloadChain& payloads, Session& session);
void note_auth_notifies(Session& session, const Message& message);

// For the log and the audit trail: the suite, and whether the peer's name is worth anything (RFC
// 7619 3.1).
[[nodiscard]] std::string what_is_up(const IkeSa& sa);
// Whether we say that certificates may be published instead of being sent.
[[nodiscard]] CertificateLookup lookup_of(const Session& session) noexcept;

// So often EAP asks and is answered, at both ends: methods need some ten (EAP-10), and nobody is
// kept at it for ever.
inline constexpr unsigned kMostEapRounds = 20;

// Whatever else is in a response: no other error ends an IKE SA that is being authenticated (RFC
// 7296 2.21.2; IKE-129), and of INVALID_SYNTAX the session knows. Null where there is none.
[[nodiscard]] const Notify* end_in(const Message& response);

// The certificates of both sides end: the IKE SA is to end then, too (SAD-08).
void limit_by_credentials(IkeSa& sa, const Belief& belief);

}  // namespace sallyport::ike
