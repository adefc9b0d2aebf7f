// The routes that a configuration amounts to: connected, local, static, and what is never
// forwarded.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/next_hop.h"
#include "gateway/config/configuration.h"

namespace sallyport {

// What our own mobile node has from a link that it is on.
struct VisitedLink {
  std::vector<Prefix> addresses;  // the one that speaks for us first
  std::optional<Address> router;  // the default one
  friend bool operator==(const VisitedLink&, const VisitedLink&) = default;
};
struct VisitedLinks {
  std::map<PortId, VisitedLink> by_port;
  // Ours wherever we are, for want of a better place on this link.
  std::optional<Address> home_address;
  PortId home_link{kNoPort};
  friend bool operator==(const VisitedLinks&, const VisitedLinks&) = default;
};

// `ports` are open, in the configuration's order: their link addresses are known. What is
// configured goes before what comes from links.
[[nodiscard]] std::vector<Route> plan_routes(const Configuration& configuration,
                                             const std::vector<PortStatus>& ports,
                                             const VisitedLinks& visited);
// Of each port, by PortId. An address that a configured port has is that port's alone.
[[nodiscard]] std::vector<std::vector<Prefix>> plan_addresses(const Configuration& configuration,
                                                              const VisitedLinks& visited);

}  // namespace sallyport
