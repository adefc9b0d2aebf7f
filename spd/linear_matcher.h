// The obviously right matcher: asks every policy in order. The oracle of all others.
#pragma once

#include <vector>

#include "spd/policy_matcher.h"

namespace sallyport {

class LinearMatcher final : public PolicyMatcher {
 public:
  [[nodiscard]] Expected<void> insert(std::size_t position, PolicyId id,
                                      std::span<const Selector> selectors) override;
  [[nodiscard]] Expected<void> remove(PolicyId id) override;
  [[nodiscard]] Expected<void> move(PolicyId id, std::size_t position) override;
  [[nodiscard]] Expected<void> set_activity(PolicyId id, Activity activity) override;
  [[nodiscard]] Expected<void> replace(std::span<const Listed> list) override;
  [[nodiscard]] std::shared_ptr<const PolicyView> view() override;

 private:
  struct Entry {
    PolicyId id;
    std::vector<Selector> selectors;
    Activity activity{Activity::Active};
  };
  class View;
  [[nodiscard]] std::vector<Entry>::iterator find(PolicyId id);

  std::vector<Entry> entries_;
};

}  // namespace sallyport
