// Selectors of policy sets of usual shapes and any size, and packets for them: the same for the
// same seed.
#pragma once

#include <array>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "net/selector.h"

namespace sallyport::bench {

// `Acl`, `Firewall` and `IpChain` are like ClassBench's families (Taylor and Turner, 2007): how
// often an address or a port is left open, how long prefixes are, how they nest. `Random`: prefixes
// anywhere. `Sites`: a hub, its sites and their services, one in five of IPv6.
enum class SetShape : std::uint8_t { Acl, Firewall, IpChain, Random, Sites };
inline constexpr std::array kSetShapes{SetShape::Acl, SetShape::Firewall, SetShape::IpChain,
                                       SetShape::Random, SetShape::Sites};
[[nodiscard]] std::string_view to_string(SetShape shape) noexcept;

// In what order the selectors of a set stand.
enum class SetOrder : std::uint8_t {
  NarrowFirst,  // no two alike, and wide ones behind narrow ones: each of them decides something
  AsDrawn,      // any order, and most packets meet a wide one before the one that they are made for
};

class SelectorSet {
 public:
  struct Settings {
    SetShape shape{};
    std::uint32_t size{1};
    SetOrder order{SetOrder::NarrowFirst};
    std::uint64_t seed{4301};
  };
  explicit SelectorSet(const Settings& settings);
  ~SelectorSet();
  SelectorSet(const SelectorSet&) = delete;
  SelectorSet& operator=(const SelectorSet&) = delete;

  [[nodiscard]] const std::vector<Selector>& selectors() const noexcept { return selectors_; }
  // A packet inside one of them, whichever then decides it.
  [[nodiscard]] SelectorFields aimed();
  // A packet between any two hosts of the networks that the set is about.
  [[nodiscard]] SelectorFields stray();

  class Source;

 private:
  [[nodiscard]] const Selector& any_of_them();

  std::unique_ptr<Source> source_;
  std::vector<Selector> selectors_;
};

}  // namespace sallyport::bench
