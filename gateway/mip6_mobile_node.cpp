#include "gateway/mip6_mobile_node.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr Duration kLookPeriod = std::chrono::milliseconds(100);
constexpr std::uint32_t kAdvertisements = 10;  // a second
constexpr std::uint64_t kNanoseconds = 1'000'000'000;

mip6::MobileNodeSettings settings_of(const MobileNodeConfig& config) {
  mip6::MobileNodeSettings settings;
  settings.home_address = *config.home_address;
  settings.home_prefix = {*config.home_address, config.home_prefix_length};
  settings.home_agents = {*config.home_agent};
  settings.lifetime = config.lifetime;
  settings.migrate = config.migrate == TunnelMove::OnUpdate ? mip6::MigrateOn::Update
                                                            : mip6::MigrateOn::Acknowledgement;
  settings.route_optimisation = config.protection.route_optimisation ? mip6::RouteOptimisation::On
                                                                     : mip6::RouteOptimisation::Off;
  if (!config.prefixes.empty()) settings.kind = mip6::NodeKind::Router;
  settings.mobile_network_prefixes = config.prefixes;
  return settings;
}

mip6::MovementDetection::Settings movement_of(const MobileNodeConfig& config) {
  using Duplicates = mip6::MovementDetection::Duplicates;
  mip6::MovementDetection::Settings settings;
  settings.home_prefixes = {{*config.home_address, config.home_prefix_length}};
  settings.duplicates = config.address_check == AddressCheck::BeforeUse ? Duplicates::DetectFirst
                                                                        : Duplicates::Optimistic;
  return settings;
}

}  // namespace

Expected<std::unique_ptr<Mip6MobileNode>> Mip6MobileNode::create(const MobileNodeConfig& config,
                                                                 const Surroundings& surroundings) {
  if (!config.home_address || !config.home_agent)
    return fail(Error::Code::Unsupported, "the mobile node finds no home agent by itself yet",
                "home_address and home_agent", "[mobile_node]");
  return std::unique_ptr<Mip6MobileNode>(new Mip6MobileNode(config, surroundings));
}

Mip6MobileNode::Mip6MobileNode(const MobileNodeConfig& config, const Surroundings& surroundings)
    : my_(surroundings),
      node_(my_.node, settings_of(config)),
      movement_({.clock = my_.node.clock,
                 .timers = my_.node.timers,
                 .random = my_.node.random,
                 .neighbours = my_.neighbours,
                 .discovery = my_.neighbours,
                 .addresses = my_.addresses},
                movement_of(config), node_),
      advertisements_(RateLimit::per_second(kAdvertisements, kAdvertisements, kNanoseconds)) {
  for (const PortId port : config.links) links_.push_back({.port = port});
  my_.addresses.set_home_address(config.links.front(), config.home_address);
}

Mip6MobileNode::~Mip6MobileNode() {
  node_.end();
  for (const Link& link : links_) my_.neighbours.heard(link.port);
  my_.addresses.clear();
}

void Mip6MobileNode::start() { poll(my_.node.clock.now()); }

void Mip6MobileNode::poll(Instant now) {
  if (now < next_look_) return;
  next_look_ = now + kLookPeriod;
  for (Link& link : links_) {
    const bool up = my_.dataplane.link_up(link.port);
    if (std::exchange(link.up, up) == up) continue;
    if (up)
      movement_.link_up(link.port);
    else
      movement_.link_down(link.port);
  }
}

Expected<void> Mip6MobileNode::link_moved(PortId link) {
  if (std::ranges::find(links_, link, &Link::port) == links_.end())
    return fail(Error::Code::NotFound, "the port is none of the mobile node's links",
                "one of `links` of [mobile_node]");
  movement_.link_moved(link);
  return {};
}

// Its link address is known by that (RFC 4861 6.3.4).
void Mip6MobileNode::hear(PortId link, const mip6::RouterAdvertisement& advertisement) {
  if (std::ranges::find(links_, link, &Link::port) == links_.end()) return;
  const auto now = static_cast<std::uint64_t>(my_.node.clock.now().time_since_epoch().count());
  if (!advertisements_.allow(now)) return;
  my_.neighbours.heard(link);
  if (advertisement.link_address)
    my_.control.learn_neighbour(link, advertisement.source, *advertisement.link_address,
                                my_.node.clock.now());
  movement_.advertised(link, advertisement);
}

}  // namespace sallyport
