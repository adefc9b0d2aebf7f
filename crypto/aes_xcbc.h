// AES-XCBC-MAC and AES-XCBC-PRF-128 (RFC 3566, 4434), which libcrypto does not have.
#pragma once

#include <array>

#include "base/bytes.h"
#include "crypto/openssl_handles.h"

namespace sallyport {

// One key, one message after the other, each in any number of parts. One thread at a time.
class AesXcbc {
 public:
  static constexpr std::size_t kBytes = 16;

  // Keys of any length: those that are not 16 octets are RFC 4434 2 (IKE-74).
  explicit AesXcbc(ByteView key);
  AesXcbc(AesXcbc&&) noexcept = default;
  AesXcbc& operator=(AesXcbc&&) noexcept = default;
  ~AesXcbc();

  void add(ByteView part);
  // The whole MAC of what was added, kBytes of it; the next message begins.
  void finish(MutableBytes out);

 private:
  using Block = std::array<std::uint8_t, kBytes>;
  void chain(Block& out);

  OpensslPtr<EVP_CIPHER_CTX> chain_;  // AES-CBC under K1
  Block whole_key_{};                 // K2
  Block padded_key_{};                // K3
  Block pending_{};
  std::size_t pending_bytes_{};
};

}  // namespace sallyport
