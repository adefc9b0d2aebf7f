#include "gateway/sa_assignment.h"

#include <vector>

namespace sallyport {

void SaAssignment::assign(SaHandle handle, std::span<const std::string> names) {
  std::vector<SaForClasses> sas;
  for (const std::string& name : names) {
    const auto entry = sad_.find(name);
    if (entry && entry->sa->direction == Direction::Outbound)
      sas.push_back({entry->slot, entry->sa->dscp});
  }
  const auto old = choices_.extract(handle);
  if (sas.size() > 1) {
    const auto choice = std::make_shared<const SaChoice>(choose_by_dscp(sas));
    choices_.emplace(handle, choice);
    dataplane_.handles().assign(handle, choice.get());
  } else {
    dataplane_.handles().assign(handle, sas.empty() ? kNoSa : sas.front().slot);
  }
  if (!old.empty())
    dataplane_.retirement().when_unread([kept = old.mapped()]() mutable { kept.reset(); });
}

void SaAssignment::forget(SaHandle handle) {
  dataplane_.handles().assign(handle, kNoSa);
  choices_.erase(handle);
}

}  // namespace sallyport
