// What is left of one entry of the SPD while others are cut out of it.
#pragma once

#include <span>
#include <vector>

#include "spd/region.h"

namespace sallyport {

// What an answer about policies may cost; past it there is none. A unit of work is some 0.2 us.
struct DecorrelationLimits {
  std::size_t pieces{1024};    // of one entry
  std::size_t work{1u << 15};  // of one question: the control thread goes on after some 6 ms
};

// Counts work towards the limit of one question.
class Work {
 public:
  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);
  // Adds what is done to `total`, too.
  Work(std::size_t limit, std::size_t& total) noexcept : limit_(limit), total_(total) {}
  void add(std::size_t units) noexcept {
    done_ += units;
    total_ += units;
  }
  [[nodiscard]] bool exceeded() const noexcept { return done_ > limit_; }

 private:
  std::size_t limit_;
  std::size_t& total_;
  std::size_t done_{};
};

// Disjoint regions: no packet is in two of them.
class PieceList {
 public:
  // Begins with the packets of `regions`, which may overlap.
  PieceList(std::span<const Region> regions, std::size_t most_pieces, Work& work);

  // Removes the packets of `taken`. True where there were any.
  bool cut(const Region& taken);
  bool cut(std::span<const Region> taken);
  // True where a limit is passed: then the pieces mean nothing, and cuts do nothing.
  [[nodiscard]] bool too_many() const noexcept {
    return pieces_.size() > most_ || work_.exceeded();
  }
  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] const std::vector<Region>& pieces() const noexcept { return pieces_; }
  [[nodiscard]] std::vector<Region> take() noexcept { return std::move(pieces_); }

 private:
  // Of `pieces`.
  bool cut(std::vector<Region>& pieces, const Region& taken);

  std::size_t most_;
  Work& work_;
  std::vector<Region> pieces_;
};

}  // namespace sallyport
