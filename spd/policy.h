// One entry of the ordered security policy database (RFC 4301 4.4.1.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "crypto/algorithms.h"
#include "net/selector.h"

namespace sallyport {

// A policy's place in the policy tables: stable while it exists, reused after it has gone.
using PolicyId = Strong<struct PolicyIdTag, std::uint32_t>;
// The nominal last entry, which discards whatever matched nothing (SPD-08).
inline constexpr PolicyId kNoPolicy{0};

enum class PolicyAction : std::uint8_t { Discard, Bypass, Protect };

// Tunnel endpoints; unspecified in transport mode.
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
  std::uint32_t flow_label{};        // 20 bits, for an IPv6 outer header
  bool dscp_from_outer{};            // on egress overwrite the inner DSCP (off: RFC 4301 default)
  friend bool operator==(const TunnelHeaderRules&, const TunnelHeaderRules&) = default;
};

// Limits of an SA's life; absent: none. Soft raises an event, hard stops the SA (SAD-06, SAD-07).
struct Lifetime {
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> packets;
  std::optional<std::chrono::seconds> time;
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

struct Protection {
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  Endpoints endpoints;
  std::vector<Transform> proposals;  // in falling preference
  bool esn{true};
  std::uint32_t replay_window{64};   // packets; 0 is off (RPL-01)
  TunnelHeaderRules header;
  Lifetime soft;
  Lifetime hard;
  std::vector<std::string> sas;      // names of configured SAs
  friend bool operator==(const Protection&, const Protection&) = default;
};

struct Policy {
  std::string name;
  SpdId spd{};
  std::vector<Selector> selectors;  // the entry matches where any of them does
  PolicyAction action{PolicyAction::Discard};
  std::optional<Protection> protect;  // present where action is Protect
  friend bool operator==(const Policy&, const Policy&) = default;
};

[[nodiscard]] std::string_view to_string(PolicyAction action) noexcept;

}  // namespace sallyport
