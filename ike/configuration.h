// Configuration payloads: what is asked for, given and taken (RFC 7296 2.19, 3.15; CP-01..08).
#pragma once

#include <expected>
#include <optional>
#include <span>

#include "ike/address_pool.h"
#include "ike/wire/payloads.h"
#include "pad/peer.h"

namespace sallyport::ike {

// Asks for an inner address of each family, its DNS servers and the networks behind the peer.
[[nodiscard]] ConfigurationPayload ask_for_addresses(std::span<const Family> families);
// For the prefix of the home link besides (RFC 5026 5.3.2).
void ask_for_home_prefix(ConfigurationPayload& request);
[[nodiscard]] ConfigurationPayload ask_for(const HomeAddressWish& wish);
// What one peer is given of one family at a time, at most: several home addresses (RFC 5026 5.3.1).
inline constexpr std::size_t kMostAddresses = 8;

struct GivenAddresses {
  ConfigurationPayload reply;
  std::vector<Address> leases;
  // The peer wanted to form its home address and has to take the one that it is given: it is told
  // by USE_ASSIGNED_HoA (RFC 5026 5.3.2).
  bool home_address_assigned{};
};
// Answers a request out of the entry's pools. An error where not one of the addresses that were
// asked for is to be had (INTERNAL_ADDRESS_FAILURE, CP-04); a request for none has an empty reply.
// Attributes for a link with prefixes of its own are passed over, as a gateway does that gives
// addresses alone (RFC 5739 4.5; CP-07).
[[nodiscard]] std::expected<GivenAddresses, NotifyType> give_addresses(
    const ConfigurationPayload& request, const Peer& peer, const Identity& party,
    AddressPools& pools);

// The inner addresses in a reply; malformed attributes and unknown ones are passed over (CP-05).
// MIP6_HOME_PREFIX with a prefix that is one; the first counts.
[[nodiscard]] std::optional<HomePrefix> home_prefix_in(const ConfigurationPayload& reply);
[[nodiscard]] std::vector<Address> addresses_in(const ConfigurationPayload& reply);
// Those of IPv6 that are given with the lengths of their prefixes (RFC 7296 3.15.1, RFC 4877 9).
[[nodiscard]] std::vector<Prefix> home_addresses_in(const ConfigurationPayload& reply);

}  // namespace sallyport::ike
