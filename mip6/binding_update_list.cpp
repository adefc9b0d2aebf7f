#include "mip6/binding_update_list.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

// As many as come within the time that answers may take, and more.
constexpr std::size_t kMostOutstanding = 8;

}  // namespace

void BindingUpdateEntry::record(const Outstanding& update) {
  if (outstanding.size() == kMostOutstanding) outstanding.pop_front();
  outstanding.push_back(update);
  sequence = update.sequence;
  lifetime_sent = update.lifetime;
  sent = update.sent;
}

const BindingUpdateEntry::Outstanding* BindingUpdateEntry::find_outstanding(
    std::uint16_t with_sequence) const noexcept {
  const auto found = std::ranges::find(outstanding, with_sequence, &Outstanding::sequence);
  return found == outstanding.end() ? nullptr : &*found;
}

BindingUpdateEntry* BindingUpdateList::find(const Address& peer, const Address& home_address) {
  const auto found = entries_.find({peer, home_address});
  return found == entries_.end() ? nullptr : &found->second;
}

Expected<BindingUpdateEntry*> BindingUpdateList::need(const Address& peer,
                                                      const Address& home_address,
                                                      std::uint16_t sequence) {
  if (BindingUpdateEntry* const known = find(peer, home_address)) return known;
  if (entries_.size() >= most_)
    return fail(Error::Code::Exhausted, "the binding update list is full",
                "raise its limit, or let entries end");
  const auto [added, is_new] =
      entries_.try_emplace({peer, home_address}, timers_, peer, home_address);
  added->second.sequence = sequence;
  return &added->second;
}

void BindingUpdateList::remove(const Address& peer, const Address& home_address) {
  entries_.erase({peer, home_address});
}

}  // namespace sallyport::mip6
