#include "pad/peer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

using Kind = AuthenticationKind;

// RFC 791: what every link carries; no datagram of IKE need be smaller.
constexpr std::uint16_t kLeastFragmentBytes = 576;

std::unexpected<Error> refuse(std::string what, std::string remedy) {
  return fail(Error::Code::Invalid, std::move(what), std::move(remedy));
}

bool has_kind(const Peer& peer, Kind kind) noexcept {
  return std::ranges::find(peer.remote, kind, &RemoteAuthentication::kind) != peer.remote.end();
}

bool is_there(const std::shared_ptr<const SecretBytes>& secret) {
  return secret != nullptr && !secret->empty();
}

Expected<void> validate_anchors(const RemoteAuthentication& method) {
  if (method.anchors.empty() && method.raw_keys.empty())
    return refuse("authentication by public key has neither trust anchors nor keys",
                  "trust anchors for certificates, or the peer's own public key");
  for (const auto& anchors : method.anchors)
    if (anchors == nullptr || anchors->certificates.empty())
      return refuse("a set of trust anchors holds no certificate",
                    "at least one authority's certificate");
  const bool looked_at = !method.anchors.empty() && method.revocation != RevocationRule::None;
  if (method.fetch_revocation && !looked_at)
    return refuse("revocation data is to be fetched that nobody looks at",
                  "trust anchors and a rule for revocation, or no fetching");
  for (const PublicKey& key : method.raw_keys)
    if (auth_method(SignatureScheme::Rfc7427, key.kind()) == 0)
      return refuse("a pinned key is of a kind that makes no IKE signatures",
                    "an RSA, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448 key");
  return {};
}

// Data of another method would say that the operator means more than the entry does.
Expected<void> validate(const RemoteAuthentication& method) {
  const bool keys = !method.anchors.empty() || !method.raw_keys.empty();
  if (method.kind == Kind::PreSharedKey && !is_there(method.secret))
    return refuse("authentication of the peer by pre-shared key has no secret",
                  "a secret of at least one octet");
  if (method.kind != Kind::PreSharedKey && method.secret != nullptr)
    return refuse(fmt::format("authentication by {} has a pre-shared key", to_string(method.kind)),
                  "a second method that is pre-shared-key, or no secret");
  if (method.kind == Kind::Eap && method.eap == nullptr)
    return refuse("authentication of the peer by EAP names nobody who does it",
                  "an authenticator: a table of users");
  if (method.kind != Kind::Eap && method.eap != nullptr)
    return refuse(
        fmt::format("authentication by {} has an EAP authenticator", to_string(method.kind)),
        "a second method that is eap, or no authenticator");
  if (method.kind == Kind::PublicKey) return validate_anchors(method);
  if (keys)
    return refuse(fmt::format("authentication by {} has public keys", to_string(method.kind)),
                  "a second method that is public-key, or no anchors and keys");
  return {};
}

// RFC 7619 2.2, 2.4: what such a peer says of itself decides nothing.
Expected<void> validate_null(const Peer& peer) {
  if (peer.remote.size() > 1)
    return refuse("NULL authentication stands beside a method that proves something",
                  "an entry of its own, behind the others");
  for (const IdentityPattern& pattern : peer.identities) {
    const auto exact = pattern.exact();
    const bool nobody = exact && exact->type == IdType::Null;
    if (!pattern.is_any() && !nobody)
      return refuse(fmt::format("NULL authentication cannot prove the identity {}", pattern.text()),
                    "\"null\" or \"any\"");
  }
  if (peer.search == ChildSearch::Identity)
    return refuse("policies are searched by an identity that NULL authentication does not prove",
                  "a search by traffic selectors");
  return {};
}

Expected<void> validate_remote(const Peer& peer) {
  if (peer.remote.empty())
    return refuse("no method authenticates the peer", "at least one method with its data");
  for (const RemoteAuthentication& method : peer.remote)
    if (Expected<void> good = validate(method); !good) return good;
  for (const Kind single : {Kind::PreSharedKey, Kind::Null, Kind::Eap})
    if (std::ranges::count(peer.remote, single, &RemoteAuthentication::kind) > 1)
      return refuse(fmt::format("{} stands twice", to_string(single)),
                    "one per entry (AUTH-07): each peer that has its own secret has its own entry");
  if (has_kind(peer, Kind::Null)) return validate_null(peer);
  return {};
}

Expected<void> validate_own_credential(const LocalAuthentication& local,
                                       const std::shared_ptr<const Credential>& credential) {
  if (credential == nullptr)
    return refuse("we authenticate by public key and have none", "the name of a credential");
  if (Expected<void> good = validate(*credential); !good) return good;
  const KeyKind kind = credential->key.kind();
  const SignatureScheme scheme =
      kind == KeyKind::Rsa ? SignatureScheme::RsaPkcs1Legacy : SignatureScheme::EcdsaLegacy;
  if (local.legacy && auth_method(scheme, kind) == 0)
    return refuse(fmt::format("the key of credential {} makes no signatures of the methods before "
                              "RFC 7427",
                              credential->name),
                  "an RSA or ECDSA key, or no legacy methods");
  return {};
}

Expected<void> validate_own_credentials(const LocalAuthentication& local) {
  if (Expected<void> good = validate_own_credential(local, local.credential); !good) return good;
  for (const auto& alternative : local.alternatives)
    if (Expected<void> good = validate_own_credential(local, alternative); !good) return good;
  return {};
}

