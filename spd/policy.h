// One entry of the ordered security policy database (RFC 4301 4.4.1.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/types.h"
#include "crypto/algorithms.h"
#include "crypto/ike_transforms.h"
#include "net/selector.h"

namespace sallyport {

// A policy's place in the policy tables: stable while it exists, reused after it has gone.
using PolicyId = Strong<struct PolicyIdTag, std::uint32_t>;
// The nominal last entry, which discards whatever matched nothing (SPD-08).
inline constexpr PolicyId kNoPolicy{0};

enum class PolicyAction : std::uint8_t { Discard, Bypass, Protect };

// Tunnel endpoints; unspecified in transport mode, and where a tunnel's peer is named instead: then
// they are those of the IKE SA.
struct Endpoints {
  Address local;
  Address remote;
  friend bool operator==(const Endpoints&, const Endpoints&) = default;
};

// How the outer header follows the inner one (RFC 4301 5.1.2; TUN-03..05, TUN-08).
enum class DfRule : std::uint8_t { Copy, Set, Clear };
enum class EcnRule : std::uint8_t { Normal, Compatibility };  // RFC 6040 4.1
struct DscpRule {
  enum class Kind : std::uint8_t { Copy, Fixed, Map };
  Kind kind{Kind::Copy};
  std::uint8_t fixed{};
  std::vector<std::uint8_t> map;  // 64 entries where kind is Map: outer DSCP by inner DSCP
  friend bool operator==(const DscpRule&, const DscpRule&) = default;
};
struct TunnelHeaderRules {
  DfRule df{DfRule::Copy};
  EcnRule ecn{EcnRule::Normal};
  DscpRule dscp;
  std::uint8_t hop_limit{64};
  std::uint32_t flow_label{};  // 20 bits, for an IPv6 outer header
  bool dscp_from_outer{};      // on egress overwrite the inner DSCP (off: RFC 4301 default)
  friend bool operator==(const TunnelHeaderRules&, const TunnelHeaderRules&) = default;
};

// Limits of an SA's life; absent: none. Soft raises an event, hard stops the SA (SAD-06, SAD-07).
struct Lifetime {
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> packets;
  std::optional<std::chrono::seconds> time;
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

// How an SA carries fragments that show no ports (RFC 4301 7; FRAG-*).
enum class FragmentChecks : std::uint8_t {
  Stateless,   // where its selectors say ANY (7.1)
  Opaque,      // later IPv4 fragments and nothing else: its ports are OPAQUE (7.2)
  OpaqueIpv6,  // the same of IPv6, whose offsets cannot be checked
  Stateful,    // those whose datagram's first fragment was within its selectors (7.3)
  Unagreed,    // of an SA: policy says Stateful, and its peer has not agreed (RFC 7296 1.3.1)
};

// When IPv4 that is too long for the path is cut, where its sender allows it (RFC 4301 5.1).
enum class Fragmentation : std::uint8_t {
  After,   // the encapsulated packet, in the outer header
  Before,  // the inner packet, each fragment encapsulated alone; tunnel mode
};

struct Protection {
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  Endpoints endpoints;
  std::vector<Transform> proposals;  // in falling preference
  bool esn{true};
  std::uint32_t replay_window{64};  // packets; 0 is off (RPL-01)
  FragmentChecks fragments{FragmentChecks::Stateless};
  Fragmentation fragmentation{Fragmentation::After};
  TunnelHeaderRules header;
  Lifetime soft;
  Lifetime hard;
  // What its SAs make goes round the boundary again, for another policy to protect (ARCH-08).
  bool loop_back{};
  // Traffic flow confidentiality of negotiated SAs, where the peer bears it: as in Sa (ESP-14).
  std::uint16_t tfc_bytes{};
  std::uint16_t tfc_multiple{};
  std::vector<std::string> sas;  // names of configured SAs
  std::string peer;        // the PAD entry to negotiate with; empty: the one at the remote endpoint
  std::vector<Group> pfs;  // of key exchanges for its SAs, in falling preference; empty: none
  bool unauthenticated_peers{};  // whoever has proved nothing may use it (RFC 7619 2.4; AUTH-05)
  friend bool operator==(const Protection&, const Protection&) = default;
};

// Which selectors of a new SA come from the packet that asked for it, instead of from the policy.
struct PopulateFromPacket {
  bool local{};
  bool remote{};
  bool protocol{};
  bool local_port{};
  bool remote_port{};
  friend bool operator==(const PopulateFromPacket&, const PopulateFromPacket&) = default;
};

// The fields by the names that configuration and commands have for them.
struct PopulatedField {
  std::string_view name;
  bool PopulateFromPacket::* flag;
};
inline constexpr PopulatedField kPopulatedFields[] = {
    {"local", &PopulateFromPacket::local},
    {"remote", &PopulateFromPacket::remote},
    {"protocol", &PopulateFromPacket::protocol},
    {"local_port", &PopulateFromPacket::local_port},
    {"remote_port", &PopulateFromPacket::remote_port}};
// Of those that are set.
[[nodiscard]] std::vector<std::string> names_of(const PopulateFromPacket& pfp);

// The most selectors that one policy may have.
inline constexpr std::size_t kMostSelectors = 4096;

// Which way the packets of a BYPASS or DISCARD entry go: it is in SPD-O, SPD-I or both (RFC 4301
// 4.4.1). PROTECT is both: outbound by SPD-S, inbound by the SAs made under it.
enum class PolicyDirection : std::uint8_t { Both, Outbound, Inbound };

struct Policy {
  std::string name;
  SpdId spd{};
  PolicyDirection direction{PolicyDirection::Both};
  std::vector<std::string> names{};   // whom it is for (spd/policy_names.h); empty: everyone
  std::vector<Selector> selectors{};  // the entry matches where any of them does
  PopulateFromPacket pfp{};
  PolicyAction action{PolicyAction::Discard};
  std::optional<Protection> protect{};  // present where action is Protect
  // Met only by what goes into or comes out of the mobility tunnel to this address: the policy is
  // bound to that virtual interface (RFC 4877 7.2.4).
  std::optional<Address> tunnel{};
  bool active{
      true};  // one that is not keeps its place and its SAs, and is met by nothing (MAPI-08)
  friend bool operator==(const Policy&, const Policy&) = default;
};

// What cannot be a tunnel header: a DSCP of more than six bits, a map without 64 entries, hop limit
// 0, a flow label of more than 20 bits.
[[nodiscard]] Expected<void> validate(const TunnelHeaderRules& rules);
// Refuses what no entry may be (RFC 4301 4.4.1.2): no, too many or mixed selectors, an action and a
// protection that disagree, endpoints that the mode has no use for, PFP of an OPAQUE field.
[[nodiscard]] Expected<void> validate(const Policy& policy);
// What is allowed but may not mean what its author thinks, one sentence each (SPD-10).
[[nodiscard]] std::vector<std::string> warnings(const Policy& policy);

[[nodiscard]] std::string_view to_string(PolicyAction action) noexcept;

}  // namespace sallyport
