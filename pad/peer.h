// One entry of the Peer Authorization Database: who a peer is, how it proves it, and what it may
// have (RFC 4301 4.4.3; PAD-01..13).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "crypto/ike_transforms.h"
#include "net/selector.h"
#include "pad/credentials.h"
#include "pad/eap_authenticator.h"
#include "pad/identity.h"
#include "pad/identity_pattern.h"

namespace sallyport {

enum class AuthenticationKind : std::uint8_t { PreSharedKey, PublicKey, Null, Eap };

// How the peer proves its identity (PAD-07).
struct RemoteAuthentication {
  AuthenticationKind kind{AuthenticationKind::PreSharedKey};
  std::shared_ptr<const SecretBytes> secret;  // PreSharedKey; one per entry (AUTH-07)
  std::vector<std::shared_ptr<const TrustAnchors>> anchors;  // PublicKey by certificate
  std::vector<PublicKey> raw_keys;                           // PublicKey pinned (CERT-06)
  // The asserted ID must be the certificate's subject or one of its alternative names; Key IDs are
  // exempt (PAD-08).
  bool identity_in_certificate{true};
  RevocationRule revocation{RevocationRule::IfKnown};
  bool fetch_revocation{};  // what nobody has is fetched from where certificates say (CERT-05)
  ExtendedKeyUsageRule extended_key_usage{ExtendedKeyUsageRule::Ike};
  unsigned least_rsa_bits{2048};
  std::shared_ptr<EapAuthenticator> eap{};  // Eap: who is asked (EAP-09)
};

// How we prove ours to it; each side has its own method (IKE-92).
struct LocalAuthentication {
  AuthenticationKind kind{AuthenticationKind::PreSharedKey};
  std::shared_ptr<const SecretBytes> secret;  // PreSharedKey; Eap: the user's password
  std::shared_ptr<const Credential> credential;
  // In falling preference, for peers that ask for authorities that `credential` does not lead to
  // (CERT-02).
  std::vector<std::shared_ptr<const Credential>> alternatives{};
  bool pkcs1{};        // RSA signatures under RFC 7427 as PKCS#1 v1.5 instead of PSS
  bool legacy{};       // methods 1 and 9 to 11 even where both sides know RFC 7427
  std::string user{};  // Eap: who we are to the peer's authenticator
};

// By what its child SAs are looked up in the SPD (PAD-09).
enum class ChildSearch : std::uint8_t { TrafficSelectors, Identity };

// Where the peer is, if that is known (PAD-13).
struct PeerLocator {
  std::optional<Address> remote;  // absent: it comes to us, from anywhere
  std::optional<Address> local;   // absent: the address by which the route leaves
  std::uint16_t remote_port{500};
  friend bool operator==(const PeerLocator&, const PeerLocator&) = default;
};

enum class NatTraversal : std::uint8_t { Detect, Force, Off };
enum class Offer : std::uint8_t { No, Yes };
// What moves the SAs with it to other addresses: one of these and no other (MOBIKE-07).
// MobileIpv6: the registration of its care-of address does (RFC 4877 7.4).
enum class PeerMobility : std::uint8_t { None, Mobike, MobileIpv6 };

struct PeerTimers {
  std::chrono::seconds ike_lifetime{std::chrono::hours(24)};   // IKE-124; rekeyed before
  std::chrono::seconds rekey_margin{std::chrono::minutes(9)};  // before the end, with jitter
  std::chrono::seconds liveness{30};  // idle time before a probe; 0: none (LIVE-02)
  std::chrono::seconds nat_keepalive{20};
  friend bool operator==(const PeerTimers&, const PeerTimers&) = default;
};

struct PeerLimits {
  unsigned ike_sas{4096};   // that all peers of this entry together may have
  unsigned children{1024};  // of one IKE SA
  friend bool operator==(const PeerLimits&, const PeerLimits&) = default;
};

struct Peer {
  std::string name;
  std::vector<IdentityPattern> identities;  // any of them
  Identity local_identity;
  std::vector<Identity> further_local_identities;  // for initiators that ask for one (IKE-91)
  std::vector<RemoteAuthentication> remote;        // one of them suffices
  LocalAuthentication local;
  std::vector<IkeProposal> proposals;  // in falling preference
  PeerLocator locator;

  ChildSearch search{ChildSearch::TrafficSelectors};
  std::vector<AddressRange> may_claim;    // addresses of its side; empty: none but its own (PAD-09)
  std::vector<std::string> policies;      // names of those it may use; empty: any
  std::vector<std::string> pools;         // address pools for it, of either family (CP-02)
  std::vector<Family> request_addresses;  // as initiator: ask for an inner address of these
  Offer request_home_prefix{Offer::No};   // likewise: to form a home address of (RFC 5026 5.3.2)

  PeerMobility mobility{PeerMobility::Mobike};
  // Its packets go to a new address of its own when it has answered from there, and not before
  // (RFC 4555 3.7; MOBIKE-03).
  bool return_routability{true};
  Offer fragmentation{Offer::Yes};
  Offer childless{Offer::Yes};
  NatTraversal nat_traversal{NatTraversal::Detect};
  bool initial_contact{true};  // say that we know no other IKE SA of ours (IKE-102)
  bool replace_older{true};    // a peer's INITIAL_CONTACT ends its older IKE SAs
  // Of the largest IKE datagram, IP header and all; what RFC 7383 recommends where empty
  // (IFRAG-04).
  std::optional<std::uint16_t> fragment_bytes;
  std::uint32_t window{1};  // requests of ours' peer that we take at once (IKE-27)
  PeerTimers timers;
  PeerLimits limits;
};

// Refuses what no entry may be: no identity, no method, methods without their data.
[[nodiscard]] Expected<void> validate(const Peer& peer);
// Its peers are whoever comes: what they say of themselves is worth nothing (RFC 7619 2.4;
// AUTH-05).
[[nodiscard]] bool proves_nothing(const Peer& peer) noexcept;
// Who authenticates its peers by EAP; null where nobody does.
[[nodiscard]] std::shared_ptr<EapAuthenticator> eap_authenticator_of(const Peer& peer) noexcept;

[[nodiscard]] std::string_view to_string(AuthenticationKind kind) noexcept;

}  // namespace sallyport
