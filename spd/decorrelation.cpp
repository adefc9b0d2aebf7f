#include "spd/decorrelation.h"

namespace sallyport {
namespace {

bool meets(const IntervalSet<AddressNumber>& set, Family family,
           const std::vector<AddressRange>& ranges) {
  return ranges.empty() || std::ranges::any_of(ranges, [&](const AddressRange& range) {
           return range.first.family == family &&
                  set.meets(number_of(range.first), number_of(range.last));
         });
}

// False only where no address of the policy's is in the piece.
bool may_meet(const Region& piece, const Policy& policy) {
  return std::ranges::any_of(policy.selectors, [&](const Selector& selector) {
    return meets(piece.local, piece.family, selector.local) &&
           meets(piece.remote, piece.family, selector.remote);
  });
}

// Leaves of the piece what none of `regions` holds. True where it has changed.
bool narrow(Region& piece, std::span<const Region> regions, const Region& packet) {
  bool changed = false;
  for (const Region& taken : regions) {
    if (!shared_ways(piece, taken).any()) continue;
    narrow(piece, taken, packet);
    changed = true;
  }
  return changed;
}

}  // namespace

std::expected<LinkedPieces, TooManyPieces> Decorrelation::pieces_of(std::size_t position) {
  Work work = begin_work();
  LinkedPieces found{.position = position, .regions = {}, .cut_by = {}};
  const std::vector<Region> own = regions_of(overlaps_.policy(position));
  if (std::ranges::none_of(own, [](const Region& region) { return ways(region).any(); }))
    return found;
  const PolicyOverlaps::Earlier& earlier = overlaps_.before(position, work);
  if (earlier.cover) {
    found.cut_by = {*earlier.cover};
    return found;
  }
  PieceList pieces(own, limits_.pieces, work);
  for (const PolicyOverlaps::Overlap& each : earlier.overlaps) {
    if (pieces.empty() || pieces.too_many()) break;
    if (pieces.cut(each.regions)) found.cut_by.push_back(each.position);
  }
  if (pieces.too_many()) return std::unexpected(TooManyPieces{});
  found.regions = pieces.take();
  return found;
}

std::optional<PieceOfPacket> Decorrelation::piece_of(std::size_t position,
                                                     const SelectorFields& fields) {
  const std::vector<Region> own = regions_of(overlaps_.policy(position));
  const auto holder =
      std::ranges::find_if(own, [&](const Region& region) { return region.contains(fields); });
  if (holder == own.end()) return std::nullopt;
  const Region packet = Region::of(fields);
  PieceOfPacket found{.region = *holder, .cut_by = {}};
  narrow(found.region, {own.begin(), holder}, packet);

  // One look at each suffices: the piece is soon smaller than any bounds would be.
  for (std::size_t at = 0; at < position; ++at) {
    if (!may_meet(found.region, overlaps_.policy(at))) continue;
    const std::vector<Region> regions = regions_of(overlaps_.policy(at));
    if (std::ranges::any_of(regions, [&](const Region& region) { return region.contains(fields); }))
      return std::nullopt;
    if (narrow(found.region, regions, packet)) found.cut_by.push_back(at);
  }
  return found;
}

SplitSpd split(Decorrelation& decorrelation) {
  SplitSpd parts;
  const std::span<const Policy* const> ordered = decorrelation.ordered();
  for (std::size_t position = 0; position < ordered.size(); ++position) {
    const auto pieces = decorrelation.pieces_of(position);
    if (!pieces) {
      parts.in_order.push_back(position);
      continue;
    }
    const bool protect = ordered[position]->action == PolicyAction::Protect;
    for (const Region& region : pieces->regions) {
      const Ways found = ways(region);
      if (protect) parts.protect.push_back({position, region});
      if (!protect && found.outbound) parts.outbound.push_back({position, region});
      if (!protect && found.inbound) parts.inbound.push_back({position, region});
    }
  }
  return parts;
}

}  // namespace sallyport
