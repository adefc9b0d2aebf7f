// Both proofs of IKE_AUTH, worked out in the job pool, and what has to be fetched for them in
// between: certificates that the peer only points to, and whether they are revoked (RFC 7296 3.6,
// 6960; CERT-03, CERT-05). Control thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ike/auth/certificate_pointers.h"
#include "ike/auth/proof.h"
#include "ike/session.h"

namespace sallyport::ike {

// What is to be found out.
struct OwnProofTask {
  LocalAuthentication by;
  ProofInputs inputs;
  std::vector<SignatureHash> hashes{};  // that the peer has listed
};
struct ProofTask {
  Pad::Entry peer;
  ProofInputs theirs;
  Identity asserted;
  AuthenticationPayload authentication;
  PresentedCertificates presented{};
  std::vector<CertificatePointer> pointers{};
  // The responder's own proof goes with it: made for nobody who has not proved anything.
  std::optional<OwnProofTask> ours{};
};
struct Proofs {
  Expected<Belief> belief;  // wants nothing any more
  Expected<Proof> ours;     // the reason of disbelief, or nothing of worth where none was asked for
};

// `done` is called once, unless the session is dead by then. Nothing blocks: what is fetched costs
// the peer time, and nobody else.
void work_out(Session& session, ProofTask task, std::function<void(Proofs)> done);

}  // namespace sallyport::ike
