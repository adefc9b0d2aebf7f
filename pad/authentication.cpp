#include "pad/authentication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pad/chain_acceptance.h"

namespace sallyport {
namespace {

using enum AuthenticationFailure;

struct FailureName {
  AuthenticationFailure failure;
  std::string_view name;
};
constexpr std::array kNames{
    FailureName{NoEntry, "no_entry"},
    FailureName{WrongMethod, "wrong_method"},
    FailureName{NoCredential, "no_credential"},
    FailureName{BadCredential, "bad_credential"},
    FailureName{UnknownKey, "unknown_key"},
    FailureName{WeakKey, "weak_key"},
    FailureName{IdentityNotCertified, "identity_not_certified"},
    FailureName{BadSignature, "bad_signature"},
    FailureName{BadSecret, "bad_secret"},
};

Expected<AcceptedKey> by_pin(const RemoteAuthentication& method, const PublicKey& key) {
  if (std::ranges::find(method.raw_keys, key) == method.raw_keys.end())
    return refused(UnknownKey, "the peer's public key is not one that the entry pins");
  if (auto strong = check_strength(key, method.least_rsa_bits); !strong)
    return std::unexpected(std::move(strong.error()));
  return AcceptedKey{.key = key};
}

std::optional<PublicKey> read(const RawKey& raw) {
  const auto key = raw.form == RawKeyForm::Pkcs1 ? PublicKey::from_pkcs1(raw.der)
                                                 : PublicKey::from_spki(raw.der);
  return key ? std::optional(*key) : std::nullopt;
}

Expected<AcceptedKey> by_certificates(const RemoteAuthentication& method, const Identity& asserted,
                                      const PresentedCertificates& presented,
                                      const Circumstances& circumstances) {
  if (!method.anchors.empty()) return accept_chain(method, asserted, presented, circumstances);
  const auto leaf = signers_certificate(presented);
  if (!leaf) return refused(NoCredential, "none of the peer's certificates can be read");
  return by_pin(method, leaf->public_key());
}

template <class Names>
bool holds(const Names& names, IdType type, const ComparableIdentity& identity) {
  return std::ranges::any_of(names, [&](const auto& name) {
    return ComparableIdentity(Identity{type, {name.begin(), name.end()}}) == identity;
  });
}

}  // namespace

std::string_view to_string(AuthenticationFailure failure) noexcept {
  const auto* row = std::ranges::find(kNames, failure, &FailureName::failure);
  return row == kNames.end() ? "unknown" : row->name;
}

Error refusal(AuthenticationFailure failure, std::string_view detail) {
  return {.code = Error::Code::Refused,
          .where = {},
          .what = fmt::format("{}: {}", to_string(failure), detail),
          .remedy = {}};
}

Expected<AcceptedKey> accept_key(const RemoteAuthentication& method, const Identity& asserted,
                                 const PresentedCertificates& presented,
                                 const Circumstances& circumstances) {
  if (method.kind != AuthenticationKind::PublicKey)
    return refused(WrongMethod, fmt::format("the entry authenticates by {}, the peer by public-key",
                                            to_string(method.kind)));
  if (presented.raw_key)
    if (const auto key = read(*presented.raw_key)) return by_pin(method, *key);
  if (!presented.certificates.empty())
    return by_certificates(method, asserted, presented, circumstances);
  if (method.raw_keys.size() == 1) return by_pin(method, method.raw_keys.front());
  return refused(NoCredential, "the peer presents neither a certificate nor a public key");
}

Expected<AcceptedKey> accept_key(const Peer& peer, const Identity& asserted,
                                 const PresentedCertificates& presented,
                                 const Circumstances& circumstances) {
  auto first = accept_method(peer, AuthenticationKind::PublicKey);
  if (!first) return std::unexpected(std::move(first.error()));
  Expected<AcceptedKey> answer = refused(WrongMethod, {});
  for (const RemoteAuthentication& method : peer.remote) {
    if (method.kind != AuthenticationKind::PublicKey) continue;
    answer = accept_key(method, asserted, presented, circumstances);
    if (answer) break;
  }
  return answer;
}

Expected<const RemoteAuthentication*> accept_method(const Peer& peer, AuthenticationKind kind) {
  const auto found = std::ranges::find(peer.remote, kind, &RemoteAuthentication::kind);
  if (found != peer.remote.end()) return &*found;
  return refused(WrongMethod, fmt::format("the entry {} does not authenticate its peer by {}",
                                          peer.name, to_string(kind)));
}

bool certifies(const Certificate& certificate, const Identity& identity) {
  const ComparableIdentity asserted(identity);
  switch (identity.type) {
    case IdType::DistinguishedName:
      return !asserted.rdns.empty() &&
             ComparableIdentity({identity.type, certificate.subject()}) == asserted;
    case IdType::Fqdn:
      return holds(certificate.dns_names(), identity.type, asserted);
    case IdType::Rfc822:
      return holds(certificate.mail_addresses(), identity.type, asserted);
    case IdType::Ipv4:
    case IdType::Ipv6:
      return holds(certificate.ip_addresses(), identity.type, asserted);
    case IdType::KeyId:
      return true;
    case IdType::GeneralName:
    case IdType::Null:
      break;
  }
  return false;
}

}  // namespace sallyport
