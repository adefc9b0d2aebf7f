#include "crypto/digest.h"

#include <openssl/evp.h>

#include <array>

namespace sallyport {

Expected<std::string> sha256_hex(ByteView bytes) {
  constexpr std::size_t kDigestBytes = 32;
  std::array<std::uint8_t, kDigestBytes> digest;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    return fail(Error::Code::Unsupported, "OpenSSL does not offer SHA-256",
                "install an OpenSSL whose default provider is complete");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kDigestBytes);
  for (const std::uint8_t octet : digest) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

}  // namespace sallyport
