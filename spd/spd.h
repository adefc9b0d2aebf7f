// The security policy databases: ordered edits in, immutable snapshots out (RFC 4301 4.4.1).
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "spd/policies_by_remote.h"
#include "spd/policy_entries.h"
#include "spd/policy_matcher.h"

namespace sallyport {

// Which part of which SPD packets are asked against: inbound SPD-I, outbound SPD-S and SPD-O as
// each local user sees them (RFC 4301 4.4.1; ARCH-10, SPD-02, SPD-12); and the same for what goes
// through a mobility tunnel, which meets policies that are bound to one as well.
using PolicyScope = Strong<struct PolicyScopeTag, std::uint16_t>;

// A policy that is bound to a tunnel and names no address at all: only the tunnel tells whose it is
// (MSEC-38).
struct WidePolicy {
  Address tunnel;
  SpdId spd{};
  std::uint32_t place{};
  PolicyId id;
  std::vector<Selector> selectors;
};

// One immutable state of every SPD. Read by workers, made by Spd::snapshot.
struct PolicySet {
  std::uint32_t version{};                               // rises with every change; never 0
  PolicyEntries entries;                                 // by PolicyId; [0] is kNoPolicy
  std::vector<std::shared_ptr<const PolicyView>> views;  // by PolicyScope
  std::uint16_t users{};                                 // local ones
  bool stateful{};                                       // one of the entries is
  std::vector<WidePolicy> wide;                          // by tunnel, then place

  // Of each SPD, twice: for packets on their own, and in tunnels.
  [[nodiscard]] std::uint16_t ways() const noexcept {
    return static_cast<std::uint16_t>(users + 2u);
  }
  [[nodiscard]] PolicyScope inbound(SpdId spd) const noexcept {
    return PolicyScope{static_cast<std::uint16_t>(spd.value * 2u * ways())};
  }
  // Of what goes through a mobility tunnel and is otherwise of this scope: for the flow cache.
  [[nodiscard]] PolicyScope in_tunnel(PolicyScope scope) const noexcept {
    return PolicyScope{static_cast<std::uint16_t>(scope.value + ways())};
  }
  [[nodiscard]] PolicyScope outbound(SpdId spd, UserId user = kNoUser) const noexcept {
    return PolicyScope{static_cast<std::uint16_t>(inbound(spd).value + 1u + user.value)};
  }
  [[nodiscard]] PolicyId match(PolicyScope scope, const SelectorFields& fields) const noexcept {
    return views[scope.value]->match(fields);
  }
  // Into or out of the tunnel to that address; `scope` is the one without a tunnel.
  [[nodiscard]] PolicyId match_in_tunnel(PolicyScope scope, const Address& tunnel,
                                         const SelectorFields& fields) const noexcept;
  // Outbound, for packets of no local user.
  [[nodiscard]] PolicyId match(SpdId spd, const SelectorFields& fields) const noexcept {
    return match(outbound(spd), fields);
  }
  // Both say the same of every packet.
  [[nodiscard]] bool are_alike(PolicyScope one, PolicyScope other) const noexcept {
    return views[one.value] == views[other.value];
  }
  [[nodiscard]] const PolicyEntry& entry(PolicyId id) const noexcept { return entries[id]; }
};

// Control thread only. Policies keep their PolicyId from insertion to removal.
class Spd {
 public:
  // `capacity` policies over all SPDs; `databases` SPD-IDs, 0 and up; local users, UserId 1 and up.
  Spd(std::size_t capacity, std::size_t databases, std::vector<std::string> users = {});
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
  // Whether packets meet the policy; it keeps its id and its place (MAPI-08).
  using Activity = PolicyMatcher::Activity;
  [[nodiscard]] Expected<void> set_activity(std::string_view name, Activity activity);
  // Where the policy's tunnel ends from now on: what it decides is the same, and so are its SAs
  // (MAPI-01). Refuses what no tunnel's endpoints can be.
  [[nodiscard]] Expected<void> set_endpoints(std::string_view name, const Endpoints& ends);
  // Refuses what the SPDs could not hold in place of what they hold now.
  [[nodiscard]] Expected<void> check(const std::vector<Policy>& next) const;
  // Makes each SPD hold these, which have passed check(), in this order. A policy that is among
  // them as it was keeps its id. Where many are new or moved, all answers of the SPD are stale.
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

  // The first policy of the SPD that names this IKE identity, for the responder (SPD-11).
  [[nodiscard]] const Policy* find_named(SpdId spd, std::string_view identity) const noexcept;
  // Raises the generations of these policies: what was cached of their answers is asked anew.
  void make_stale(std::span<const PolicyId> policies);

