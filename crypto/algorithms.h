// THE algorithm table (ALG-01..23): every ESP and AH transform, one row each. Adding an algorithm
// is a row here, its vectors in tests/vectors, and an engine that performs it.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/types.h"

namespace sallyport {

// Encryption transforms, combined modes included; the index into the table, not the IANA number.
enum class Cipher : std::uint8_t {
  Null,
  DesCbc,
  TripleDesCbc,
  AesCbc128,
  AesCbc192,
  AesCbc256,
  AesCtr128,
  AesCtr192,
  AesCtr256,
  AesCcm8_128,
  AesCcm8_192,
  AesCcm8_256,
  AesCcm12_128,
  AesCcm12_192,
  AesCcm12_256,
  AesCcm16_128,
  AesCcm16_192,
  AesCcm16_256,
  AesGcm8_128,
  AesGcm8_192,
  AesGcm8_256,
  AesGcm12_128,
  AesGcm12_192,
  AesGcm12_256,
  AesGcm16_128,
  AesGcm16_192,
  AesGcm16_256,
  AesGmac128,
  AesGmac192,
  AesGmac256,  // ENCR_NULL_AUTH_AES_GMAC (RFC 4543)
  ChaCha20Poly1305,
  CamelliaCbc128,
  CamelliaCbc192,
  CamelliaCbc256,
  AesCcm8Iiv128,
  AesCcm8Iiv192,
  AesCcm8Iiv256,
  AesGcm16Iiv128,
  AesGcm16Iiv192,
  AesGcm16Iiv256,
  ChaCha20Poly1305Iiv,
};
inline constexpr std::size_t kCipherCount =
    static_cast<std::size_t>(Cipher::ChaCha20Poly1305Iiv) + 1;

enum class Integrity : std::uint8_t {
  None,
  HmacMd5_96,
  HmacSha1_96,
  HmacSha256_128,
  HmacSha384_192,
  HmacSha512_256,
  AesXcbc_96,
  AesCmac_96,
  AesGmac128,
  AesGmac192,
  AesGmac256,  // AUTH_AES_GMAC, for AH alone (RFC 4543 4)
};
inline constexpr std::size_t kIntegrityCount = static_cast<std::size_t>(Integrity::AesGmac256) + 1;

// How the cipher works, which decides how an engine drives it.
enum class CipherKind : std::uint8_t { Null, Cbc, Ctr, Ccm, Gcm, Gmac, ChaChaPoly };

// How the IV of each packet is made.
enum class IvRule : std::uint8_t {
  None,
  Counter,           // the sequence number: unique where its key has one sender (RFC 4106 3.1)
  EncryptedCounter,  // AES of the counter under a key of its own: unpredictable (RFC 3602 3)
};

// What RFC 8221 says of it; Weak ones must be allowed by name in the configuration (ALG-22).
enum class Standing : std::uint8_t { Must, Should, May, ShouldNot, MustNot };

struct CipherFacts {
  Cipher id;
  std::string_view name;     // as in configuration: "aes128-gcm16", "3des-cbc"
  std::uint16_t ike_id;      // IANA transform type 1
  std::uint16_t key_bits;    // 0: no Key Length attribute needed and none sent
  std::uint8_t key_bytes;    // cipher key, without salt
  std::uint8_t salt_bytes;   // implicit nonce part that follows the key in KEYMAT
  std::uint8_t iv_bytes;     // on the wire
  std::uint8_t block_bytes;  // ESP padding alignment: 4 or the cipher's block
  std::uint8_t icv_bytes;    // 0 where a separate Integrity makes the ICV
  CipherKind kind;
  IvRule iv_rule;
  Standing standing;
  bool needs_consent;  // weak or unusual: off unless allowed by name

