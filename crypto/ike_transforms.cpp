#include "crypto/ike_transforms.h"

#include <algorithm>
#include <array>

#include "base/enum_rows.h"
#include "crypto/spelling.h"

namespace sallyport {
namespace {

using enum Standing;

constexpr PrfFacts prf_row(Prf id, std::string_view name, std::uint16_t ike_id, std::uint8_t bytes,
                           Standing standing) {
  return {.id = id,
          .name = name,
          .ike_id = ike_id,
          .key_bytes = bytes,  // what HMAC and the AES-based ones prefer is what they give
          .output_bytes = bytes,
          .standing = standing,
          .needs_consent = standing >= ShouldNot};
}

constexpr std::array kPrfs{
    prf_row(Prf::HmacMd5, "prf-hmac-md5", 1, 16, MustNot),
    prf_row(Prf::HmacSha1, "prf-hmac-sha1", 2, 20, Must),
    prf_row(Prf::AesXcbc, "prf-aes-xcbc", 4, 16, Should),
    prf_row(Prf::HmacSha256, "prf-hmac-sha256", 5, 32, Must),
    prf_row(Prf::HmacSha384, "prf-hmac-sha384", 6, 48, May),
    prf_row(Prf::HmacSha512, "prf-hmac-sha512", 7, 64, Should),
    prf_row(Prf::AesCmac, "prf-aes-cmac", 8, 16, May),
};

// Octets of a public value and of the secret.
struct GroupSizes {
  std::uint16_t public_bytes, secret_bytes;
};

constexpr GroupSizes modulus(std::uint16_t bits) {
  const auto bytes = static_cast<std::uint16_t>(bits / 8);
  return {bytes, bytes};
}

constexpr GroupSizes field(std::uint16_t bits) {
  const auto bytes = static_cast<std::uint16_t>((bits + 7) / 8);
  return {static_cast<std::uint16_t>(2 * bytes), bytes};
}

struct GroupNature {
  std::uint16_t ike_id;
  GroupKind kind;
  Standing standing;
};

constexpr GroupFacts group_row(Group id, std::string_view name, GroupNature nature,
                               GroupSizes sizes) {
  return {.id = id,
          .name = name,
          .ike_id = nature.ike_id,
          .public_bytes = sizes.public_bytes,
          .secret_bytes = sizes.secret_bytes,
          .kind = nature.kind,
          .standing = nature.standing,
          .needs_consent = nature.standing >= ShouldNot};
}

using enum GroupKind;

constexpr std::array kGroups{
    group_row(Group::Modp768, "modp768", {1, Modp, MustNot}, modulus(768)),
    group_row(Group::Modp1024, "modp1024", {2, Modp, ShouldNot}, modulus(1024)),
    group_row(Group::Modp1536, "modp1536", {5, Modp, ShouldNot}, modulus(1536)),
    group_row(Group::Modp2048, "modp2048", {14, Modp, Must}, modulus(2048)),
    group_row(Group::Modp3072, "modp3072", {15, Modp, May}, modulus(3072)),
    group_row(Group::Modp4096, "modp4096", {16, Modp, May}, modulus(4096)),
    group_row(Group::Modp6144, "modp6144", {17, Modp, May}, modulus(6144)),
    group_row(Group::Modp8192, "modp8192", {18, Modp, May}, modulus(8192)),
    group_row(Group::Ecp256, "ecp256", {19, Ecp, Should}, field(256)),
    group_row(Group::Ecp384, "ecp384", {20, Ecp, May}, field(384)),
    group_row(Group::Ecp521, "ecp521", {21, Ecp, May}, field(521)),
    group_row(Group::Modp1024Subgroup160, "modp1024s160", {22, ModpSubgroup, MustNot},
              modulus(1024)),
    group_row(Group::Modp2048Subgroup224, "modp2048s224", {23, ModpSubgroup, ShouldNot},
              modulus(2048)),
    group_row(Group::Modp2048Subgroup256, "modp2048s256", {24, ModpSubgroup, ShouldNot},
              modulus(2048)),
    group_row(Group::Brainpool224, "brainpool224", {27, Ecp, May}, field(224)),
    group_row(Group::Brainpool256, "brainpool256", {28, Ecp, May}, field(256)),
    group_row(Group::Brainpool384, "brainpool384", {29, Ecp, May}, field(384)),
    group_row(Group::Brainpool512, "brainpool512", {30, Ecp, May}, field(512)),
    group_row(Group::Curve25519, "curve25519", {31, Montgomery, May}, {32, 32}),
    group_row(Group::Curve448, "curve448", {32, Montgomery, May}, {56, 56}),
};

static_assert(kPrfs.size() == kPrfCount && in_enum_order(kPrfs, &PrfFacts::id));
static_assert(kGroups.size() == kGroupCount && in_enum_order(kGroups, &GroupFacts::id));

auto by_ike_id(const auto& rows, std::uint16_t ike_id) -> std::optional<decltype(rows[0].id)> {
  const auto found = std::ranges::find(rows, ike_id, [](const auto& row) { return row.ike_id; });
  if (found == rows.end()) return std::nullopt;
  return found->id;
}

}  // namespace

const PrfFacts& facts(Prf prf) noexcept { return kPrfs[static_cast<std::size_t>(prf)]; }
const GroupFacts& facts(Group group) noexcept { return kGroups[static_cast<std::size_t>(group)]; }
std::span<const PrfFacts> all_prfs() noexcept { return kPrfs; }
std::span<const GroupFacts> all_groups() noexcept { return kGroups; }

std::optional<Prf> prf_by_ike_id(std::uint16_t ike_id) noexcept { return by_ike_id(kPrfs, ike_id); }

std::optional<Group> group_by_ike_id(std::uint16_t ike_id) noexcept {
  return by_ike_id(kGroups, ike_id);
}

std::optional<Prf> prf_by_name(std::string_view name) noexcept {
  constexpr std::string_view kHmac = "prf-hmac-";
  for (const PrfFacts& row : kPrfs) {
    if (same_but_hyphens(name, row.name)) return row.id;
    // "prfsha256" leaves HMAC out.
    if (row.name.starts_with(kHmac) && name.starts_with("prf") &&
        same_but_hyphens(name.substr(3), row.name.substr(kHmac.size())))
      return row.id;
  }
  return std::nullopt;
}

std::optional<Group> group_by_name(std::string_view name) noexcept {
  for (const GroupFacts& row : kGroups) {
    if (same_but_hyphens(name, row.name)) return row.id;
  }
  // As the functions on these curves are called (RFC 7748 5).
  if (name == "x25519") return Group::Curve25519;
  if (name == "x448") return Group::Curve448;
  return std::nullopt;
}

std::optional<Cipher> cipher_by_ike_id(std::uint16_t ike_id, std::uint16_t key_bits) noexcept {
  for (const CipherFacts& row : all_ciphers()) {
    if (row.ike_id == ike_id && row.key_bits == key_bits) return row.id;
  }
  return std::nullopt;
}

std::optional<Integrity> integrity_by_ike_id(std::uint16_t ike_id) noexcept {
  return by_ike_id(all_integrities(), ike_id);
}

bool protects_ike(Cipher cipher) noexcept {
  const CipherFacts& row = facts(cipher);
  const bool encrypts = row.kind != CipherKind::Null && row.kind != CipherKind::Gmac;
  return encrypts && !row.implicit_iv() && cipher != Cipher::DesCbc;
}

bool protects_ike(Integrity integrity) noexcept {
  return integrity != Integrity::None && !facts(integrity).ah_only();
}

}  // namespace sallyport
