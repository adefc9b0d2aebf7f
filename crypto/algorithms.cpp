#include "crypto/algorithms.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/edit_distance.h"
#include "base/enum_rows.h"

namespace sallyport {
namespace {

// Key, salt, IV, block and ICV lengths in octets.
struct Sizes {
  std::uint8_t key, salt, iv, block, icv;
};

struct Nature {
  std::uint16_t ike_id;
  CipherKind kind;
  Standing standing;
};

constexpr CipherFacts row(Cipher id, std::string_view name, Nature nature, Sizes sizes) {
  const auto [ike_id, kind, standing] = nature;
  const bool cbc = kind == CipherKind::Cbc;
  // Only ciphers that come in several key lengths carry the attribute (RFC 7296 3.3.5).
  const bool one_length =
      kind == CipherKind::Null || kind == CipherKind::ChaChaPoly || sizes.block == 8;
  const bool camellia = ike_id == 23;
  return {.id = id,
          .name = name,
          .ike_id = ike_id,
          .key_bits = static_cast<std::uint16_t>(one_length ? 0 : sizes.key * 8),
          .key_bytes = sizes.key,
          .salt_bytes = sizes.salt,
          .iv_bytes = sizes.iv,
          .block_bytes = sizes.block,
          .icv_bytes = sizes.icv,
          .kind = kind,
          .iv_rule = cbc             ? IvRule::EncryptedCounter
                     : sizes.iv == 0 ? IvRule::None
                                     : IvRule::Counter,
          .standing = standing,
          .needs_consent = standing >= Standing::ShouldNot || kind == CipherKind::Null || camellia};
}

using enum CipherKind;
using enum Standing;

constexpr std::array kCiphers{
    row(Cipher::Null, "null", {11, Null, Must}, {0, 0, 0, 4, 0}),
    row(Cipher::DesCbc, "des-cbc", {2, Cbc, MustNot}, {8, 0, 8, 8, 0}),
    row(Cipher::TripleDesCbc, "3des-cbc", {3, Cbc, ShouldNot}, {24, 0, 8, 8, 0}),
    row(Cipher::AesCbc128, "aes128-cbc", {12, Cbc, Must}, {16, 0, 16, 16, 0}),
    row(Cipher::AesCbc192, "aes192-cbc", {12, Cbc, May}, {24, 0, 16, 16, 0}),
    row(Cipher::AesCbc256, "aes256-cbc", {12, Cbc, Must}, {32, 0, 16, 16, 0}),
    row(Cipher::AesCtr128, "aes128-ctr", {13, Ctr, May}, {16, 4, 8, 4, 0}),
    row(Cipher::AesCtr192, "aes192-ctr", {13, Ctr, May}, {24, 4, 8, 4, 0}),
    row(Cipher::AesCtr256, "aes256-ctr", {13, Ctr, May}, {32, 4, 8, 4, 0}),
    row(Cipher::AesCcm8_128, "aes128-ccm8", {14, Ccm, Should}, {16, 3, 8, 4, 8}),
    row(Cipher::AesCcm8_192, "aes192-ccm8", {14, Ccm, May}, {24, 3, 8, 4, 8}),
    row(Cipher::AesCcm8_256, "aes256-ccm8", {14, Ccm, May}, {32, 3, 8, 4, 8}),
    row(Cipher::AesCcm12_128, "aes128-ccm12", {15, Ccm, May}, {16, 3, 8, 4, 12}),
    row(Cipher::AesCcm12_192, "aes192-ccm12", {15, Ccm, May}, {24, 3, 8, 4, 12}),
    row(Cipher::AesCcm12_256, "aes256-ccm12", {15, Ccm, May}, {32, 3, 8, 4, 12}),
    row(Cipher::AesCcm16_128, "aes128-ccm16", {16, Ccm, May}, {16, 3, 8, 4, 16}),
    row(Cipher::AesCcm16_192, "aes192-ccm16", {16, Ccm, May}, {24, 3, 8, 4, 16}),
    row(Cipher::AesCcm16_256, "aes256-ccm16", {16, Ccm, May}, {32, 3, 8, 4, 16}),
    row(Cipher::AesGcm8_128, "aes128-gcm8", {18, Gcm, May}, {16, 4, 8, 4, 8}),
    row(Cipher::AesGcm8_192, "aes192-gcm8", {18, Gcm, May}, {24, 4, 8, 4, 8}),
    row(Cipher::AesGcm8_256, "aes256-gcm8", {18, Gcm, May}, {32, 4, 8, 4, 8}),
    row(Cipher::AesGcm12_128, "aes128-gcm12", {19, Gcm, May}, {16, 4, 8, 4, 12}),
    row(Cipher::AesGcm12_192, "aes192-gcm12", {19, Gcm, May}, {24, 4, 8, 4, 12}),
    row(Cipher::AesGcm12_256, "aes256-gcm12", {19, Gcm, May}, {32, 4, 8, 4, 12}),
    row(Cipher::AesGcm16_128, "aes128-gcm16", {20, Gcm, Must}, {16, 4, 8, 4, 16}),
    row(Cipher::AesGcm16_192, "aes192-gcm16", {20, Gcm, May}, {24, 4, 8, 4, 16}),
    row(Cipher::AesGcm16_256, "aes256-gcm16", {20, Gcm, Must}, {32, 4, 8, 4, 16}),
    row(Cipher::AesGmac128, "aes128-gmac", {21, Gmac, May}, {16, 4, 8, 4, 16}),
    row(Cipher::AesGmac192, "aes192-gmac", {21, Gmac, May}, {24, 4, 8, 4, 16}),
    row(Cipher::AesGmac256, "aes256-gmac", {21, Gmac, May}, {32, 4, 8, 4, 16}),
    row(Cipher::ChaCha20Poly1305, "chacha20-poly1305", {28, ChaChaPoly, Should}, {32, 4, 8, 4, 16}),
    row(Cipher::CamelliaCbc128, "camellia128-cbc", {23, Cbc, May}, {16, 0, 16, 16, 0}),
    row(Cipher::CamelliaCbc192, "camellia192-cbc", {23, Cbc, May}, {24, 0, 16, 16, 0}),
    row(Cipher::CamelliaCbc256, "camellia256-cbc", {23, Cbc, May}, {32, 0, 16, 16, 0}),
    row(Cipher::AesCcm8Iiv128, "aes128-ccm8-iiv", {29, Ccm, Should}, {16, 3, 0, 4, 8}),
    row(Cipher::AesCcm8Iiv192, "aes192-ccm8-iiv", {29, Ccm, May}, {24, 3, 0, 4, 8}),
    row(Cipher::AesCcm8Iiv256, "aes256-ccm8-iiv", {29, Ccm, May}, {32, 3, 0, 4, 8}),
    row(Cipher::AesGcm16Iiv128, "aes128-gcm16-iiv", {30, Gcm, Should}, {16, 4, 0, 4, 16}),
    row(Cipher::AesGcm16Iiv192, "aes192-gcm16-iiv", {30, Gcm, May}, {24, 4, 0, 4, 16}),
    row(Cipher::AesGcm16Iiv256, "aes256-gcm16-iiv", {30, Gcm, Should}, {32, 4, 0, 4, 16}),
    row(Cipher::ChaCha20Poly1305Iiv, "chacha20-poly1305-iiv", {31, ChaChaPoly, Should},
        {32, 4, 0, 4, 16}),
};

// NONE stands with combined modes only; validate() and needs_consent() see to that.
constexpr std::array<IntegrityFacts, kIntegrityCount> kIntegrities{{
    {Integrity::None, "none", 0, 0, 0, Must, false},
    {Integrity::HmacMd5_96, "hmac-md5-96", 1, 16, 12, MustNot, true},
    {Integrity::HmacSha1_96, "hmac-sha1-96", 2, 20, 12, Must, false},
    {Integrity::HmacSha256_128, "hmac-sha256-128", 12, 32, 16, Must, false},
    {Integrity::HmacSha384_192, "hmac-sha384-192", 13, 48, 24, May, false},
    {Integrity::HmacSha512_256, "hmac-sha512-256", 14, 64, 32, Should, false},
    {Integrity::AesXcbc_96, "aes-xcbc-96", 5, 16, 12, May, false},
    {Integrity::AesCmac_96, "aes-cmac-96", 8, 16, 12, May, false},
    {Integrity::AesGmac128, "aes128-gmac", 9, 16, 16, May, false, 4, 8},
    {Integrity::AesGmac192, "aes192-gmac", 10, 24, 16, May, false, 4, 8},
    {Integrity::AesGmac256, "aes256-gmac", 11, 32, 16, May, false, 4, 8},
}};

static_assert(kCiphers.size() == kCipherCount && in_enum_order(kCiphers, &CipherFacts::id));
static_assert(in_enum_order(kIntegrities, &IntegrityFacts::id));

constexpr bool same_but_for_hyphens(std::string_view left, std::string_view right) {
  const auto next = [](std::string_view& text) {
    while (text.starts_with('-')) text.remove_prefix(1);
    if (text.empty()) return '\0';
    const char letter = text.front();
    text.remove_prefix(1);
    return letter;
  };
  while (true) {
    const char letter = next(left);
    if (letter != next(right)) return false;
    if (letter == '\0') return true;
  }
}

// "aes128-cbc" -> "aes128": CBC is what a cipher does where nothing else is said.
constexpr std::string_view short_name(const CipherFacts& facts) {
  return facts.kind == Cbc ? facts.name.substr(0, facts.name.rfind('-')) : facts.name;
}

// "hmac-sha1-96" -> "sha1", "aes-xcbc-96" -> "aes-xcbc".
constexpr std::string_view short_name(const IntegrityFacts& facts) {
  std::string_view name = facts.name;
  if (facts.ah_only()) return name;
  if (name.starts_with("hmac-")) name.remove_prefix(5);
  return name.substr(0, name.rfind('-'));
}

template <class Rows>
constexpr auto by_name(const Rows& rows, std::string_view name) noexcept
    -> std::optional<decltype(rows.front().id)> {
  for (const auto& facts : rows) {
    if (same_but_for_hyphens(name, facts.name) || same_but_for_hyphens(name, short_name(facts)))
      return facts.id;
  }
  return std::nullopt;
}

// A name that was begun and not ended is nearer than any that was mistyped.
std::size_t distance_between(std::string_view typed, std::string_view known) {
  return known.starts_with(typed) ? 0 : edit_distance(typed, known);
}

std::string_view nearest_name(const auto& rows, std::string_view name) {
  const auto distance = [&](const auto& facts) {
    return std::min(distance_between(name, facts.name), distance_between(name, short_name(facts)));
  };
  return std::ranges::min(rows, {}, distance).name;
}

std::unexpected<Error> unknown(std::string_view what, std::string_view name,
                               std::string_view nearest) {
  return fail(Error::Code::Invalid,
              "unknown " + std::string(what) + " \"" + std::string(name) + '"',
              "nearest known: \"" + std::string(nearest) + '"');
}

// A DES key without its eight parity bits (the lowest of each octet).
constexpr std::uint64_t kWithoutParity = 0xfefefefefefefefe;

// FIPS 74: the four weak keys, then the six pairs of semi-weak ones.
constexpr std::array<std::uint64_t, 16> kWeakDesKeys{
    0x0101010101010101, 0xfefefefefefefefe, 0x1f1f1f1f0e0e0e0e, 0xe0e0e0e0f1f1f1f1,
    0x01fe01fe01fe01fe, 0xfe01fe01fe01fe01, 0x1fe01fe00ef10ef1, 0xe01fe01ff10ef10e,
    0x01e001e001f101f1, 0xe001e001f101f101, 0x1ffe1ffe0efe0efe, 0xfe1ffe1ffe0efe0e,
    0x011f011f010e010e, 0x1f011f010e010e01, 0xe0fee0fef1fef1fe, 0xfee0fee0fef1fef1,
};

std::uint64_t des_key(ByteView key, std::size_t index) {
  return load_be<std::uint64_t>(key.subspan(8 * index, 8).data()) & kWithoutParity;
}

bool is_weak_des(std::uint64_t key) {
  return std::ranges::any_of(kWeakDesKeys,
                             [&](std::uint64_t weak) { return (weak & kWithoutParity) == key; });
}

Expected<void> validate_esp(Transform transform) {
  const CipherFacts& cipher = facts(transform.cipher);
  const bool none = transform.integrity == Integrity::None;
  if (facts(transform.integrity).ah_only()) {
    const std::string name(facts(transform.integrity).name);
    return fail(Error::Code::Refused, name + " beside a cipher is for AH only",
                "write \"" + name + "\" alone");
  }
  if (cipher.combined() && !none) {
    return fail(Error::Code::Invalid,
                std::string(cipher.name) + " makes its own ICV and takes no integrity algorithm",
                "write \"" + std::string(cipher.name) + "\" alone");
  }
  if (transform.cipher == Cipher::Null && none) {
    return fail(Error::Code::Refused, "neither encryption nor integrity would protect the packets",
                "name an integrity algorithm: \"null+hmac-sha256-128\"");
  }
  return {};
}

Expected<void> validate_ah(Transform transform) {
  if (transform.cipher != Cipher::Null) {
    return fail(Error::Code::Invalid,
                "AH does not encrypt: " + std::string(facts(transform.cipher).name) + " is for ESP",
                "name an integrity algorithm alone: \"hmac-sha256-128\"");
  }
  if (transform.integrity == Integrity::None) {
    return fail(Error::Code::Refused, "AH without integrity protects nothing",
                "name an integrity algorithm: \"hmac-sha256-128\"");
  }
  return {};
}

Expected<Transform> parse_esp_transform(std::string_view text) {
  const std::size_t plus = text.find('+');
  const std::string_view cipher_name = text.substr(0, plus);
  const std::optional<Cipher> cipher = cipher_by_name(cipher_name);
  if (!cipher)
    return unknown("encryption algorithm", cipher_name, nearest_name(kCiphers, cipher_name));

  Transform transform{.cipher = *cipher, .integrity = Integrity::None};
  if (plus == std::string_view::npos) {
    if (!facts(*cipher).combined()) {
      return fail(Error::Code::Invalid,
                  std::string(cipher_name) + " needs an integrity algorithm beside it",
                  "for example \"" + std::string(facts(*cipher).name) + "+hmac-sha256-128\"");
    }
    return transform;
  }
  const std::string_view integrity_name = text.substr(plus + 1);
  const std::optional<Integrity> integrity = integrity_by_name(integrity_name);
  if (!integrity) {
    return unknown("integrity algorithm", integrity_name,
                   nearest_name(kIntegrities, integrity_name));
  }
  transform.integrity = *integrity;
  if (Expected<void> sound = validate_esp(transform); !sound) return std::unexpected(sound.error());
  return transform;
}

Expected<Transform> parse_ah_transform(std::string_view text) {
  Transform transform;
  if (const auto integrity = integrity_by_name(text)) {
    transform.integrity = *integrity;
  } else if (const auto cipher = cipher_by_name(text.substr(0, text.find('+')))) {
    transform.cipher = *cipher;
  } else {
    return unknown("integrity algorithm", text, nearest_name(kIntegrities, text));
  }
  if (Expected<void> sound = validate_ah(transform); !sound) return std::unexpected(sound.error());
  return transform;
}

}  // namespace

const CipherFacts& facts(Cipher cipher) noexcept {
  return kCiphers[static_cast<std::size_t>(cipher)];
}

const IntegrityFacts& facts(Integrity integrity) noexcept {
  return kIntegrities[static_cast<std::size_t>(integrity)];
}

std::span<const CipherFacts> all_ciphers() noexcept { return kCiphers; }
std::span<const IntegrityFacts> all_integrities() noexcept { return kIntegrities; }

std::optional<Cipher> cipher_by_name(std::string_view name) noexcept {
  return by_name(kCiphers, name);
}

std::optional<Integrity> integrity_by_name(std::string_view name) noexcept {
  return by_name(kIntegrities, name);
}

std::uint8_t icv_bytes(Transform transform) noexcept {
  const CipherFacts& cipher = facts(transform.cipher);
  return cipher.combined() ? cipher.icv_bytes : facts(transform.integrity).icv_bytes;
}

std::uint8_t salt_bytes(Transform transform) noexcept {
  return static_cast<std::uint8_t>(facts(transform.cipher).salt_bytes +
                                   facts(transform.integrity).salt_bytes);
}

bool counter_based(Transform transform) noexcept {
  return facts(transform.cipher).counter_based() || facts(transform.integrity).ah_only();
}

bool needs_consent(Transform transform) noexcept {
  const bool unauthenticated = icv_bytes(transform) == 0;
  return unauthenticated || facts(transform.cipher).needs_consent ||
         facts(transform.integrity).needs_consent;
}

Expected<void> validate(Transform transform, IpsecProtocol protocol) {
  return protocol == IpsecProtocol::Ah ? validate_ah(transform) : validate_esp(transform);
}

Expected<void> validate_key(Cipher cipher, ByteView key) {
  const CipherFacts& wanted = facts(cipher);
  if (key.size() != wanted.key_bytes) {
    return fail(Error::Code::Invalid, std::string(wanted.name) + " takes a key of " +
                                          std::to_string(wanted.key_bytes) + " octets, not " +
                                          std::to_string(key.size()));
  }
  if (cipher == Cipher::DesCbc && is_weak_des(des_key(key, 0))) {
    return fail(Error::Code::Refused, "this is one of the 16 weak keys of DES", "use another key");
  }
  if (cipher == Cipher::TripleDesCbc) {
    const std::uint64_t middle = des_key(key, 1);
    if (des_key(key, 0) == middle || des_key(key, 2) == middle) {
      return fail(Error::Code::Refused,
                  "two neighbouring thirds of the 3DES key are equal: it is DES",
                  "use a key of three different thirds");
    }
  }
  return {};
}

Expected<Transform> parse_transform(std::string_view text, IpsecProtocol protocol) {
  return protocol == IpsecProtocol::Ah ? parse_ah_transform(text) : parse_esp_transform(text);
}

std::string to_string(Transform transform, IpsecProtocol protocol) {
  std::string integrity(facts(transform.integrity).name);
  if (protocol == IpsecProtocol::Ah) return integrity;
  const CipherFacts& cipher = facts(transform.cipher);
  std::string text(cipher.name);
  if (!cipher.combined()) text += '+' + integrity;
  return text;
}

}  // namespace sallyport
