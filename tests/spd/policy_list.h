// An ordered SPD for tests, and what decides in it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tests/spd/random_policies.h"

namespace sallyport::test {

// Policies p0, p1, ... in order.
class PolicyList {
 public:
  PolicyList() = default;
  // `count` random ones of up to `selectors` each.
  PolicyList(RandomPolicies& random, std::size_t count, std::size_t selectors);

  Policy& add(PolicyAction action, std::vector<Selector> selectors);
  // Addresses "10.0.0.0/8" or "any"; TCP to a port where one is given.
  Policy& add(PolicyAction action, std::string_view local, std::string_view remote,
              std::optional<unsigned> port = {});

  [[nodiscard]] std::span<const Policy* const> ordered() const { return ordered_; }
  [[nodiscard]] std::size_t size() const { return ordered_.size(); }
  // Of all policies.
  [[nodiscard]] std::vector<Selector> selectors() const;
  // The position of the policy that decides, asked one after the other but for `without`.
  [[nodiscard]] std::optional<std::size_t> decides(const SelectorFields& fields,
                                                   std::optional<std::size_t> without = {}) const;

 private:
  std::vector<std::unique_ptr<Policy>> policies_;
  std::vector<const Policy*> ordered_;
};

// RandomPolicies::real_packet() with MH types where packets have them, in the high octet.
[[nodiscard]] SelectorFields real_packet(RandomPolicies& random,
                                         std::span<const Selector> selectors);

}  // namespace sallyport::test
