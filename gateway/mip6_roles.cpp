#include "gateway/mip6_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/digest.h"
#include "crypto/mac.h"
#include "mip6/home_agent_discovery.h"
#include "mip6/router_solicitation.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

mip6::Sha1Digest hmac_sha1(ByteView key, std::initializer_list<ByteView> parts) {
  Mac mac(MacKind::HmacSha1, key);
  for (const ByteView part : parts) mac.add(part);
  std::array<std::uint8_t, Mac::kMostBytes> whole{};
  mip6::Sha1Digest digest{};
  if (mac.finish(whole) == digest.size()) std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}
constexpr mip6::Sha1Functions kSha1{.digest = sha1, .hmac = hmac_sha1};

mip6::BindingLifetime lifetime_of(std::chrono::seconds lifetime) {
  return std::chrono::duration_cast<mip6::BindingLifetime>(lifetime);
}

mip6::Flags<mip6::Service> services_of(const HomeNodeConfig& node, const Configuration& all) {
  using mip6::Service;
  std::uint8_t services = 0;
  const auto add = [&](Service service) {
    services = static_cast<std::uint8_t>(services | std::to_underlying(service));
  };
  if (node.protection.route_optimisation) add(Service::RouteOptimization);
  if (!node.prefixes.empty()) add(Service::MobileRouter);
  const auto peer = std::ranges::find(all.peers, node.protection.peer,
                                      [](const PeerConfig& config) { return config.peer.name; });
  if (node.protection.peer.empty()) add(Service::ManualKeys);
  if (peer != all.peers.end() && peer->peer.mobility == PeerMobility::MobileIpv6)
    add(Service::KeyMobility);
  return mip6::Flags<Service>::of_wire(services);
}

// Ours on the link: as configured, or of the MAC address.
Address link_local_of(const PortConfig& port, const MacAddress& mac) {
  for (const Prefix& own : port.addresses)
    if (own.address.family == Family::V6 && own.address.is_link_local()) return own.address;
  return mac.link_local();
}

mip6::HomeAgentService::Config service_config(const Configuration& configuration,
                                              const MacAddress& mac) {
  const HomeAgentConfig& config = *configuration.home_agent;
  const HomeAdvertisementConfig& advertisements = config.advertisements;
  mip6::HomeAgentService::Config service;
  service.agent.link = {.port = config.link,
                        .link_local = link_local_of(configuration.ports[config.link.value], mac),
                        .mac = mac,
                        .prefixes = home_prefixes(config)};
  service.agent.addresses = {config.address};
  service.agent.nodes = served_nodes(configuration);
  service.agent.longest_lifetime = lifetime_of(config.max_lifetime);
  if (config.refresh_advice) service.agent.refresh_advice = lifetime_of(*config.refresh_advice);
  mip6::AdvertisingSettings advertising;
  advertising.most = advertisements.max_interval;
  // Never above three quarters of the other (RFC 4861 6.2.1).
  advertising.least = std::min(advertisements.min_interval, advertisements.max_interval * 3 / 4);
  advertising.between = std::min(advertising.between, advertising.least);
  advertising.preference = advertisements.preference;
  advertising.tells_interval = true;
  advertising.home_agent_lifetime = mip6::RouterLifetime(advertisements.lifetime);
  advertising.mobile_router = std::ranges::any_of(
      config.nodes, [](const HomeNodeConfig& node) { return !node.prefixes.empty(); });
  if (config.discovery) service.advertising = advertising;
  return service;
}

}  // namespace

std::vector<mip6::ServedNode> served_nodes(const Configuration& configuration) {
  std::vector<mip6::ServedNode> nodes;
  for (const HomeNodeConfig& node : configuration.home_agent->nodes)
    for (const Address& address : node.home_addresses)
      nodes.push_back({.home_addresses = {address, 128},
                       .services = services_of(node, configuration),
                       .networks = node.prefixes});
  return nodes;
}

