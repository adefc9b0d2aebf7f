#include "spd/policies_by_remote.h"

#include <algorithm>

namespace sallyport {
namespace {

// The one that every selector names; nullopt where there is no such one.
std::optional<Address> only_remote(const Policy& policy) {
  std::optional<Address> only;
  for (const Selector& selector : policy.selectors) {
    if (selector.remote.size() != 1) return std::nullopt;
    const auto& [first, last] = selector.remote.front();
    if (first != last || (only && *only != first)) return std::nullopt;
    only = first;
  }
  return only;
}

}  // namespace

PoliciesByRemote::PoliciesByRemote(std::span<const Named> policies) {
  for (const auto& [id, policy] : policies) {
    if (const auto remote = only_remote(*policy))
      singles_.push_back({*remote, id});
    else
      others_.push_back(id);
  }
  std::ranges::sort(singles_, {}, &Single::remote);
}

std::vector<PolicyId> PoliciesByRemote::rivals_of(const Policy& policy) const {
  std::vector<PolicyId> rivals = others_;
  const auto remote = only_remote(policy);
  const auto same = remote ? std::ranges::equal_range(singles_, *remote, {}, &Single::remote)
                           : std::ranges::subrange(singles_.begin(), singles_.end());
  for (const Single& single : same) rivals.push_back(single.id);
  return rivals;
}

}  // namespace sallyport
