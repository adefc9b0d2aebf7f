#include "bench/ike_terms.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::bench {
namespace {

constexpr auto kInsideServer = "172.16.0.0/16";
constexpr auto kInsideClients = "10.0.0.0/8";
constexpr std::uint32_t kFirstClient = 0x0a000001;
constexpr unsigned kNoBound = 1'000'000;

// Without rekeys, liveness checks and MOBIKE: what making an IKE SA costs, and nothing else.
Peer peer(const IkeKind& kind, const IkeIdentities& identities) {
  Peer peer;
  peer.remote.emplace_back();
  if (kind.method == IkeMethod::Psk) {
    peer.remote.front().secret = identities.secret;
    peer.local.secret = identities.secret;
  } else {
    peer.remote.front().kind = AuthenticationKind::PublicKey;
    peer.remote.front().anchors = {identities.anchors};
    peer.local.kind = AuthenticationKind::PublicKey;
  }
  peer.proposals = {{.ciphers = {Cipher::AesGcm16_128},
                     .integrities = {},
                     .prfs = {Prf::HmacSha256},
                     .groups = {kind.group}}};
  peer.mobility = PeerMobility::None;
  peer.initial_contact = false;
  peer.limits.ike_sas = kNoBound;
  peer.timers.liveness = {};
  return peer;
}

// Without ESN: strongSwan's default has none.
Policy policy(const std::string& peer, AddressRange local, AddressRange remote) {
  Policy policy;
  policy.name = "all";
  policy.action = PolicyAction::Protect;
  policy.selectors = {{.local = {local}, .remote = {remote}}};
  policy.protect.emplace();
  policy.protect->peer = peer;
  policy.protect->proposals = {{Cipher::AesGcm16_128, Integrity::None}};
  policy.protect->esn = false;
  return policy;
}

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }

}  // namespace

Expected<IkeKind> ike_kind(std::string_view name) {
  const auto found = std::ranges::find(kIkeKinds, name, &IkeKind::name);
  if (found != kIkeKinds.end()) return *found;
  return fail(Error::Code::Invalid, fmt::format("no kind {}", name),
              "psk-curve25519, psk-modp2048, ecdsa-p256 or rsa-2048");
}

IkeTerms server_terms(const IkeKind& kind, const IkeIdentities& identities) {
  IkeTerms terms{peer(kind, identities),
                 policy("clients", range(kInsideServer), range(kInsideClients))};
  terms.peer.name = "clients";
  terms.peer.identities = {IdentityPattern::parse(kClientDomain).value()};
  terms.peer.local_identity = Identity::parse(kServerName).value();
  terms.peer.may_claim = {range(kInsideClients)};
  terms.policy.pfp.remote = true;  // each client has SAs of its own
  if (kind.method != IkeMethod::Psk) terms.peer.local.credential = identities.credentials.front();
  return terms;
}

IkeTerms client_terms(const IkeKind& kind, const IkeIdentities& identities, const Endpoints& outer,
                      unsigned number) {
  const std::string name = std::to_string(number);
  const Address host = Address::v4(kFirstClient + number);
  IkeTerms terms{peer(kind, identities), policy(name, {host, host}, range(kInsideServer))};
  terms.policy.name = name;
  terms.policy.protect->endpoints = outer;
  terms.peer.name = name;
  terms.peer.locator.remote = outer.remote;
  terms.peer.identities = {IdentityPattern::parse(kServerName).value()};
  terms.peer.may_claim = {range(kInsideServer)};
  std::string identity = name;
  if (kind.method != IkeMethod::Psk) {
    terms.peer.local.credential = identities.credentials[number % identities.credentials.size()];
    identity = terms.peer.local.credential->name;
  }
  terms.peer.local_identity = Identity::parse(fmt::format("{}{}", identity, kClientDomain)).value();
  return terms;
}

ike::Settings load_settings() {
  ike::Settings settings;
  settings.ike_sas = kNoBound;
  settings.admission = {
      .cookie_threshold = kNoBound, .half_open = kNoBound, .half_open_per_source = kNoBound};
  return settings;
}

}  // namespace sallyport::bench
