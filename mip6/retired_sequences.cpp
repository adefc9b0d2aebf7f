#include "mip6/retired_sequences.h"

namespace sallyport::mip6 {

bool RetiredSequences::put(const Key& key, std::uint16_t sequence, Instant now) {
  erase(key);
  const bool full = entries_.size() >= most_ && !order_.empty();
  if (full && entries_.at(order_.front()).until <= now) erase(order_.front());
  if (entries_.size() >= most_) return false;
  order_.push_back(key);
  entries_.emplace(
      key, Entry{.sequence = sequence, .until = now + lifetime_, .place = std::prev(order_.end())});
  return true;
}

std::optional<std::uint16_t> RetiredSequences::find(const Key& key, Instant now) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.until <= now) return std::nullopt;
  return found->second.sequence;
}

void RetiredSequences::erase(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const Order::iterator place = found->second.place;
  entries_.erase(found);
  order_.erase(place);  // last: the key may be there
}

void RetiredSequences::clear() {
  entries_.clear();
  order_.clear();
}

}  // namespace sallyport::mip6
