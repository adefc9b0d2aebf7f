// What the operator asked for, as plain structs: checked, complete, every default filled in
// (ARCH-13). docs/configuration.md describes each field.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/types.h"
#include "dataplane/dataplane.h"
#include "dataplane/eal.h"
#include "dataplane/path_mtu.h"
#include "dataplane/port_facts.h"
#include "gateway/changed_policy_sas.h"
#include "gateway/config/ike_config.h"
#include "gateway/config/mobility_config.h"
#include "net/address.h"
#include "sad/sa.h"
#include "spd/policy.h"

namespace sallyport {

struct InstanceConfig {
  std::string name{"sallyport"};
  std::string file_prefix;                // EAL --file-prefix; "sallyport-<name>" unless given
  std::filesystem::path run_directory;    // sockets; "/run/sallyport/<name>" unless given
  std::filesystem::path state_directory;  // what survives a restart; "/var/lib/sallyport/<name>"
  bool inline_secrets{};                  // key material may stand in the file itself
  friend bool operator==(const InstanceConfig&, const InstanceConfig&) = default;
};

// Capacities that are fixed at start; memory follows from them.
struct LimitsConfig {
  std::uint32_t sas{1024};       // in each direction
  std::uint32_t policies{1024};  // over all databases, the default ones included
  std::uint32_t flows{65536};    // flow cache entries of each worker
  std::uint32_t routes{16384};   // of each family
  std::uint32_t neighbours{4096};
  std::uint32_t neighbour_hold{8};  // packets that wait for one unresolved neighbour
  std::uint32_t sa_hold{8};         // packets that wait for one SA that is being negotiated
  std::uint32_t mbufs{16384};
  std::uint32_t large_buffers{128};         // of 64 KiB, besides those of reassembly
  std::uint32_t reassembly_datagrams{128};  // under way in each worker; 0: none is reassembled
  std::chrono::seconds reassembly_time{30};
  std::uint32_t fragment_flows{1024};  // datagrams whose fragments each worker checks
  std::uint32_t punt_ring{1024};       // packets on the way to control, of each worker
  std::uint32_t punt_rate{10000};      // packets a second to control, of each worker
  std::uint32_t event_ring{1024};      // events on the way to control, of each worker
  std::uint32_t audit_rate{100};       // audit events a second, of each worker and reason
  std::uint32_t ike_sas{100000};       // of all peers; half-open ones are counted apart
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

using IdleRule = IdleMode;
using HugepageUse = Hugepages;

struct DataplaneConfig {
  std::uint16_t workers{1};
  std::vector<std::uint16_t> cores;  // one of each worker; empty: not pinned
  std::uint16_t burst{64};           // packets, at most
  IdleRule idle{IdleRule::Sleep};
  HugepageUse hugepages{HugepageUse::Auto};
  // IPv6 extension headers on the way to the upper-layer protocol (ARCH-11).
  std::vector<std::uint8_t> skipped_headers{0, 43, 44, 60};
  FlowCacheSettings flow_cache;  // of each worker; its size is limits.flows
  friend bool operator==(const DataplaneConfig&, const DataplaneConfig&) = default;
};

using PortSide = Side;  // Side and PortKind are the data plane's own (dataplane/port_facts.h)

struct IcmpErrorRule {
  bool send{true};
  std::uint32_t rate{100};  // messages a second
  friend bool operator==(const IcmpErrorRule&, const IcmpErrorRule&) = default;
};

// PortId is the index into Configuration::ports.
struct PortConfig {
  std::string name;
  std::string device;  // PCI address or vdev string
  PortSide side{PortSide::Unprotected};
  PortKind kind{PortKind::Link};
  std::vector<Prefix> addresses;  // with host bits: our address and the network it is in
  std::uint16_t mtu{1500};
  std::optional<std::uint16_t> vlan;
  SpdId spd{};
  std::string user;               // whose traffic comes in here; empty: nobody's in particular
  std::optional<MacAddress> mac;  // absent: the device's own
  IcmpErrorRule icmp_errors;
  bool udp_zero_checksum_v6{};  // RFC 6936: UDP-encapsulated ESP over IPv6 goes and comes with 0
  friend bool operator==(const PortConfig&, const PortConfig&) = default;
};

enum class RouteAction : std::uint8_t { Forward, Blackhole };

struct RouteConfig {
  Prefix to;  // no host bits
  RouteAction action{RouteAction::Forward};
  std::optional<Address> via;  // absent: on-link
  PortId port{kNoPort};        // always known where action is Forward
  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct NeighbourConfig {
  Address address;
  MacAddress mac;
  PortId port{kNoPort};
  friend bool operator==(const NeighbourConfig&, const NeighbourConfig&) = default;
};

// SpdId is the index into Configuration::spds; there is always one at least.
struct SpdConfig {
  std::string name{"default"};
  bool default_policies{true};  // the shipped bypass entries stand before the operator's (ARCH-09)
  friend bool operator==(const SpdConfig&, const SpdConfig&) = default;
};

struct CryptoConfig {
  std::vector<std::string> allow;  // names of weak or unusual algorithms that may be used (ALG-22)
  friend bool operator==(const CryptoConfig&, const CryptoConfig&) = default;
};

struct ControlConfig {
  std::filesystem::path socket;  // "<run_directory>/control.sock" unless given
  friend bool operator==(const ControlConfig&, const ControlConfig&) = default;
};

enum class AuditTarget : std::uint8_t { None, File, Syslog, Journal };
// Codes of RFC 5424 6.2.1.
enum class SyslogFacility : std::uint8_t {
  Kern = 0,
  User = 1,
  Daemon = 3,
  Auth = 4,
  Authpriv = 10,
  Local0 = 16,
  Local1,
  Local2,
  Local3,
  Local4,
  Local5,
  Local6,
  Local7
};

// A reload may change all of it.
struct AuditConfig {
  AuditTarget target{AuditTarget::None};
  std::filesystem::path file;  // "<state_directory>/audit.jsonl" unless given
  SyslogFacility facility{SyslogFacility::Authpriv};
  std::uint32_t rate{100};          // records of drops a second
  std::uint32_t remember{1000};     // the last records, for sallyportctl
  bool esp{true};                   // drops that concern ESP
  bool ah{true};                    // likewise AH
  bool lifetimes{true};             // soft and hard lifetimes of SAs
  std::vector<DropReason> without;  // reasons that are not recorded; sorted
  friend bool operator==(const AuditConfig&, const AuditConfig&) = default;
};

// Where the keys of one SA came from, so that an export names files and never holds a key.
// An empty path: inline, or the SA has no such key.
struct KeyFiles {
  std::filesystem::path key;
  std::filesystem::path salt;
  std::filesystem::path integrity_key;
  friend bool operator==(const KeyFiles&, const KeyFiles&) = default;
};

// Move-only: SAs hold their keys. Selectors, endpoints, header rules and lifetimes that an SA took
// over from the policy that names it are filled in.
struct Configuration {
  InstanceConfig instance;
  LimitsConfig limits;
  DataplaneConfig dataplane;
  CryptoConfig crypto;
  ControlConfig control;
  AuditConfig audit;
  IcmpAcceptance icmp;
  PathMtuSettings path_mtu;
  ChangedPolicySas changed_policy_sas{ChangedPolicySas::Rekey};  // of SAs that were negotiated
  std::vector<PortConfig> ports;
  std::vector<RouteConfig> routes;
  std::vector<NeighbourConfig> neighbours;
  std::vector<SpdConfig> spds;
  // In order: those that mobility is written out into, then the operator's; default policies are
  // not among them.
  std::vector<Policy> policies;
  std::vector<MobilityPolicyFacts> mobility_policies;  // of the first ones, one by one
  std::vector<Sa> sas;
  IkeConfig ike;  // IKE runs where there is a peer
  std::vector<AuthorityConfig> authorities;
  std::vector<CredentialConfig> credentials;
  std::vector<AaaConfig> aaa;
  std::vector<PoolConfig> pools;
  std::vector<PeerConfig> peers;  // the PAD, in the operator's order
  std::optional<HomeAgentConfig> home_agent;
  std::optional<MobileNodeConfig> mobile_node;
  CorrespondentConfig correspondent;
  std::map<std::string, KeyFiles> key_files;  // by SA name
  std::vector<std::string> warnings;          // "file:line:column: what (remedy)"
};

// The local users that ports have, each once; UserId is the index plus 1.
[[nodiscard]] std::vector<std::string> users_of(const Configuration& configuration);
// Of a user that a port has; kNoUser where `user` is empty.
[[nodiscard]] UserId user_id(const Configuration& configuration, const std::string& user);

// The [[peer]] that a policy's SAs are negotiated with (PAD-13, SPD-09): the one that it names, or
// the first one at its remote endpoint; in transport mode, at one of its remote addresses. Null
// where there is none, or the policy is not among those that the peer may use.
[[nodiscard]] const PeerConfig* peer_for(const Configuration& configuration, const Policy& policy);

// What a configuration reads besides itself: tests and fuzzing bring files of their own.
class ConfigurationFiles {
 public:
  virtual ~ConfigurationFiles() = default;
  [[nodiscard]] virtual Expected<std::string> text(const std::filesystem::path& file) const = 0;
  // Decoded hex digits of a key file; refuses one that others than its owner can read.
  [[nodiscard]] virtual Expected<Secret<128>> key(const std::filesystem::path& file) const = 0;
  // The octets of a file that holds a secret; refuses one that others than its owner can read.
  [[nodiscard]] virtual Expected<SecretBytes> secret(const std::filesystem::path& file) const = 0;
  // Refuses a file that others than its owner can read: it holds keys.
  [[nodiscard]] virtual Expected<void> check_private(const std::filesystem::path& file) const = 0;
  // Files that match a pattern ("conf.d/*.toml"), sorted by name; none is no error.
  [[nodiscard]] virtual Expected<std::vector<std::filesystem::path>> matching(
      const std::filesystem::path& pattern) const = 0;
};

// Reads the file and what it includes. All errors are found in one go: Error.where names the first
// ("file:line:column"), and Error.what holds the others a line each.
[[nodiscard]] Expected<Configuration> load_configuration(const std::filesystem::path& file);
// The same from text; `name` stands in errors, and relative paths start at its directory.
[[nodiscard]] Expected<Configuration> parse_configuration(std::string_view text,
                                                          const std::filesystem::path& name,
                                                          const ConfigurationFiles& files);

// Every field written out; loading it again and writing it once more gives the same bytes
// (ARCH-13). Refuses SAs and peers whose key stood inline: keys leave only as references to files.
[[nodiscard]] Expected<std::string> to_toml(const Configuration& configuration);

}  // namespace sallyport
