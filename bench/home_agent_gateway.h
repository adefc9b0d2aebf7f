// A home agent at work: what a gateway with [home_agent] and configured SAs has, over rings in
// memory, and no daemon around it.
#pragma once

#include <filesystem>

#include "bench/home_agent_frames.h"
#include "bench/home_agent_ike.h"
#include "bench/ring_gateway.h"
#include "gateway/audit_log.h"
#include "gateway/job_pool.h"
#include "gateway/mip6_roles.h"
#include "gateway/mip6_service.h"
#include "gateway/sa_assignment.h"

namespace sallyport::bench {

// Time that runs, and may be made to run ahead: nobody waits for duplicate address detection.
class JumpingClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const noexcept override {
    return std::chrono::steady_clock::now() + ahead_;
  }
  void jump(Duration time) noexcept { ahead_ += time; }

 private:
  Duration ahead_{};
};

// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// What is protected between a node and us besides its registrations.
enum class HomeProtection : std::uint8_t {
  Payload,     // all of it by one pair of SAs: four policies and two pairs for each node
  Everything,  // return routability and prefix discovery too: five policies and three pairs
};

class HomeAgentGateway {
 public:
  struct Settings {
    NodeNumber nodes{};
    Transform transform;
    HomeProtection protection{};
  };
  // Octets on the heap for each node: policies and SAs, and the operator's list of nodes.
  struct Octets {
    double tunnels{};
    double list{};
  };
  // `random` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<HomeAgentGateway>> open(const Settings& settings,
                                                                        Random& random);
  [[nodiscard]] static std::uint64_t memory_needed(const Settings& settings);
  ~HomeAgentGateway();

  // What the control thread does every millisecond.
  void poll();
  // Messages that wait for poll(), as far as they are for control.
  [[nodiscard]] unsigned waiting() const;
  [[nodiscard]] RingGateway& ring() noexcept { return *ring_; }
  [[nodiscard]] JumpingClock& clock() noexcept { return clock_; }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::size_t policies() const noexcept { return policies_; }
  // Where the node is registered; nullopt where it is not.
  [[nodiscard]] std::optional<Address> place_of(NodeNumber node) const;
  [[nodiscard]] const Octets& octets() const noexcept { return octets_; }
  // Seconds that it took: the list of policies to be taken over, and the first set of them for
  // workers.
  struct Loading {
    double policies{};
    double first_set{};
  };
  [[nodiscard]] const Loading& loading() const noexcept { return loading_; }

 private:
  HomeAgentGateway(const Settings& settings, Random& random);
  [[nodiscard]] Expected<void> load();
  void add_home_agent();
  [[nodiscard]] Expected<void> add_policies(std::vector<Policy> policies);
  [[nodiscard]] Expected<void> add_sas();
  [[nodiscard]] Expected<void> add_sa(const SaName& name, const Policy& policy);
  [[nodiscard]] Expected<void> connect();
  void lead(const std::string& policy);
  void rebuild_matchers();

  Settings settings_;
  Random& random_;
  JumpingClock clock_;
  TemporaryFolder folder_;
  JobPool jobs_{1};
  AuditLog audit_;
  Configuration configuration_;
  std::size_t policies_{};
  Octets octets_;
  Loading loading_;
  std::unique_ptr<RingGateway> ring_;
  std::unique_ptr<ControlPlane> control_;
  std::unique_ptr<Spd> spd_;
  std::unique_ptr<SaAssignment> assignment_;
  std::unique_ptr<SilentIke> ike_;
  std::unique_ptr<Mip6Service> service_;
  std::unique_ptr<Mip6Roles> roles_;
  bool rebuilding_{};
  Instant next_rebuild_{};
};

// Octets of this process's heap that are in use.
[[nodiscard]] double heap_in_use();

}  // namespace sallyport::bench