std::vector<mip6::HomePrefix> home_prefixes(const HomeAgentConfig& config) {
  std::vector<mip6::HomePrefix> prefixes;
  for (const HomePrefixConfig& home : config.prefixes) {
    // The R flag has our whole address (RFC 6275 7.2).
    const bool ours = home.prefix.contains(config.address);
    mip6::HomePrefix& prefix = prefixes.emplace_back();
    prefix.prefix = {ours ? config.address : home.prefix.address, home.prefix.length};
    if (!ours) prefix.flags = {mip6::PrefixFlag::OnLink, mip6::PrefixFlag::Autonomous};
    prefix.valid.steady = std::chrono::duration_cast<mip6::PrefixLifetime>(home.valid);
    prefix.preferred.steady = std::chrono::duration_cast<mip6::PrefixLifetime>(home.preferred);
  }
  return prefixes;
}

Mip6Roles::Mip6Roles(const Surroundings& surroundings)
    : my_(surroundings),
      timers_(surroundings.clock),
      cache_({.clock = surroundings.clock, .timers = timers_, .random = surroundings.random}),
      packets_(surroundings.control, surroundings.dataplane.bindings(), surroundings.clock),
      neighbours_(surroundings.control, surroundings.dataplane, timers_, surroundings.clock),
      addresses_(surroundings.dataplane, surroundings.links_changed) {
  packets_.tell_home_agents([this](const Address& address) {
    return mobile_node_ != nullptr && mobile_node_->node().home_agent() == address;
  });
}

Mip6Roles::~Mip6Roles() = default;

Expected<void> Mip6Roles::configure(const Configuration& configuration) {
  const bool on =
      configuration.correspondent.enabled || configuration.home_agent || configuration.mobile_node;
  if (!on && input_ == nullptr) return {};  // nothing of it was ever on
  if (correspondent_config_ != configuration.correspondent || input_ == nullptr)
    start_correspondent(configuration);
  Expected<void> home_agent{};
  if (home_agent_config_ != configuration.home_agent || input_ == nullptr)
    home_agent = start_home_agent(configuration);
  Expected<void> mobile_node{};
  if (mobile_node_config_ != configuration.mobile_node || input_ == nullptr)
    mobile_node = start_mobile_node(configuration);
  input_ = std::make_unique<mip6::MobilityInput>(my_.clock, packets_, roles());
  MobilityHandlers handlers;
  if (on) {
    handlers.message = [this](const MobilityMessage& message, Instant) { receive(message); };
    handlers.unknown_binding = [this](const UnknownBinding& packet, Instant) {
      if (correspondent_ != nullptr) correspondent_->unknown_home_address(arrival_of(packet));
    };
  }
  my_.control.on_mobility(std::move(handlers));
  MobilityFacts facts;
  if (configuration.mobile_node && configuration.mobile_node->home_address)
    facts.home_addresses = {*configuration.mobile_node->home_address};
  my_.dataplane.set_mobility(on ? std::optional(std::move(facts)) : std::nullopt);
  if (mobile_node_ != nullptr) mobile_node_->start();
  return home_agent ? mobile_node : home_agent;
}

mip6::MobilityInput::Roles Mip6Roles::roles() {
  mip6::MobilityInput::Roles roles;
  roles.events = &my_.service;
  if (home_agent_ != nullptr) roles.home_agent = &home_agent_->agent();
  if (correspondent_ != nullptr)
    roles.correspondent = [this](const mip6::Arrival& arrival, const mip6::Message& message,
                                 ByteView octets) {
      correspondent_->receive(arrival, message, octets);
    };
  if (mobile_node_ != nullptr)
    roles.mobile_node = [this](const mip6::Arrival& arrival, const mip6::Message& message,
                               ByteView octets) {
      mobile_node_->node().receive(arrival, message, octets);
    };
  return roles;
}

void Mip6Roles::poll() {
  timers_.advance();
  if (mobile_node_ != nullptr) mobile_node_->poll(my_.clock.now());
}

