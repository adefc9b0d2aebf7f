// Whom a home agent serves, and with what: the operator's list (RFC 3963 6.1.2; HA-02, NEMO-03).
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "mip6/address_hash.h"
#include "mip6/flags.h"

namespace sallyport::mip6 {

enum class Service : std::uint8_t {
  RouteOptimization = 0x01,  // its tests with correspondents are carried
  MobileRouter = 0x02,       // may be one (RFC 3963)
  KeyMobility = 0x04,        // its IKE SA may follow it (the flag K)
  ManualKeys = 0x08,         // its SAs are: its sequence numbers outlive bindings (MSEC-34)
  All = 0x0f,
};

struct ServedNode {
  Prefix home_addresses{Address::any(Family::V6), 128};  // one, or all of a prefix
  Flags<Service> services{Service::RouteOptimization, Service::KeyMobility};
  // A mobile router's, its row of the prefix table. Only where there is one home address.
  std::vector<Prefix> networks{};
};

class ServedNodes {
 public:
  // Fails for an entry twice, for networks of a whole prefix of nodes or without the service, and
  // for networks that two nodes have, wholly or in part. `hash_key`: as of AddressHash.
  [[nodiscard]] static Expected<ServedNodes> of(std::vector<ServedNode> nodes,
                                                std::uint64_t hash_key);

  // That of the longest match; null where the home address is nobody's.
  [[nodiscard]] const ServedNode* find(const Address& home_address) const;
  // True where the address has an entry of its own.
  [[nodiscard]] bool names(const Address& home_address) const;
  // The home address whose networks hold the address; null where none do.
  [[nodiscard]] const Address* router_of(const Address& address) const;

 private:
  ServedNodes() = default;
  [[nodiscard]] Expected<void> add_network(const Prefix& network, const Address& home_address);

  using Level = std::unordered_map<Address, std::size_t, AddressHash>;

  std::vector<ServedNode> nodes_;
  std::map<std::uint8_t, Level, std::greater<>> levels_;    // by prefix length, the longest first
  std::map<Address, std::pair<Prefix, Address>> networks_;  // by first address: no two overlap
};

}  // namespace sallyport::mip6
