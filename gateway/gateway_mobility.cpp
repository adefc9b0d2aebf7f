// Mobile IPv6 in the gateway: its parts, and what they follow.
#include <spdlog/spdlog.h>

#include "gateway/gateway.h"

namespace sallyport {

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
                              .links_changed = [this] { follow_visited_links(); }});
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
  if (const auto roles = mobility_roles_->configure(configuration_); !roles)
    spdlog::warn("{}", to_string(roles.error()));
}

}  // namespace sallyport
