// Handles of SAs that were populated from packets, by policy and values (RFC 4301 4.4.2.2; SPD-13).
// Control writes, workers read (lock-free).
#pragma once

#include <memory>

#include "base/error.h"
#include "sad/sa_handles.h"
#include "spd/populate.h"

struct rte_hash;
struct rte_rcu_qsbr;

namespace sallyport {

class PopulatedHandles {
 public:
  // `readers` is the QSBR variable that workers report to.
  [[nodiscard]] static Expected<std::unique_ptr<PopulatedHandles>> create(std::size_t capacity,
                                                                          rte_rcu_qsbr* readers);
  ~PopulatedHandles();
  PopulatedHandles(const PopulatedHandles&) = delete;
  PopulatedHandles& operator=(const PopulatedHandles&) = delete;

  // Control thread. Fails where the table is full.
  [[nodiscard]] Expected<void> set(const PopulatedKey& key, SaHandle handle);
  void remove(const PopulatedKey& key) noexcept;

  // Workers. The policy's own handle where nothing is populated; kNoHandle where no SA has been
  // made for the packet's values, or it does not show them.
  [[nodiscard]] SaHandle find(PolicyId policy, const PopulateFromPacket& pfp,
                              const SelectorFields& packet) const noexcept {
    if (pfp == PopulateFromPacket{}) [[likely]]
      return SaHandle{policy.value};
    return find_populated(policy, pfp, packet);
  }

 private:
  explicit PopulatedHandles(rte_hash* hash) : hash_(hash) {}
  [[nodiscard]] SaHandle find_populated(PolicyId policy, const PopulateFromPacket& pfp,
                                        const SelectorFields& packet) const noexcept;
  rte_hash* hash_;
};

}  // namespace sallyport
