// Whose tunnel a message came out of whose own source does not say it: nodes choose the link-local
// addresses that they like (RFC 6275 10.4.3, 10.4.4; HA-18, HA-19). Control thread.
#pragma once

#include <map>
#include <unordered_map>

#include "mip6/binding_cache.h"

namespace sallyport::mip6 {

class TunnelOwners {
 public:
  // `cache` has the home registrations, and outlives this.
  TunnelOwners(const BindingCache& cache, Random& random)
      : cache_(cache), places_(0, AddressHash(random.u64())) {}

  // The node is registered there, newly or still.
  void put(const Address& home_address, const Address& care_of);
  void erase(const Address& home_address);
  void clear() noexcept {
    places_.clear();
    home_addresses_.clear();
  }
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

  // The home registration, one that is valid now: of the home address that the SA names, else of
  // the care-of address that the tunnel begins at; where several have that one, of who came there
  // first. Nobody has proved that it is there.
  // Null where it is nobody's.
  [[nodiscard]] const BindingEntry* owner_of(const OuterHeader& tunnel) const;

 private:
  // Care-of address, and a number that grows.
  using Place = std::pair<Address, std::uint64_t>;

  [[nodiscard]] const BindingEntry* registered(const Address& home_address) const;

  const BindingCache& cache_;
  std::unordered_map<Address, Place, AddressHash> places_;  // by home address
  std::map<Place, Address> home_addresses_;
  std::uint64_t last_{};
};

}  // namespace sallyport::mip6
