// For which SAs a worker has asked control lately, so that a flow that waits for one does not send
// all its packets there (SPD-15).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/keyed_hash.h"
#include "spd/populate.h"

namespace sallyport {

class AskedSas {
 public:
  // `each` packets of one key may go to control within `window` ticks.
  AskedSas(const KeyedHash& hash, std::uint32_t each, std::uint64_t window)
      : hash_(hash), each_(each), window_(window), places_(std::make_unique<Places>()) {}

  // True: this packet may go. What has to share a place with another key may go once more.
  [[nodiscard]] bool may_ask(const PopulatedKey& key, std::uint64_t now) noexcept {
    const std::uint64_t mark = hash_(key);
    Place& place = (*places_)[mark % kPlaces];
    if (place.mark != mark || now - place.since >= window_) place = {mark, now, 0};
    return place.count++ < each_;
  }

 private:
  static constexpr std::size_t kPlaces = 1024;
  struct Place {
    std::uint64_t mark{};
    std::uint64_t since{};
    std::uint64_t count{};
  };
  using Places = std::array<Place, kPlaces>;

  KeyedHash hash_;
  std::uint32_t each_;
  std::uint64_t window_;
  std::unique_ptr<Places> places_;
};

}  // namespace sallyport
