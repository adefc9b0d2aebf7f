// A packet for an address of ours, as the control thread's protocols see it.
#pragma once

#include "base/bytes.h"
#include "base/types.h"
#include "net/address.h"
#include "net/packet_summary.h"

namespace sallyport {

struct Delivery {
  ByteView datagram{};  // from the IP header to the end that it names
  PacketSummary summary{};
  PortId port{kNoPort};  // kNoPort: made by ourselves
  MacAddress mac{};      // of its sender on the link of `port`; none where it came out of an SA
  bool decapsulated{};

  [[nodiscard]] ByteView upper() const noexcept { return datagram.subspan(summary.upper_offset); }
  // Straight from a neighbour.
  [[nodiscard]] bool from_link() const noexcept { return port != kNoPort && !decapsulated; }
};

}  // namespace sallyport
