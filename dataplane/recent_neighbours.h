// The link addresses that a worker has looked up lately. What leaves a gateway for a network of
// hosts goes to another neighbour with nearly every packet, and to few of them in all.
#pragma once

#include <cstring>
#include <vector>

#include "base/octets.h"
#include "dataplane/neighbour_table.h"

namespace sallyport {

// One per worker. What it remembers is as old as the table's last change at most: a change of any
// neighbour has it forget all.
class RecentNeighbours {
 public:
  explicit RecentNeighbours(const NeighbourTable& table) : table_(table), places_(kPlaces) {}

  // As NeighbourTable::find().
  [[nodiscard]] std::optional<MacAddress> find(const NeighbourKey& key) noexcept {
    const std::uint32_t version = table_.version();
    Place& place = places_[place_of(key)];
    if (place.version == version && same(place.key, key)) [[likely]]
      return place.mac;
    return look_up(key, version, place);
  }

 private:
  static constexpr unsigned kPlaceBits = 10;
  static constexpr std::size_t kPlaces = std::size_t{1} << kPlaceBits;
  struct Place {
    NeighbourKey key;
    MacAddress mac;
    std::uint32_t version{};  // of the table, when it was asked; 0: an empty place
  };
  static_assert(sizeof(Place) == 32);

  // Port and family.
  [[nodiscard]] static std::uint32_t rest_of(const NeighbourKey& key) noexcept {
    static_assert(offsetof(NeighbourKey, port) == 16 && sizeof(NeighbourKey) == 20);
    std::uint32_t rest;
    std::memcpy(&rest, &key.port, sizeof rest);
    return rest;
  }
  [[nodiscard]] static bool same(const NeighbourKey& left, const NeighbourKey& right) noexcept {
    return same_octets(left.address, right.address) && rest_of(left) == rest_of(right);
  }
  [[nodiscard]] static std::size_t place_of(const NeighbourKey& key) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, key.address.data(), sizeof halves);
    const std::uint64_t mixed = (halves[0] ^ halves[1] ^ rest_of(key)) * 0x9e3779b97f4a7c15;
    return mixed >> (64 - kPlaceBits);
  }
  [[gnu::noinline]] std::optional<MacAddress> look_up(const NeighbourKey& key,
                                                      std::uint32_t version,
                                                      Place& place) noexcept {
    const auto mac = table_.find(key);
    if (mac) place = {key, *mac, version};
    return mac;
  }

  const NeighbourTable& table_;
  std::vector<Place> places_;
};

}  // namespace sallyport
