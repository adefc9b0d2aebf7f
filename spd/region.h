// Sets of packets as products: what RFC 4301 appendix B cuts entries of the SPD into.
#pragma once

#include <optional>
#include <vector>

#include "net/selector.h"
#include "spd/address_number.h"
#include "spd/interval_set.h"
#include "spd/policy.h"

namespace sallyport {

// All packets of one family whose five fields lie in these sets. Ports are 0 to kNotApplicable.
struct Region {
  Family family{Family::V4};
  IntervalSet<AddressNumber> local;
  IntervalSet<AddressNumber> remote;
  IntervalSet<std::uint32_t> protocol;
  IntervalSet<PortValue> local_port;
  IntervalSet<PortValue> remote_port;

  // The one packet.
  [[nodiscard]] static Region of(const SelectorFields& fields);
  [[nodiscard]] bool contains(const SelectorFields& fields) const noexcept;
  // Of all five fields.
  [[nodiscard]] std::size_t intervals() const noexcept;
  friend bool operator==(const Region&, const Region&) = default;
};

// What matches() says yes to, of packets whose addresses are of one family: one region for each
// family that the selector holds.
[[nodiscard]] std::vector<Region> regions_of(const Selector& selector);
// Of all its selectors, one after the other; they may overlap.
[[nodiscard]] std::vector<Region> regions_of(const Policy& policy);

// Which way packets go. Fields can have values that no packet has, such as a TCP port on one side
// only; a region of nothing else is as good as empty.
struct Ways {
  bool outbound{};
  bool inbound{};
  [[nodiscard]] bool any() const noexcept { return outbound || inbound; }
};
// Of the packets that both hold.
[[nodiscard]] Ways shared_ways(const Region& left, const Region& right) noexcept;
[[nodiscard]] inline Ways ways(const Region& region) noexcept {
  return shared_ways(region, region);
}

// Nullopt where no packet is in both.
[[nodiscard]] std::optional<Region> intersect(Region left, const Region& right);
// `piece` without `taken`: at most five regions, disjoint, each with a packet in it; `piece` itself
// where no packet is in both (RFC 4301 B.1, the branches of one node).
[[nodiscard]] std::vector<Region> subtract(Region piece, const Region& taken);
// Of what subtract() leaves of `piece` the one with `packet` in it, which `piece` has and `taken`
// has not.
void narrow(Region& piece, const Region& taken, const Region& packet);

}  // namespace sallyport
