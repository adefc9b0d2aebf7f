// Whom a mobile node has sent Binding Updates, or is about to (RFC 6275 11.1; MN-15).
#pragma once

#include <deque>
#include <map>

#include "base/error.h"
#include "mip6/message.h"
#include "mip6/message_rate.h"
#include "mip6/retransmission.h"

namespace sallyport::mip6 {

// One of the two tests of return routability (5.2.5).
struct RoutabilityTest {
  explicit RoutabilityTest(Timers& timers) noexcept : retry(timers) {}
  // Sent and not answered yet.
  [[nodiscard]] bool in_progress() const noexcept { return retry.active(); }

  Cookie cookie{};  // of the last init message
  Instant sent{};
  std::optional<KeygenToken> token{};
  std::uint16_t nonce_index{};  // of the token
  Instant received{};           // the token
  MessageRate rate{};
  Retransmission retry;
};

struct BindingUpdateEntry {
  // An update that is not answered yet, and each time that it was sent.
  struct Outstanding {
    std::uint16_t sequence{};
    BindingLifetime lifetime{};
    Instant sent{};
    Address care_of;
  };

  BindingUpdateEntry(Timers& timers, const Address& to, const Address& home) noexcept
      : peer(to),
        home_address(home),
        retry(timers),
        refresh(timers),
        expiry(timers),
        home_test(timers),
        care_of_test(timers) {}

  // The binding at the peer lives, as far as we know.
  [[nodiscard]] bool is_bound(Instant now) const noexcept { return ends && *ends > now; }
  // Lifetime left at the peer, 0 without a binding.
  [[nodiscard]] Duration left(Instant now) const noexcept {
    return is_bound(now) ? *ends - now : Duration{0};
  }
  [[nodiscard]] bool may_send(Instant now) const noexcept {
    return !silent_until || *silent_until <= now;
  }
  // The oldest is forgotten where there are eight.
  void record(const Outstanding& update);
  // The one with this number; null where there is none.
  [[nodiscard]] const Outstanding* find_outstanding(std::uint16_t with_sequence) const noexcept;

  Address peer;
  Address home_address;
  Address care_of{Address::any(Family::V6)};  // of the binding at the peer
  BindingLifetime lifetime_sent{};
  std::optional<Instant> ends{};
  std::uint16_t sequence{};  // sent last; where it starts is random
  Instant sent{};
  std::optional<Instant> silent_until{};  // updates should not be sent to it
  std::deque<Outstanding> outstanding{};
  unsigned failures{};  // of return routability, one after the other
  bool in_use{};        // packets to a correspondent are led by the binding
  MessageRate rate{};   // of Binding Updates
  Retransmission retry;
  Alarm refresh;
  Alarm expiry;
  RoutabilityTest home_test;
  RoutabilityTest care_of_test;
};

// Entries stay where they are until removed.
class BindingUpdateList {
 public:
  BindingUpdateList(Timers& timers, std::size_t most) noexcept : timers_(timers), most_(most) {}

  [[nodiscard]] BindingUpdateEntry* find(const Address& peer, const Address& home_address);
  // The one that is there, or a new one with this sequence number; fails where there is no room.
  [[nodiscard]] Expected<BindingUpdateEntry*> need(const Address& peer, const Address& home_address,
                                                   std::uint16_t sequence);
  void remove(const Address& peer, const Address& home_address);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  // `visit` may remove entries: it is called for those that were there before.
  template <class Visit>
  void for_each(Visit visit) {
    std::vector<Key> keys;
    keys.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) keys.push_back(key);
    for (const Key& key : keys)
      if (const auto found = entries_.find(key); found != entries_.end()) visit(found->second);
  }

 private:
  using Key = std::pair<Address, Address>;  // peer, home address

  Timers& timers_;
  std::size_t most_;
  std::map<Key, BindingUpdateEntry> entries_;
};

}  // namespace sallyport::mip6
