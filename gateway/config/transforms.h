// Algorithms in a configuration, and the consent that some of them need.
#pragma once

#include <vector>

#include "crypto/algorithms.h"
#include "gateway/config/configuration.h"
#include "gateway/config/document.h"

namespace sallyport {

// "aes128-gcm16", "aes128-cbc+hmac-sha1-96", or a suite's name ("VPN-B"), which may hold several;
// for AH "hmac-sha256-128".
[[nodiscard]] Expected<std::vector<Transform>> read_transforms(const Value& value,
                                                               IpsecProtocol protocol);
// Likewise, but exactly one.
[[nodiscard]] Expected<Transform> read_transform(const Value& value, IpsecProtocol protocol);

// Refuses a weak or unusual algorithm that [crypto] allow does not name (ALG-22).
[[nodiscard]] Expected<void> check_consent(Transform transform, IpsecProtocol protocol,
                                           const CryptoConfig& crypto);

}  // namespace sallyport
