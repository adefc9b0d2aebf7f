#include "gateway/tunnel_migration.h"

#include <algorithm>
#include <span>
#include <utility>

namespace sallyport {
namespace {

// Where IKE is spoken from and to, its tunnels end: policy names no endpoints then.
bool names_endpoints(const Policy& policy) { return policy.protect->endpoints != Endpoints{}; }

}  // namespace

std::vector<std::string> TunnelMigration::tunnels_of(const Order& order) const {
  std::vector<std::string> tunnels;
  for (const std::string& name : order.policies) {
    const Policy* const policy = my_.spd.find(name);
    if (policy != nullptr && policy->protect && policy->protect->mode == IpsecMode::Tunnel)
      tunnels.push_back(name);
  }
  return tunnels;
}

std::vector<std::string> TunnelMigration::sas_of(const std::string& policy) const {
  std::vector<std::string> names = my_.spd.find(policy)->protect->sas;
  std::ranges::move(my_.negotiated(policy), std::back_inserter(names));
  return names;
}

bool TunnelMigration::has_sa(const std::string& policy, const std::string& sa) const {
  if (my_.spd.find(policy) == nullptr) return false;
  const std::vector<std::string> names = sas_of(policy);
  return std::ranges::find(names, sa) != names.end();
}

Expected<void> TunnelMigration::move_sa(const std::string& sa,
                                        const std::vector<std::string>& policies,
                                        const Endpoints& to) {
  const auto entry = my_.sad.find(sa);
  if (!entry) return {};  // it has ended, and is not asked for any more
  return my_.sad.move(sa, {.endpoints = to, .encapsulation = entry->sa->encapsulation},
                      [this, policies](SaSlot) {
                        for (const std::string& policy : policies) my_.lead(policy);
                      });
}

void TunnelMigration::carry_out(const Order& order, std::vector<Outcome>& outcomes) {
  struct Shared {
    std::string sa;
    std::vector<std::string> policies;
    Endpoints from;
  };
  const std::vector<std::string> tunnels = tunnels_of(order);
  std::vector<Shared> all;
  for (const std::string& policy : tunnels)
    for (const std::string& sa : sas_of(policy)) {
      const auto entry = my_.sad.find(sa);
      const auto same = std::ranges::find(all, sa, &Shared::sa);
      if (same != all.end())
        same->policies.push_back(policy);
      else if (entry)
        all.push_back({sa, {policy}, entry->sa->endpoints});
    }
  for (std::size_t i = 0; i < all.size(); ++i) {
    Expected<void> moved = move_sa(all[i].sa, all[i].policies, order.to);
    const bool good = moved.has_value();
    outcomes.push_back({all[i].sa, std::move(moved)});
    if (good) continue;
    for (const Shared& back : std::span(all).first(i))
      static_cast<void>(move_sa(back.sa, back.policies, back.from));  // it was there before
    return;
  }
  for (const std::string& name : tunnels) {
    // Of a policy that is there, and endpoints that its SAs have taken.
    if (names_endpoints(*my_.spd.find(name)))
      static_cast<void>(my_.spd.set_endpoints(name, order.to));
    set_activity(name, Spd::Activity::Active);
  }
}

std::vector<TunnelMigration::Outcome> TunnelMigration::migrate(std::span<const Order> orders) {
  std::vector<Outcome> outcomes;
  for (const Order& order : orders) carry_out(order, outcomes);
  publish();
  return outcomes;
}

void TunnelMigration::deactivate(std::span<const std::string> policies) {
  for (const std::string& name : policies) set_activity(name, Spd::Activity::Inactive);
  publish();
}

void TunnelMigration::set_activity(const std::string& policy, Spd::Activity activity) {
  const Policy* const before = my_.spd.find(policy);
  if (before == nullptr || before->active == (activity == Spd::Activity::Active)) return;
  changed_ |= my_.spd.set_activity(policy, activity).has_value();
}

void TunnelMigration::publish() {
  if (std::exchange(changed_, false)) my_.publish();
}

Expected<void> joined(const std::vector<TunnelMigration::Outcome>& outcomes) {
  for (const TunnelMigration::Outcome& outcome : outcomes)
    if (!outcome.moved) return outcome.moved;
  return {};
}

}  // namespace sallyport
