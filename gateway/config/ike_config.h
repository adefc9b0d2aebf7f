// What the operator asked for of IKE and the PAD. docs/configuration.md describes each field.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/selector.h"
#include "pad/credentials.h"
#include "pad/peer.h"

namespace sallyport {

// The waits between sendings of one request double from `initial` up to `cap` (IKE-24).
struct RetransmissionConfig {
  std::chrono::seconds initial{1};
  std::chrono::seconds cap{16};
  std::chrono::seconds give_up{90};  // after the first sending: then the peer is dead
  friend bool operator==(const RetransmissionConfig&, const RetransmissionConfig&) = default;
};

// Fetching what certificates and peers point to, by http alone.
struct FetchConfig {
  std::chrono::seconds timeout{5};
  std::uint64_t max_size{1u << 20};  // octets of one object
  std::vector<Prefix> allow;         // hosts beyond those of the public Internet
  friend bool operator==(const FetchConfig&, const FetchConfig&) = default;
};

// A reload may change all of it.
struct IkeConfig {
  std::uint32_t half_open_limit{1000};     // IKE SAs that others have begun and nobody has proved
  std::uint32_t cookie_threshold{100};     // so many of them, and cookies are asked for (IKE-40)
  std::uint32_t half_open_per_source{16};  // of one IPv4 address or IPv6 /64 (DOS-03)
  RetransmissionConfig retransmit;
  bool hash_and_url{};  // peers' certificates by URL (CERT-03)
  FetchConfig fetch;
  std::filesystem::path key_log_directory;  // secrets of all SAs, for debugging; empty: none
  friend bool operator==(const IkeConfig&, const IkeConfig&) = default;
};

// Trust anchors with what is known of their revocations.
struct AuthorityConfig {
  std::string name;
  std::vector<std::filesystem::path> certificate_files;
  std::vector<std::filesystem::path> revocation_files;
  std::shared_ptr<const TrustAnchors> anchors;  // with the URLs of the authority
};

// What we prove an identity of ours with.
struct CredentialConfig {
  std::string name;
  std::filesystem::path key_file;
  std::vector<std::filesystem::path> certificate_files;  // none: a raw public key
  std::filesystem::path bundle_file;                     // none: the chain is in no bundle
  std::vector<std::filesystem::path> ocsp_files;
  std::shared_ptr<const Credential> credential;  // with the URLs of what is published
};

// Inner addresses for peers that ask for one (CP-02), with what they are told beside it.
struct PoolConfig {
  std::string name;
  AddressRange addresses;  // all of them are given out, the first and the last too
  std::vector<Address> dns;
  std::vector<Prefix> subnets;      // what is to be reached behind us
  std::optional<Address> netmask;   // of IPv4; absent: none is told
  std::uint8_t prefix_length{128};  // of IPv6
  // Of which mobile nodes may form a home address themselves (RFC 5026 5.3.2); absent: none may.
  std::optional<Prefix> home_prefix;
  std::chrono::seconds home_prefix_lifetime{std::chrono::days(1)};
  [[nodiscard]] Family family() const noexcept { return addresses.first.family; }
  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

enum class SecretEncoding : std::uint8_t { Text, Hex, Base64 };

// Where a pre-shared key or a password came from, so that an export names its file and never holds
// it. An empty path: inline, or there is none.
struct SecretSource {
  std::filesystem::path file;
  SecretEncoding encoding{SecretEncoding::Text};
  friend bool operator==(const SecretSource&, const SecretSource&) = default;
};

// A user of this gateway's own table.
struct AaaUserConfig {
  std::string name;
  SecretSource password;
  Identity identity;  // that the password proves
};

// Who authenticates peers by EAP.
struct AaaConfig {
  std::string name;
  bool ask_identity{};  // EAP begins with a request for an identity (EAP-05)
  std::vector<AaaUserConfig> users;
  std::shared_ptr<EapAuthenticator> authenticator;
};

// What one of a peer's ways to prove its identity was read from.
struct RemoteSources {
  SecretSource secret;
  std::vector<std::string> authorities;  // names
  std::vector<std::filesystem::path> raw_key_files;
  friend bool operator==(const RemoteSources&, const RemoteSources&) = default;
};

struct LocalSources {
  SecretSource secret;
  std::vector<std::string> credentials;  // names, the preferred first
  friend bool operator==(const LocalSources&, const LocalSources&) = default;
};

struct PeerConfig {
  Peer peer;
  std::vector<RemoteSources> remote_sources;  // one for each of peer.remote
  LocalSources local_sources;
};

}  // namespace sallyport
