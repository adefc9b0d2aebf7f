#include "ike/address_pool.h"

#include <algorithm>

namespace sallyport::ike {
namespace {

// So many parties' former addresses are remembered.
constexpr std::size_t kMostRemembered = 100'000;

std::string key_of(const Identity& party, Family family) {
  return (family == Family::V4 ? "4 " : "6 ") + to_string(party);
}

}  // namespace

const AddressPool* AddressPools::find(const std::string& name) const {
  const auto found = std::ranges::find(pools_, name, &AddressPool::name);
  return found == pools_.end() ? nullptr : &*found;
}

std::optional<HomePrefix> AddressPools::home_prefix(std::span<const std::string> names) const {
  for (const std::string& name : names)
    if (const AddressPool* const pool = find(name); pool != nullptr && pool->home_prefix)
      return pool->home_prefix;
  return std::nullopt;
}

bool AddressPools::has_family(std::span<const std::string> names, Family family) const {
  return std::ranges::any_of(names, [&](const std::string& name) {
    const AddressPool* const pool = find(name);
    return pool != nullptr && pool->addresses.first.family == family;
  });
}

std::optional<Address> AddressPools::first_free(const AddressPool& pool) {
  const AddressRange& range = pool.addresses;
  const auto begun = next_of_.find(pool.name);
  Address at =
      begun != next_of_.end() && range.contains(begun->second) ? begun->second : range.first;
  // No more addresses can be taken than there are leases.
  for (std::size_t tried = 0; tried <= taken_.size(); ++tried) {
    const Address following = at == range.last ? range.first : next(at).value_or(range.first);
    if (!taken_.contains(at)) {
      next_of_[pool.name] = following;
      return at;
    }
    at = following;
  }
  return std::nullopt;
}

std::optional<AddressPools::Lease> AddressPools::lease(std::span<const std::string> names,
                                                       const Identity& party, Family family,
                                                       std::optional<Address> wished) {
  const std::string key = key_of(party, family);
  const auto before = had_.find(key);
  for (const std::string& name : names) {
    const AddressPool* const pool = find(name);
    if (pool == nullptr || pool->addresses.first.family != family) continue;
    const auto free = [&](const Address& address) {
      return pool->addresses.contains(address) && !taken_.contains(address);
    };
    std::optional<Address> address;
    if (before != had_.end() && free(before->second))
      address = before->second;
    else if (wished && free(*wished))
      address = wished;
    else
      address = first_free(*pool);
    if (!address) continue;
    taken_.insert(*address);
    if (had_.size() >= kMostRemembered && before == had_.end()) had_.clear();
    had_[key] = *address;
    return Lease{*address, pool};
  }
  return std::nullopt;
}

bool AddressPools::is_anothers(const AddressRange& claim, std::span<const Address> own) const {
  const bool pooled = std::ranges::any_of(pools_, [&](const AddressPool& pool) {
    return pool.addresses.contains(claim.first) && pool.addresses.contains(claim.last);
  });
  if (!pooled) return false;
  const auto end = taken_.upper_bound(claim.last);
  return std::any_of(taken_.lower_bound(claim.first), end, [&](const Address& taken) {
    return claim.contains(taken) && std::ranges::find(own, taken) == own.end();
  });
}

std::vector<AddressPools::Usage> AddressPools::usage() const {
  std::vector<Usage> usage;
  for (const AddressPool& pool : pools_) {
    const auto in_pool = [&](const Address& address) { return pool.addresses.contains(address); };
    usage.push_back({&pool, static_cast<std::size_t>(std::ranges::count_if(taken_, in_pool))});
  }
  return usage;
}

}  // namespace sallyport::ike
