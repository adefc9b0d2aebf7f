#include "spd/policy_bounds.h"

#include <algorithm>

#include "net/protocol.h"

namespace sallyport {
namespace {

// Policies whose addresses become bounds of buckets.
constexpr std::size_t kSample = 4096;
constexpr std::uint64_t kFirstV6Place = std::uint64_t{1} << 63;
constexpr std::uint64_t kLastPlace = ~std::uint64_t{0};

// Addresses of both families in a line, in order; of IPv6 those of a /63 fall together.
std::uint64_t place_of(const Address& address) noexcept {
  if (address.family == Family::V4) return address.v4_value();
  return kFirstV6Place | load_be<std::uint64_t>(address.bytes.data()) >> 1;
}

// Hidden ports fall together with the last one; kNotApplicable is for protocols without two ports,
// whose slots cannot be told apart here.
template <class Range>
Range port_range(const Selector& selector, const PortSet& ports) noexcept {
  const bool two_ports =
      selector.protocol && port_meaning(*selector.protocol) == PortMeaning::Ports;
  if (!two_ports || ports.is_any()) return {0, 0xffff};
  if (ports.is_opaque()) return {0xffff, 0xffff};
  return {ports.ranges().front().first, ports.ranges().back().last};
}

std::uint32_t weight_of(const Policy& policy) noexcept {
  std::size_t weight = 0;
  for (const Selector& selector : policy.selectors)
    weight += 1 + selector.local.size() + selector.remote.size() +
              selector.local_port.ranges().size() + selector.remote_port.ranges().size();
  return static_cast<std::uint32_t>(weight);
}

template <class Range>
void extend(Range& range, const Range& by) noexcept {
  range.first = std::min(range.first, by.first);
  range.last = std::max(range.last, by.last);
}

}  // namespace

PolicyBounds::Buckets::Buckets(std::vector<std::uint64_t> bounds) : bounds_(std::move(bounds)) {
  bounds_.push_back(kFirstV6Place);
  std::ranges::sort(bounds_);
  bounds_.erase(std::ranges::unique(bounds_).begin(), bounds_.end());
}

PolicyBounds::Bucket PolicyBounds::Buckets::of(std::uint64_t place) const noexcept {
  static_assert(2 * kSample + 1 <= 0xffff);
  return static_cast<Bucket>(std::ranges::upper_bound(bounds_, place) - bounds_.begin());
}

PolicyBounds::PolicyBounds(std::span<const Policy* const> ordered)
    : ordered_(ordered),
      sides_{{{&Selector::local, {}, {}, {}}, {&Selector::remote, {}, {}, {}}}} {}

void PolicyBounds::choose_buckets() {
  const std::size_t stride = ordered_.size() / kSample + 1;
  for (Side& side : sides_) {
    std::vector<std::uint64_t> bounds;
    for (std::size_t position = 0; position < ordered_.size(); position += stride) {
      const Range<std::uint64_t> places = places_of(*ordered_[position], side.addresses);
      bounds.push_back(places.first);
      bounds.push_back(places.last);
    }
    side.buckets = Buckets(std::move(bounds));
  }
}

bool PolicyBounds::read(std::size_t most) {
  if (ports_.empty()) choose_buckets();
  const std::size_t end = std::min(ordered_.size(), ports_.size() + most);
  for (std::size_t position = ports_.size(); position < end; ++position) {
    for (Side& side : sides_) {
      const Range<std::uint64_t> places = places_of(*ordered_[position], side.addresses);
      side.first.push_back(side.buckets.of(places.first));
      side.last.push_back(side.buckets.of(places.last));
    }
    ports_.push_back(ports_of(*ordered_[position]));
    weights_.push_back(weight_of(*ordered_[position]));
  }
  return end == ordered_.size();
}

void PolicyBounds::find_overlapping(std::size_t position, Positions among,
                                    std::vector<std::uint32_t>& found) const {
  const auto wanted = [position](const Side& side) {
    return Range<Bucket>{side.first[position], side.last[position]};
  };
  const Range<Bucket> local = wanted(sides_[0]);
  const Range<Bucket> remote = wanted(sides_[1]);
  const auto ports_meet = [&](const Ports& ours, const Ports& theirs) {
    return ours.protocol.meets(theirs.protocol) && ours.local.meets(theirs.local) &&
           ours.remote.meets(theirs.remote);
  };
  constexpr std::size_t kBlock = 512;
  std::array<Bucket, kBlock> hits;
  for (std::size_t from = among.first; from < among.end; from += kBlock) {
    const std::size_t count = std::min(kBlock, among.end - from);
    const Bucket* const local_first = &sides_[0].first[from];
    const Bucket* const local_last = &sides_[0].last[from];
    const Bucket* const remote_first = &sides_[1].first[from];
    const Bucket* const remote_last = &sides_[1].last[from];
    Bucket any = 0;
    for (std::size_t i = 0; i < count; ++i) {
      hits[i] =
          static_cast<Bucket>((local_first[i] <= local.last) & (local_last[i] >= local.first) &
                              (remote_first[i] <= remote.last) & (remote_last[i] >= remote.first));
      any = static_cast<Bucket>(any | hits[i]);
    }
    for (std::size_t i = 0; any != 0 && i < count; ++i)
      if (hits[i] != 0 && ports_meet(ports_[position], ports_[from + i]))
        found.push_back(static_cast<std::uint32_t>(from + i));
  }
}

bool PolicyBounds::may_cover(std::size_t outer, std::size_t inner) const noexcept {
  const Ports& ours = ports_[outer];
  const Ports& theirs = ports_[inner];
  return ours.protocol.covers(theirs.protocol) && ours.local.covers(theirs.local) &&
         ours.remote.covers(theirs.remote) && std::ranges::all_of(sides_, [&](const Side& side) {
           return side.first[outer] <= side.first[inner] && side.last[inner] <= side.last[outer];
         });
}

PolicyBounds::Range<std::uint64_t> PolicyBounds::places_of(
    const Policy& policy, std::vector<AddressRange> Selector::* addresses) noexcept {
  Range<std::uint64_t> places{kLastPlace, 0};
  for (const Selector& selector : policy.selectors) {
    const std::vector<AddressRange>& ranges = selector.*addresses;
    if (ranges.empty()) extend(places, {0, kLastPlace});
    for (const AddressRange& range : ranges)
      extend(places, {place_of(range.first), place_of(range.last)});
  }
  return places;
}

PolicyBounds::Ports PolicyBounds::ports_of(const Policy& policy) noexcept {
  Ports ports{{0xff, 0}, {0xffff, 0}, {0xffff, 0}};
  for (const Selector& selector : policy.selectors) {
    extend(ports.protocol, {selector.protocol.value_or(0), selector.protocol.value_or(0xff)});
    extend(ports.local, port_range<Range<std::uint16_t>>(selector, selector.local_port));
    extend(ports.remote, port_range<Range<std::uint16_t>>(selector, selector.remote_port));
  }
  return ports;
}

}  // namespace sallyport
