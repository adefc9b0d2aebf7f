// Kinds of ICMP messages, as an operator names them.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/packet_summary.h"

namespace sallyport {

// One type of ICMP or ICMPv6, with any code or with one.
struct IcmpKind {
  Family family{Family::V4};
  std::uint16_t first{};  // type * 256 + code
  std::uint16_t last{};

  // "icmp/3/4", "icmp/11", "icmpv6/2", or the names "fragmentation-needed" (icmp/3/4) and
  // "packet-too-big" (icmpv6/2).
  [[nodiscard]] static Expected<IcmpKind> parse(std::string_view text);
  friend auto operator<=>(const IcmpKind&, const IcmpKind&) = default;
};
// What parse() reads as the same kind; a name where there is one.
[[nodiscard]] std::string to_string(const IcmpKind& kind);

// The two messages of path MTU discovery.
[[nodiscard]] std::vector<IcmpKind> path_mtu_messages();

// True where the message, whose type and code are visible, is of one of these kinds.
[[nodiscard]] bool is_one_of(const std::vector<IcmpKind>& kinds,
                             const PacketSummary& message) noexcept;

}  // namespace sallyport
