// Diffie-Hellman in the groups of IKEv2 (RFC 7296 3.4, 5903, 6989, 8031). Any thread.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/ike_transforms.h"

namespace sallyport {

// One private value, used once (IKE-48).
class KeyExchange {
 public:
  [[nodiscard]] static Expected<KeyExchange> generate(Group group);
  // With a private value from outside, for vectors: big-endian scalar, or the raw octets of
  // Curve25519 and Curve448.
  [[nodiscard]] static Expected<KeyExchange> from_private(Group group, ByteView private_value);
  KeyExchange(KeyExchange&&) noexcept;
  KeyExchange& operator=(KeyExchange&&) noexcept;
  ~KeyExchange();

  [[nodiscard]] Group group() const noexcept { return group_; }
  // The KE payload's data, GroupFacts::public_bytes of them.
  [[nodiscard]] const std::vector<std::uint8_t>& public_value() const noexcept { return public_; }
  // g^ir, GroupFacts::secret_bytes of it. Refuses values that RFC 6989 2 refuses, wrong lengths,
  // points off the curve, and an all-zero result of a Montgomery curve.
  [[nodiscard]] Expected<SecretBytes> agree(ByteView peer_value) const;

 private:
  struct Key;
  KeyExchange(Group group, std::unique_ptr<Key> key);

  Group group_;
  std::unique_ptr<Key> key_;
  std::vector<std::uint8_t> public_;
};

}  // namespace sallyport
