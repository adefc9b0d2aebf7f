#include "ike/auth/credential_choice.h"

#include <algorithm>

namespace sallyport::ike {
namespace {

bool lists(const std::vector<SignatureHash>& hashes, SignatureHash hash) {
  return std::ranges::find(hashes, hash) != hashes.end();
}

bool can_verify(const LocalAuthentication& by, const Credential& credential,
                const PeerAbilities& peer) {
  const KeyKind kind = credential.key.kind();
  const SignatureScheme scheme = scheme_for(by, kind, peer.hashes);
  const bool edwards = kind == KeyKind::Ed25519 || kind == KeyKind::Ed448;
  return auth_method(scheme, kind) != 0 &&
         (!edwards || lists(peer.hashes, SignatureHash::Identity));  // RFC 8420 2
}

}  // namespace

LocalAuthentication authentication_for(const LocalAuthentication& local,
                                       const PeerAbilities& peer) {
  LocalAuthentication chosen = local;
  chosen.alternatives.clear();
  if (local.alternatives.empty()) return chosen;
  std::vector<std::shared_ptr<const Credential>> all{local.credential};
  all.insert(all.end(), local.alternatives.begin(), local.alternatives.end());
  std::erase_if(all, [&](const auto& one) { return !can_verify(local, *one, peer); });
  if (all.empty()) return chosen;
  const auto asked = std::ranges::find_if(
      all, [&](const auto& one) { return leads_to_any(*one, peer.authorities); });
  chosen.credential = asked != all.end() ? *asked : all.front();
  return chosen;
}

SignatureScheme scheme_for(const LocalAuthentication& by, KeyKind kind,
                           const std::vector<SignatureHash>& hashes) noexcept {
  if (!hashes.empty() && !by.legacy) return SignatureScheme::Rfc7427;
  return kind == KeyKind::Rsa ? SignatureScheme::RsaPkcs1Legacy : SignatureScheme::EcdsaLegacy;
}

}  // namespace sallyport::ike
