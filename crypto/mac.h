// The keyed functions that PRFs and integrity algorithms are made of (RFC 2104, 3566, 4493).
#pragma once

#include <variant>

#include "base/bytes.h"
#include "crypto/aes_xcbc.h"
#include "crypto/openssl_handles.h"

namespace sallyport {

enum class MacKind : std::uint8_t {
  HmacMd5,
  HmacSha1,
  HmacSha256,
  HmacSha384,
  HmacSha512,
  AesCmac,
  AesXcbc,
};

// One key, one message after the other, each in any number of parts. One thread at a time.
class Mac {
 public:
  static constexpr std::size_t kMostBytes = 64;

  // Keys of any length; those of AES that are not 16 octets are RFC 4434 2 and 4615 3 (IKE-74).
  Mac(MacKind kind, ByteView key);

  void add(ByteView part);
  // The whole MAC of what was added, at the beginning of `out`, which has kMostBytes; its length.
  // The next message begins.
  std::size_t finish(MutableBytes out);

 private:
  void begin();

  std::variant<OpensslPtr<EVP_MAC_CTX>, AesXcbc> state_;
  bool spent_{};  // finished, and not yet begun again
};

}  // namespace sallyport
