// Link addresses of neighbours, by port and IP address. Control writes, workers read (lock-free).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/types.h"
#include "net/address.h"

struct rte_hash;
struct rte_rcu_qsbr;

namespace sallyport {

// Key of the table, also of the control plane's own records.
struct NeighbourKey {
  std::array<std::uint8_t, 16> address{};
  PortId port{kNoPort};
  Family family{Family::V4};
  std::uint8_t unused{};

  [[nodiscard]] static NeighbourKey of(PortId port, const Address& address) noexcept {
    return {address.bytes, port, address.family, 0};
  }
  friend auto operator<=>(const NeighbourKey&, const NeighbourKey&) = default;
};
static_assert(sizeof(NeighbourKey) == 20);

class NeighbourTable {
 public:
  // `readers` is the QSBR variable that workers report to.
  [[nodiscard]] static Expected<std::unique_ptr<NeighbourTable>> create(std::size_t capacity,
                                                                        rte_rcu_qsbr* readers);
  ~NeighbourTable();
  NeighbourTable(const NeighbourTable&) = delete;
  NeighbourTable& operator=(const NeighbourTable&) = delete;

  // Control thread.
  [[nodiscard]] Expected<void> set(const NeighbourKey& key, const MacAddress& mac);
  void remove(const NeighbourKey& key) noexcept;

  // Workers.
  [[nodiscard]] std::optional<MacAddress> find(const NeighbourKey& key) const noexcept;

 private:
  explicit NeighbourTable(rte_hash* hash) : hash_(hash) {}
  rte_hash* hash_;
};

}  // namespace sallyport
