// Up to 262 144 selectors in order of precedence, and the first of them that a packet matches: an
// axis of intervals for each selector field, and on each the columns that cover a value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "spd/axis_tree.h"
#include "spd/bit_rows.h"
#include "spd/policy.h"

namespace sallyport {

// Immutable after construction: any number of threads may ask at once. Memory and the time to build
// grow with the number of ranges (docs/decisions/0002-policy-matcher.md).
class PolicyIndex {
 public:
  static constexpr std::size_t kCapacity = BitRows::kColumns;

  PolicyIndex() = default;
  // At most kCapacity, one column each; they are not kept.
  explicit PolicyIndex(std::span<const Selector* const> selectors);

  // The first column that matches, of those whose bits are set in `live`: a bit for each column.
  [[nodiscard]] std::optional<std::uint32_t> first_match(
      const SelectorFields& fields, std::span<const std::uint64_t> live) const noexcept;

  // Octets on the heap.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  using Wide = unsigned __int128;  // an IPv6 address as a number
  struct AddressAxes {
    AxisTree<std::uint32_t> v4;
    AxisTree<Wide> v6;
  };
  void follow_addresses(const SelectorFields& fields, RowPath& local,
                        RowPath& remote) const noexcept;

  BitRows rows_;
  AddressAxes local_;
  AddressAxes remote_;
  AxisTree<std::uint32_t> protocol_;
  AxisTree<PortValue> local_port_;
  AxisTree<PortValue> remote_port_;
};

}  // namespace sallyport
