#include "gateway/sa_lifetimes.h"

#include <utility>

namespace sallyport {

void SaLifetimes::started(const Sa& sa, Instant now) {
  ended(sa.name);
  Life& life = lives_[sa.name];
  life.start = now;
  if (sa.soft.time) life.soft_end = now + *sa.soft.time;
  if (sa.hard.time) life.hard_end = now + *sa.hard.time;
  for (const auto& end : {life.soft_end, life.hard_end})
    if (end) deadlines_.emplace(*end, sa.name);
}

void SaLifetimes::ended(const std::string& name) {
  const auto found = lives_.find(name);
  if (found == lives_.end()) return;
  for (const auto& end : {found->second.soft_end, found->second.hard_end})
    if (end) deadlines_.erase({*end, name});
  lives_.erase(found);
}

void SaLifetimes::take(const Event& event) {
  const auto entry = sad_.find(event.direction, event.sa);
  // The slot may have a new SA since.
  if (!entry || entry->sa->spi != event.spi) return;
  const auto life = lives_.find(entry->sa->name);
  if (life == lives_.end()) return;
  if (event.kind == EventKind::SoftLifetime)
    tell_soft(life->second, *entry->sa, event.limit);
  else if (event.kind == EventKind::HardLifetime)
    tell_hard(life->second, *entry->sa, event.limit);
}

std::vector<std::string> SaLifetimes::poll(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::string name = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    look_at(name, now);
  }
  return std::exchange(over_, {});
}

void SaLifetimes::look_at(const std::string& name, Instant now) {
  const auto entry = sad_.find(name);
  const auto life = lives_.find(name);
  if (!entry || life == lives_.end()) return;
  if (life->second.soft_end && *life->second.soft_end <= now)
    tell_soft(life->second, *entry->sa, LifeLimit::Seconds);
  if (life->second.hard_end && *life->second.hard_end <= now)
    tell_hard(life->second, *entry->sa, LifeLimit::Seconds);
}

void SaLifetimes::tell_soft(Life& life, const Sa& sa, LifeLimit limit) {
  if (life.soft || life.over) return;
  life.soft = limit;
  listener_.soft_lifetime(sa, limit);
}

// A burst may pass both limits at once: soft comes first all the same.
void SaLifetimes::tell_hard(Life& life, const Sa& sa, LifeLimit limit) {
  if (life.over) return;
  const bool has_soft = sa.soft.bytes || sa.soft.packets || sa.soft.time;
  if (has_soft) tell_soft(life, sa, limit);
  life.over = true;
  over_.push_back(sa.name);
  listener_.hard_lifetime(sa, limit);
}

std::optional<Instant> SaLifetimes::start_of(std::string_view name) const noexcept {
  const auto found = lives_.find(name);
  return found == lives_.end() ? std::nullopt : std::optional(found->second.start);
}

std::optional<LifeLimit> SaLifetimes::soft_limit_of(std::string_view name) const noexcept {
  const auto found = lives_.find(name);
  return found == lives_.end() ? std::nullopt : found->second.soft;
}

std::string_view to_string(LifeLimit limit) noexcept {
  switch (limit) {
    case LifeLimit::Bytes:
      return "bytes";
    case LifeLimit::Packets:
      return "packets";
    case LifeLimit::Seconds:
      return "seconds";
    case LifeLimit::Sequence:
      return "sequence";
  }
  return "bytes";
}

}  // namespace sallyport
