// Policies that may not do what their author thinks, found one policy at a time.
#pragma once

#include <string>
#include <vector>

#include "spd/decorrelation.h"

namespace sallyport {

struct PolicyFinding {
  enum class Kind : std::uint8_t {
    Shadowed,     // never decides: one earlier policy matches whatever it matches
    Unreachable,  // never decides: several earlier ones do, together; or no packet can match it
    Conflicting,  // an earlier one of another action decides a part of it, and neither covers the
                  // other: which of them was meant?
    Redundant,    // without it a later one would decide its packets in the same way
  };
  Kind kind{};
  std::size_t position{};
  std::vector<std::size_t> others;  // ascending positions, kMostOthers of them at most
  bool more{};                      // there are others that are not named
  // A packet that the policy and the first of `others` match. Of Conflicting the other one decides
  // it, of Redundant the policy.
  std::optional<SelectorFields> example;
};

// Control thread or job; one at a time.
class PolicyLint {
 public:
  static constexpr std::size_t kMostOthers = 8;

  // `decorrelation` outlives this.
  explicit PolicyLint(Decorrelation& decorrelation) : decorrelation_(decorrelation) {}

  struct Report {
    std::vector<PolicyFinding> findings;  // one of a kind at most
    std::optional<std::size_t> pieces;    // of the decorrelated entry; nullopt: too many
    bool whole{true};                     // false: the work limit left something unexamined
  };
  // About one policy, within the work limit of the decorrelation twice over.
  [[nodiscard]] Report examine(std::size_t position);

 private:
  [[nodiscard]] PolicyFinding never_decides(const LinkedPieces& pieces);
  [[nodiscard]] std::optional<PolicyFinding> conflict(std::size_t position, Work& work);
  [[nodiscard]] std::optional<PolicyFinding> redundancy(std::size_t position, Work& work);
  // A packet of the policy that the last of `earlier` decides and no other of them; nullopt where
  // there is none, or none was found.
  [[nodiscard]] std::optional<SelectorFields> decided_by_last(
      std::span<const PolicyOverlaps::Overlap> earlier, std::size_t position, Work& work) const;
  [[nodiscard]] const Policy& policy(std::size_t position) const noexcept {
    return *decorrelation_.ordered()[position];
  }

  Decorrelation& decorrelation_;
};

// "policy b decides nothing: a before it matches all that it does, such as tcp 10.1.0.1 ...".
[[nodiscard]] std::string to_string(const PolicyFinding& finding,
                                    std::span<const Policy* const> ordered);

}  // namespace sallyport
