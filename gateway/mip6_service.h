// Mobile IPv6 at work in the gateway: answers what mip6/ports.h asks for with the databases, IKE
// and the disk (docs/architecture.md, section 2).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/rate_limit.h"
#include "gateway/audit_log.h"
#include "gateway/binding_sequences.h"
#include "gateway/config/configuration.h"
#include "gateway/tunnel_migration.h"
#include "ike/daemon.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Service final : public mip6::TunnelMigrator,
                          public mip6::IkeMobility,
                          public mip6::HomeAddressPool,
                          public mip6::Events {
 public:
  // References to what outlives it.
  struct Surroundings {
    TunnelMigration::Parts tunnels;
    ike::Daemon& ike;
    AuditLog& audit;
    JobPool& jobs;
    const Clock& clock;
    std::filesystem::path state_directory;
  };
  explicit Mip6Service(Surroundings surroundings);

  // What follows nodes, in a configuration that is about to take effect: tunnel policies of those
  // that are at home match nothing, tunnels of the others end where they are.
  void carry_over(const Configuration& next, std::vector<Policy>& policies,
                  std::vector<Sa>& sas) const;
  void configure(const Configuration& configuration);
  // What must outlive the process is on its way to the disk.
  void poll() { sequences_.poll(my_.clock.now()); }
  // Of IKE: SAs for a policy are there, or cannot be had.
  void on_installed(const std::string& policy);
  void on_failed(const std::string& policy, const std::string& why);

  [[nodiscard]] mip6::StateStore& store() noexcept { return sequences_; }
  // Whose an inbound SA is that what a node says to its home link has come by; nullopt: nobody's.
  [[nodiscard]] std::optional<Address> home_address_of(SaSlot inbound) const;
  // Where the tunnels of a home address end, while it is away.
  [[nodiscard]] std::optional<Address> place_of(const mip6::TunnelMigrator::Ends& ends) const;

  Expected<void> move(const mip6::TunnelMigrator::Ends& ends, const Address& to) override;
  void deactivate(const mip6::TunnelMigrator::Ends& ends) override;

  [[nodiscard]] bool can_move(const Address& home_address) const override;
  void move(const Address& home_address, const Address& to) override;
  void drop(const Address& home_address) override;
  void prepare(const Address& home_address, const Address& home_agent, const Address& care_of,
               Ready ready) override;

  [[nodiscard]] std::optional<Address> lease(const std::optional<Address>& wish) override;
  void release(const Address& address) override;

  void report(const mip6::Event& event) override;

 private:
  using Pair = std::pair<Address, Address>;  // a home address and its home agent
  // One of our own mobile node's tunnels, or of a node that we are the home agent of.
  struct Node {
    std::vector<MobilityPolicyFacts> policies;
    std::string peer;  // empty: SAs are configured
    bool ours{};       // its home address is
    bool moves{};      // its IKE SA can
  };
  [[nodiscard]] static std::map<Pair, Node> nodes_of(const Configuration& configuration);
  [[nodiscard]] const std::pair<const Pair, Node>* node_of(const Address& home_address) const;
  // What tunnels and IKE SAs end at while the node is there.
  [[nodiscard]] static Endpoints ends_at(const Pair& pair, const Node& node, const Address& place);
  void note_home_links(const Configuration& configuration);
  void negotiate(const std::string& policy, Ready ready);
  [[nodiscard]] static std::vector<std::string> names_of(const Node& node,
                                                         bool (*wanted)(MobilityPart));

  Surroundings my_;
  TunnelMigration tunnels_;
  BindingSequences sequences_;
  std::map<Pair, Node> nodes_;
  std::unordered_map<std::string, Address> home_of_;        // by policy for the home link
  std::unordered_map<std::string, std::string> policy_of_;  // by configured SA of such a policy
  std::map<Pair, Address> away_;                            // where
  std::multimap<std::string, Ready> awaiting_;              // SAs, by policy
  std::vector<std::string> pools_;
  RateLimit refusals_;  // that are told of: strangers can make as many as they like
  std::uint64_t untold_refusals_{};
};

}  // namespace sallyport
