// The running gateway: one configuration at work. Control thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dataplane/control_plane.h"
#include "dataplane/dataplane.h"
#include "dataplane/eal.h"
#include "gateway/acquired_sas.h"
#include "gateway/audit_log.h"
#include "gateway/config/configuration.h"
#include "gateway/config/learned_addresses.h"
#include "gateway/ike_service.h"
#include "gateway/key_manager.h"
#include "gateway/leased_home_addresses.h"
#include "gateway/lifetime_report.h"
#include "gateway/mip6_roles.h"
#include "gateway/mip6_service.h"
#include "gateway/policy_edits.h"
#include "gateway/sa_assignment.h"
#include "gateway/sa_lifetimes.h"
#include "gateway/state_directory.h"
#include "gateway/static_sa_state.h"
#include "sad/sad.h"
#include "spd/spd.h"

namespace sallyport {

class Gateway {
 public:
  struct Surroundings {
    Random& random;
    const Clock& clock;
    std::vector<std::string> eal_arguments;  // the operator's own, after "--"
  };
  // Starts EAL, opens the ports, installs policies and SAs; no packet moves yet.
  [[nodiscard]] static Expected<std::unique_ptr<Gateway>> open(Configuration configuration,
                                                               const Surroundings& surroundings);
  ~Gateway();

  // Workers run from here on; fails where one cannot be pinned to its core.
  [[nodiscard]] Expected<void> start();
  // Everything that is due: packets for control, timers, lifetimes, reservations, retirement.
  // To be called about every millisecond; never blocks.
  void poll();

  // Makes the difference between what runs and `next` take effect; what did not change keeps its
  // counters and windows, and what was added by add_sa() or edited by hand goes. Refuses changes
  // that need a restart (ports, limits, workers) and what there is no room for, and then nothing
  // has changed.
  [[nodiscard]] Expected<void> reload(Configuration next);
  [[nodiscard]] Expected<void> add_sa(Sa sa, const std::string& policy);
  // The same from the text of an [[sa]] table.
  [[nodiscard]] Expected<void> add_sa_text(const std::string& toml, const std::string& policy);
  [[nodiscard]] Expected<void> remove_sa(const std::string& name);
  // Edits of the SPDs, as PolicyEdits has them; `toml` is the text of a [[policy]] table.
  [[nodiscard]] Expected<void> insert_policy(const std::string& toml, const PolicyPlace& place);
  [[nodiscard]] Expected<void> move_policy(const std::string& name, const PolicyPlace& place);
  [[nodiscard]] Expected<void> remove_policy(const std::string& name);

  // SAs that policy wants and that are not there are asked for from now on (SPD-15); outlives the
  // gateway.
  void acquire_by(KeyManager& manager);
  [[nodiscard]] bool has_key_manager() const noexcept { return has_key_manager_; }
  // The answers of a key manager: see AcquiredSas.
  [[nodiscard]] Expected<void> provide_sas(RequestId id, std::vector<Sa> sas);
  [[nodiscard]] Expected<void> refuse_sas(RequestId id);

  [[nodiscard]] IkeService& ike() noexcept { return *ike_; }
  [[nodiscard]] Mip6Service& mobility() noexcept { return *mobility_; }
  [[nodiscard]] const Mip6Roles& mobility_roles() const noexcept { return *mobility_roles_; }
  // Peers are told that all is over; true when they have answered, or there is nobody to tell.
  [[nodiscard]] bool say_goodbye();

  // Is told of the soft and hard lifetimes of SAs from now on; outlives the gateway.
  void listen(LifetimeListener& listener) noexcept { lifetime_report_.pass_on_to(listener); }
  // Opens the audit log anew, that it may have been moved away.
  void reopen_audit_log() { audit_.reopen(); }

