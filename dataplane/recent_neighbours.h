// The link addresses that a worker has looked up lately. What leaves a gateway for a network of
// hosts goes to another neighbour with nearly every packet, and to few of them in all.
#pragma once

#include <cstring>
#include <vector>

#include "base/octets.h"
#include "dataplane/neighbour_table.h"

namespace sallyport {

// A link address as it lies in memory, in the lower 48 bits; 0 is nobody's.
using LinkWord = std::uint64_t;
[[nodiscard]] inline LinkWord link_word(const MacAddress& mac) noexcept {
  LinkWord word = 0;
  std::memcpy(&word, mac.bytes.data(), mac.bytes.size());
  return word;
}

// One per worker. What it remembers is as old as the table's last change at most: a change of any
// neighbour has it forget all. Nothing is put together in memory and read again: a load of what has
// been stored in pieces waits for all of them.
class RecentNeighbours {
 public:
  explicit RecentNeighbours(const NeighbourTable& table) : table_(table), places_(kPlaces) {}

  // The neighbour on `port` with this address; 0 where it is not known.
  [[nodiscard]] LinkWord find(PortId port, Family family,
                              const std::array<std::uint8_t, 16>& address) noexcept {
    const std::uint32_t version = table_.version();
    const std::uint32_t rest = rest_of(port, family);
    Place& place = places_[place_of(address, rest)];
    const bool known = place.version == version && place.rest == rest;
    if (known && same_octets(place.address, address)) [[likely]]
      return place.mac;
    return look_up({address, port, family, 0}, version, place);
  }

 private:
  static constexpr unsigned kPlaceBits = 10;
  static constexpr std::size_t kPlaces = std::size_t{1} << kPlaceBits;
  struct Place {
    std::array<std::uint8_t, 16> address;
    std::uint32_t rest;       // of the key: port and family
    std::uint32_t version{};  // of the table, when it was asked; 0: an empty place
    LinkWord mac;
  };
  static_assert(sizeof(Place) == 32);

  [[nodiscard]] static std::uint32_t rest_of(PortId port, Family family) noexcept {
    return std::uint32_t{static_cast<std::uint8_t>(family)} << 16 | port.value;
  }
  [[nodiscard]] static std::size_t place_of(const std::array<std::uint8_t, 16>& address,
                                            std::uint32_t rest) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, address.data(), sizeof halves);
    const std::uint64_t mixed = (halves[0] ^ halves[1] ^ rest) * 0x9e3779b97f4a7c15;
    return mixed >> (64 - kPlaceBits);
  }
  [[gnu::noinline]] LinkWord look_up(const NeighbourKey& key, std::uint32_t version,
                                     Place& place) noexcept {
    const auto mac = table_.find(key);
    if (!mac) return 0;
    place.address = key.address;
    place.rest = rest_of(key.port, key.family);
    place.version = version;
    place.mac = link_word(*mac);
    return place.mac;
  }

  const NeighbourTable& table_;
  std::vector<Place> places_;
};

}  // namespace sallyport
