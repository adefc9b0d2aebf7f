#include "dataplane/populated_handles.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include <algorithm>
#include <atomic>

namespace sallyport {
namespace {

// The handle itself is the hash table's value.
void* pack(SaHandle handle) noexcept {
  return reinterpret_cast<void*>(std::uintptr_t{handle.value});
}

SaHandle handle_of(const void* data) noexcept {
  return SaHandle{static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(data))};
}

}  // namespace

Expected<std::unique_ptr<PopulatedHandles>> PopulatedHandles::create(std::size_t capacity,
                                                                     rte_rcu_qsbr* readers) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("populated-{}", counter++);
  rte_hash_parameters parameters{};
  parameters.name = name.c_str();
  constexpr std::size_t kLeast = 8;  // that rte_hash takes
  parameters.entries = static_cast<std::uint32_t>(std::max(capacity, kLeast));
  parameters.key_len = sizeof(PopulatedKey);
  parameters.hash_func = rte_hash_crc;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
  rte_hash* const hash = rte_hash_create(&parameters);
  if (hash == nullptr)
    return fail(Error::Code::Exhausted, fmt::format("no memory for {} populated SAs: {}", capacity,
                                                    rte_strerror(rte_errno)));
  std::unique_ptr<PopulatedHandles> handles(new PopulatedHandles(hash));
  rte_hash_rcu_config rcu{};
  rcu.v = readers;
  rcu.mode = RTE_HASH_QSBR_MODE_DQ;
  if (rte_hash_rcu_qsbr_add(hash, &rcu) != 0)
    return fail(Error::Code::Exhausted, "no memory for the defer queue of populated SAs");
  return handles;
}

PopulatedHandles::~PopulatedHandles() { rte_hash_free(hash_); }

Expected<void> PopulatedHandles::set(const PopulatedKey& key, SaHandle handle) {
  if (rte_hash_add_key_data(hash_, &key, pack(handle)) != 0)
    return fail(Error::Code::Exhausted, "the table of populated SAs is full", "raise [limits] sas");
  return {};
}

void PopulatedHandles::remove(const PopulatedKey& key) noexcept { rte_hash_del_key(hash_, &key); }

SaHandle PopulatedHandles::find_populated(PolicyId policy, const PopulateFromPacket& pfp,
                                          const SelectorFields& packet) const noexcept {
  const auto key = PopulatedKey::of(policy, pfp, packet);
  void* data = nullptr;
  if (!key || rte_hash_lookup_data(hash_, &*key, &data) < 0) return kNoHandle;
  return handle_of(data);
}

}  // namespace sallyport
