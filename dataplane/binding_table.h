// The bindings that packets are led by and Home Address options are checked against (RFC 6275
// 9.3.1, 9.3.2, 10.4, 11.3). Control writes, workers read (lock-free).
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "dataplane/binding.h"
#include "sad/retirement.h"

struct rte_hash;
struct rte_rcu_qsbr;

namespace sallyport {

class BindingTable {
 public:
  // Binding networks are mobile network prefixes, each of which takes a place.
  static constexpr std::size_t kMostNetworks = 16;  // of one binding

  // `readers` is the QSBR variable that workers report to; `retirement` outlives the table.
  [[nodiscard]] static Expected<std::unique_ptr<BindingTable>> create(std::size_t capacity,
                                                                      rte_rcu_qsbr* readers,
                                                                      Retirement& retirement);
  ~BindingTable();
  BindingTable(const BindingTable&) = delete;
  BindingTable& operator=(const BindingTable&) = delete;

  // Control thread. In place of the one with the same use, home address and, of a MobileNode or a
  // Correspondent, peer. Refuses what is no binding, and what the table has no room for; then the
  // old one stays.
  [[nodiscard]] Expected<void> set(const Binding& binding);
  // `peer` counts for MobileNode and Correspondent alone.
  void remove(BindingUse use, const Address& home_address, const Address& peer) noexcept;
  // Whether it has led a packet since this was asked last.
  [[nodiscard]] bool take_used(BindingUse use, const Address& home_address,
                               const Address& peer) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  // Octets that one place takes.
  static constexpr std::size_t kPlaceBytes = 512;

  // Workers. `peer` as above.
  [[nodiscard]] BindingId find(BindingUse use, const Address& home_address,
                               const Address& peer = Address::any(Family::V6)) const noexcept;
  // The same for many, which costs much less than one after the other; without a peer.
  void find(BindingUse use, std::span<const Address> home_addresses,
            std::span<BindingId> found) const noexcept;
  // The one of this use in one of whose networks `address` is.
  [[nodiscard]] BindingId find_network(BindingUse use, const Address& address) const noexcept;
  // The binding of this use that has `address` as its home address or in one of its networks.
  [[nodiscard]] BindingId find_around(BindingUse use, const Address& address) const noexcept;
  // The one of a HomeAgent whose link-local address it is.
  [[nodiscard]] BindingId find_link_local(const Address& address) const noexcept;
  [[nodiscard]] const Binding& operator[](BindingId id) const noexcept {
    return slots_[id.value].binding;
  }
  void mark_used(BindingId id) const noexcept {
    std::atomic<bool>& used = slots_[id.value].used;
    if (!used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
  }

 private:
  struct Slot {
    Binding binding;
    mutable std::atomic<bool> used{};
    // What DPDK's hash publishes by is hidden in its library from ThreadSanitizer: who has found
    // the slot there looks here.
    std::atomic<bool> written{};
  };
  // What a binding is found by; 40 octets without a gap.
  struct Key {
    std::uint64_t kind;  // a use and what of it
    std::array<std::uint8_t, 16> address;
    std::array<std::uint8_t, 16> peer;
  };
  enum class Part : std::uint8_t { Home, LinkLocal, Network };

  BindingTable(rte_hash* hash, std::size_t capacity, Retirement& retirement);
  [[nodiscard]] static Key key_of(BindingUse use, const Address& home_address,
                                  const Address& peer) noexcept;
  [[nodiscard]] static Key network_key(BindingUse use, const Address& address,
                                       std::uint8_t length) noexcept;
  [[nodiscard]] static Key link_local_key(const Address& address) noexcept;
  // The first one is that of find().
  [[nodiscard]] static std::vector<Key> keys_of(const Binding& binding);
  [[nodiscard]] BindingId look_up(const Key& key) const noexcept;
  [[nodiscard]] BindingId seen(BindingId id) const noexcept;
  [[nodiscard]] bool add(const Key& key, BindingId id) noexcept;
  void withdraw(const std::vector<Key>& keys, BindingId id) noexcept;
  void count(const Binding& binding, int by) noexcept;
  void retire(BindingId id);

  rte_hash* hash_;
  std::vector<Slot> slots_;  // by BindingId; as many again as may be in use: old ones wait
  std::shared_ptr<std::vector<BindingId>> free_;
  Retirement& retirement_;
  std::size_t capacity_;
  std::size_t size_{};
  std::array<std::atomic<std::uint32_t>, 4> in_use_{};   // by BindingUse
  std::array<std::uint32_t, 129> networks_{};            // by length
  std::array<std::atomic<std::uint64_t>, 3> lengths_{};  // a bit for each that there is
};

}  // namespace sallyport
