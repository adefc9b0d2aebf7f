// What Mobile IPv6 puts into a packet's extension headers: the Home Address option and the type 2
// routing header (RFC 6275 6.3, 6.4).
//
// A packet with them has two forms. On the wire the IPv6 header has the care-of addresses, and the
// two extensions have the home addresses. In the logical form, which IPsec and upper layers see
// (9.3.1, 9.3.2, 11.3.2), it is the other way round, and the routing header has no segments left.
// Transport checksums are made over the logical form and are the same in both.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport {

inline constexpr std::uint8_t kHomeAddressOption = 0xc9;
inline constexpr std::uint8_t kType2Routing = 2;

// Why a receiver drops a packet with them.
enum class MobilityFault : std::uint8_t {
  None,
  OptionTwice,      // 6.3: one for each IPv6 header
  OptionLength,     // not 16, or beyond the end of its header
  OptionMisplaced,  // behind a fragment header, or in front of a routing header
  RoutingTwice,     // 6.4: one address
  RoutingLength,    // not 24 octets
};

// Where they stand, in octets from the IPv6 header; 0: there is none. The places of what has a
// fault are those of the one that was found first.
struct MobilityExtensions {
  MobilityFault fault{};
  std::uint16_t option_at{};         // the option's type
  std::uint16_t options_at{};        // the destination options header around it
  std::uint16_t options_named_at{};  // the octet that names that header
  std::uint16_t routing_at{};
  std::uint16_t routing_named_at{};
  std::uint8_t segments_left{};  // of the type 2 routing header
  bool goes_on{};                // another one has segments left: this is not the last stop
  // What stands behind the extension headers. Of a later fragment, what its fragment header names.
  std::uint8_t next{};

  // 16 octets each. Only of what is there and without a fault.
  [[nodiscard]] Address option_address(ByteView datagram) const noexcept;
  [[nodiscard]] Address routing_address(ByteView datagram) const noexcept;
};

// `datagram` is one that summarize() has found good.
[[nodiscard]] MobilityExtensions find_mobility_extensions(ByteView datagram) noexcept;

// True where a destination options header, from its first octet to its last, has the option.
[[nodiscard]] bool has_home_address_option(ByteView header) noexcept;

// Makes the wire form the logical one, and the other way round; `found` is without a fault.
void exchange_home_addresses(MutableBytes datagram, const MobilityExtensions& found) noexcept;

// What is to be put into a packet: the care-of addresses, as in the logical form.
struct CareOfAddresses {
  std::optional<Address> source{};       // in a Home Address option
  std::optional<Address> destination{};  // in a type 2 routing header

  // That the packet becomes longer by.
  [[nodiscard]] std::uint16_t octets() const noexcept {
    constexpr std::uint16_t kEach = 24;
    return static_cast<std::uint16_t>((source ? kEach : 0) + (destination ? kEach : 0));
  }
};
// `room` has care_of.octets() octets of room, and behind that the datagram, which fits its length
// field afterwards. The datagram then fills all of it and has the logical form: behind hop-by-hop
// and routing headers first the routing header, then the option (MIPPKT-02).
void insert_mobility_extensions(MutableBytes room, const CareOfAddresses& care_of) noexcept;

// Takes both out of a datagram in logical form, for who knows nothing of them (9.3.1). What is left
// ends where the datagram did; how many octets fell away in front. A header with other options
// stays, with padding in place of this one.
[[nodiscard]] std::uint16_t remove_mobility_extensions(MutableBytes datagram,
                                                       const MobilityExtensions& found) noexcept;

// Where the Tunnel Encapsulation Limit of a packet stands (RFC 2473 4.1.1): in a destination
// options header that directly follows the IPv6 header; 0: it has none.
[[nodiscard]] std::uint16_t encapsulation_limit_at(ByteView datagram) noexcept;

}  // namespace sallyport
