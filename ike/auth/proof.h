// The AUTH payload: what this side proves itself with, and whether the peer has proved itself
// (RFC 7296 2.15, 3.8, 7427, 7619, 7670; AUTH-01..07, IKE-76, IKE-77). Pure: any thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ike/ike_sa.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"
#include "pad/authentication.h"

namespace sallyport::ike {

inline constexpr std::size_t kNonceBytes = 32;

struct Proof {
  AuthMethod method{};
  Octets data;
};
// What one side signs, and with what it may be keyed.
struct ProofInputs {
  Prf prf{};
  Octets octets;  // signed_octets()
  SecretBytes p;  // SK_pi or SK_pr of who proves, for NULL authentication (AUTH-05)
};

// The kind of method that an AUTH payload names; EAP has none of its own.
[[nodiscard]] AuthenticationKind kind_of(AuthMethod method) noexcept;

// Ours. `hashes`: those that the peer has listed; empty where it does not know RFC 7427.
[[nodiscard]] Expected<Proof> make_proof(const LocalAuthentication& by, const ProofInputs& inputs,
                                         const std::vector<SignatureHash>& hashes);

struct Belief {
  std::optional<WallTime> valid_until{};  // of the certificates that were used
  // Not empty: it is NOT believed yet. The proof is good, and whether its certificates are revoked
  // is known when these have been fetched: then it is checked again (ike/auth/proof_work).
  std::vector<EvidenceRequest> wanted{};
};
// Whether the peer has chosen what certificates are of use for.
[[nodiscard]] bool may_need_certificates(std::span<const RemoteAuthentication> methods,
                                         AuthMethod chosen);
// The peer's: by one of the entry's methods, the one that it has chosen (PAD-07).
struct PeerProof {
  const Identity& asserted;
  const AuthenticationPayload& authentication;
  const PresentedCertificates& presented;
  WallTime now;
  FetchedEvidence* fetched{};  // null: nothing is fetched
};
// The error is refusal()'s, for the audit trail alone (PAD-16).
[[nodiscard]] Expected<Belief> check_proof(std::span<const RemoteAuthentication> methods,
                                           const ProofInputs& inputs, const PeerProof& proof);

// With the key that EAP has made, as with a shared one, and for nothing else (RFC 7296 2.16;
// EAP-03, EAP-10).
[[nodiscard]] Proof prove_by_msk(ByteView msk, const ProofInputs& inputs);
[[nodiscard]] Expected<void> check_by_msk(ByteView msk, const ProofInputs& inputs,
                                          const AuthenticationPayload& authentication);

// CERT payloads as they came, but for those that only say where something is
// (ike/auth/certificate_pointers). Reads none of them (CERT-01).
[[nodiscard]] PresentedCertificates presented_in(const Message& message);
// The credential's own chain, or where it is published for peers that look it up (CERT-03); its raw
// key where the peer has asked for such (CERT-06); OCSP responses for who asks (CERT-05).
void append_certificates(PayloadChain& payloads, const LocalAuthentication& by,
                         const PeerAbilities& abilities);
// Whether we say that certificates may be published instead of being sent.
enum class CertificateLookup : std::uint8_t { None, Offered };
// Which authorities this side trusts, of all entries that the peer may be (CERT-02).
void append_certificate_requests(PayloadChain& payloads, std::span<const Pad::Entry> entries,
                                 CertificateLookup lookup = CertificateLookup::None);
void note_certificate_requests(PeerAbilities& abilities, const Message& message);

}  // namespace sallyport::ike
