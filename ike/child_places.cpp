#include "ike/child_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace sallyport::ike {

std::string party_of(const IkeSa& sa) {
  // A name that nobody has proved is nobody's (RFC 7619 2.2).
  if (sa.remote_identity.type != IdType::Null && !proves_nothing(*sa.peer))
    return to_string(sa.remote_identity);
  return fmt::format("null {}", sa.line != 0 ? sa.line : sa.number);
}

std::vector<ChildPlaces::Place> ChildPlaces::places_of(const Policy& policy,
                                                       const SelectorPair& selectors) {
  const PopulateFromPacket pfp = populated_fields(policy);
  std::vector<Place> places;
  for (const SelectorFields& packet : packets_of(selectors, policy))
    // What does not show its values finds no SA, and nobody's.
    if (const auto values = PopulatedKey::of({}, pfp, packet))
      places.push_back({policy.name, *values});
  return places;
}

std::vector<ChildPlaces::Place> ChildPlaces::places_of(const ChildSa& child) {
  std::vector<Place> places;
  for (const PolicySource::Entry& policy : child.policies())
    std::ranges::move(places_of(*policy, child.selectors), std::back_inserter(places));
  return places;
}

bool ChildPlaces::are_free(const Policy& policy, const SelectorPair& selectors,
                           const std::string& party) const {
  return std::ranges::none_of(places_of(policy, selectors), [&](const Place& place) {
    const auto holder = holders_.find(place);
    return holder != holders_.end() && holder->second.party != party;
  });
}

bool ChildPlaces::are_free(const ChildSa& child, const std::string& party) const {
  return std::ranges::all_of(child.policies(), [&](const PolicySource::Entry& policy) {
    return are_free(*policy, child.selectors, party);
  });
}

void ChildPlaces::take(const ChildSa& child, const std::string& party) {
  for (const Place& place : places_of(child)) {
    Holder& holder = holders_[place];
    if (holder.children++ == 0) holder.party = party;
  }
}

void ChildPlaces::leave(const ChildSa& child) {
  for (const Place& place : places_of(child)) {
    const auto holder = holders_.find(place);
    if (holder != holders_.end() && --holder->second.children == 0) holders_.erase(holder);
  }
}

}  // namespace sallyport::ike
