#include "spd/narrow_index.h"

#include <algorithm>
#include <map>

#include "spd/bit_rows.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostBoxesOfSelector = 8;
static_assert(BitRows::kColumns * kMostBoxesOfSelector <= kMostCovers);

template <class Number>
constexpr Stretch<Number> kEverything{0, static_cast<Number>(~Number{0})};

// The stretches of one side; none where an address is of another family.
template <class Number>
std::vector<Stretch<Number>> stretches(const std::vector<AddressRange>& ranges) {
  if (ranges.empty()) return {kEverything<Number>};
  std::vector<Stretch<Number>> found;
  for (const AddressRange& range : ranges) {
    if (range.first.family != kFamilyOf<Number>) return {};
    const auto first = number_of<Number>(range.first);
    found.push_back({first, number_of<Number>(range.last) - first});
  }
  return found;
}

std::vector<Stretch<PortValue>> stretches(const PortSet& ports) {
  if (ports.is_any()) return {kEverything<PortValue>};
  if (ports.is_opaque()) return {{kUnavailable, 0}};
  std::vector<Stretch<PortValue>> found;
  for (const PortRange& range : ports.ranges())
    found.push_back({range.first, PortValue{range.last} - range.first});
  return found;
}

// The ranges of one side of some boxes.
template <class Number>
class Crowd {
 public:
  Crowd(const Boxes<Number>& boxes, Side<Number> side) : side_(side) {
    for (const Box<Number>& box : boxes) {
      firsts_.push_back((box.*side).first);
      lasts_.push_back((box.*side).last());
    }
    std::ranges::sort(firsts_);
    std::ranges::sort(lasts_);
  }
  // How many of them meet that of `box`: all that begin before its end, but for those that end
  // before its beginning.
  [[nodiscard]] std::ptrdiff_t meeting(const Box<Number>& box) const {
    const Stretch<Number>& stretch = box.*side_;
    return (std::ranges::upper_bound(firsts_, stretch.last()) - firsts_.begin()) -
           (std::ranges::lower_bound(lasts_, stretch.first) - lasts_.begin());
  }

 private:
  Side<Number> side_;
  std::vector<Number> firsts_;
  std::vector<Number> lasts_;
};

// Puts columns of `boxes` behind `crowded`, so that without them no number of one side lies in more
// than `most` boxes: where there are more, those that reach furthest go.
template <class Number>
void add_crowded(const Boxes<Number>& boxes, Side<Number> side, std::size_t most,
                 std::vector<std::uint32_t>& crowded) {
  std::vector<const Box<Number>*> by_first;
  for (const Box<Number>& box : boxes) by_first.push_back(&box);
  std::ranges::sort(by_first, {}, [side](const Box<Number>* box) { return (box->*side).first; });
  std::multimap<Number, std::uint32_t> here;  // columns by the last numbers of their boxes
  for (const Box<Number>* box : by_first) {
    here.erase(here.begin(), here.lower_bound((box->*side).first));
    here.emplace((box->*side).last(), box->column);
    if (here.size() <= most) continue;
    const auto furthest = std::prev(here.end());
    crowded.push_back(furthest->second);
    here.erase(furthest);
  }
}

template <class Number>
void erase_columns(Boxes<Number>& boxes, const std::vector<std::uint32_t>& columns) {
  std::erase_if(boxes, [&](const Box<Number>& box) {
    return std::ranges::binary_search(columns, box.column);
  });
}

}  // namespace

