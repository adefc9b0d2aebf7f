// Multicast Listener Discovery, both versions: what a home agent and a mobile node say to each
// other inside their tunnel (RFC 2710, RFC 3810, RFC 6275 10.4.3; HA-18). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

#include "mip6/message.h"
#include "net/address.h"

namespace sallyport::mip6 {

enum class ListenerVersion : std::uint8_t { V1, V2 };

// RFC 2710 3, RFC 3810 5.1
struct ListenerQuery {
  ListenerVersion version{ListenerVersion::V2};
  Address group{Address::any(Family::V6)};  // unspecified: of all groups
  // Until answers have come. What the wire cannot say exactly is made less, or kMostResponse.
  std::chrono::milliseconds response{10'000};
  // What follows is of version 2.
  bool suppressed{};           // S: other routers keep their timers
  std::uint8_t robustness{2};  // 0 to 7; 0: more
  // Between queries, made less as above, or kMostInterval.
  std::chrono::seconds interval{125};
  std::vector<Address> sources{};
  friend bool operator==(const ListenerQuery&, const ListenerQuery&) = default;
};
inline constexpr std::chrono::milliseconds kMostResponse{0x1fff << 10};
inline constexpr std::chrono::seconds kMostInterval{0x1f << 10};

// RFC 2710 3: version 1 says one group a message.
struct ListenerReport1 {
  Address group{Address::any(Family::V6)};
  friend bool operator==(const ListenerReport1&, const ListenerReport1&) = default;
};
struct ListenerDone {
  Address group{Address::any(Family::V6)};
  friend bool operator==(const ListenerDone&, const ListenerDone&) = default;
};

// RFC 3810 5.2. A record of another kind has no meaning, and is left out.
struct ListenerRecord {
  enum class Kind : std::uint8_t {
    IsInclude = 1,  // only from these sources
    IsExclude = 2,  // from all but these
    ToInclude = 3,  // the same, as a change
    ToExclude = 4,
    Allow = 5,  // from these too
    Block = 6,  // from these no more
  };
  Kind kind{Kind::IsExclude};
  Address group{Address::any(Family::V6)};
  std::vector<Address> sources{};
  friend bool operator==(const ListenerRecord&, const ListenerRecord&) = default;
};
struct ListenerReport {
  std::vector<ListenerRecord> records{};
  friend bool operator==(const ListenerReport&, const ListenerReport&) = default;
};

using ListenerMessage = std::variant<ListenerQuery, ListenerReport1, ListenerDone, ListenerReport>;

// Of one message; a longer list makes it malformed. Senders spread theirs over several (RFC 3810
// 5.2.15).
inline constexpr std::size_t kMostListenerRecords = 512;
inline constexpr std::size_t kMostListenerSources = 1024;  // of all records together

// MLD is sent with this hop limit, so that no router passes it on.
inline constexpr std::uint8_t kListenerHopLimit = 1;

// By its type alone; `icmp` is a whole ICMPv6 message.
[[nodiscard]] bool is_listener_message(ByteView icmp) noexcept;

// Nullopt for another ICMPv6 message, for one with a wrong checksum, and for one that its counts do
// not fit. What is behind the last field is ignored, as are auxiliary data (RFC
// 3810 5.1.12, 5.2.6).
[[nodiscard]] std::optional<ListenerMessage> parse_listener_message(ByteView icmp,
                                                                    const Address& source,
                                                                    const Address& destination);
// The ICMPv6 message, checksummed for the same addresses. Of lists longer than the limits above
// their beginning is written.
[[nodiscard]] Octets build_listener_message(const ListenerMessage& message, const Address& source,
                                            const Address& destination);

// A Hop-by-Hop Options header with the Router Alert of MLD, and the message behind it: what an IPv6
// header with protocol 0 and kListenerHopLimit comes before (RFC 2711 2.1, RFC 3810 5).
[[nodiscard]] Octets with_router_alert(ByteView icmp);
// The ICMPv6 message in what an IPv6 header names as `protocol`: 58, or 0 where a Hop-by-Hop header
// is in front. Nullopt where there is none.
[[nodiscard]] std::optional<ByteView> icmp_behind(std::uint8_t protocol, ByteView octets) noexcept;

// ff02::16, where reports of version 2 go.
[[nodiscard]] Address all_listener_routers() noexcept;
// Of a multicast address, 0 to 15 (RFC 4291 2.7).
[[nodiscard]] std::uint8_t scope_of(const Address& group) noexcept;
inline constexpr std::uint8_t kLinkScope = 2;
inline constexpr std::uint8_t kGlobalScope = 14;

}  // namespace sallyport::mip6
