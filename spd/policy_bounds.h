// The box around each policy of a long list, coarse and small, to find in microseconds the few that
// may overlap a given one among a hundred thousand.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "spd/policy.h"

namespace sallyport {

class PolicyBounds {
 public:
  // `ordered` and its policies stay as they are while this is in use.
  explicit PolicyBounds(std::span<const Policy* const> ordered);

  // Reads on, `most` policies at most and a sample of all before the first; true when all are read.
  bool read(std::size_t most);

  struct Positions {
    std::size_t first;
    std::size_t end;
  };
  // Adds to `found` the positions, out of those that have been read, of all policies that share a
  // packet with the one at `position`, and of some others.
  void find_overlapping(std::size_t position, Positions among,
                        std::vector<std::uint32_t>& found) const;
  // False where the policy at `outer` does not hold all that the one at `inner` does.
  [[nodiscard]] bool may_cover(std::size_t outer, std::size_t inner) const noexcept;
  // Selectors and ranges of the policy: what it takes to look at all of it.
  [[nodiscard]] std::size_t weight(std::size_t position) const noexcept {
    return weights_[position];
  }

 private:
  using Bucket = std::uint16_t;
  // Cuts the addresses of both families into buckets that are about equally full.
  class Buckets {
   public:
    Buckets() = default;
    explicit Buckets(std::vector<std::uint64_t> bounds);
    [[nodiscard]] Bucket of(std::uint64_t place) const noexcept;

   private:
    std::vector<std::uint64_t> bounds_;
  };
  template <class Number>
  struct Range {
    Number first;
    Number last;
    [[nodiscard]] bool meets(const Range& other) const noexcept {
      return first <= other.last && other.first <= last;
    }
    [[nodiscard]] bool covers(const Range& other) const noexcept {
      return first <= other.first && other.last <= last;
    }
  };
  // One side's addresses, an array for each end, so that the compiler compares many at once.
  struct Side {
    std::vector<AddressRange> Selector::* addresses;
    Buckets buckets;
    std::vector<Bucket> first;
    std::vector<Bucket> last;
  };
  struct Ports {
    Range<std::uint8_t> protocol;
    Range<std::uint16_t> local;
    Range<std::uint16_t> remote;
  };
  void choose_buckets();
  [[nodiscard]] static Range<std::uint64_t> places_of(
      const Policy& policy, std::vector<AddressRange> Selector::* addresses) noexcept;
  [[nodiscard]] static Ports ports_of(const Policy& policy) noexcept;

  std::span<const Policy* const> ordered_;
  std::array<Side, 2> sides_;
  std::vector<Ports> ports_;            // by position
  std::vector<std::uint32_t> weights_;  // by position
};

}  // namespace sallyport
