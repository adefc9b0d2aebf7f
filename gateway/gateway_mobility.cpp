// Mobile IPv6 in the gateway: its parts, and what they follow.
#include <spdlog/spdlog.h>

#include "gateway/gateway.h"

namespace sallyport {
namespace {

bool is_first(MobilityPart part) { return part == MobilityPart::Multicast; }

// What the SPDs hold, with the policies that mobility is written out into now in place of those
// `before`: what was edited by hand stays.
std::vector<Policy> replaced_derived(const Spd& spd, const Configuration& configuration,
                                     const std::vector<MobilityPolicyFacts>& before) {
  std::map<std::string_view, MobilityPart> old;
  for (const MobilityPolicyFacts& facts : before) old.emplace(facts.policy, facts.part);
  std::vector<Policy> policies;
  for (std::size_t i = 0; i < configuration.spds.size(); ++i) {
    const SpdId id{static_cast<std::uint16_t>(i)};
    const auto append_derived = [&](bool first) {
      for (std::size_t n = 0; n < configuration.mobility_policies.size(); ++n)
        if (configuration.policies[n].spd == id &&
            is_first(configuration.mobility_policies[n].part) == first)
          policies.push_back(configuration.policies[n]);
    };
    append_derived(true);
    bool placed = false;
    for (const Policy* const policy : spd.ordered(id)) {
      const auto known = old.find(policy->name);
      if (known == old.end())
        policies.push_back(*policy);
      else if (!is_first(known->second) && !std::exchange(placed, true))
        append_derived(false);
    }
    if (!placed) append_derived(false);
  }
  return policies;
}

}  // namespace

void Gateway::make_mobility(Random& random) {
  mobility_ = std::make_unique<Mip6Service>(Mip6Service::Surroundings{
      .tunnels = {.spd = *spd_,
                  .sad = *sad_,
                  .negotiated =
                      [this](const std::string& policy) {
                        const auto id = spd_->id_of(policy);
                        return id ? acquired_->of_policy(*id) : std::vector<std::string>{};
                      },
                  .lead = [this](const std::string& policy) { assign_sas(policy); },
                  .publish = [this] { dataplane_->publish(spd_->snapshot()); }},
      .ike = ike_->daemon(),
      .audit = audit_,
      .jobs = jobs_,
      .clock = clock_,
      .state_directory = state_directory_->path()});
  mobility_roles_ = std::make_unique<Mip6Roles>(
      Mip6Roles::Surroundings{.control = *control_,
                              .dataplane = *dataplane_,
                              .service = *mobility_,
                              .clock = clock_,
                              .random = random,
                              .ike = ike_->daemon(),
                              .links_changed = [this] { follow_visited_links(); },
                              .home_changed = [this] { home_changed_ = true; }});
  leased_homes_ = std::make_unique<LeasedHomeAddresses>(ike_->daemon());
}

void Gateway::follow_visited_links() {
  const VisitedLinks& visited = mobility_roles_->visited();
  std::vector<Route> routes = plan_routes(configuration_, dataplane_->ports(), visited);
  auto built = Dataplane::build(routes);
  if (!built) return spdlog::error("{}", to_string(built.error()));
  routes_ = std::move(routes);
  dataplane_->publish(spd_->snapshot(), std::move(*built));
  control_->set_addresses(plan_addresses(configuration_, visited));
  sad_->renew_link_mtus();
}

void Gateway::configure_mobility() {
  mobility_->configure(configuration_);
  leased_homes_->configure(configuration_);
  if (const auto roles = mobility_roles_->configure(configuration_); !roles)
    spdlog::warn("{}", to_string(roles.error()));
}

void Gateway::on_ike(const ike::Event& event) {
  leased_homes_->on_ike(event);
  mobility_roles_->on_ike(event);
}

// Here nothing of IKE or of a role is under way.
void Gateway::follow_learned_addresses() {
  const bool nodes = leased_homes_->poll();
  if (farewell_ || !(std::exchange(home_changed_, false) || nodes)) return;
  LearnedAddresses next{.own = mobility_roles_->learned_home(),
                        .of_nodes = leased_homes_->of_nodes()};
  if (next == learned_) return;
  if (const auto learned = learn(std::move(next)); !learned)
    spdlog::error("{}", to_string(learned.error()));
}

Expected<void> Gateway::learn(LearnedAddresses next) {
  const std::vector<MobilityPolicyFacts> before = configuration_.mobility_policies;
  put_in(configuration_, next);
  std::vector<Policy> policies = replaced_derived(*spd_, configuration_, before);
  std::vector<Sa> unmoved;
  mobility_->carry_over(configuration_, policies, unmoved);
  if (auto good = spd_->check(policies); !good) {
    put_in(configuration_, learned_);
    return good;
  }
  learned_ = std::move(next);
  spd_->replace(policies);
  for (const MobilityPolicyFacts& facts : before) follow_policy(facts.policy);
  for (const MobilityPolicyFacts& facts : configuration_.mobility_policies)
    follow_policy(facts.policy);
  publish_policies();  // IKE has them when a role asks for SAs
  configure_mobility();
  return {};
}

}  // namespace sallyport
