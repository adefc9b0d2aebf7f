// What an operator says of a home agent.
#pragma once

#include <optional>
#include <vector>

#include "mip6/home_link.h"
#include "mip6/message.h"
#include "mip6/served_nodes.h"

namespace sallyport::mip6 {

struct HomeAgentConfig {
  HomeLink link{};
  std::vector<Address> addresses{};  // ours, to which updates are sent
  std::vector<ServedNode> nodes{};
  BindingLifetime longest_lifetime{0xffff};
  // How soon nodes are advised to refresh (RFC 6275 6.2.4). Only without stored bindings (10.3.1).
  std::optional<BindingLifetime> refresh_advice{};
  enum class Storage : std::uint8_t { Lost, Stored };
  Storage storage{Storage::Lost};  // bindings when the process ends
  // Registrations without IPsec, for links that nothing else is on: they move no tunnel of IPsec.
  enum class Unprotected : std::uint8_t { Refused, Allowed };
  Unprotected unprotected{Unprotected::Refused};
  std::size_t most_detections{1024};  // duplicate address detections at one time
  std::size_t most_networks{16};      // of one mobile router
  friend bool operator==(const HomeAgentConfig&, const HomeAgentConfig&) = default;
};

}  // namespace sallyport::mip6
