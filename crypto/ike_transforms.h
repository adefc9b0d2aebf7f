// The transforms that IKE negotiates for itself besides ciphers and integrity (RFC 7296 3.3.2):
// pseudorandom functions and key exchange methods, one row each (IALG-02, IALG-04; IKE-13).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/algorithms.h"

namespace sallyport {

enum class Prf : std::uint8_t {
  HmacMd5,
  HmacSha1,
  AesXcbc,
  HmacSha256,
  HmacSha384,
  HmacSha512,
  AesCmac,
};
inline constexpr std::size_t kPrfCount = static_cast<std::size_t>(Prf::AesCmac) + 1;

struct PrfFacts {
  Prf id;
  std::string_view name;   // "prf-hmac-sha256"
  std::uint16_t ike_id;    // IANA transform type 2
  std::uint8_t key_bytes;  // of SK_d and SK_p: the preferred length (RFC 7296 2.13)
  std::uint8_t output_bytes;
  Standing standing;  // RFC 8247 2.2
  bool needs_consent;
};

enum class Group : std::uint8_t {
  Modp768,
  Modp1024,
  Modp1536,
  Modp2048,
  Modp3072,
  Modp4096,
  Modp6144,
  Modp8192,
  Ecp256,
  Ecp384,
  Ecp521,
  Modp1024Subgroup160,
  Modp2048Subgroup224,
  Modp2048Subgroup256,
  Brainpool224,
  Brainpool256,
  Brainpool384,
  Brainpool512,
  Curve25519,
  Curve448,
};
inline constexpr std::size_t kGroupCount = static_cast<std::size_t>(Group::Curve448) + 1;

enum class GroupKind : std::uint8_t { Modp, ModpSubgroup, Ecp, Montgomery };

struct GroupFacts {
  Group id;
  std::string_view name;       // "modp2048", "ecp256", "curve25519", "brainpool256"
  std::uint16_t ike_id;        // IANA transform type 4
  std::uint16_t public_bytes;  // of the KE payload's data (IKE-68)
  std::uint16_t secret_bytes;  // of g^ir, leading zeros included (IKE-75)
  GroupKind kind;
  Standing standing;  // RFC 8247 2.4
  bool needs_consent;
};

[[nodiscard]] const PrfFacts& facts(Prf prf) noexcept;
[[nodiscard]] const GroupFacts& facts(Group group) noexcept;
[[nodiscard]] std::span<const PrfFacts> all_prfs() noexcept;
[[nodiscard]] std::span<const GroupFacts> all_groups() noexcept;
[[nodiscard]] std::optional<Prf> prf_by_ike_id(std::uint16_t ike_id) noexcept;
[[nodiscard]] std::optional<Group> group_by_ike_id(std::uint16_t ike_id) noexcept;
[[nodiscard]] std::optional<Prf> prf_by_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<Group> group_by_name(std::string_view name) noexcept;
// By transform ID and, where the cipher comes in several lengths, key length in bits (IKE-57).
[[nodiscard]] std::optional<Cipher> cipher_by_ike_id(std::uint16_t ike_id,
                                                     std::uint16_t key_bits) noexcept;
[[nodiscard]] std::optional<Integrity> integrity_by_ike_id(std::uint16_t ike_id) noexcept;
// May protect IKE's own messages: no NULL, no GMAC, no implicit IV (RFC 5282, 7634, 8247 2.1).
[[nodiscard]] bool protects_ike(Cipher cipher) noexcept;
[[nodiscard]] bool protects_ike(Integrity integrity) noexcept;

// One offer for an IKE SA: of each kind any one may be taken; in falling preference.
struct IkeProposal {
  std::vector<Cipher> ciphers;         // all combined modes, or none of them (IKE-61)
  std::vector<Integrity> integrities;  // empty with combined modes
  std::vector<Prf> prfs;
  std::vector<Group> groups;
  friend bool operator==(const IkeProposal&, const IkeProposal&) = default;
};
// "aes128-gcm16+prf-hmac-sha256+curve25519+ecp256", "aes256-cbc+hmac-sha256-128+modp2048": the PRF
// may be left out where an HMAC integrity names it. Compact names as in parse_transform, and
// "prfsha256". Refuses mixes of combined modes and others, what cannot protect IKE, and a proposal
// without cipher, PRF or group: with the nearest known name where one is unknown.
[[nodiscard]] Expected<IkeProposal> parse_ike_proposal(std::string_view text);
// The canonical spelling, which parse_ike_proposal reads back.
[[nodiscard]] std::string to_string(const IkeProposal& proposal);
// True where one of its transforms must be allowed by name.
[[nodiscard]] bool needs_consent(const IkeProposal& proposal);
// What is offered and accepted where nothing is configured: RFC 8247's MUST and SHOULD.
[[nodiscard]] std::vector<IkeProposal> default_ike_proposals();

}  // namespace sallyport
