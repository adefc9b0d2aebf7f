// The expanded keys of one SA, as IPsec-MB wants them, in the order in which a packet needs them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "crypto/algorithms.h"
#include "dataplane/crypto/ipsec_mb.h"

namespace sallyport {

// Ciphers other than GCM and GMAC, and what stands beside them.
struct HmacStates {
  std::array<std::uint8_t, 64> inner, outer;  // after the key's first block (RFC 2104 4)
};
struct MacSubkeys {
  alignas(16) std::array<std::uint8_t, 176> schedule;  // XCBC: of K1; CMAC: of the key
  alignas(16) std::array<std::uint8_t, 16> full,
      partial;  // mixed into a full or a partial last block
};
union IntegrityKeys {
  HmacStates hmac;
  MacSubkeys mac;
};
struct AesSchedules {
  alignas(16) std::array<std::uint8_t, 240> encrypt, decrypt;
};
struct DesSchedules {
  std::array<std::array<std::uint64_t, 16>, 3> rounds;
  std::array<const void*, 3> in_order;  // the form in which IPsec-MB takes 3DES keys
};
union CipherKeys {
  AesSchedules aes;
  DesSchedules des;
  std::array<std::uint8_t, 32> raw;  // ChaCha20, and what OpenSSL performs
};
struct SeparateKeys {
  IntegrityKeys integrity;
  alignas(16) std::array<std::uint8_t, 176> iv_schedule;  // AES-128, for IvRule::EncryptedCounter
  CipherKeys cipher;
};

// Trivial: zeros are an empty slot.
struct alignas(64) ExpandedKey {
  union {
    gcm_key_data gcm;
    SeparateKeys separate;
  };
  // On the line that holds the first powers of the GCM hash key, which every packet reads.
  Transform transform;
  std::uint8_t iv_bytes;
  std::uint8_t icv_bytes;
  std::array<std::uint8_t, 4> salt;
  IvRule iv_rule;
  // An odd number of lines, so that equal parts of neighbouring slots share no cache set.
  std::array<std::uint8_t, 71> spread;
};
inline constexpr std::size_t kGcmTableBytes = 1008;
inline constexpr std::size_t kCacheLine = 64;
static_assert(sizeof(gcm_key_data) == kGcmTableBytes && sizeof(SeparateKeys) <= kGcmTableBytes);
static_assert(offsetof(ExpandedKey, transform) == kGcmTableBytes);
static_assert(sizeof(ExpandedKey) == 1088 && sizeof(ExpandedKey) / kCacheLine % 2 == 1);

}  // namespace sallyport
