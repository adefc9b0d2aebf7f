#include "mip6/binding_cache.h"

#include <algorithm>
#include <utility>

namespace sallyport::mip6 {

BindingCache::BindingCache(Surroundings around, Limits limits)
    : clock_(around.clock),
      timers_(around.timers),
      limits_(limits),
      nodes_(0, AddressHash(around.random.u64())) {}

BindingCache::~BindingCache() {
  for (const auto& [home_address, slots] : nodes_)
    for (const auto& slot : slots) timers_.cancel(slot->timer);
}

void BindingCache::set_limits(const Limits& limits) {
  limits_ = limits;
  while (recent_.size() > limits_.correspondents) end(*recent_.back(), BindingEnd::Evicted);
}

void BindingCache::on_end(BindingUse use, Ended ended) {
  ended_[use == BindingUse::HomeAgent ? 0 : 1] = std::move(ended);
}

const BindingEntry* BindingCache::find(const Address& home_address, const Address& own) const {
  const Slot* const slot = slot_of(home_address, own);
  return slot == nullptr ? nullptr : &slot->entry;
}

const BindingEntry* BindingCache::home_registration(const Address& home_address) const {
  const Slot* const slot = registered(home_address);
  return slot == nullptr ? nullptr : &slot->entry;
}

bool BindingCache::has_room(const BindingEntry& entry) const {
  if (entry.use == BindingUse::HomeAgent) {
    const Slot* const before = registered(entry.home_address);
    if (before != nullptr && before->entry.valid) return true;
    if (registrations_ >= limits_.home_registrations) return false;
    return before != nullptr || size_ - recent_.size() < 2 * limits_.home_registrations;
  }
  if (slot_of(entry.home_address, entry.own) != nullptr) return true;
  const auto node = nodes_.find(entry.home_address);
  if (node != nodes_.end() && node->second.size() >= limits_.each_home_address) return false;
  return limits_.correspondents > 0;
}

Expected<void> BindingCache::put(BindingEntry entry, Duration lifetime) {
  if (!has_room(entry)) return fail(Error::Code::Exhausted, "no room for another binding");
  Slot* slot = slot_of(entry.home_address, entry.own);
  if (entry.use == BindingUse::HomeAgent) {
    Slot* const before = registered(entry.home_address);
    if (before != nullptr && before != slot) remove(*before);
  }
  if (slot == nullptr)
    slot = &fresh_slot(entry);
  else
    leave(*slot);
  slot->entry = std::move(entry);
  enter(*slot);
  start(*slot, lifetime);
  return {};
}

void BindingCache::set_sequence(const Address& home_address, const Address& own,
                                std::uint16_t sequence) {
  if (Slot* const slot = slot_of(home_address, own)) slot->entry.sequence = sequence;
}

void BindingCache::set_lifetime(const Address& home_address, const Address& own,
                                Duration lifetime) {
  if (Slot* const slot = slot_of(home_address, own)) start(*slot, lifetime);
}

void BindingCache::invalidate(const Address& home_address, const Address& own) {
  Slot* const slot = slot_of(home_address, own);
  if (slot == nullptr) return;
  leave(*slot);
  slot->entry.valid = false;
  enter(*slot);
  start(*slot, kKept);
}

void BindingCache::erase(const Address& home_address, const Address& own) {
  if (Slot* const slot = slot_of(home_address, own)) remove(*slot);
}

BindingCache::Slot* BindingCache::slot_of(const Address& home_address, const Address& own) const {
  const auto node = nodes_.find(home_address);
  if (node == nodes_.end()) return nullptr;
  const auto found =
      std::ranges::find(node->second, own, [](const auto& slot) { return slot->entry.own; });
  return found == node->second.end() ? nullptr : found->get();
}

BindingCache::Slot* BindingCache::registered(const Address& home_address) const {
  const auto node = nodes_.find(home_address);
  if (node == nodes_.end()) return nullptr;
  const auto found = std::ranges::find(node->second, BindingUse::HomeAgent,
                                       [](const auto& slot) { return slot->entry.use; });
  return found == node->second.end() ? nullptr : found->get();
}

// Makes room where there is none.
BindingCache::Slot& BindingCache::fresh_slot(const BindingEntry& entry) {
  if (entry.use == BindingUse::Correspondent && recent_.size() >= limits_.correspondents)
    end(*recent_.back(), BindingEnd::Evicted);
  Slots& slots = nodes_[entry.home_address];
  slots.push_back(std::make_unique<Slot>());
  ++size_;
  return *slots.back();
}

void BindingCache::start(Slot& slot, Duration lifetime) {
  timers_.cancel(slot.timer);
  slot.entry.ends = clock_.now() + lifetime;
  slot.timer = timers_.after(lifetime, [this, at = &slot] { expire(at); });
}

void BindingCache::expire(Slot* slot) {
  slot->timer = kNoTimer;
  if (slot->entry.valid)
    end(*slot, BindingEnd::Expired);
  else
    remove(*slot);
}

void BindingCache::end(Slot& slot, BindingEnd why) {
  const BindingEntry entry = slot.entry;
  remove(slot);
  const Ended& ended = ended_[entry.use == BindingUse::HomeAgent ? 0 : 1];
  if (entry.valid && ended) ended(entry, why);
}

void BindingCache::remove(Slot& slot) {
  timers_.cancel(slot.timer);
  leave(slot);
  const auto node = nodes_.find(slot.entry.home_address);
  std::erase_if(node->second, [&slot](const auto& held) { return held.get() == &slot; });
  if (node->second.empty()) nodes_.erase(node);
  --size_;
}

void BindingCache::enter(Slot& slot) {
  if (slot.entry.use == BindingUse::HomeAgent) {
    if (slot.entry.valid) ++registrations_;
    return;
  }
  recent_.push_front(&slot);
  slot.place = recent_.begin();
}

void BindingCache::leave(Slot& slot) {
  if (slot.entry.use != BindingUse::HomeAgent)
    recent_.erase(slot.place);
  else if (slot.entry.valid)
    --registrations_;
}

}  // namespace sallyport::mip6
