#include "spd/policy_overlaps.h"

namespace sallyport {
namespace {

bool within(const std::vector<AddressRange>& inner, const std::vector<AddressRange>& outer) {
  if (outer.empty()) return true;
  return !inner.empty() && std::ranges::all_of(inner, [&](const AddressRange& one) {
    return std::ranges::any_of(outer, [&](const AddressRange& other) {
      return other.contains(one.first) && other.contains(one.last);
    });
  });
}

bool within(const PortSet& inner, const PortSet& outer) {
  if (outer.is_any() || outer == inner) return true;
  return !inner.ranges().empty() && std::ranges::all_of(inner.ranges(), [&](const PortRange& one) {
    return std::ranges::any_of(outer.ranges(), [&](const PortRange& other) {
      return other.first <= one.first && one.last <= other.last;
    });
  });
}

// Without a look at what no packet has: most selectors that hold another one are seen here.
bool within(const Selector& inner, const Selector& outer) {
  return within(inner.local, outer.local) && within(inner.remote, outer.remote) &&
         (!outer.protocol || outer.protocol == inner.protocol) &&
         within(inner.local_port, outer.local_port) && within(inner.remote_port, outer.remote_port);
}

}  // namespace

bool overlaps(const Policy& left, const Policy& right) noexcept {
  return std::ranges::any_of(left.selectors, [&](const Selector& ours) {
    return std::ranges::any_of(right.selectors,
                               [&](const Selector& theirs) { return overlaps(ours, theirs); });
  });
}

const PolicyOverlaps::Earlier& PolicyOverlaps::before(std::size_t position, Work& work) {
  if (whose_ == position) return before_;
  whose_.reset();
  before_ = {};
  for_each(position, {0, position}, work, [&](std::size_t at) {
    if (covers(at, position, work)) before_.cover = at;
    before_.overlaps.push_back({at, {}});
    return !before_.cover;
  });
  if (before_.cover) before_.overlaps.clear();
  for (Overlap& each : before_.overlaps) {
    if (work.exceeded()) break;
    each.regions = regions_of(policy(each.position));
    work.add(4 * each.regions.size() + bounds_.weight(each.position) / 2);
  }
  if (!work.exceeded()) whose_ = position;
  return before_;
}

bool PolicyOverlaps::covers(std::size_t outer, std::size_t inner, Work& work) {
  static_cast<void>(bounds_.read(ordered_.size()));
  if (!bounds_.may_cover(outer, inner) || !may_compare(outer, inner, work)) return false;
  const auto held = [&](const Selector& selector) {
    return std::ranges::any_of(policy(outer).selectors,
                               [&](const Selector& other) { return within(selector, other); });
  };
  if (std::ranges::all_of(policy(inner).selectors, held)) return true;
  if (!overlaps(policy(outer), policy(inner))) return false;
  PieceList rest(regions_of(policy(inner)), DecorrelationLimits{}.pieces, work);
  rest.cut(regions_of(policy(outer)));
  return rest.empty() && !rest.too_many();
}

}  // namespace sallyport
