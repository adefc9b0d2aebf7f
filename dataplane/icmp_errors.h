// ICMP errors about packets that cannot go on (RFC 1812 4.3, RFC 4443 3; OUT-02, OUT-03, OUT-04).
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "dataplane/control_sender.h"
#include "dataplane/counters.h"
#include "dataplane/own_addresses.h"
#include "net/packet_summary.h"

namespace sallyport {

// Of a budget for ICMP errors, before its rate holds them back.
inline constexpr std::uint32_t kErrorsAtOnce = 10;

enum class IcmpError : std::uint8_t {
  HopLimit,
  NoRoute,
  NoNeighbour,
  Prohibited,
  TooBig,
  RoutingType,    // IPv6: of a routing header that still has segments (RFC 8200 4.4)
  UnknownOption,  // IPv6: the Home Address option (RFC 6275 6.3)
  TunnelLimit,    // IPv6: of tunnels that the packet may go into (RFC 2473 4.1.1)
};

// A packet that ended here, as it was when it did.
struct UndeliverablePacket {
  IcmpError error{};
  ByteView datagram;
  PortId port{kNoPort};  // where it came in; kNoPort: made here
  bool decapsulated{};   // it came out of an SA
  std::uint16_t mtu{};   // TooBig: what would have fitted
};

struct IcmpErrorSettings {
  std::uint32_t per_second{100};               // of the whole gateway
  std::vector<std::uint32_t> port_per_second;  // by PortId; 0: none about packets from this port
};

struct IcmpErrorCounters {
  Counter sent;
  Counter limited;     // due, but too many
  Counter suppressed;  // not due by RFC 1812 4.3.2.7, RFC 4443 2.4
};

// Control thread.
class IcmpErrors {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
    Random& random;
  };
  IcmpErrors(const Surroundings& surroundings, const IcmpErrorSettings& settings);

  // Tells the packet's source, where the RFCs allow it and the rate does.
  void report(const UndeliverablePacket& packet, Instant now);

  [[nodiscard]] const IcmpErrorCounters& counters() const noexcept { return counters_; }

 private:
  [[nodiscard]] bool due(const UndeliverablePacket& packet,
                         const PacketSummary& summary) const noexcept;
  [[nodiscard]] bool within_rate(PortId port, Instant now) noexcept;
  [[nodiscard]] Address speaker(const UndeliverablePacket& packet,
                                const PacketSummary& summary) const noexcept;

  Surroundings my_;
  IcmpErrorCounters counters_;
  RateLimit all_;
  std::vector<RateLimit> by_port_;
  std::uint16_t next_id_;
};

}  // namespace sallyport
