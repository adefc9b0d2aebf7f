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
  // A packet that SAs carry, and the policy that decides it so.
  struct Carried {
    std::string policy;
    SelectorFields packet;
  };
  // Which request SAs are the answer to. `others`: packets of other policies, or with other
  // populated values, that they carry as well (SPD-05).
  struct Answer {
    RequestId id;
    std::vector<Carried> others{};
  };
  // The SAs of a request, of both directions; from then on the policy uses them. Refuses what is
  // not asked for any more, and what cannot be installed: then the request is refused as well.
  [[nodiscard]] Expected<void> provide(const Answer& answer, std::vector<Sa> sas, Instant now);
  [[nodiscard]] Expected<void> refuse(RequestId id, Instant now);
  // SAs that nobody here has asked for: a peer has, or they succeed others. Of both directions or
  // of one; policies' packets leave by the newest outbound one. `carried`: one packet for each
  // policy and set of populated values, that of the policy that they are of in front.
  [[nodiscard]] Expected<void> add(std::span<const Carried> carried, std::vector<Sa> sas);

  // It has moved to another slot: what led to it does so again.
  void lead_again(const std::string& sa);

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
  // Packets of a policy that find the same SAs, and one of them.
  struct Place {
    const Policy* policy{};  // during the call
    PopulatedKey key;
    SelectorFields packet;
  };
  [[nodiscard]] std::vector<Place> places_of(std::span<const Carried> carried) const;
  // There is at least one place.
  [[nodiscard]] Expected<void> install(std::span<const Place> places, std::vector<Sa> sas);
  void join(const Place& place, std::span<const std::string> names);
  // Whoever waits for SAs of these has some now.
  void answer_waiting(std::span<const Place> places);
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