  [[nodiscard]] const AuditLog& audit() const noexcept { return audit_; }
  [[nodiscard]] const SaLifetimes& lifetimes() const noexcept { return *lifetimes_; }
  [[nodiscard]] const Configuration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] Dataplane& dataplane() noexcept { return *dataplane_; }
  [[nodiscard]] std::vector<NeighbourFacts> neighbours() const;
  [[nodiscard]] const ControlPlane& control() const noexcept { return *control_; }
  [[nodiscard]] Instant now() const noexcept { return clock_.now(); }
  [[nodiscard]] const Spd& spd() const noexcept { return *spd_; }
  [[nodiscard]] const Sad& sad() const noexcept { return *sad_; }
  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }
  // When the SA was added; its lifetime in seconds counts from then.
  [[nodiscard]] Duration age_of(const std::string& sa) const;
  [[nodiscard]] bool hugepages() const noexcept { return eal_.hugepages(); }

 private:
  // One for what must be durable, one for what may have to wait for a slow disk.
  static constexpr unsigned kJobThreads = 2;
  static constexpr unsigned kIkeJobThreads = 2;
  Gateway(Eal eal, const Clock& clock);
  [[nodiscard]] Expected<void> make_parts(const Configuration& configuration, Random& random);
  [[nodiscard]] Expected<void> apply(Configuration next);
  [[nodiscard]] Sad::Names sas_not_among(const std::vector<Sa>& next) const;
  [[nodiscard]] Expected<Sad::Prepared> prepare_sas(std::vector<Sa> sas,
                                                    const Sad::Names& gone = {});
  void publish_sas(Sad::Prepared prepared);
  [[nodiscard]] Expected<void> install_sas(std::vector<Sa> sas);
  void uninstall_sas(const Sad::Names& names);
  // Leads the policy to its outbound SAs.
  void assign_sas(const std::string& policy);
  void make_mobility(Random& random);
  void configure_mobility();
  // Routes and addresses, when our mobile node has come to another link.
  void follow_visited_links();
  // Home addresses that have been found out, given or lost.
  void follow_learned_addresses();
  [[nodiscard]] Expected<void> learn(LearnedAddresses next);
  void on_ike(const ike::Event& event);
  [[nodiscard]] Expected<const Policy*> protecting_policy(const std::string& name) const;
  void follow_policy(const std::string& name);
  void retire_policies();
  // Workers judge by what the SPD holds now, and what depends on policies follows.
  void publish_policies();
  // Rebuilds what makes matching fast, where enough has changed, off this thread.
  void rebuild_matchers();
  // Refuses an SA that would send under the key of one that sends already.
  [[nodiscard]] Expected<void> check_nonces(const Sa& sa) const;
  [[nodiscard]] AuditNames audit_names() const;
  void configure_audit();
  void take_events(Instant now);
  void expire(Instant now);
  // After SAs or policies have changed.
  void set_dummies();

  Eal eal_;
  const Clock& clock_;
  Configuration configuration_;
  JobPool jobs_{kJobThreads};
  JobPool ike_jobs_{kIkeJobThreads};  // public-key work that strangers can ask for
  AuditLog audit_;
  LifetimeReport lifetime_report_{audit_};
  std::optional<StateDirectory> state_directory_;
  std::unique_ptr<Dataplane> dataplane_;
  std::unique_ptr<ControlPlane> control_;
  std::shared_ptr<Spd> spd_;  // also watched by what waits for retirement
  std::unique_ptr<Sad> sad_;
  std::unique_ptr<StaticSaState> static_sas_;
  std::unique_ptr<SaLifetimes> lifetimes_;
  std::unique_ptr<PolicyEdits> policy_edits_;
  std::vector<Route> routes_;
  std::map<std::string, std::vector<std::string>, std::less<>> sas_of_;  // by policy name
  std::unique_ptr<SaAssignment> assignment_;
  std::unique_ptr<AcquiredSas> acquired_;
  std::unique_ptr<IkeService> ike_;
  std::unique_ptr<Mip6Service> mobility_;
  std::unique_ptr<Mip6Roles> mobility_roles_;
  std::unique_ptr<LeasedHomeAddresses> leased_homes_;
  LearnedAddresses learned_;         // that configuration_ has
  bool home_changed_{};              // our mobile node's
  std::optional<Instant> farewell_;  // when it began
  bool has_key_manager_{};
  bool rebuilding_{};
  Instant next_housekeeping_{};
};

}  // namespace sallyport
