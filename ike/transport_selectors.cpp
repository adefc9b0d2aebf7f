#include "ike/transport_selectors.h"

#include <algorithm>

namespace sallyport::ike {
namespace {

bool is_of_one_address(const TrafficSelectors& side) {
  return !side.empty() && std::ranges::all_of(side, [&](const TrafficSelector& one) {
    return one.addresses ==
           AddressRange{side.front().addresses.first, side.front().addresses.first};
  });
}

void move_to(TrafficSelectors& side, const Address& address) {
  for (TrafficSelector& one : side) one.addresses = {address, address};
}

bool holds(const std::vector<AddressRange>& ranges, const Address& address) {
  return ranges.empty() || std::ranges::any_of(ranges, [&](const AddressRange& range) {
           return range.contains(address);
         });
}

}  // namespace

std::optional<SelectorPair> seen_from_here(const SelectorPair& on_wire, const Path& path,
                                           const NatFindings& nat) {
  if (!is_of_one_address(on_wire.local) || !is_of_one_address(on_wire.remote)) return std::nullopt;
  SelectorPair seen = on_wire;
  if (nat.here) move_to(seen.local, path.local.address);
  if (nat.there) move_to(seen.remote, path.remote.address);
  return seen;
}

std::vector<Selector> between_hosts(std::span<const Selector> selectors, const Address& local,
                                    const Address& remote) {
  std::vector<Selector> between;
  for (const Selector& selector : selectors) {
    if (!holds(selector.local, local) || !holds(selector.remote, remote)) continue;
    Selector& one = between.emplace_back(selector);
    one.local = {{local, local}};
    one.remote = {{remote, remote}};
  }
  return between;
}

}  // namespace sallyport::ike
