// What protects the payloads of IKE messages: encryption and integrity of SK and SKF payloads
// (RFC 7296 3.14, 5282, 5930, 7634).
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "crypto/algorithms.h"

namespace sallyport {

// The keys of one direction. Knows no message format: `associated` is what stands before the IV
// (IKE-82), and for integrity algorithms all of it is under the ICV.
class IkeCipher {
 public:
  // SK_e (salt included, which follows the key) and SK_a (empty with combined modes).
  IkeCipher(Transform transform, ByteView encryption_key, ByteView integrity_key);

  [[nodiscard]] Transform transform() const noexcept { return transform_; }
  // Octets of IV, padding, pad length and ICV around `plain` octets of payloads.
  [[nodiscard]] std::size_t sealed_bytes(std::size_t plain) const noexcept;
  // The most payload octets of which sealed_bytes() is no more than `room`; 0 where there is none.
  [[nodiscard]] std::size_t most_plain_bytes(std::size_t room) const noexcept;
  // Appends IV, ciphertext and ICV to `message`, of which all so far is associated data; lengths
  // in it are already those of the sealed message. `explicit_iv`: the counter for combined modes
  // and CTR, never twice under a key; CBC takes its IV from `random`.
  void seal(std::vector<std::uint8_t>& message, ByteView plain, std::uint64_t explicit_iv,
            Random& random) const;
  // The payloads within `sealed` (IV to ICV). Refuses a wrong ICV and impossible lengths; with any
  // padding that fits (IKE-81). Time does not depend on where an ICV differs.
  [[nodiscard]] Expected<std::vector<std::uint8_t>> open(ByteView associated,
                                                         ByteView sealed) const;

  // Octets of SK_e, salt included, and of SK_a (IKE-72).
  [[nodiscard]] static std::size_t encryption_key_bytes(Transform transform) noexcept;
  [[nodiscard]] static std::size_t integrity_key_bytes(Transform transform) noexcept;
  [[nodiscard]] ByteView encryption_key() const noexcept { return encryption_key_.view(); }
  [[nodiscard]] ByteView integrity_key() const noexcept { return integrity_key_.view(); }

 private:
  Transform transform_;
  Secret<36> encryption_key_;
  Secret<64> integrity_key_;
};

}  // namespace sallyport