void Mip6Roles::start_correspondent(const Configuration& configuration) {
  correspondent_config_ = configuration.correspondent;
  correspondent_.reset();
  if (!correspondent_config_.enabled) return;
  correspondent_ =
      std::make_unique<mip6::Correspondent>(mip6::Correspondent::Surroundings{.clock = my_.clock,
                                                                              .timers = timers_,
                                                                              .random = my_.random,
                                                                              .sender = packets_,
                                                                              .table = packets_,
                                                                              .events = my_.service,
                                                                              .cache = cache_,
                                                                              .sha1 = kSha1},
                                            mip6::Correspondent::Settings{});
}

Expected<void> Mip6Roles::start_home_agent(const Configuration& configuration) {
  home_agent_config_ = configuration.home_agent;
  if (!home_agent_config_ && home_agent_ != nullptr) home_agent_->agent().close();
  home_agent_.reset();
  if (!home_agent_config_) return {};
  const PortId link = home_agent_config_->link;
  const auto ports = my_.dataplane.ports();
  const auto port = std::ranges::find(ports, link, &PortStatus::id);
  auto made = mip6::HomeAgentService::create(
      service_config(configuration, port == ports.end() ? MacAddress{} : port->mac),
      {.clock = my_.clock,
       .random = my_.random,
       .sender = packets_,
       .table = packets_,
       .tunnels = my_.service,
       .ike = my_.service,
       .neighbours = neighbours_,
       .store = my_.service.store(),
       .events = my_.service,
       .cache = cache_},
      timers_);
  if (!made) return std::unexpected(made.error());
  home_agent_ = std::move(*made);
  return {};
}

Expected<void> Mip6Roles::start_mobile_node(const Configuration& configuration) {
  mobile_node_config_ = configuration.mobile_node;
  if (mobile_node_ != nullptr) mobile_node_->node().end();  // while its home agent is known as such
  mobile_node_.reset();
  if (!mobile_node_config_) return {};
  auto made = Mip6MobileNode::create(*mobile_node_config_, {.dataplane = my_.dataplane,
                                                            .control = my_.control,
                                                            .neighbours = neighbours_,
                                                            .addresses = addresses_,
                                                            .node = {.clock = my_.clock,
                                                                     .timers = timers_,
                                                                     .random = my_.random,
                                                                     .sender = packets_,
                                                                     .bindings = packets_,
                                                                     .tunnels = my_.service,
                                                                     .ike = my_.service,
                                                                     .neighbours = neighbours_,
                                                                     .discovery = neighbours_,
                                                                     .addresses = addresses_,
                                                                     .events = my_.service,
                                                                     .sha1 = kSha1}});
  if (!made) return std::unexpected(made.error());
  mobile_node_ = std::move(*made);
  return {};
}

void Mip6Roles::receive(const MobilityMessage& message) {
  const mip6::Arrival arrival = arrival_of(message);
  if (message.protocol == kProtocolMobility) return input_->receive(arrival, message.octets);
  if (home_agent_ != nullptr && home_agent_->receive(arrival, message.octets)) return;
  const auto discovery =
      mip6::parse_discovery_message(message.octets, message.source, message.destination);
  if (!discovery) return hear(message);
  if (mobile_node_ != nullptr) mobile_node_->node().receive(arrival, *discovery);
}

void Mip6Roles::hear(const MobilityMessage& message) {
  PacketSummary summary;
  if (summarize(message.datagram, summary) != ParseVerdict::Good) return;
  if (const auto heard = mip6::parse_router_advertisement(message.datagram, summary)) {
    if (home_agent_ != nullptr) home_agent_->hear(message.port, *heard);
    if (mobile_node_ != nullptr) mobile_node_->hear(message.port, *heard);
  } else if (home_agent_ != nullptr && mip6::is_router_solicitation(message.datagram, summary)) {
    home_agent_->solicited(message.port);
  }
}

}  // namespace sallyport
