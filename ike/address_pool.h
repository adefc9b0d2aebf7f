// Inner addresses that peers are given by configuration payload (RFC 7296 2.19; CP-02..05).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "net/selector.h"
#include "pad/identity.h"

namespace sallyport::ike {

// Of a home link, for peers that form their address themselves (RFC 5026 8.2).
struct HomePrefix {
  Prefix prefix;
  std::chrono::seconds lifetime{};
  friend bool operator==(const HomePrefix&, const HomePrefix&) = default;
};

// What an initiator asks for that knows no home address of its own (RFC 4877 9, RFC 5026 5.3).
struct HomeAddressWish {
  enum class Kind : std::uint8_t { Address, Prefix };
  Kind kind{};
  std::optional<Address> suggestion{};  // of Address: one that it would like to have
};

struct AddressPool {
  std::string name;
  AddressRange addresses;
  std::vector<Address> dns;                 // to be told besides
  std::vector<Prefix> subnets;              // reachable through us (INTERNAL_IP4_SUBNET)
  std::optional<Address> netmask;           // of IPv4, to be told besides; absent: none
  std::uint8_t prefix_length{128};          // of IPv6
  std::optional<HomePrefix> home_prefix{};  // absent: addresses are given out, not formed
  friend bool operator==(const AddressPool&, const AddressPool&) = default;
};

// Control thread. Leases outlive a change of the pools that they came from.
class AddressPools {
 public:
  void replace(std::vector<AddressPool> pools) { pools_ = std::move(pools); }

  struct Lease {
    Address address;
    const AddressPool* pool{};  // valid until replace()
  };
  // Of the first of `names` that has a free address of the family: what the party had before, if it
  // is free; then `wished`; then the first free one. Nullopt where all are taken.
  [[nodiscard]] std::optional<Lease> lease(std::span<const std::string> names,
                                           const Identity& party, Family family,
                                           std::optional<Address> wished);
  // An address that was leased on another node; false where somebody has it.
  [[nodiscard]] bool hold(const Address& address) { return taken_.insert(address).second; }
  void release(const Address& address) { taken_.erase(address); }
  // True where `claim` lies in a pool and an address in it is leased, to somebody who has not
  // `own`: whoever is configured to claim the pool does not claim that (RFC 4877 4.2; PAD-14).
  [[nodiscard]] bool is_anothers(const AddressRange& claim, std::span<const Address> own) const;
  // That of the first of `names` that has one.
  [[nodiscard]] std::optional<HomePrefix> home_prefix(std::span<const std::string> names) const;
  [[nodiscard]] bool has_family(std::span<const std::string> names, Family family) const;

  struct Usage {
    const AddressPool* pool{};
    std::size_t taken{};
  };
  [[nodiscard]] std::vector<Usage> usage() const;

 private:
  [[nodiscard]] const AddressPool* find(const std::string& name) const;
  [[nodiscard]] std::optional<Address> first_free(const AddressPool& pool);

  std::vector<AddressPool> pools_;
  std::set<Address> taken_;
  std::map<std::string, Address> had_;      // by party and family, the latest of each
  std::map<std::string, Address> next_of_;  // by pool: where the search goes on
};

}  // namespace sallyport::ike
