// Which of our credentials a peer is shown (RFC 7296 3.7; CERT-02). Pure: any thread.
#pragma once

#include "ike/ike_sa.h"
#include "pad/peer.h"

namespace sallyport::ike {

// `local` with one credential instead of several. Best is one that the peer can verify and that
// leads to an authority it has asked for; then one that it can verify; then the first: a CERTREQ is
// a wish, and nothing fails for one that cannot be met.
[[nodiscard]] LocalAuthentication authentication_for(const LocalAuthentication& local,
                                                     const PeerAbilities& peer);
// How a key signs towards a peer.
[[nodiscard]] SignatureScheme scheme_for(const LocalAuthentication& by, KeyKind kind,
                                         const std::vector<SignatureHash>& hashes) noexcept;

}  // namespace sallyport::ike
