#include "spd/policy_lint.h"

#include <fmt/format.h>

#include "spd/region_text.h"

namespace sallyport {
namespace {

// Not all of them where the work is exceeded.
std::vector<Region> shared_regions(std::span<const Region> left, std::span<const Region> right,
                                   Work& work) {
  std::vector<Region> shared;
  for (const Region& one : left) {
    if (work.exceeded()) break;
    work.add(right.size());
    for (const Region& other : right)
      if (std::optional<Region> both = intersect(one, other)) shared.push_back(std::move(*both));
  }
  return shared;
}

std::optional<SelectorFields> first_example(std::span<const Region> regions) {
  for (const Region& region : regions)
    if (const auto fields = example_of(region)) return fields;
  return std::nullopt;
}

bool same_outcome(const Policy& left, const Policy& right) {
  return left.action == right.action && left.protect == right.protect && left.pfp == right.pfp &&
         left.names == right.names;
}

// "a, b and others".
std::string names_of(const PolicyFinding& finding, std::span<const Policy* const> ordered) {
  std::string text;
  for (std::size_t i = 0; i < finding.others.size(); ++i) {
    const bool last = i + 1 == finding.others.size() && !finding.more;
    if (i != 0) text += last ? " and " : ", ";
    text += ordered[finding.others[i]]->name;
  }
  return finding.more ? text + " and others" : text;
}

}  // namespace

PolicyLint::Report PolicyLint::examine(std::size_t position) {
  Report report;
  const auto pieces = decorrelation_.pieces_of(position);
  if (pieces) {
    report.pieces = pieces->regions.size();
    if (pieces->regions.empty()) {
      report.findings.push_back(never_decides(*pieces));
      return report;
    }
  }
  Work work = decorrelation_.begin_work();
  if (auto found = conflict(position, work)) report.findings.push_back(std::move(*found));
  if (auto found = redundancy(position, work)) {
    if (pieces) found->example = first_example(pieces->regions);
    report.findings.push_back(std::move(*found));
  }
  report.whole = pieces.has_value() && !work.exceeded();
  return report;
}

PolicyFinding PolicyLint::never_decides(const LinkedPieces& pieces) {
  PolicyFinding finding{.kind = pieces.cut_by.size() == 1 ? PolicyFinding::Kind::Shadowed
                                                          : PolicyFinding::Kind::Unreachable,
                        .position = pieces.position,
                        .others = pieces.cut_by,
                        .more = pieces.cut_by.size() > kMostOthers,
                        .example = {}};
  if (finding.others.empty()) return finding;
  if (finding.more) finding.others.resize(kMostOthers);
  Work work = decorrelation_.begin_work();
  finding.example = first_example(shared_regions(regions_of(policy(pieces.position)),
                                                 regions_of(policy(finding.others.front())), work));
  return finding;
}

std::optional<PolicyFinding> PolicyLint::conflict(std::size_t position, Work& work) {
  PolicyFinding finding{.kind = PolicyFinding::Kind::Conflicting,
                        .position = position,
                        .others = {},
                        .more = false,
                        .example = {}};
  PolicyOverlaps& overlaps = decorrelation_.overlaps();
  const std::span<const PolicyOverlaps::Overlap> earlier = overlaps.before(position, work).overlaps;
  for (std::size_t i = 0; i < earlier.size() && !finding.more && !work.exceeded(); ++i) {
    const std::size_t other = earlier[i].position;
    // An exception in front of its rule is how exceptions are written.
    if (policy(other).action == policy(position).action || overlaps.covers(position, other, work))
      continue;
    const auto example = decided_by_last(earlier.first(i + 1), position, work);
    if (!example) continue;
    if (finding.others.empty()) finding.example = example;
    finding.more = finding.others.size() == kMostOthers;
    if (!finding.more) finding.others.push_back(other);
  }
  return finding.others.empty() ? std::nullopt : std::optional(std::move(finding));
}

std::optional<SelectorFields> PolicyLint::decided_by_last(
    std::span<const PolicyOverlaps::Overlap> earlier, std::size_t position, Work& work) const {
  PieceList rest(shared_regions(earlier.back().regions, regions_of(policy(position)), work),
                 decorrelation_.limits().pieces, work);
  for (const PolicyOverlaps::Overlap& before : earlier.first(earlier.size() - 1)) {
    if (rest.empty() || rest.too_many()) break;
    rest.cut(before.regions);
  }
  if (rest.too_many()) return std::nullopt;
  return first_example(rest.pieces());
}

std::optional<PolicyFinding> PolicyLint::redundancy(std::size_t position, Work& work) {
  std::optional<PolicyFinding> finding;
  PolicyOverlaps& overlaps = decorrelation_.overlaps();
  const PolicyBounds::Positions behind{position + 1, decorrelation_.ordered().size()};
  overlaps.for_each(position, behind, work, [&](std::size_t later) {
    if (!same_outcome(policy(position), policy(later))) return false;
    if (!overlaps.covers(later, position, work)) return true;
    // Of two that are alike the later one is shadowed: one finding is enough.
    if (overlaps.covers(position, later, work)) return false;
    finding = {.kind = PolicyFinding::Kind::Redundant,
               .position = position,
               .others = {later},
               .more = false,
               .example = {}};
    return false;
  });
  return finding;
}

std::string to_string(const PolicyFinding& finding, std::span<const Policy* const> ordered) {
  const Policy& policy = *ordered[finding.position];
  if (finding.others.empty())
    return fmt::format("policy {} decides nothing: no packet can match it", policy.name);
  const Policy& other = *ordered[finding.others.front()];
  const std::string others = names_of(finding, ordered);
  const std::string example = finding.example ? to_string(*finding.example) : "no example found";
  switch (finding.kind) {
    case PolicyFinding::Kind::Shadowed:
      return fmt::format(
          "policy {} decides nothing: {} before it matches all that it does, such as {}",
          policy.name, others, example);
    case PolicyFinding::Kind::Unreachable:
      return fmt::format(
          "policy {} decides nothing: {} before it match all that it does, such as {}", policy.name,
          others, example);
    case PolicyFinding::Kind::Conflicting:
      return fmt::format("policy {} conflicts with {} before it: it would {} {}, which {} will {}",
                         policy.name, others, to_string(policy.action), example, other.name,
                         to_string(other.action));
    case PolicyFinding::Kind::Redundant:
      return fmt::format("policy {} is redundant: without it {} would {} the same, such as {}",
                         policy.name, others, to_string(policy.action), example);
  }
  return {};
}

}  // namespace sallyport
