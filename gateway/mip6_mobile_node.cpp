#include "gateway/mip6_mobile_node.h"

#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

mip6::MobileNodeSettings node_settings_of(const MobileNodeConfig& config) {
  mip6::MobileNodeSettings settings;
  settings.home_address = *config.home_address;
  settings.home_prefix = {*config.home_address, config.home_prefix_length};
  settings.home_agents = {*config.home_agent};
  settings.lifetime = config.lifetime;
  settings.migrate = config.migrate == TunnelMove::OnUpdate ? mip6::MigrateOn::Update
                                                            : mip6::MigrateOn::Acknowledgement;
  settings.route_optimisation = config.protection.route_optimisation ? mip6::RouteOptimisation::On
                                                                     : mip6::RouteOptimisation::Off;
  if (config.protection.selectors == SelectorGranularity::Tunnel)
    settings.signalling = mip6::Signalling::InTunnel;
  if (!config.discovery) settings.discovery = mip6::HomeAgentDiscovery::Off;
  if (!config.prefixes.empty()) settings.kind = mip6::NodeKind::Router;
  settings.mobile_network_prefixes = config.prefixes;
  // Only what the tunnel protects (MSEC-38).
  settings.host_link = config.host_port;
  settings.carries_listener_discovery = config.protection.multicast;
  settings.carries_dhcp = config.protection.dhcp;
  return settings;
}

}  // namespace

Expected<std::unique_ptr<Mip6MobileNode>> Mip6MobileNode::create(const MobileNodeConfig& config,
                                                                 const Surroundings& surroundings) {
  if (!config.home_address || !config.home_agent)
    return fail(Error::Code::Unsupported, "nothing says where the mobile node has its home from",
                "home_address and home_agent, or bootstrap", "[mobile_node]");
  return std::unique_ptr<Mip6MobileNode>(new Mip6MobileNode(config, surroundings));
}

Mip6MobileNode::Mip6MobileNode(const MobileNodeConfig& config, const Surroundings& surroundings)
    : my_(surroundings), home_port_(config.home_port), node_(my_.node, node_settings_of(config)) {
  my_.addresses.set_home_address(home_port_, config.home_address);
  my_.links.set_home({node_.settings().home_prefix});
  node_.on_home_address_lost([this] {
    my_.addresses.set_home_address(home_port_, std::nullopt);
    if (lost_) lost_();
  });
}

Mip6MobileNode::~Mip6MobileNode() {
  my_.links.leave(node_);
  node_.end();
  my_.addresses.set_home_address(home_port_, std::nullopt);
}

void Mip6MobileNode::start() { my_.links.tell(node_); }

// A mobility message that nobody knows as such, or the Home Address option (RFC 6275 11.3.5).
void Mip6MobileNode::take(const ParameterProblem& problem) {
  const auto care_of = node_.registered_care_of();
  const bool ours = problem.source == node_.settings().home_address || problem.source == care_of;
  const bool unreadable_message =
      problem.code != icmp6::kCodeUnknownHeader || problem.protocol == kProtocolMobility;
  if (ours && unreadable_message) node_.parameter_problem(problem.destination, problem.code);
}

}  // namespace sallyport
