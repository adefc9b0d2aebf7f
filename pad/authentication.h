// Whether what a peer has presented satisfies an entry of the PAD (RFC 4301 4.4.3.2). Pure
// functions; any thread. The wire has one answer for every failure, the audit has one text for each
// (PAD-16).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crypto/certificate.h"
#include "crypto/signature.h"
#include "pad/fetched_evidence.h"
#include "pad/identity.h"
#include "pad/peer.h"

namespace sallyport {

enum class AuthenticationFailure : std::uint8_t {
  NoEntry,               // the identity matches no pattern of the PAD
  WrongMethod,           // the entry wants another method, however good the credential (PAD-07)
  NoCredential,          // neither certificate nor key, and none that goes without saying
  BadCredential,         // no path to an anchor of the entry, expired, revoked
  UnknownKey,            // a raw key that is not pinned (CERT-06)
  WeakKey,               // too short, or of a kind that IKE has no signatures for
  IdentityNotCertified,  // the certificate is good and somebody else's (PAD-08)
  BadSignature,          // the AUTH payload is not made with the key that was accepted
  BadSecret,             // nor with the entry's pre-shared key
};
// For audit records and counters: "no_entry", "wrong_method", ...
[[nodiscard]] std::string_view to_string(AuthenticationFailure failure) noexcept;
// Code Refused; `what` begins with the failure's word. `detail`: one clause for the operator.
[[nodiscard]] Error refusal(AuthenticationFailure failure, std::string_view detail);
// The same, as what has failed returns it.
[[nodiscard]] inline std::unexpected<Error> refused(AuthenticationFailure failure,
                                                    std::string_view detail) {
  return std::unexpected(refusal(failure, detail));
}

enum class RawKeyForm : std::uint8_t {
  SubjectPublicKeyInfo,  // RFC 7670
  Pkcs1,                 // RSA keys, deprecated by RFC 7296 3.6
};
struct RawKey {
  RawKeyForm form{};
  std::vector<std::uint8_t> der;
};
// As the CERT payloads gave it: DER that nobody has read yet, for that takes long. Nothing of it is
// trusted; what cannot be read is passed over, and so is what comes behind the sixteenth
// certificate, response or list (CERT-01).
struct PresentedCertificates {
  std::vector<std::vector<std::uint8_t>> certificates;  // the first is the signer's
  std::vector<std::vector<std::uint8_t>> ocsp_responses;
  std::vector<std::vector<std::uint8_t>> lists;
  std::optional<RawKey> raw_key;
};

// What a judgement may rest on beside the entry and what the peer presents.
struct Circumstances {
  WallTime now;
  FetchedEvidence* fetched{};  // null: nothing is fetched
};

struct AcceptedKey {
  PublicKey key;
  std::optional<WallTime> valid_until{};  // of the certificates it was accepted by (SAD-08)
  // Not empty: it is NOT accepted yet. The certificates are good, and whether they are revoked is
  // known when these have been fetched and noted: then one asks again. Only for a peer that has
  // signed with the key, so that nobody else makes us fetch anything.
  std::vector<EvidenceRequest> wanted{};
};

// The key by which the peer's AUTH payload is to be verified. Certificates need a path to the
// method's anchors and, where it says so, must name `asserted`; without anchors, or as a raw key,
// the key must be pinned. A peer that presents nothing has the only key that is pinned.
[[nodiscard]] Expected<AcceptedKey> accept_key(const RemoteAuthentication& method,
                                               const Identity& asserted,
                                               const PresentedCertificates& presented,
                                               const Circumstances& circumstances);
// By the first of the entry's public-key methods that accepts it; else the last one's refusal, or
// WrongMethod.
[[nodiscard]] Expected<AcceptedKey> accept_key(const Peer& peer, const Identity& asserted,
                                               const PresentedCertificates& presented,
                                               const Circumstances& circumstances);
// The entry's data for the method that the peer's AUTH payload names; the first where there are
// several. Refuses methods that the entry does not have (PAD-07, IKE-92). Valid as long as `peer`.
[[nodiscard]] Expected<const RemoteAuthentication*> accept_method(const Peer& peer,
                                                                  AuthenticationKind kind);

// The subject is this DN, or one of the subjectAltNames this name or address, whole: "*" in a
// certificate stands for nothing (RFC 4945 3.1). Key IDs are in no certificate and always fit;
// other types never do.
[[nodiscard]] bool certifies(const Certificate& certificate, const Identity& identity);

}  // namespace sallyport
