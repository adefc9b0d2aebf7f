// Moves the tunnels of policies to other endpoints, in the SPD and of live SAs: what PFKEY MIGRATE
// would ask for, inside (RFC 4877 4.3; MAPI-01, MAPI-05, MAPI-08).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sad/sad.h"
#include "spd/spd.h"

namespace sallyport {

// Control thread. Whoever calls it has authority for it: nothing that a packet or an ordinary user
// asks for comes here (MAPI-03).
class TunnelMigration {
 public:
  // What it refers to outlives it.
  struct Parts {
    Spd& spd;
    Sad& sad;
    // Names of the SAs that were negotiated for a policy.
    std::function<std::vector<std::string>(const std::string& policy)> negotiated;
    // Leads the packets of these policies by their SAs as they are now.
    std::function<void(const std::string& policy)> lead;
    // Workers judge by what the SPD holds now. Only where that is other than before: endpoints are
    // no part of it.
    std::function<void()> publish;
  };
  explicit TunnelMigration(Parts parts) : my_(std::move(parts)) {}

  // Of the policies in tunnel mode among these; those that are inactive become active.
  struct Order {
    std::vector<std::string> policies;
    Endpoints to;
  };
  struct Outcome {
    std::string sa;
    Expected<void> moved;
  };
  // Each order all or nothing: where one of its SAs cannot be moved, the others are moved back.
  // Sequence numbers, windows and keys stay, and packets to the old endpoints are still taken, as
  // inbound SAs are found by SPI alone.
  std::vector<Outcome> migrate(std::span<const Order> orders);
  // It is one of the policy's, configured or negotiated.
  [[nodiscard]] bool has_sa(const std::string& policy, const std::string& sa) const;
  // No packet meets the policies any more; they and their SAs stay.
  void deactivate(std::span<const std::string> policies);

 private:
  [[nodiscard]] std::vector<std::string> tunnels_of(const Order& order) const;
  [[nodiscard]] std::vector<std::string> sas_of(const std::string& policy) const;
  [[nodiscard]] Expected<void> move_sa(const std::string& sa,
                                       const std::vector<std::string>& policies,
                                       const Endpoints& to);
  void carry_out(const Order& order, std::vector<Outcome>& outcomes);
  void set_activity(const std::string& policy, Spd::Activity activity);
  void publish();

  Parts my_;
  bool changed_{};  // since the last publish()
};

// The first refusal among them.
[[nodiscard]] Expected<void> joined(const std::vector<TunnelMigration::Outcome>& outcomes);

}  // namespace sallyport
