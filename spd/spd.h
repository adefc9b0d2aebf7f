// The security policy databases: ordered edits in, immutable snapshots out (RFC 4301 4.4.1).
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "spd/policy_matcher.h"

namespace sallyport {

// What a worker needs of one policy. `generation` rises with every edit that may change the answer
// for a packet that this policy decided; a cached answer with an older one is stale (SPD-06).
struct PolicyEntry {
  PolicyAction action{PolicyAction::Discard};
  std::uint32_t generation{};
  bool stateful{};  // later fragments go where their first went (FRAG-04, FRAG-05)
};

// One immutable state of every SPD. Read by workers, made by Spd::snapshot.
struct PolicySet {
  std::uint32_t version{};                               // rises with every change; never 0
  std::vector<PolicyEntry> entries;                      // by PolicyId; [0] is kNoPolicy
  std::vector<std::shared_ptr<const PolicyView>> views;  // by SpdId
  bool stateful{};                                       // one of the entries is

  [[nodiscard]] PolicyId match(SpdId spd, const SelectorFields& fields) const noexcept {
    return views[spd.value]->match(fields);
  }
  [[nodiscard]] const PolicyEntry& entry(PolicyId id) const noexcept { return entries[id.value]; }
};

// Control thread only. Policies keep their PolicyId from insertion to removal.
class Spd {
 public:
  // `capacity` policies over all SPDs; `databases` SPD-IDs, 0 and up.
  Spd(std::size_t capacity, std::size_t databases);
  // Ids run from 0 to this: that of a removed policy waits until no worker reads it any more, and
  // every policy may be replaced at once.
  [[nodiscard]] static constexpr std::size_t ids_for(std::size_t capacity) noexcept {
    return 2 * capacity;
  }

  // `position` counts within the policy's SPD; npos appends. Refuses a taken name, an invalid
  // selector, a full table.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  [[nodiscard]] Expected<PolicyId> insert(Policy policy, std::size_t position = npos);
  [[nodiscard]] Expected<void> remove(std::string_view name);
  // `position` is the one that the policy has in its SPD afterwards.
  [[nodiscard]] Expected<void> move(std::string_view name, std::size_t position);
  // Refuses what the SPDs could not hold in place of what they hold now.
  [[nodiscard]] Expected<void> check(const std::vector<Policy>& next) const;
  // Makes each SPD hold these, which have passed check(), in this order. A policy that is among
  // them as it was keeps its id.
  void replace(const std::vector<Policy>& next);

  // Ids of policies removed since the last call. They are given to no new policy before they come
  // back by reuse(): when no worker can have a snapshot with them any more.
  [[nodiscard]] std::vector<PolicyId> take_removed() noexcept {
    return std::exchange(removed_, {});
  }
  void reuse(std::span<const PolicyId> ids) { free_.insert(free_.end(), ids.begin(), ids.end()); }

  [[nodiscard]] const Policy* find(std::string_view name) const noexcept;
  [[nodiscard]] const Policy* find(PolicyId id) const noexcept;
  [[nodiscard]] std::optional<PolicyId> id_of(std::string_view name) const noexcept;
  // Policies of one SPD in order of precedence.
  [[nodiscard]] std::vector<const Policy*> ordered(SpdId spd) const;

  [[nodiscard]] std::shared_ptr<const PolicySet> snapshot() const;

 private:
  struct Database {
    std::unique_ptr<PolicyMatcher> matcher;
    std::vector<PolicyId> order;                     // of precedence
    mutable std::shared_ptr<const PolicyView> view;  // null: edited since the last snapshot
  };
  struct Slot {
    std::unique_ptr<Policy> policy;  // null: free
    std::uint32_t generation{};
  };
  [[nodiscard]] Expected<PolicyId> free_slot() const;
  // Makes stale what `policies` decided and `edited` may decide from now on.
  void touch(std::span<const PolicyId> policies, const Policy& edited);
  void changed(Database& database);

  std::size_t capacity_;
  std::vector<Slot> slots_;  // by PolicyId; [0] is the nominal last entry
  std::vector<PolicyId> free_;
  std::vector<PolicyId> removed_;
  std::map<std::string, PolicyId, std::less<>> ids_;  // by name
  std::vector<Database> databases_;
  std::uint32_t version_{1};
};

}  // namespace sallyport
