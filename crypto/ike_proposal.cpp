#include <algorithm>
#include <ranges>
#include <string>

#include "crypto/ike_transforms.h"
#include "crypto/spelling.h"

namespace sallyport {
namespace {

// "aes128-cbc" -> "aes128", "hmac-sha256-128" -> "sha256", "prf-hmac-sha1" -> "prf-sha1": what is
// typed where the rest goes without saying.
std::string short_form(std::string_view name) {
  std::string text(name);
  if (text.ends_with("-cbc")) text.resize(text.size() - 4);
  if (const std::size_t hmac = text.find("hmac-"); hmac != std::string::npos) text.erase(hmac, 5);
  const std::size_t bits = text.rfind('-');
  const bool cut = bits != std::string::npos && name.starts_with("hmac-");
  return cut ? text.substr(0, bits) : text;
}

class NearestName {
 public:
  explicit NearestName(std::string_view typed) : typed_(typed) {}

  void try_name(std::string_view known) {
    const std::size_t distance = std::min(distance_in_letters(typed_, known),
                                          distance_in_letters(typed_, short_form(known)));
    if (!name_.empty() && distance >= distance_) return;
    name_ = known;
    distance_ = distance;
  }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }

 private:
  std::string_view typed_;
  std::string_view name_;
  std::size_t distance_{};
};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::unexpected<Error> unknown(std::string_view name) {
  NearestName nearest(name);
  for (const CipherFacts& row : all_ciphers())
    if (protects_ike(row.id)) nearest.try_name(row.name);
  for (const IntegrityFacts& row : all_integrities())
    if (protects_ike(row.id)) nearest.try_name(row.name);
  for (const PrfFacts& row : all_prfs()) nearest.try_name(row.name);
  for (const GroupFacts& row : all_groups()) nearest.try_name(row.name);
  return fail(Error::Code::Invalid, "unknown algorithm " + quoted(name),
              "nearest known: " + quoted(nearest.name()));
}

std::unexpected<Error> unprotecting(std::string_view name) {
  return fail(Error::Code::Refused, std::string(name) + " may not protect IKE's own messages",
              "use another, for example \"aes256-gcm16\", or \"aes256-cbc+hmac-sha256-128\"");
}

template <class Id>
Expected<void> add_once(std::vector<Id>& chosen, Id id) {
  if (std::ranges::find(chosen, id) != chosen.end()) {
    return fail(Error::Code::Invalid, std::string(facts(id).name) + " is named twice",
                "name it once");
  }
  chosen.push_back(id);
  return {};
}

Expected<void> add_name(IkeProposal& proposal, std::string_view name) {
  if (const auto cipher = cipher_by_name(name)) {
    if (!protects_ike(*cipher)) return unprotecting(facts(*cipher).name);
    return add_once(proposal.ciphers, *cipher);
  }
  if (const auto integrity = integrity_by_name(name)) {
    if (!protects_ike(*integrity)) return unprotecting(facts(*integrity).name);
    return add_once(proposal.integrities, *integrity);
  }
  if (const auto prf = prf_by_name(name)) return add_once(proposal.prfs, *prf);
  if (const auto group = group_by_name(name)) return add_once(proposal.groups, *group);
  return unknown(name);
}

std::optional<Prf> same_hmac(Integrity integrity) noexcept {
  switch (integrity) {
    case Integrity::HmacMd5_96:
      return Prf::HmacMd5;
    case Integrity::HmacSha1_96:
      return Prf::HmacSha1;
    case Integrity::HmacSha256_128:
      return Prf::HmacSha256;
    case Integrity::HmacSha384_192:
      return Prf::HmacSha384;
    case Integrity::HmacSha512_256:
      return Prf::HmacSha512;
    default:
      return std::nullopt;
  }
}

Expected<void> check_ciphers(const IkeProposal& proposal) {
  const auto combined = [](Cipher cipher) { return facts(cipher).combined(); };
  const auto combined_modes = std::ranges::count_if(proposal.ciphers, combined);
  if (proposal.ciphers.empty()) {
    return fail(Error::Code::Invalid, "an IKE proposal needs a cipher",
                "add one, for example \"aes256-gcm16\"");
  }
  if (combined_modes == 0 && proposal.integrities.empty()) {
    const std::string name(facts(proposal.ciphers.front()).name);
    return fail(Error::Code::Invalid, name + " needs an integrity algorithm beside it",
                "for example " + quoted(name + "+hmac-sha256-128"));
  }
  if (combined_modes == 0) return {};
  if (combined_modes != std::ssize(proposal.ciphers)) {
    return fail(Error::Code::Invalid,
                "combined modes and other ciphers do not stand in one proposal",
                "make two proposals of it");
  }
  if (!proposal.integrities.empty()) {
    return fail(Error::Code::Invalid,
                std::string(facts(proposal.ciphers.front()).name) +
                    " makes its own ICV and takes no integrity algorithm",
                "leave out " + quoted(facts(proposal.integrities.front()).name) +
                    ", or name a PRF: \"prf-hmac-sha256\"");
  }
  return {};
}

Expected<void> check(const IkeProposal& proposal) {
  if (Expected<void> sound = check_ciphers(proposal); !sound) return sound;
  if (proposal.prfs.empty()) {
    return fail(Error::Code::Invalid, "an IKE proposal needs a PRF",
                "add one, for example \"prf-hmac-sha256\"");
  }
  if (proposal.groups.empty()) {
    return fail(Error::Code::Invalid, "an IKE proposal needs a group",
                "add one, for example \"curve25519\"");
  }
  return {};
}

// What both default proposals have in common.
IkeProposal with_defaults(std::vector<Cipher> ciphers, std::vector<Integrity> integrities) {
  return {.ciphers = std::move(ciphers),
          .integrities = std::move(integrities),
          .prfs = {Prf::HmacSha256, Prf::HmacSha384, Prf::HmacSha512},
          .groups = {Group::Curve25519, Group::Ecp256, Group::Ecp384, Group::Modp2048,
                     Group::Modp3072, Group::Curve448, Group::Ecp521, Group::Modp4096}};
}

}  // namespace

