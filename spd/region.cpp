#include "spd/region.h"

#include <array>

#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kLastProtocol = 0xff;

constexpr std::size_t kShowing = [] {
  std::size_t count = 0;
  for (unsigned protocol = 0; protocol <= kLastProtocol; ++protocol)
    count += port_meaning(static_cast<std::uint8_t>(protocol)) != PortMeaning::None ? 1 : 0;
  return count;
}();
// The protocols that show something in the port slots.
constexpr std::array<std::uint8_t, kShowing> kShowingProtocols = [] {
  std::array<std::uint8_t, kShowing> list{};
  std::size_t count = 0;
  for (unsigned protocol = 0; protocol <= kLastProtocol; ++protocol)
    if (port_meaning(static_cast<std::uint8_t>(protocol)) != PortMeaning::None)
      list[count++] = static_cast<std::uint8_t>(protocol);
  return list;
}();

// Asks each axis, in the order in which they are cut, until one answer is no.
template <class Ask>
bool all_axes(Ask ask) {
  return ask(&Region::local) && ask(&Region::remote) && ask(&Region::protocol) &&
         ask(&Region::local_port) && ask(&Region::remote_port);
}

IntervalSet<AddressNumber> address_set(const std::vector<AddressRange>& ranges, Family family) {
  if (ranges.empty()) return {0, number_of(Prefix{Address::any(family), 0}.last())};
  IntervalSet<AddressNumber> set;
  for (const AddressRange& range : ranges)
    if (range.first.family == family) set.add(number_of(range.first), number_of(range.last));
  return set;
}

IntervalSet<PortValue> port_set(const PortSet& ports) {
  if (ports.is_any()) return {0, kNotApplicable};
  if (ports.is_opaque()) return {kUnavailable, kNotApplicable};
  IntervalSet<PortValue> set{kNotApplicable, kNotApplicable};
  for (const PortRange& range : ports.ranges()) set.add(range.first, range.last);
  return set;
}

void add_regions(const Selector& selector, std::vector<Region>& regions) {
  for (const Family family : {Family::V4, Family::V6}) {
    IntervalSet<AddressNumber> local = address_set(selector.local, family);
    IntervalSet<AddressNumber> remote = address_set(selector.remote, family);
    if (local.empty() || remote.empty()) continue;
    regions.push_back(
        {.family = family,
         .local = std::move(local),
         .remote = std::move(remote),
         .protocol = {selector.protocol.value_or(0), selector.protocol.value_or(kLastProtocol)},
         .local_port = port_set(selector.local_port),
         .remote_port = port_set(selector.remote_port)});
  }
}

// What two sets of one slot share, as far as it decides whether there is a packet.
struct SharedSlot {
  const IntervalSet<PortValue>& left;
  const IntervalSet<PortValue>& right;

  [[nodiscard]] bool holds(PortValue value) const noexcept {
    return left.contains(value) && right.contains(value);
  }
  [[nodiscard]] bool holds_port() const noexcept { return left.meets_within(right, 0, kLastPort); }
  [[nodiscard]] bool holds_mobility_type() const noexcept {
    for (PortValue value = 0; value <= kLastPort; value += 0x100)
      if (holds(value)) return true;
    return false;
  }
};

// A packet of a protocol with this meaning that `from` sends.
bool can_send(const SharedSlot& from, const SharedSlot& to, PortMeaning meaning) noexcept {
  switch (meaning) {
    case PortMeaning::None:
      return false;
    case PortMeaning::Ports:
      return from.holds_port() && to.holds_port();
    case PortMeaning::Icmp:
      return to.holds(kNotApplicable) && from.holds_port();
    case PortMeaning::Mobility:
      return to.holds(kNotApplicable) && from.holds_mobility_type();
  }
  return false;
}

}  // namespace

Region Region::of(const SelectorFields& fields) {
  const AddressNumber local = number_of(fields.local);
  const AddressNumber remote = number_of(fields.remote);
  return {.family = fields.local.family,
          .local = {local, local},
          .remote = {remote, remote},
          .protocol = {fields.protocol, fields.protocol},
          .local_port = {fields.local_port, fields.local_port},
          .remote_port = {fields.remote_port, fields.remote_port}};
}

bool Region::contains(const SelectorFields& fields) const noexcept {
  return fields.local.family == family && fields.remote.family == family &&
         local.contains(number_of(fields.local)) && remote.contains(number_of(fields.remote)) &&
         protocol.contains(fields.protocol) && local_port.contains(fields.local_port) &&
         remote_port.contains(fields.remote_port);
}

std::size_t Region::intervals() const noexcept {
  return local.size() + remote.size() + protocol.size() + local_port.size() + remote_port.size();
}

std::vector<Region> regions_of(const Selector& selector) {
  std::vector<Region> regions;
  add_regions(selector, regions);
  return regions;
}

std::vector<Region> regions_of(const Policy& policy) {
  std::vector<Region> regions;
  for (const Selector& selector : policy.selectors) add_regions(selector, regions);
  return regions;
}

Ways shared_ways(const Region& left, const Region& right) noexcept {
  if (left.family != right.family || !left.local.meets(right.local) ||
      !left.remote.meets(right.remote) || !left.protocol.meets(right.protocol))
    return {};
  const SharedSlot local{left.local_port, right.local_port};
  const SharedSlot remote{left.remote_port, right.remote_port};
  // A later fragment, or a protocol that shows nothing: of every protocol, either way.
  if (local.holds(kUnavailable) && remote.holds(kUnavailable)) return {true, true};
  Ways found;
  for (const std::uint8_t protocol : kShowingProtocols) {
    if (!left.protocol.contains(protocol) || !right.protocol.contains(protocol)) continue;
    const PortMeaning meaning = port_meaning(protocol);
    found.outbound = found.outbound || can_send(local, remote, meaning);
    found.inbound = found.inbound || can_send(remote, local, meaning);
  }
  return found;
}

std::optional<Region> intersect(Region left, const Region& right) {
  if (!shared_ways(left, right).any()) return std::nullopt;
  static_cast<void>(all_axes([&](auto axis) {
    (left.*axis).keep(right.*axis);
    return true;
  }));
  return left;
}

std::vector<Region> subtract(Region piece, const Region& taken) {
  std::vector<Region> parts;
  if (!shared_ways(piece, taken).any()) {
    parts.push_back(std::move(piece));
    return parts;
  }
  int left = 0;  // axes on which something stays
  static_cast<void>(all_axes([&](auto axis) {
    left += (taken.*axis).covers(piece.*axis) ? 0 : 1;
    return true;
  }));
  static_cast<void>(all_axes([&](auto axis) {
    if (left == 0) return false;
    if ((taken.*axis).covers(piece.*axis)) return true;
    if (--left == 0) {
      (piece.*axis).remove(taken.*axis);
      if (ways(piece).any()) parts.push_back(std::move(piece));
      return false;
    }
    Region part = piece;
    (part.*axis).remove(taken.*axis);
    if (ways(part).any()) parts.push_back(std::move(part));
    (piece.*axis).keep(taken.*axis);
    return true;
  }));
  return parts;
}

void narrow(Region& piece, const Region& taken, const Region& packet) {
  if (!shared_ways(piece, taken).any()) return;
  static_cast<void>(all_axes([&](auto axis) {
    const bool goes_on = (taken.*axis).covers(packet.*axis);
    if (goes_on)
      (piece.*axis).keep(taken.*axis);
    else
      (piece.*axis).remove(taken.*axis);
    return goes_on;
  }));
}

}  // namespace sallyport
