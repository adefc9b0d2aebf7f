// The headers of one datagram, read a second time in the slowest and plainest way: the oracle of
// summarize(). Shares no code with it.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "net/protocol.h"

namespace sallyport {

struct ReferencePacket {
  std::size_t length{};
  std::size_t upper_offset{};
  unsigned protocol{};
  bool fragment{};
  bool later_fragment{};
  std::optional<unsigned> port_like;  // source port, ICMP type and code, MH type
};

// Nullopt where the packet is to be dropped, for whatever reason.
[[nodiscard]] std::optional<ReferencePacket> reference_parse(ByteView datagram);

}  // namespace sallyport
