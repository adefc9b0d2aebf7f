// Which policies of a long ordered list share packets with a given one, and which hold all of its.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "spd/piece_list.h"
#include "spd/policy_bounds.h"

namespace sallyport {

// True where some packet matches both, lists of MH types apart.
[[nodiscard]] bool overlaps(const Policy& left, const Policy& right) noexcept;

// Control thread or job; one at a time.
class PolicyOverlaps {
 public:
  // The policies that the same packets meet, in order of precedence. They stay as they are while
  // this is in use.
  explicit PolicyOverlaps(std::span<const Policy* const> ordered)
      : ordered_(ordered), bounds_(ordered) {}

  // Reads on, `most` policies at most; true when all are read. A question reads what is left.
  bool read(std::size_t most) { return bounds_.read(most); }
  [[nodiscard]] std::span<const Policy* const> ordered() const noexcept { return ordered_; }
  [[nodiscard]] const Policy& policy(std::size_t position) const noexcept {
    return *ordered_[position];
  }

  struct Overlap {
    std::size_t position;
    std::vector<Region> regions;
  };
  struct Earlier {
    std::optional<std::size_t> cover;  // the first policy that alone decides every packet
    std::vector<Overlap> overlaps;     // ascending; where there is no cover
  };
  // Of the policies before `position`; incomplete where the work is exceeded. Valid until the next
  // call.
  [[nodiscard]] const Earlier& before(std::size_t position, Work& work);
  // True where every packet of the one at `inner` matches the one at `outer`.
  [[nodiscard]] bool covers(std::size_t outer, std::size_t inner, Work& work);

  // Calls `visit` with each position in `among` whose policy overlaps the one at `position`,
  // ascending, until it says no or the work is exceeded.
  template <class Visit>
  void for_each(std::size_t position, PolicyBounds::Positions among, Work& work, Visit visit) {
    static_cast<void>(bounds_.read(ordered_.size()));
    constexpr std::size_t kChunk = 8192;
    std::vector<std::uint32_t> found;
    for (std::size_t first = among.first; first < among.end; first += kChunk) {
      work.add(kChunk / 1024);
      found.clear();
      bounds_.find_overlapping(position, {first, std::min(first + kChunk, among.end)}, found);
      for (const std::uint32_t at : found) {
        if (!may_compare(position, at, work)) return;
        if (overlaps(policy(position), policy(at)) && !visit(at)) return;
      }
    }
  }

 private:
  // Counts the comparison of all that one policy has with all of the other. False where it exceeds
  // the work: then it must not be made.
  [[nodiscard]] bool may_compare(std::size_t one, std::size_t other, Work& work) const noexcept {
    work.add(2 + bounds_.weight(one) * bounds_.weight(other) / 32);
    return !work.exceeded();
  }

  std::span<const Policy* const> ordered_;
  PolicyBounds bounds_;
  std::optional<std::size_t> whose_;  // the position that `before_` is of, where it is complete
  Earlier before_;
};

}  // namespace sallyport
