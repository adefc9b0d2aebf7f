// Whom a home agent serves, and with what: the operator's list (RFC 3963 6.1.2; HA-02, NEMO-03).
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "mip6/address_hash.h"
#include "mip6/flags.h"

namespace sallyport::mip6 {

enum class Service : std::uint8_t {
  PrefixDiscovery = 0x01,  // is told of prefixes of the home link without having asked (MPD-02)
  MobileRouter = 0x02,     // may be one (RFC 3963)
  KeyMobility = 0x04,      // its IKE SA may follow it (the flag K)
  ManualKeys = 0x08,       // its SAs are: its sequence numbers outlive bindings (MSEC-34)
  CoveredSource = 0x10,    // AH protects its updates, and so where they come from
  // What it says to its home link in its tunnel is heard (RFC 6275 10.4.3, 10.4.4), where we do
  // that.
  Multicast = 0x20,
  Dhcp = 0x40,
  All = 0x7f,
};

struct ServedNode {
  Prefix home_addresses{Address::any(Family::V6), 128};  // one, or all of a prefix
  Flags<Service> services{Service::PrefixDiscovery, Service::KeyMobility, Service::Multicast,
                          Service::Dhcp};
  // A mobile router's, its row of the prefix table. Only where there is one home address.
  std::vector<Prefix> networks{};
  // Entries with the same number are home addresses of one node, which has the link-local address
  // of each.
  std::optional<std::size_t> node{};
  friend bool operator==(const ServedNode&, const ServedNode&) = default;
};

class ServedNodes {
 public:
  ServedNodes() = default;  // nobody
  // Fails for an entry twice, for networks of a whole prefix of nodes or without the service, and
  // for networks that two nodes have, wholly or in part. `hash_key`: as of AddressHash.
  [[nodiscard]] static Expected<ServedNodes> of(std::vector<ServedNode> nodes,
                                                std::uint64_t hash_key);

  // That of the longest match; null where the home address is nobody's.
  [[nodiscard]] const ServedNode* find(const Address& home_address) const;
  // True where the address has an entry of its own.
  [[nodiscard]] bool names(const Address& home_address) const;
  [[nodiscard]] bool are_one_node(const Address& one, const Address& other) const;
  // The home address whose networks hold the address; null where none do.
  [[nodiscard]] const Address* router_of(const Address& address) const;

 private:
  [[nodiscard]] Expected<void> add_network(const Prefix& network, const Address& home_address);

  using Level = std::unordered_map<Address, std::size_t, AddressHash>;

  std::vector<ServedNode> nodes_;
  std::map<std::uint8_t, Level, std::greater<>> levels_;    // by prefix length, the longest first
  std::map<Address, std::pair<Prefix, Address>> networks_;  // by first address: no two overlap
};

}  // namespace sallyport::mip6
