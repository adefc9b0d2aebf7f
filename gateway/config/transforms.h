// Algorithms in a configuration, and the consent that some of them need.
#pragma once

#include <vector>

#include "crypto/algorithms.h"
#include "crypto/ike_transforms.h"
#include "gateway/config/configuration.h"
#include "gateway/config/document.h"

namespace sallyport {

// "aes128-gcm16", "aes128-cbc+hmac-sha1-96", or a suite's name ("VPN-B"), which may hold several;
// for AH "hmac-sha256-128".
[[nodiscard]] Expected<std::vector<Transform>> read_transforms(const Value& value,
                                                               IpsecProtocol protocol);
// Likewise, but exactly one.
[[nodiscard]] Expected<Transform> read_transform(const Value& value, IpsecProtocol protocol);

// Likewise for IKE: "aes128-gcm16+prf-hmac-sha256+curve25519", or a suite's name; one value or a
// list, what stands twice counts where it stands first.
[[nodiscard]] Expected<std::vector<IkeProposal>> read_ike_proposals(const Value& value);
// True where what it protects cannot be read.
[[nodiscard]] bool encrypts(Transform transform) noexcept;
// Names of groups, as in "curve25519"; an empty list is none.
[[nodiscard]] Expected<std::vector<Group>> read_groups(const Value& value);
[[nodiscard]] std::vector<std::string> group_names(const std::vector<Group>& groups);

// Refuses a weak or unusual algorithm that [crypto] allow does not name (ALG-22).
[[nodiscard]] Expected<void> check_consent(Transform transform, IpsecProtocol protocol,
                                           const CryptoConfig& crypto);
[[nodiscard]] Expected<void> check_consent(const IkeProposal& proposal, const CryptoConfig& crypto);
[[nodiscard]] Expected<void> check_consent(Group group, const CryptoConfig& crypto);

}  // namespace sallyport
