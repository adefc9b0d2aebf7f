#include "spd/longest_ascent.h"

#include <algorithm>

namespace sallyport {

std::vector<bool> longest_ascent(std::span<const std::size_t> places) {
  // By length less one, of all ascents so far the one with the lowest end: where that end stands.
  std::vector<std::size_t> ends;
  std::vector<std::size_t> before(places.size(), kNoPlace);  // each in the ascent that it ends
  const auto place_at = [&](std::size_t at) { return places[at]; };
  for (std::size_t at = 0; at < places.size(); ++at) {
    if (places[at] == kNoPlace) continue;
    const auto longer = std::ranges::lower_bound(ends, places[at], {}, place_at);
    if (longer != ends.begin()) before[at] = *(longer - 1);
    if (longer == ends.end())
      ends.push_back(at);
    else
      *longer = at;
  }
  std::vector<bool> chosen(places.size());
  for (std::size_t at = ends.empty() ? kNoPlace : ends.back(); at != kNoPlace; at = before[at])
    chosen[at] = true;
  return chosen;
}

}  // namespace sallyport
