// Random selectors that overlap a lot, and packets that lie on their edges.
#pragma once

#include <random>
#include <span>
#include <vector>

#include "spd/policy.h"

namespace sallyport::test {

class RandomPolicies {
 public:
  explicit RandomPolicies(std::uint64_t seed) : random_(seed) {}

  // Valid: one family, sometimes none; lists, ranges, OPAQUE, ICMP and mobility types.
  [[nodiscard]] Selector selector();
  [[nodiscard]] std::vector<Selector> selectors(std::size_t at_most);
  // Aims at the inside, the ends or just beyond the ends of one of `selectors` half of the time.
  // Port slots may hold what no packet has, which matchers need not know.
  [[nodiscard]] SelectorFields packet(std::span<const Selector> selectors);
  // The same, with port slots as selector_fields() makes them.
  [[nodiscard]] SelectorFields real_packet(std::span<const Selector> selectors);

  // 0 to `count` - 1.
  [[nodiscard]] std::size_t below(std::size_t count);
  template <class T>
  [[nodiscard]] const T& one_of(std::span<const T> choices) {
    return choices[below(choices.size())];
  }

 private:
  [[nodiscard]] Address address(Family family);
  [[nodiscard]] AddressRange range(Family family);
  [[nodiscard]] std::vector<AddressRange> ranges(Family family);
  [[nodiscard]] PortSet ports();
  [[nodiscard]] Address near(std::span<const AddressRange> ranges, Family family);
  [[nodiscard]] PortValue near(const PortSet& ports);

  std::mt19937_64 random_;
};

}  // namespace sallyport::test