  [[nodiscard]] std::shared_ptr<const PolicySet> snapshot() const;

  // What makes later snapshots faster and may be done by another thread while policies are edited.
  class Rebuild {
   public:
    // Any thread, once.
    void run() const {
      for (const auto& [index, work] : parts_) work->run();
    }

   private:
    friend class Spd;
    std::vector<std::pair<std::size_t, std::shared_ptr<PolicyMatcher::Rebuild>>> parts_;
  };
  // Null where nothing is worth it.
  [[nodiscard]] std::shared_ptr<const Rebuild> begin_rebuild();
  // One that begin_rebuild() gave, after it has run. The next snapshot is made with it.
  void finish_rebuild(const Rebuild& rebuild);

 private:
  // The policies of one SPD that packets of one scope meet.
  struct Scope {
    std::unique_ptr<PolicyMatcher> matcher;  // null: they meet what the SPD's main scope has
    mutable std::shared_ptr<const PolicyView> view;  // null: edited since the last snapshot
  };
  struct Database {
    std::vector<PolicyId> order;  // of precedence
    std::size_t apart{};          // policies of `order` that some scope does not meet
  };
  struct Slot {
    std::unique_ptr<Policy> policy;  // null: free
  };
  [[nodiscard]] Expected<PolicyId> free_slot() const;
  [[nodiscard]] std::size_t ways() const noexcept { return users_.size() + 2; }
  [[nodiscard]] std::size_t scopes_each() const noexcept { return 2 * ways(); }
  // What is for everyone stands in it: outbound, no user.
  [[nodiscard]] std::size_t main_scope(SpdId spd) const noexcept {
    return spd.value * scopes_each() + 1;
  }
  [[nodiscard]] std::size_t main_scope(std::size_t scope) const noexcept {
    return scope / scopes_each() * scopes_each() + 1;
  }
  // Every scope meets it.
  [[nodiscard]] static bool is_for_all(const Policy& policy) noexcept {
    return policy.names.empty() && policy.direction == PolicyDirection::Both && !policy.tunnel;
  }
  // Packets of the scope meet the policy while it is active.
  [[nodiscard]] bool is_met(const Policy& policy, std::size_t scope) const noexcept;
  // Scopes of the policy's SPD with a matcher of their own in which it is met.
  [[nodiscard]] std::vector<std::size_t> matchers_with(const Policy& policy) const;
  // The place among those met in the scope of what stands at `position` of all.
  [[nodiscard]] std::size_t place_in(std::size_t scope, std::size_t position) const noexcept;
  // Gives matchers of their own to the scopes that the policy sets apart.
  [[nodiscard]] Expected<void> part_scopes(const Policy& policy);
  [[nodiscard]] Expected<void> add_to_matchers(const Policy& policy, PolicyId id,
                                               std::size_t position);
  // Puts a policy into the free slot, and takes one out: all but its place in the order.
  void settle(PolicyId id, Policy policy);
  void forget(PolicyId id);
  // Gives an SPD this order, whose policies stand in their slots.
  void arrange(SpdId spd, std::vector<PolicyId> order);
  // Makes stale what one order decided and another may decide otherwise.
  void touch_rearranged(const std::vector<PolicyId>& before, const std::vector<PolicyId>& after);
  // Makes stale what `policies` decided and `edited` may decide from now on.
  void touch(std::span<const PolicyId> policies, const Policy& edited);
  void changed(const Policy& edited);
  // What was cached of its answers is asked anew.
  void raise_generation(PolicyId id) { ++entries_.edit(id).generation; }
  // After its policy has come or gone.
  void describe(PolicyId id);
  void show_activity(PolicyId id);
  [[nodiscard]] std::vector<PolicyId> rivals_of(const Policy& policy);
  void activate(PolicyId id);
  void deactivate(PolicyId id);
  // Where tunnels alone tell policies apart, the order of all is in the snapshot.
  void place_wide(PolicySet& set) const;

  std::size_t capacity_;
  std::vector<Slot> slots_;                    // by PolicyId; [0] is the nominal last entry
  PolicyEntries entries_;                      // of each slot
  std::size_t stateful_{};                     // entries
  std::size_t wide_{};                         // policies that is_wide() is true of
  std::optional<PoliciesByRemote> by_remote_;  // nullopt: policies have come or gone since
  std::vector<PolicyId> free_;
  std::vector<PolicyId> removed_;
  std::map<std::string, PolicyId, std::less<>> ids_;  // by name
  std::vector<std::string> users_;
  std::vector<Database> databases_;
  std::vector<Scope> scopes_;  // by PolicyScope
  std::uint32_t version_{1};
};

}  // namespace sallyport
