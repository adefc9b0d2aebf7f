// Path MTU discovery for outbound SAs: unprotected ICMP about packets that we sent, believed only
// as far as it can be checked (RFC 4301 6.1, 8.2; RFC 1191, RFC 8201; PMTU-01, 04, 05, ICMP-02).
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/rate_limit.h"
#include "dataplane/counters.h"
#include "dataplane/delivery.h"
#include "dataplane/port_facts.h"
#include "net/icmp_error.h"
#include "net/icmp_kinds.h"
#include "sad/sad.h"

namespace sallyport {

// Which ICMP errors addressed to the gateway it takes notice of, by where they came in: in clear on
// the unprotected side, or from within (the protected side, or out of an SA). RFC 4301 6.1.
struct IcmpAcceptance {
  std::vector<IcmpKind> unprotected_side{path_mtu_messages()};
  std::vector<IcmpKind> protected_side{path_mtu_messages()};
  friend bool operator==(const IcmpAcceptance&, const IcmpAcceptance&) = default;
};

struct PathMtuSettings {
  std::uint16_t floor_v4{576};   // octets; no message brings an SA's path below it (PMTU-04)
  std::uint16_t floor_v6{1280};  // at least 1280: smaller claims are lies (RFC 8201 4)
  std::chrono::seconds lifetime{600};
  std::uint32_t messages_per_second{100};  // looked into, of the whole gateway
  friend bool operator==(const PathMtuSettings&, const PathMtuSettings&) = default;
};

// What became of an ICMP error for us.
enum class IcmpOutcome : std::uint8_t {
  Lowered,       // an SA's path MTU has become less
  NotLower,      // it is as small already
  NotAccepted,   // its type is not in IcmpAcceptance
  NothingToDo,   // accepted, but not about path MTU
  Limited,       // too many a second
  Malformed,     // bad checksum, or the packet that it carries cannot be read
  Unverifiable,  // too little is left of the packet to know the SA
  UnknownSa,     // we have no SA that sends such packets
  NeverSent,     // the SA did not send that number lately
  Implausible,   // the packet would have fitted, or the MTU is below what IPv6 allows
};
inline constexpr std::size_t kIcmpOutcomeCount =
    static_cast<std::size_t>(IcmpOutcome::Implausible) + 1;
[[nodiscard]] std::string_view to_string(IcmpOutcome outcome) noexcept;

// Control thread.
class PathMtuDiscovery {
 public:
  // `sad` outlives it; sides by PortId.
  PathMtuDiscovery(Sad& sad, std::vector<Side> sides);
  void set(IcmpAcceptance acceptance, const PathMtuSettings& settings);

  // True where the message is an ICMP error of an accepted kind: then it has been dealt with.
  [[nodiscard]] bool take(const Delivery& message, Instant now);
  // Lets path MTUs age; cheap, whenever there is time.
  void tick(Instant now);

  [[nodiscard]] std::uint64_t count(IcmpOutcome outcome) const noexcept {
    return counters_[static_cast<std::size_t>(outcome)].read();
  }

 private:
  [[nodiscard]] IcmpOutcome judge(const Delivery& message, Instant now);
  [[nodiscard]] IcmpOutcome learn(const Delivery& message, const CarriedPacket& sent, Instant now);
  [[nodiscard]] bool accepted(const Delivery& message) const noexcept;

  Sad& sad_;
  std::vector<Side> sides_;
  IcmpAcceptance acceptance_;
  PathMtuSettings settings_;
  RateLimit rate_;
  Instant next_ageing_{};
  std::array<Counter, kIcmpOutcomeCount> counters_;
};

}  // namespace sallyport
