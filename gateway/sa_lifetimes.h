// The lives of SAs: what workers tell of octets, packets and numbers, and the clock, become one
// soft and one hard event each (RFC 4301 4.4.2.1; SAD-06).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dataplane/event.h"
#include "sad/sad.h"

namespace sallyport {

// Who looks after successors: told on the control thread, of each SA in this order.
class LifetimeListener {
 public:
  virtual ~LifetimeListener() = default;
  // Once: the SA still works and wants a successor.
  virtual void soft_lifetime(const Sa& sa, LifeLimit limit) = 0;
  // The SA has stopped and is removed next.
  virtual void hard_lifetime(const Sa& sa, LifeLimit limit) = 0;
};

// Control thread.
class SaLifetimes {
 public:
  // Both outlive it.
  SaLifetimes(const Sad& sad, LifetimeListener& listener) : sad_(sad), listener_(listener) {}

  // Its time counts from `now`.
  void started(const Sa& sa, Instant now);
  void ended(const std::string& name);
  // A lifetime event of a worker. One of an SA that is gone, or has been told of, says nothing.
  void take(const Event& event);
  // Timers. The names of the SAs that are over, which the caller removes.
  [[nodiscard]] std::vector<std::string> poll(Instant now);

  [[nodiscard]] std::optional<Instant> start_of(std::string_view name) const noexcept;
  // The limit that it came to first, if it has.
  [[nodiscard]] std::optional<LifeLimit> soft_limit_of(std::string_view name) const noexcept;

 private:
  struct Life {
    Instant start;
    std::optional<Instant> soft_end;
    std::optional<Instant> hard_end;
    std::optional<LifeLimit> soft;  // told of
    bool over{};
  };
  void tell_soft(Life& life, const Sa& sa, LifeLimit limit);
  void tell_hard(Life& life, const Sa& sa, LifeLimit limit);
  void look_at(const std::string& name, Instant now);

  const Sad& sad_;
  LifetimeListener& listener_;
  std::map<std::string, Life, std::less<>> lives_;
  std::set<std::pair<Instant, std::string>> deadlines_;
  std::vector<std::string> over_;
};

[[nodiscard]] std::string_view to_string(LifeLimit limit) noexcept;

}  // namespace sallyport
