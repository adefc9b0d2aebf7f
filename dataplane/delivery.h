// A packet for an address of ours, as the control thread's protocols see it.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/types.h"
#include "net/address.h"
#include "net/packet_summary.h"
#include "sad/sa_handles.h"

namespace sallyport {

// Of the tunnel that a packet came out of last.
struct OuterHeader {
  Address source;
  bool protection{};    // an SA's; otherwise IPv6 in IPv6
  bool names_source{};  // which has a selector for the source of what was inside, and for no other
  bool from_far_end{};  // of an SA: `source` is where its tunnel ends, not what anybody has written
};

struct Delivery {
  ByteView datagram{};  // from the IP header to the end that it names
  PacketSummary summary{};
  PortId port{kNoPort};  // kNoPort: made by ourselves
  // Of its sender on the link of `port`; none where it came out of a tunnel. Out of an SA in
  // transport mode only while mobility is on.
  MacAddress mac{};
  bool decapsulated{};
  bool transport{};                     // the SA that opened it last is in transport mode
  std::optional<OuterHeader> tunnel{};  // of an SA only while mobility is on
  SaSlot sa{kNoSa};                     // that tunnel's, where it is an SA's

  [[nodiscard]] ByteView upper() const noexcept { return datagram.subspan(summary.upper_offset); }
  // Straight from a neighbour.
  [[nodiscard]] bool from_link() const noexcept {
    return port != kNoPort && !decapsulated && !tunnel;
  }
};

}  // namespace sallyport
