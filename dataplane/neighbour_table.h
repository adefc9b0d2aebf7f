// Link addresses of neighbours, by port and IP address. Control writes, workers read (lock-free).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/neighbour_publisher.h"

struct rte_hash;
struct rte_rcu_qsbr;

namespace sallyport {

class NeighbourTable final : public NeighbourPublisher {
 public:
  // `readers` is the QSBR variable that workers report to.
  [[nodiscard]] static Expected<std::unique_ptr<NeighbourTable>> create(std::size_t capacity,
                                                                        rte_rcu_qsbr* readers);
  ~NeighbourTable() override;
  NeighbourTable(const NeighbourTable&) = delete;
  NeighbourTable& operator=(const NeighbourTable&) = delete;

  // Control thread.
  [[nodiscard]] Expected<void> set(const NeighbourKey& key, const MacAddress& mac) override;
  void remove(const NeighbourKey& key) noexcept override;

  // Workers.
  [[nodiscard]] std::optional<MacAddress> find(const NeighbourKey& key) const noexcept;
  // Another one after each change, never 0: what was found before it is read may be out of date
  // then, and what is found after it is not older.
  [[nodiscard]] std::uint32_t version() const noexcept {
    return version_.load(std::memory_order_acquire);
  }

 private:
  explicit NeighbourTable(rte_hash* hash) : hash_(hash) {}
  void changed() noexcept;

  rte_hash* hash_;
  std::atomic<std::uint32_t> version_{1};
};

}  // namespace sallyport
