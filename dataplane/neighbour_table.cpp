#include "dataplane/neighbour_table.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include <atomic>

namespace sallyport {
namespace {

// The MAC itself is the hash table's value: nothing to free, nothing to follow.
void* pack(const MacAddress& mac) noexcept {
  std::uintptr_t value = 0;
  std::memcpy(&value, mac.bytes.data(), mac.bytes.size());
  return reinterpret_cast<void*>(value);
}

MacAddress mac_of(const void* data) noexcept {
  const auto value = reinterpret_cast<std::uintptr_t>(data);
  MacAddress mac;
  std::memcpy(mac.bytes.data(), &value, mac.bytes.size());
  return mac;
}

// rte_hash_crc reads words of eight octets.
struct alignas(8) AlignedKey {
  NeighbourKey key;
};

}  // namespace

Expected<std::unique_ptr<NeighbourTable>> NeighbourTable::create(std::size_t capacity,
                                                                 rte_rcu_qsbr* readers) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("neighbours-{}", counter++);
  rte_hash_parameters parameters{};
  parameters.name = name.c_str();
  parameters.entries = static_cast<std::uint32_t>(capacity);
  parameters.key_len = sizeof(NeighbourKey);
  parameters.hash_func = rte_hash_crc;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
  rte_hash* const hash = rte_hash_create(&parameters);
  if (hash == nullptr)
    return fail(Error::Code::Exhausted,
                fmt::format("no memory for {} neighbours: {}", capacity, rte_strerror(rte_errno)));
  std::unique_ptr<NeighbourTable> table(new NeighbourTable(hash));
  rte_hash_rcu_config rcu{};
  rcu.v = readers;
  rcu.mode = RTE_HASH_QSBR_MODE_DQ;
  if (rte_hash_rcu_qsbr_add(hash, &rcu) != 0)
    return fail(Error::Code::Exhausted, "no memory for the neighbour table's defer queue");
  return table;
}

NeighbourTable::~NeighbourTable() { rte_hash_free(hash_); }

Expected<void> NeighbourTable::set(const NeighbourKey& key, const MacAddress& mac) {
  const AlignedKey aligned{key};
  const int status = rte_hash_add_key_data(hash_, &aligned.key, pack(mac));
  changed();
  if (status != 0)
    return fail(Error::Code::Exhausted, "the neighbour table is full", "raise [limits] neighbours");
  return {};
}

void NeighbourTable::remove(const NeighbourKey& key) noexcept {
  const AlignedKey aligned{key};
  rte_hash_del_key(hash_, &aligned.key);
  changed();
}

void NeighbourTable::changed() noexcept {
  const std::uint32_t next = version_.load(std::memory_order_relaxed) + 1;
  version_.store(next == 0 ? 1 : next, std::memory_order_release);
}

std::optional<MacAddress> NeighbourTable::find(const NeighbourKey& key) const noexcept {
  const AlignedKey aligned{key};
  void* data = nullptr;
  if (rte_hash_lookup_data(hash_, &aligned.key, &data) < 0) return std::nullopt;
  return mac_of(data);
}

}  // namespace sallyport
