// For which home addresses a home agent stands in for their link-local address as well: two of one
// node may share one (RFC 6275 10.3.1, the flag L; HA-06). Control thread.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "mip6/address_hash.h"

namespace sallyport::mip6 {

class LinkLocalHolders {
 public:
  // As of AddressHash.
  explicit LinkLocalHolders(std::uint64_t hash_key) : holders_(0, AddressHash(hash_key)) {}

  // Once for each home address, however often.
  void hold(const Address& home_address);
  // Without effect where it holds none.
  void release(const Address& home_address);
  // Home addresses; valid until the next call that is not const.
  [[nodiscard]] std::span<const Address> holders_of(const Address& link_local) const;

 private:
  std::unordered_map<Address, std::vector<Address>, AddressHash> holders_;  // by link-local address
};

}  // namespace sallyport::mip6
