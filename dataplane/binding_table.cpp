#include "dataplane/binding_table.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include <algorithm>
#include <bit>

#include "base/prefetch.h"

namespace sallyport {
namespace {

// The id itself is the hash table's value: nothing to free, nothing to follow.
void* pack(BindingId id) noexcept {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(id.value));
}
BindingId binding_of(const void* data) noexcept {
  return BindingId{static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(data))};
}

bool is_node(const Address& address) noexcept {
  return address.family == Family::V6 && !address.is_unspecified() && !address.is_multicast();
}

std::unexpected<Error> refuse(const Binding& binding, const char* what) {
  return fail(Error::Code::Invalid,
              fmt::format("no binding of {}: {}", to_string(binding.home_address), what));
}

Expected<void> validate(const Binding& binding) {
  if (!is_node(binding.home_address)) return refuse(binding, "its home address is no node's");
  if (!is_node(binding.care_of)) return refuse(binding, "its care-of address is no node's");
  if (!is_node(binding.peer)) return refuse(binding, "it has no peer");
  if (binding.networks.size() > BindingTable::kMostNetworks)
    return refuse(binding, "too many networks");
  for (const Prefix& network : binding.networks)
    if (network.address.family != Family::V6) return refuse(binding, "a network is not IPv6");
  return {};
}

Address masked(const Address& address, std::uint8_t length) noexcept {
  return Prefix{address, length}.first();
}

}  // namespace

Expected<std::unique_ptr<BindingTable>> BindingTable::create(std::size_t capacity,
                                                             rte_rcu_qsbr* readers,
                                                             Retirement& retirement) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("bindings-{}", counter++);
  rte_hash_parameters parameters{};
  parameters.name = name.c_str();
  // Home address, link-local address, and one network each: mobile routers with more share it.
  parameters.entries = static_cast<std::uint32_t>(std::max<std::size_t>(8, 3 * capacity));
  parameters.key_len = sizeof(Key);
  parameters.hash_func = rte_hash_crc;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
  rte_hash* const hash = rte_hash_create(&parameters);
  if (hash == nullptr)
    return fail(Error::Code::Exhausted,
                fmt::format("no memory for {} bindings: {}", capacity, rte_strerror(rte_errno)));
  std::unique_ptr<BindingTable> table(new BindingTable(hash, capacity, retirement));
  rte_hash_rcu_config rcu{};
  rcu.v = readers;
  rcu.mode = RTE_HASH_QSBR_MODE_DQ;
  if (rte_hash_rcu_qsbr_add(hash, &rcu) != 0)
    return fail(Error::Code::Exhausted, "no memory for the binding table's defer queue");
  return table;
}

BindingTable::BindingTable(rte_hash* hash, std::size_t capacity, Retirement& retirement)
    : hash_(hash),
      slots_(2 * capacity + 1),
      free_(std::make_shared<std::vector<BindingId>>()),
      retirement_(retirement),
      capacity_(capacity) {
  for (std::size_t i = slots_.size() - 1; i > 0; --i)
    free_->push_back(BindingId{static_cast<std::uint32_t>(i)});
}

BindingTable::~BindingTable() { rte_hash_free(hash_); }

BindingTable::Key BindingTable::key_of(BindingUse use, const Address& home_address,
                                       const Address& peer) noexcept {
  Key key{static_cast<std::uint64_t>(use), home_address.bytes, {}};
  if (use == BindingUse::MobileNode || use == BindingUse::Correspondent) key.peer = peer.bytes;
  return key;
}

BindingTable::Key BindingTable::network_key(BindingUse use, const Address& address,
                                            std::uint8_t length) noexcept {
  constexpr unsigned kPart = 8, kLength = 16;
  return {static_cast<std::uint64_t>(use) | static_cast<std::uint64_t>(Part::Network) << kPart |
              std::uint64_t{length} << kLength,
          masked(address, length).bytes,
          {}};
}

BindingTable::Key BindingTable::link_local_key(const Address& address) noexcept {
  constexpr unsigned kPart = 8;
  return {static_cast<std::uint64_t>(Part::LinkLocal) << kPart, address.bytes, {}};
}

std::vector<BindingTable::Key> BindingTable::keys_of(const Binding& binding) {
  std::vector<Key> keys{key_of(binding.use, binding.home_address, binding.peer)};
  if (binding.link_local) keys.push_back(link_local_key(*binding.link_local));
  for (const Prefix& network : binding.networks)
    keys.push_back(network_key(binding.use, network.address, network.length));
  return keys;
}

BindingId BindingTable::look_up(const Key& key) const noexcept {
  void* data = nullptr;
  if (rte_hash_lookup_data(hash_, &key, &data) < 0) return kNoBinding;
  return seen(binding_of(data));
}

// Who has found a slot in the hash may read it from here on.
BindingId BindingTable::seen(BindingId id) const noexcept {
  static_cast<void>(slots_[id.value].written.load(std::memory_order_acquire));
  return id;
}

bool BindingTable::add(const Key& key, BindingId id) noexcept {
  return rte_hash_add_key_data(hash_, &key, pack(id)) == 0;
}

// Keys that meanwhile lead to another binding stay.
void BindingTable::withdraw(const std::vector<Key>& keys, BindingId id) noexcept {
  for (const Key& key : keys)
    if (look_up(key) == id) rte_hash_del_key(hash_, &key);
}

