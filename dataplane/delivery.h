// A packet for an address of ours, as the control thread's protocols see it.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/types.h"
#include "net/address.h"
#include "net/packet_summary.h"

namespace sallyport {

// Of the tunnel that a packet came out of last.
struct OuterHeader {
  Address source;
  bool protection{};  // an SA's; otherwise IPv6 in IPv6
};

struct Delivery {
  ByteView datagram{};  // from the IP header to the end that it names
  PacketSummary summary{};
  PortId port{kNoPort};  // kNoPort: made by ourselves
  MacAddress mac{};      // of its sender on the link of `port`; none where it came out of an SA
  bool decapsulated{};
  bool transport{};                     // the SA that opened it last is in transport mode
  std::optional<OuterHeader> tunnel{};  // of an SA only while mobility is on

  [[nodiscard]] ByteView upper() const noexcept { return datagram.subspan(summary.upper_offset); }
  // Straight from a neighbour.
  [[nodiscard]] bool from_link() const noexcept {
    return port != kNoPort && !decapsulated && !tunnel;
  }
};

}  // namespace sallyport