Expected<void> validate_local(const Peer& peer) {
  const LocalAuthentication& local = peer.local;
  if (local.kind == Kind::PreSharedKey && !is_there(local.secret))
    return refuse("we authenticate by pre-shared key and have no secret",
                  "a secret of at least one octet");
  if (local.kind == Kind::PublicKey)
    if (Expected<void> good = validate_own_credentials(local); !good) return good;
  if (local.kind == Kind::Eap && (!is_there(local.secret) || local.user.empty()))
    return refuse("we authenticate by EAP and have no user, or no password", "both");
  // RFC 7296 2.16: whoever asks for EAP shows a public key first.
  const bool eap = has_kind(peer, Kind::Eap) || local.kind == Kind::Eap;
  const bool shown =
      has_kind(peer, Kind::Eap) ? local.kind == Kind::PublicKey : has_kind(peer, Kind::PublicKey);
  if (eap && !shown)
    return refuse("EAP goes with a side that is not authenticated by public key",
                  "public-key for the side that does not use EAP");
  return {};
}

Expected<void> validate_own_identity(const Peer& peer) {
  const Identity& own = peer.local_identity;
  const auto read = Identity::from_wire(static_cast<std::uint8_t>(own.type), own.data);
  if (!read) return std::unexpected(read.error());
  if (own.type == IdType::Null && peer.local.kind != Kind::Null)
    return refuse("the entry does not say who we are to this peer", "a local identity");
  if (own.type == IdType::GeneralName)
    return refuse("our identity is a GeneralName, which peers do not know (RFC 4945 3.1.6)",
                  "a name, an address, a distinguished name or a key ID");
  return {};
}

Expected<void> validate_locator(const PeerLocator& at) {
  if (at.remote && (at.remote->is_unspecified() || at.remote->is_multicast()))
    return refuse(fmt::format("no peer is at {}", to_string(*at.remote)),
                  "a unicast address, or none for a peer that comes to us");
  if (at.remote && at.local && at.remote->family != at.local->family)
    return refuse(
        fmt::format("{} cannot be reached from {}", to_string(*at.remote), to_string(*at.local)),
        "two addresses of one family");
  if (at.remote_port == 0) return refuse("port 0 is none", "500 or 4500");
  return {};
}

Expected<void> validate_claims(const Peer& peer) {
  for (const AddressRange& range : peer.may_claim)
    if (range.first.family != range.last.family || range.last < range.first)
      return refuse(fmt::format("{} is no range of addresses", to_string(range)),
                    "two addresses of one family, the lower one first");
  return {};
}

Expected<void> validate_proposals(const Peer& peer) {
  const bool whole = std::ranges::all_of(peer.proposals, [](const IkeProposal& proposal) {
    return !proposal.ciphers.empty() && !proposal.prfs.empty() && !proposal.groups.empty();
  });
  if (peer.proposals.empty() || !whole)
    return refuse("the entry has no IKE proposal, or one without cipher, PRF or group",
                  "what the library proposes where nothing is configured, or whole proposals");
  return {};
}

Expected<void> validate_numbers(const Peer& peer) {
  using std::chrono::seconds;
  const PeerTimers& timers = peer.timers;
  if (timers.rekey_margin < seconds(0) || timers.ike_lifetime <= timers.rekey_margin)
    return refuse("an IKE SA would be rekeyed before it begins",
                  "a lifetime that is longer than the rekey margin");
  if (timers.liveness < seconds(0) || timers.nat_keepalive < seconds(0))
    return refuse("a timer runs backwards", "seconds; 0 for none");
  if (peer.window == 0 || peer.limits.ike_sas == 0 || peer.limits.children == 0)
    return refuse("a window or limit of 0 lets nothing through", "1 or more");
  if (peer.fragment_bytes && *peer.fragment_bytes < kLeastFragmentBytes)
    return refuse(fmt::format("IKE datagrams of {} octets are too small", *peer.fragment_bytes),
                  fmt::format("{} or more (IFRAG-04)", kLeastFragmentBytes));
  return {};
}

}  // namespace

Expected<void> validate(const Peer& peer) {
  if (peer.name.empty()) return refuse("an entry has no name", "a name to refer to it by");
  if (peer.identities.empty())
    return refuse("the entry matches no identity", "at least one pattern, or \"any\"");
  for (const auto check : {validate_remote, validate_local, validate_own_identity, validate_claims,
                           validate_proposals, validate_numbers})
    if (Expected<void> good = check(peer); !good) return good;
  return validate_locator(peer.locator);
}

bool proves_nothing(const Peer& peer) noexcept { return has_kind(peer, Kind::Null); }

std::shared_ptr<EapAuthenticator> eap_authenticator_of(const Peer& peer) noexcept {
  const auto found = std::ranges::find(peer.remote, Kind::Eap, &RemoteAuthentication::kind);
  return found == peer.remote.end() ? nullptr : found->eap;
}

std::string_view to_string(AuthenticationKind kind) noexcept {
  switch (kind) {
    case Kind::PreSharedKey:
      return "pre-shared-key";
    case Kind::PublicKey:
      return "public-key";
    case Kind::Null:
      return "null";
    case Kind::Eap:
      break;
  }
  return "eap";
}

}  // namespace sallyport
