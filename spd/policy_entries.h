// What workers need of each policy, by PolicyId. One set has most of it in common with the next:
// an edit copies the pieces that it touches and no others.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "spd/policy.h"

namespace sallyport {

// What a worker needs of one policy. `generation` rises with every edit that may change the answer
// for a packet that this policy decided; a cached answer with an older one is stale (SPD-06).
struct PolicyEntry {
  PolicyAction action{PolicyAction::Discard};
  std::uint32_t generation{};
  bool stateful{};    // later fragments go where their first went (FRAG-04, FRAG-05)
  bool negotiable{};  // a key manager may be asked for its SAs (SPD-15)
  PopulateFromPacket pfp;
  std::uint32_t place{};  // in its SPD's order; only where PolicySet::wide is not empty
};

// Copies are cheap. Control edits; what it has given to workers stays as it was.
class PolicyEntries {
 public:
  [[nodiscard]] const PolicyEntry& operator[](PolicyId id) const noexcept {
    return (*pieces_[id.value / kPiece])[id.value % kPiece];
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void push_back(const PolicyEntry& entry) {
    if (size_ % kPiece == 0) pieces_.push_back(std::make_shared<Piece>());
    ++size_;
    edit(PolicyId{static_cast<std::uint32_t>(size_ - 1)}) = entry;
  }
  [[nodiscard]] PolicyEntry& edit(PolicyId id) {
    std::shared_ptr<Piece>& piece = pieces_[id.value / kPiece];
    if (piece.use_count() != 1) piece = std::make_shared<Piece>(*piece);
    return (*piece)[id.value % kPiece];
  }

 private:
  static constexpr std::size_t kPiece = 1024;
  using Piece = std::array<PolicyEntry, kPiece>;

  std::vector<std::shared_ptr<Piece>> pieces_;
  std::size_t size_{};
};

}  // namespace sallyport