template <class Number>
bool add_boxes(const Selector& selector, std::uint32_t column, Boxes<Number>& boxes) {
  if (selector.family() != kFamilyOf<Number>) return false;
  const auto locals = stretches<Number>(selector.local);
  const auto remotes = stretches<Number>(selector.remote);
  const auto local_ports = stretches(selector.local_port);
  const auto remote_ports = stretches(selector.remote_port);
  std::size_t count = 1;
  for (const std::size_t ranges :
       {locals.size(), remotes.size(), local_ports.size(), remote_ports.size()}) {
    count *= ranges;
    if (count == 0 || count > kMostBoxesOfSelector) return false;
  }
  const Stretch<std::uint8_t> protocol =
      selector.protocol ? Stretch<std::uint8_t>{*selector.protocol, 0} : kEverything<std::uint8_t>;
  // Every combination, each with a number.
  for (std::size_t number = 0; number < count; ++number) {
    std::size_t rest = number;
    const auto one_of = [&rest](const auto& list) {
      const auto& one = list[rest % list.size()];
      rest /= list.size();
      return one;
    };
    boxes.push_back({.local = one_of(locals),
                     .remote = one_of(remotes),
                     .upper = {.local_port = one_of(local_ports),
                               .remote_port = one_of(remote_ports),
                               .protocol = protocol},
                     .column = column});
  }
  return true;
}

template <class Number>
Neighbours<Number>::Neighbours(const Boxes<Number>& boxes, Side<Number> along,
                               Side<Number> across) {
  uppers_.reserve(boxes.size());
  for (const Box<Number>& box : boxes) uppers_.push_back(box.upper);
  std::ranges::sort(uppers_);
  uppers_.erase(std::ranges::unique(uppers_).begin(), uppers_.end());
  uppers_.shrink_to_fit();
  std::vector<Neighbour> all;  // by number of the box
  Covers<Number> covers;
  for (const Box<Number>& box : boxes) {
    const Stretch<Number>& stretch = box.*along;
    const auto number = static_cast<std::uint32_t>(all.size());
    covers.push_back({number, stretch.first, stretch.last()});
    const auto upper = std::ranges::lower_bound(uppers_, box.upper) - uppers_.begin();
    all.push_back({.across = box.*across,
                   .upper = static_cast<std::uint32_t>(upper),
                   .column = box.column & kMostColumns,
                   .is_last = 0});
  }
  tree_ = AxisTree<Number>(covers, [&](std::span<const std::uint32_t> numbers) {
    const auto place = static_cast<Place>(neighbours_.size());
    for (const std::uint32_t number : numbers) neighbours_.push_back(all[number]);
    neighbours_.back().is_last = 1;
    return place;
  });
  neighbours_.shrink_to_fit();
}

template <class Number>
NarrowIndex<Number>::NarrowIndex(const Boxes<Number>& boxes, std::vector<std::uint32_t>& wide) {
  constexpr auto kLocal = &Box<Number>::local;
  constexpr auto kRemote = &Box<Number>::remote;
  const Crowd<Number> locals(boxes, kLocal);
  const Crowd<Number> remotes(boxes, kRemote);
  Boxes<Number> by_local;
  Boxes<Number> by_remote;
  for (const Box<Number>& box : boxes)
    (locals.meeting(box) < remotes.meeting(box) ? by_local : by_remote).push_back(box);
  std::vector<std::uint32_t> crowded;
  add_crowded<Number>(by_local, kLocal, Neighbours<Number>::kMost, crowded);
  add_crowded<Number>(by_remote, kRemote, Neighbours<Number>::kMost, crowded);
  std::ranges::sort(crowded);
  crowded.erase(std::ranges::unique(crowded).begin(), crowded.end());
  erase_columns<Number>(by_local, crowded);
  erase_columns<Number>(by_remote, crowded);
  wide.insert(wide.end(), crowded.begin(), crowded.end());
  by_local_ = {by_local, kLocal, kRemote};
  by_remote_ = {by_remote, kRemote, kLocal};
}

template class NarrowIndex<V4Number>;
template class NarrowIndex<V6Number>;
template bool add_boxes(const Selector&, std::uint32_t, Boxes<V4Number>&);
template bool add_boxes(const Selector&, std::uint32_t, Boxes<V6Number>&);

}  // namespace sallyport