Expected<IkeProposal> parse_ike_proposal(std::string_view text) {
  IkeProposal proposal;
  for (const auto& word : std::views::split(text, '+')) {
    const Expected<void> added = add_name(proposal, std::string_view(word.begin(), word.end()));
    if (!added) return std::unexpected(added.error());
  }
  if (proposal.prfs.empty()) {
    for (const Integrity integrity : proposal.integrities)
      if (const auto prf = same_hmac(integrity)) proposal.prfs.push_back(*prf);
  }
  if (Expected<void> sound = check(proposal); !sound) return std::unexpected(sound.error());
  return proposal;
}

std::string to_string(const IkeProposal& proposal) {
  std::string text;
  const auto append = [&text](const auto& chosen) {
    for (const auto id : chosen) {
      if (!text.empty()) text += '+';
      text += facts(id).name;
    }
  };
  append(proposal.ciphers);
  append(proposal.integrities);
  append(proposal.prfs);
  append(proposal.groups);
  return text;
}

bool needs_consent(const IkeProposal& proposal) {
  const auto any = [](const auto& chosen) {
    return std::ranges::any_of(chosen, [](auto id) { return facts(id).needs_consent; });
  };
  return any(proposal.ciphers) || any(proposal.integrities) || any(proposal.prfs) ||
         any(proposal.groups);
}

std::vector<IkeProposal> default_ike_proposals() {
  return {with_defaults({Cipher::AesGcm16_256, Cipher::AesGcm16_128, Cipher::ChaCha20Poly1305}, {}),
          with_defaults(
              {Cipher::AesCbc256, Cipher::AesCbc128},
              {Integrity::HmacSha256_128, Integrity::HmacSha384_192, Integrity::HmacSha512_256})};
}

}  // namespace sallyport
