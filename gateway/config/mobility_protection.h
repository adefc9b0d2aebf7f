// What IPsec protects between a mobile node and its home agent: the keys that a node of
// [home_agent] and [mobile_node] have in common.
#pragma once

#include "gateway/config/loading.h"
#include "gateway/config/mobility_config.h"
#include "gateway/config/toml_writer.h"

namespace sallyport {

// peer or sas, proposals, signalling_protocol, signalling_proposals, sa_lifetime, selectors,
// payload, route_optimisation, prefix_discovery, multicast, dhcp. Refuses a table that names both
// kinds of keys, or neither, and SAs for what is not protected (MSEC-31).
void read_mobility_protection(TableReader& reader, MobilityProtection& protection,
                              const CryptoConfig& crypto);
void write_mobility_protection(const MobilityProtection& protection, TomlFields& fields);

// A unicast IPv6 address that can be a home address or a home agent's.
[[nodiscard]] Expected<Address> read_mobile_address(const Value& value);
// The prefixes of a mobile router: no host bits.
[[nodiscard]] Expected<Prefix> read_mobile_prefix(const Value& value);
// "3d" and shorter: a binding's lifetime is 16 bits of four seconds (RFC 6275 6.1.7).
[[nodiscard]] Expected<std::chrono::seconds> read_binding_lifetime(const Value& value);

[[nodiscard]] std::vector<std::string> texts_of(const std::vector<Prefix>& prefixes);

}  // namespace sallyport
