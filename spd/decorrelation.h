// The ordered SPD as entries that do not overlap, so that no order is needed between them (RFC 4301
// appendix B; SPD-04). Computed for one entry at a time when somebody asks: what a packet meets is
// found by the matcher (docs/decisions/0007-decorrelation.md).
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "spd/policy_overlaps.h"

namespace sallyport {

// What one policy becomes. All of it is linked by the policy: whatever is negotiated or cached for
// one piece is for all (SPD-05).
struct LinkedPieces {
  std::size_t position{};       // of the policy
  std::vector<Region> regions;  // no packet is in two; none: earlier policies decide everything
  // Earlier policies that took something away, ascending; where one takes everything, it alone.
  std::vector<std::size_t> cut_by;
};

// A limit was passed: whoever wants the entry matches the policies in order.
struct TooManyPieces {};

// The piece that holds one packet.
struct PieceOfPacket {
  Region region;
  std::vector<std::size_t> cut_by;  // earlier policies that took something from this very piece
};

// Control thread or job; one at a time.
class Decorrelation {
 public:
  // The policies that the same packets meet, in order of precedence. They stay as they are while
  // this is in use.
  explicit Decorrelation(std::span<const Policy* const> ordered, DecorrelationLimits limits = {})
      : overlaps_(ordered), limits_(limits) {}

  // Reads on, `most` policies at most; true when all are read. A question reads what is left:
  // whoever may not stall reads to the end before the first one.
  bool read(std::size_t most) { return overlaps_.read(most); }
  [[nodiscard]] PolicyOverlaps& overlaps() noexcept { return overlaps_; }
  [[nodiscard]] std::span<const Policy* const> ordered() const noexcept {
    return overlaps_.ordered();
  }
  [[nodiscard]] const DecorrelationLimits& limits() const noexcept { return limits_; }
  // Of one more question.
  [[nodiscard]] Work begin_work() noexcept { return Work(limits_.work, work_done_); }
  // Spent on questions so far.
  [[nodiscard]] std::size_t work_done() const noexcept { return work_done_; }

  // All pieces of the policy at `position`.
  [[nodiscard]] std::expected<LinkedPieces, TooManyPieces> pieces_of(std::size_t position);
  // That one of pieces_of() which holds the packet, whose fields are as selector_fields() makes
  // them: however many there are, in one pass over the earlier policies, with nothing read before.
  // Nullopt where another policy decides the packet.
  [[nodiscard]] std::optional<PieceOfPacket> piece_of(std::size_t position,
                                                      const SelectorFields& fields);

 private:
  PolicyOverlaps overlaps_;
  DecorrelationLimits limits_;
  std::size_t work_done_{};
};

// The decorrelated SPD in the three parts of RFC 4301 4.4.1 (SPD-02).
struct SplitSpd {
  struct Entry {
    std::size_t position;  // of the policy that it comes from
    Region region;
  };
  std::vector<Entry> protect;         // SPD-S
  std::vector<Entry> outbound;        // SPD-O: what to bypass or discard on the way out
  std::vector<Entry> inbound;         // SPD-I: on the way in
  std::vector<std::size_t> in_order;  // policies of too many pieces, for packets in no entry
};
[[nodiscard]] SplitSpd split(Decorrelation& decorrelation);

}  // namespace sallyport
