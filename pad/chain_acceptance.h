// Whether the certificates that a peer presents lead to what an entry trusts, with all that is
// remembered, known and yet to be fetched (CERT-04, CERT-05). For pad/ alone. Any thread.
#pragma once

#include "pad/authentication.h"

namespace sallyport {

// By a path to one of the method's anchors, of which there are some. What has been accepted before
// is remembered with the anchors.
[[nodiscard]] Expected<AcceptedKey> accept_chain(const RemoteAuthentication& method,
                                                 const Identity& asserted,
                                                 const PresentedCertificates& presented,
                                                 const Circumstances& circumstances);
// The first that can be read.
[[nodiscard]] std::optional<Certificate> signers_certificate(
    const PresentedCertificates& presented);
// WeakKey where the key is too short, or makes no IKE signatures.
[[nodiscard]] Expected<void> check_strength(const PublicKey& key, unsigned least_rsa_bits);

}  // namespace sallyport
