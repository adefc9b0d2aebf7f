// Who is where: what home agents and correspondents know of mobile nodes (RFC 6275 9.1, 10.1;
// HA-07, HA-12, HA-21). Control thread.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/timers.h"
#include "mip6/address_hash.h"
#include "mip6/message.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

struct BindingEntry {
  // HomeAgent: the home registration flag is set. Else Correspondent.
  BindingUse use{BindingUse::HomeAgent};
  Address home_address{Address::any(Family::V6)};
  Address own{Address::any(Family::V6)};  // ours, which the update was sent to
  Address care_of{Address::any(Family::V6)};
  std::uint16_t sequence{};        // the last one taken
  Flags<UpdateFlag> flags{};       // of the last update
  Protection protection{};         // of the last update
  std::vector<Prefix> networks{};  // of a mobile router (RFC 3963 6.1.1)
  // False: deleted, and kept so that late updates get their answer (RFC 6275 10.3.2).
  bool valid{true};
  Instant ends{};  // of its lifetime, or of being kept
  friend bool operator==(const BindingEntry&, const BindingEntry&) = default;
};

// Why an entry is gone without anyone having asked for it.
enum class BindingEnd : std::uint8_t { Expired, Evicted };

// Shared by both roles, as one home address has one kind of registration with one of our addresses
// (status 139). Pointers to entries are valid until the next call that is not const.
class BindingCache {
 public:
  // Strangers make correspondents' entries: those take no place of a home registration.
  struct Limits {
    std::size_t home_registrations{1'000'000};  // and as many invalid ones
    std::size_t correspondents{1'000'000};
    std::size_t each_home_address{16};  // of these, with so many addresses of ours
  };
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
  };
  explicit BindingCache(Surroundings around) : BindingCache(around, Limits()) {}
  BindingCache(Surroundings around, Limits limits);
  ~BindingCache();
  BindingCache(const BindingCache&) = delete;
  BindingCache& operator=(const BindingCache&) = delete;

  // Correspondents' entries that are too many end; home registrations go on.
  void set_limits(const Limits& limits);

  // Called with each valid entry of this use that has ended, once it is out of the cache.
  using Ended = std::function<void(const BindingEntry&, BindingEnd)>;
  void on_end(BindingUse use, Ended ended);

  // Null where there is none. The entry may be an invalid one.
  [[nodiscard]] const BindingEntry* find(const Address& home_address, const Address& own) const;
  // The same with whichever address of ours the node is registered.
  [[nodiscard]] const BindingEntry* home_registration(const Address& home_address) const;

  // True where put() of such an entry would succeed.
  [[nodiscard]] bool has_room(const BindingEntry& entry) const;
  // In place of the one between the same two addresses, and of any other home registration where it
  // is one. Of correspondents' entries the one that was updated longest ago goes where there are
  // too many; home registrations never do (10.3.1), and Exhausted is the error then. Sets `ends`.
  [[nodiscard]] Expected<void> put(BindingEntry entry, Duration lifetime);
  // An update was valid, whatever came of it (9.5.1). Without effect where there is no entry.
  void set_sequence(const Address& home_address, const Address& own, std::uint16_t sequence);
  // Shortens or extends an entry's lifetime to this from now on.
  void set_lifetime(const Address& home_address, const Address& own, Duration lifetime);
  // Deleted, but kept as an invalid one for kKept.
  void invalidate(const Address& home_address, const Address& own);
  void erase(const Address& home_address, const Address& own);

  static constexpr Duration kKept = std::chrono::seconds(10);  // MAX_DELETE_BCE_TIMEOUT

  [[nodiscard]] std::size_t size() const noexcept { return size_; }  // invalid ones too
  // Calls `each(entry)` for all, in no order; the cache stays as it is meanwhile.
  template <class Each>
  void for_each(Each each) const {
    for (const auto& [home_address, slots] : nodes_)
      for (const auto& slot : slots) each(slot->entry);
  }

 private:
  struct Slot;
  using Recent = std::list<Slot*>;
  struct Slot {
    BindingEntry entry;
    TimerId timer{kNoTimer};
    Recent::iterator place;  // of a correspondent's entry
  };
  // Where a slot stays while others come and go.
  using Slots = std::vector<std::unique_ptr<Slot>>;

  [[nodiscard]] Slot* slot_of(const Address& home_address, const Address& own) const;
  [[nodiscard]] Slot* registered(const Address& home_address) const;
  [[nodiscard]] Slot& fresh_slot(const BindingEntry& entry);
  void start(Slot& slot, Duration lifetime);
  void expire(Slot* slot);
  void end(Slot& slot, BindingEnd why);
  void remove(Slot& slot);
  void enter(Slot& slot);
  void leave(Slot& slot);

  const Clock& clock_;
  Timers& timers_;
  Limits limits_;
  std::unordered_map<Address, Slots, AddressHash> nodes_;
  std::size_t size_{};
  Recent recent_;                // correspondents' entries, the one updated last first
  std::size_t registrations_{};  // of home agents, the valid ones
  std::array<Ended, 2> ended_;
};

}  // namespace sallyport::mip6