// Before its keys are there, and after they have gone: workers ask the hash only where it pays.
void BindingTable::count(const Binding& binding, int by) noexcept {
  const auto step = static_cast<std::uint32_t>(by);
  in_use_[static_cast<std::size_t>(binding.use)].fetch_add(step, std::memory_order_release);
  for (const Prefix& network : binding.networks) {
    networks_[network.length] += step;
    std::atomic<std::uint64_t>& word = lengths_[network.length / 64u];
    const std::uint64_t bit = std::uint64_t{1} << (network.length % 64u);
    const std::uint64_t others = word.load(std::memory_order_relaxed) & ~bit;
    word.store(networks_[network.length] != 0 ? others | bit : others, std::memory_order_release);
  }
}

void BindingTable::retire(BindingId id) {
  retirement_.when_unread([free = free_, id] { free->push_back(id); });
}

Expected<void> BindingTable::set(const Binding& binding) {
  if (auto valid = validate(binding); !valid) return valid;
  const std::vector<Key> keys = keys_of(binding);
  const BindingId old = look_up(keys.front());
  if (free_->empty() || (old == kNoBinding && size_ == capacity_))
    return fail(Error::Code::Exhausted, "the binding table is full", "raise [limits] bindings");
  const BindingId id = free_->back();
  free_->pop_back();
  slots_[id.value].binding = binding;
  slots_[id.value].used.store(false, std::memory_order_relaxed);
  slots_[id.value].written.store(true, std::memory_order_release);
  count(binding, 1);
  const std::vector<Key> old_keys =
      old == kNoBinding ? std::vector<Key>{} : keys_of(slots_[old.value].binding);
  // The last one to be added is the one that the binding is found by.
  const bool added =
      std::ranges::all_of(keys.rbegin(), keys.rend(), [&](const Key& key) { return add(key, id); });
  if (!added) {
    withdraw(keys, id);
    for (const Key& key : old_keys) static_cast<void>(add(key, old));  // they had a place
    count(binding, -1);
    retire(id);
    return fail(Error::Code::Exhausted, "the binding table is full", "raise [limits] bindings");
  }
  if (old == kNoBinding) {
    ++size_;
    return {};
  }
  withdraw(old_keys, old);
  count(slots_[old.value].binding, -1);
  retire(old);
  return {};
}

void BindingTable::remove(BindingUse use, const Address& home_address,
                          const Address& peer) noexcept {
  const BindingId id = look_up(key_of(use, home_address, peer));
  if (id == kNoBinding) return;
  withdraw(keys_of(slots_[id.value].binding), id);
  count(slots_[id.value].binding, -1);
  --size_;
  retire(id);
}

bool BindingTable::take_used(BindingUse use, const Address& home_address,
                             const Address& peer) noexcept {
  const BindingId id = look_up(key_of(use, home_address, peer));
  return id != kNoBinding && slots_[id.value].used.exchange(false, std::memory_order_relaxed);
}

BindingId BindingTable::find(BindingUse use, const Address& home_address,
                             const Address& peer) const noexcept {
  if (in_use_[static_cast<std::size_t>(use)].load(std::memory_order_acquire) == 0)
    return kNoBinding;
  return look_up(key_of(use, home_address, peer));
}

void BindingTable::find(BindingUse use, std::span<const Address> home_addresses,
                        std::span<BindingId> found) const noexcept {
  std::ranges::fill(found, kNoBinding);
  if (in_use_[static_cast<std::size_t>(use)].load(std::memory_order_acquire) == 0) return;
  constexpr std::size_t kAtOnce = RTE_HASH_LOOKUP_BULK_MAX;
  std::array<Key, kAtOnce> keys;
  std::array<const void*, kAtOnce> pointers;
  std::array<void*, kAtOnce> data;
  for (std::size_t first = 0; first < home_addresses.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, home_addresses.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = key_of(use, home_addresses[first + i], {});
      pointers[i] = &keys[i];
    }
    std::uint64_t hits = 0;
    if (rte_hash_lookup_bulk_data(hash_, pointers.data(), static_cast<std::uint32_t>(count), &hits,
                                  data.data()) <= 0)
      continue;
    for (; hits != 0; hits &= hits - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(hits));
      found[first + i] = seen(binding_of(data[i]));
      prefetch_line(&slots_[found[first + i].value]);
      prefetch_line(&slots_[found[first + i].value].used);  // another line, perhaps
    }
  }
}

BindingId BindingTable::find_around(BindingUse use, const Address& address) const noexcept {
  const BindingId id = find(use, address);
  return id != kNoBinding ? id : find_network(use, address);
}

BindingId BindingTable::find_network(BindingUse use, const Address& address) const noexcept {
  for (std::size_t i = lengths_.size(); i-- > 0;) {
    std::uint64_t lengths = lengths_[i].load(std::memory_order_acquire);
    while (lengths != 0) {
      const auto bit = static_cast<std::uint8_t>(63 - std::countl_zero(lengths));
      lengths &= ~(std::uint64_t{1} << bit);
      const auto length = static_cast<std::uint8_t>(64 * i + bit);
      if (const BindingId id = look_up(network_key(use, address, length)); id != kNoBinding)
        return id;
    }
  }
  return kNoBinding;
}

BindingId BindingTable::find_link_local(const Address& address) const noexcept {
  if (in_use_[static_cast<std::size_t>(BindingUse::HomeAgent)].load(std::memory_order_acquire) == 0)
    return kNoBinding;
  return look_up(link_local_key(address));
}

}  // namespace sallyport