  [[nodiscard]] constexpr bool combined() const noexcept { return icv_bytes != 0; }
  // The sequence number is the IV, which is not sent (RFC 8750): for one sender only.
  [[nodiscard]] constexpr bool implicit_iv() const noexcept { return combined() && iv_bytes == 0; }
  // A nonce that repeats under one key breaks it: static keys need consent (MAN-02).
  [[nodiscard]] constexpr bool counter_based() const noexcept {
    return kind == CipherKind::Ctr || kind == CipherKind::Ccm || kind == CipherKind::Gcm ||
           kind == CipherKind::Gmac || kind == CipherKind::ChaChaPoly;
  }
};

struct IntegrityFacts {
  Integrity id;
  std::string_view name;  // "hmac-sha1-96"
  std::uint16_t ike_id;   // IANA transform type 3
  std::uint8_t key_bytes;
  std::uint8_t icv_bytes;
  Standing standing;
  bool needs_consent;
  std::uint8_t salt_bytes{};  // follows the key in KEYMAT
  std::uint8_t iv_bytes{};    // in front of the ICV, in the same field of AH

  // GMAC has a nonce to carry, which ESP has a cipher for (ENCR_NULL_AUTH_AES_GMAC).
  [[nodiscard]] constexpr bool ah_only() const noexcept { return iv_bytes != 0; }
};

[[nodiscard]] const CipherFacts& facts(Cipher cipher) noexcept;
[[nodiscard]] const IntegrityFacts& facts(Integrity integrity) noexcept;
[[nodiscard]] std::span<const CipherFacts> all_ciphers() noexcept;
[[nodiscard]] std::span<const IntegrityFacts> all_integrities() noexcept;
// By the table's name or the compact one ("aes128gcm16", "aes128", "3des", "sha1").
[[nodiscard]] std::optional<Cipher> cipher_by_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<Integrity> integrity_by_name(std::string_view name) noexcept;

// A cipher with the integrity that goes with it.
struct Transform {
  Cipher cipher{Cipher::Null};
  Integrity integrity{Integrity::None};
  // Asked for every packet: one comparison instead of two.
  friend constexpr bool operator==(const Transform& left, const Transform& right) noexcept {
    return std::bit_cast<std::uint16_t>(left) == std::bit_cast<std::uint16_t>(right);
  }
};
// ICV octets on the wire.
[[nodiscard]] std::uint8_t icv_bytes(Transform transform) noexcept;
// Octets of the implicit nonce part, whichever half takes it.
[[nodiscard]] std::uint8_t salt_bytes(Transform transform) noexcept;
// A nonce that repeats under one key breaks it: static keys need consent (MAN-02).
[[nodiscard]] bool counter_based(Transform transform) noexcept;
// True where it must be allowed by name: a weak half, or encryption alone (ESP-06, ALG-22).
[[nodiscard]] bool needs_consent(Transform transform) noexcept;

// Refuses what may not stand together: NULL with NONE, a combined mode with an integrity of its
// own, GMAC beside a cipher (ESP-06, ALG-19); for AH all but an integrity algorithm (AH-17).
[[nodiscard]] Expected<void> validate(Transform transform,
                                      IpsecProtocol protocol = IpsecProtocol::Esp);
// Refuses a wrong length, DES weak and semi-weak keys (RFC 2405 4.1) and 3DES keys that collapse to
// DES (RFC 2451 2.3); parity bits are ignored.
[[nodiscard]] Expected<void> validate_key(Cipher cipher, ByteView key);

// "aes128-gcm16", "aes128-cbc+hmac-sha1-96"; encryption alone must say so: "aes128-cbc+none".
// For AH an integrity algorithm alone: "hmac-sha256-128" (AH-17).
[[nodiscard]] Expected<Transform> parse_transform(std::string_view text,
                                                  IpsecProtocol protocol = IpsecProtocol::Esp);
// The canonical spelling, which parse_transform reads back.
[[nodiscard]] std::string to_string(Transform transform,
                                    IpsecProtocol protocol = IpsecProtocol::Esp);

}  // namespace sallyport
