// SAs that a key manager has made because policy asked for them: whose they are, how workers reach
// them, and what becomes of them when their policy changes (SPD-06, SPD-13, SPD-15).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/sa_misses.h"
#include "gateway/changed_policy_sas.h"
#include "gateway/key_manager.h"
#include "gateway/sa_assignment.h"
#include "sad/sad.h"
#include "spd/spd.h"

namespace sallyport {

// Control thread.
class AcquiredSas {
 public:
  // What the gateway does with SAs, whoever made them.
  struct Installation {
    std::function<Expected<void>(std::vector<Sa>)> install;
    std::function<void(const Sad::Names&)> uninstall;
    // Leads the handle of a policy to all its SAs, the configuration's and these.
    std::function<void(const std::string& policy)> assign;
    std::function<void()> publish_policies;
  };
  // References to what outlives it.
  struct Surroundings {
    Dataplane& dataplane;
    SaMisses& misses;
    Spd& spd;
    SaAssignment& assignment;
  };
  // So many handles of populated SAs, from Dataplane::first_populated_handle() on.
  AcquiredSas(const Surroundings& surroundings, Installation installation, std::size_t handles);

  // Carries a miss to the key manager.
  void acquire(KeyManager& manager, RequestId id, const SaMiss& miss);
  // The SAs of a request, of both directions; from then on the policy uses them. Refuses what is
  // not asked for any more, and what cannot be installed: then the request is refused as well.
  [[nodiscard]] Expected<void> provide(RequestId id, std::vector<Sa> sas, Instant now);
  [[nodiscard]] Expected<void> refuse(RequestId id, Instant now);
  // SAs that nobody here has asked for: a peer has, or they succeed others. Of both directions or
  // of one; the policy's packets leave by the newest outbound one. `packet` is one that they carry.
  [[nodiscard]] Expected<void> add(const std::string& policy, const SelectorFields& packet,
                                   std::vector<Sa> sas);

  // Its SAs have moved to other slots: what led to them does so again.
  void lead_again(const std::string& policy);

  [[nodiscard]] bool contains(std::string_view sa) const noexcept { return names_.contains(sa); }
  // The SAs from here that the policy's own handle leads to: where nothing is populated.
  [[nodiscard]] std::vector<std::string> of_policy(PolicyId policy) const;
  // These are about to go: from here on nothing leads to them.
  void leave(const Sad::Names& names);
  // Policies have been edited, and workers know.
  void follow_policies(ChangedPolicySas choice, Instant now);
  // Now and then: ends what waited for successors, and takes back handles.
  void poll();

 private:
  // The SAs of one key.
  struct Group {
    SelectorFields packet;  // that asked
    std::string policy;     // by name, which a successor may have
    Protection protection;  // as the policy had it
    std::vector<Selector> selectors;
    SaHandle handle;               // the policy's own where nothing is populated
    std::vector<std::string> sas;  // the newest first
  };

  [[nodiscard]] bool is_populated(SaHandle handle) const noexcept;
  [[nodiscard]] Expected<SaHandle> handle_for(const PopulatedKey& key, const Policy& policy);
  [[nodiscard]] Expected<void> install(const PopulatedKey& key, const Policy& policy,
                                       const SelectorFields& packet, std::vector<Sa> sas);
  void lead(const Group& group);
  void let_go(const PopulatedKey& key, const Group& group);
  // The policy is there no more, or another one decides what it was made for.
  [[nodiscard]] bool is_changed(const PopulatedKey& key, const Group& group) const;
  // The SAs that end by it.
  [[nodiscard]] Sad::Names follow(Group group, ChangedPolicySas choice, Instant now);
  [[nodiscard]] bool adopt(Group& group);
  [[nodiscard]] std::optional<RequestId> ask_anew(const Group& group, Instant now);
  [[nodiscard]] std::optional<PopulatedKey> key_under(const Policy* policy,
                                                      const Group& group) const;
  [[nodiscard]] bool decides(const Policy& policy, const SelectorFields& packet) const;
  void take_back_handles();

  Surroundings my_;
  Installation installation_;
  std::map<PopulatedKey, Group> groups_;
  std::vector<Group> kept_;                      // whose policy is gone
  std::map<RequestId, Sad::Names> replaced_;     // accepted until the request ends
  Sad::Names names_;                             // of all these SAs
  std::shared_ptr<std::vector<SaHandle>> free_;  // also watched by what waits for retirement
  std::vector<std::pair<PolicyId, SaHandle>> given_back_;  // workers may remember them
};

}  // namespace sallyport
