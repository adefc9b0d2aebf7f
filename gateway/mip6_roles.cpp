#include "gateway/mip6_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "crypto/digest.h"
#include "crypto/mac.h"
#include "gateway/dataplane_settings.h"
#include "mip6/home_agent_discovery.h"
#include "mip6/router_solicitation.h"
#include "net/protocol.h"
#include "net/udp.h"

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

using Peers = std::unordered_map<std::string_view, const Peer*>;

mip6::Flags<mip6::Service> services_of(const HomeNodeConfig& node, const Peers& peers) {
  using mip6::Service;
  std::uint8_t services = 0;
  const auto add = [&](Service service) {
    services = static_cast<std::uint8_t>(services | std::to_underlying(service));
  };
  if (node.protection.prefix_discovery) add(Service::PrefixDiscovery);
  if (!node.prefixes.empty()) add(Service::MobileRouter);
  if (node.protection.multicast) add(Service::Multicast);
  if (node.protection.dhcp) add(Service::Dhcp);
  const auto peer = peers.find(node.protection.peer);
  if (node.protection.peer.empty()) add(Service::ManualKeys);
  if (node.protection.signalling_protocol == IpsecProtocol::Ah) add(Service::CoveredSource);
  if (peer != peers.end() && peer->second->mobility == PeerMobility::MobileIpv6)
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
  if (config.discovery) service.advertising = advertising;
  const auto wanted = [&](bool MobilityProtection::* what) {
    return std::ranges::any_of(config.nodes,
                               [&](const HomeNodeConfig& node) { return node.protection.*what; });
  };
  if (wanted(&MobilityProtection::multicast)) service.in_tunnels.multicast.emplace();
  if (config.dhcp_server && wanted(&MobilityProtection::dhcp))
    service.in_tunnels.dhcp_relay.emplace();
  return service;
}

std::optional<Mip6DhcpServer::Ends> server_of(const HomeAgentConfig& config) {
  if (!config.dhcp_server) return std::nullopt;
  return Mip6DhcpServer::Ends{.ours = config.address, .server = *config.dhcp_server};
}

// Within what workers have room for: that is as the configuration was at the start.
mip6::BindingCache::Limits limits_of(const Configuration& configuration, std::size_t room) {
  mip6::BindingCache::Limits limits;
  limits.home_registrations = configuration.home_agent ? configuration.home_agent->max_bindings : 0;
  const std::size_t own = configuration.mobile_node ? kMostOwnBindings : 0;
  const std::size_t others = std::min(room, limits.home_registrations + own);
  limits.correspondents =
      std::min<std::size_t>(configuration.correspondent.max_bindings, room - others);
  return limits;
}

}  // namespace

// A mobile router's networks are behind the first home address of its node, as its policies are.
std::vector<mip6::ServedNode> served_nodes(const Configuration& configuration) {
  Peers peers;
  for (const PeerConfig& config : configuration.peers)
    peers.emplace(config.peer.name, &config.peer);
  std::vector<mip6::ServedNode> nodes;
  std::set<Address> taken;
  const std::vector<HomeNodeConfig>& all = configuration.home_agent->nodes;
  // What the operator has given to one is not another's, whatever that one has found.
  for (const bool leases : {false, true})
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].leases != leases) continue;
      HomeNodeConfig node = all[i];
      for (const Address& address : all[i].home_addresses)
        if (taken.insert(address).second)
          nodes.push_back({.home_addresses = {address, 128},
                           .services = services_of(node, peers),
                           .networks = std::exchange(node.prefixes, {}),
                           .node = i});
    }
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
      groups_(surroundings.dataplane, surroundings.clock),
      dhcp_server_(surroundings.control),
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
  cache_.set_limits(limits_of(configuration, my_.dataplane.bindings().capacity()));
  if (configuration.correspondent.enabled != (correspondent_ != nullptr))
    start_correspondent(configuration);
  const Expected<void> home_agent = start_home_agent(configuration);
  Expected<void> mobile_node{};
  if (mobile_node_config_ != configuration.mobile_node || input_ == nullptr)
    mobile_node = start_mobile_node(configuration);
  input_ = std::make_unique<mip6::MobilityInput>(my_.clock, packets_, roles());
  MobilityHandlers handlers;
  if (on) {
    handlers.message = [this](const MobilityMessage& message, Instant) { receive(message); };
    handlers.unknown_binding = [this](const UnknownBinding& packet, Instant) {
      input_->unknown_home_address(arrival_of(packet));
    };
    handlers.parameter_problem = [this](const ParameterProblem& problem) {
      if (mobile_node_ != nullptr) mobile_node_->take(problem);
    };
  }
  my_.control.on_mobility(std::move(handlers));
  MobilityFacts facts;
  if (configuration.mobile_node && configuration.mobile_node->home_address) {
    facts.home_addresses = {*configuration.mobile_node->home_address};
    const MobilityProtection& protection = configuration.mobile_node->protection;
    const auto& port = configuration.mobile_node->host_port;
    if (port && (protection.multicast || protection.dhcp))
      facts.host = NextHop{NextHop::Kind::LocalStack, *port, {}};
    facts.tells_tunnelled_peers = configuration.mobile_node->protection.route_optimisation;
  }
  my_.dataplane.set_mobility(on ? std::optional(std::move(facts)) : std::nullopt);
  if (mobile_node_ != nullptr) mobile_node_->start();
  if (links_ != nullptr) links_->poll(my_.clock.now());
  return home_agent ? mobile_node : home_agent;
}

mip6::MobilityInput::Roles Mip6Roles::roles() {
  mip6::MobilityInput::Roles roles;
  roles.events = &my_.service;
  if (home_agent_ != nullptr) {
    roles.home_agent = &home_agent_->agent();
    roles.home_agent_link = [this](const mip6::Arrival& arrival, std::uint8_t protocol,
                                   ByteView octets) {
      return home_agent_->receive_from_tunnel(arrival, protocol, octets);
    };
  }
  if (correspondent_ != nullptr)
    roles.correspondent = [this](const mip6::Arrival& arrival, const mip6::Message& message,
                                 ByteView octets) {
      correspondent_->receive(arrival, message, octets);
    };
  if (mobile_node_ != nullptr) {
    roles.mobile_node = [this](const mip6::Arrival& arrival, const mip6::Message& message,
                               ByteView octets) {
      mobile_node_->node().receive(arrival, message, octets);
    };
    roles.mobile_node_link = [this](const mip6::Arrival& arrival, std::uint8_t protocol,
                                    ByteView octets) {
      return mobile_node_->node().receive_of_link(arrival, protocol, octets);
    };
  }
  return roles;
}

void Mip6Roles::poll() {
  timers_.advance();
  groups_.poll();
  if (links_ != nullptr) links_->poll(my_.clock.now());
  if (bootstrap_ != nullptr) bootstrap_->poll();
}

bool Mip6Roles::say_goodbye() {
  if (home_agent_ != nullptr) home_agent_->stop_advertising();
  bootstrap_.reset();
  if (mobile_node_ == nullptr) return true;
  mobile_node_->node().end();
  return !mobile_node_->node().is_asking();
}

void Mip6Roles::reached_by_tunnel(const Address& peer) {
  if (mobile_node_ != nullptr) mobile_node_->node().optimise(peer);
}

void Mip6Roles::start_correspondent(const Configuration& configuration) {
  correspondent_.reset();
  if (!configuration.correspondent.enabled) return;
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
  if (!configuration.home_agent) {
    end_home_agent();
    return {};
  }
  const PortId link = configuration.home_agent->link;
  groups_.set_link(link);
  dhcp_server_.set(server_of(*configuration.home_agent));
  const auto ports = my_.dataplane.ports();
  const auto port = std::ranges::find(ports, link, &PortStatus::id);
  auto config = service_config(configuration, port == ports.end() ? MacAddress{} : port->mac);
  // What it is made from stands in several sections.
  if (home_agent_ != nullptr && config == home_agent_config_) return {};
  home_agent_config_ = config;
  Expected<void> done = home_agent_ != nullptr ? home_agent_->configure(std::move(config))
                                               : make_home_agent(std::move(config));
  if (!done) end_home_agent();  // policies are no longer those that its bindings go by
  return done;
}

Expected<void> Mip6Roles::make_home_agent(mip6::HomeAgentService::Config config) {
  auto made = mip6::HomeAgentService::create(std::move(config),
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
                                             timers_,
                                             {.multicast = &groups_, .dhcp_server = &dhcp_server_});
  if (!made) return std::unexpected(made.error());
  home_agent_ = std::move(*made);
  return {};
}

void Mip6Roles::end_home_agent() {
  if (home_agent_ != nullptr) home_agent_->agent().close();
  home_agent_.reset();
}

Expected<void> Mip6Roles::start_mobile_node(const Configuration& configuration) {
  if (mobile_node_ != nullptr) mobile_node_->node().end();  // while its home agent is known as such
  mobile_node_.reset();
  const bool told_otherwise =
      !mobile_node_config_ || !configuration.mobile_node ||
      without_learned(*mobile_node_config_) != without_learned(*configuration.mobile_node);
  mobile_node_config_ = configuration.mobile_node;
  if (told_otherwise) {
    bootstrap_.reset();
    links_.reset();
  }
  if (!mobile_node_config_) return {};
  if (links_ == nullptr) start_links();
  if (mobile_node_config_->bootstraps &&
      !(mobile_node_config_->home_address && mobile_node_config_->home_agent)) {
    bootstrap_->look_for_home();
    return {};
  }
  auto made = Mip6MobileNode::create(*mobile_node_config_, {.links = *links_,
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
  mobile_node_->on_home_address_lost([this] {
    if (bootstrap_ != nullptr) bootstrap_->home_address_lost();
  });
  return {};
}

void Mip6Roles::start_links() {
  const MobileNodeConfig& config = *mobile_node_config_;
  links_ = std::make_unique<Mip6Links>(config, Mip6Links::Surroundings{.dataplane = my_.dataplane,
                                                                       .control = my_.control,
                                                                       .neighbours = neighbours_,
                                                                       .addresses = addresses_,
                                                                       .clock = my_.clock,
                                                                       .timers = timers_,
                                                                       .random = my_.random});
  if (!config.bootstraps) return;
  bootstrap_ = std::make_unique<Mip6Bootstrap>(
      config, Mip6Bootstrap::Surroundings{.links = *links_,
                                          .control = my_.control,
                                          .dataplane = my_.dataplane,
                                          .ike = my_.ike,
                                          .timers = timers_,
                                          .random = my_.random,
                                          .events = my_.service,
                                          .changed = my_.home_changed});
}

std::optional<LearnedHome> Mip6Roles::learned_home() const {
  return bootstrap_ == nullptr ? std::nullopt : bootstrap_->home();
}

void Mip6Roles::on_ike(const ike::Event& event) {
  if (bootstrap_ != nullptr) bootstrap_->on_ike(event);
}

void Mip6Roles::receive(const MobilityMessage& message) {
  mip6::Arrival arrival = arrival_of(message);
  if (message.protocol == kProtocolMobility) return input_->receive(arrival, message.octets);
  if (arrival.tunnel && message.sa != kNoSa)
    arrival.tunnel->home_address = my_.service.home_address_of(message.sa);
  if (input_->receive_of_link(arrival, message.protocol, message.octets)) return;
  if (message.protocol == kProtocolUdp) return take_answer(arrival, message.octets);
  if (home_agent_ != nullptr && home_agent_->receive(arrival, message.octets)) return;
  const auto discovery =
      mip6::parse_discovery_message(message.octets, message.source, message.destination);
  if (!discovery) return hear(message);
  if (mobile_node_ != nullptr) mobile_node_->node().receive(arrival, *discovery);
}

// Of the DHCPv6 server of the home link.
void Mip6Roles::take_answer(const mip6::Arrival& arrival, ByteView udp) {
  const auto relayed = udp_payload(udp, arrival.source, arrival.destination);
  const bool from_server = !arrival.tunnel && (arrival.protection == mip6::Protection::Ipsec ||
                                               arrival.port == home_agent_config_.agent.link.port);
  if (home_agent_ != nullptr && relayed && from_server &&
      dhcp_server_.is_answer(arrival.source, arrival.destination))
    home_agent_->receive_from_dhcp_server(*relayed);
}

void Mip6Roles::hear(const MobilityMessage& message) {
  PacketSummary summary;
  if (summarize(message.datagram, summary) != ParseVerdict::Good) return;
  if (const auto heard = mip6::parse_router_advertisement(message.datagram, summary)) {
    if (home_agent_ != nullptr) home_agent_->hear(message.port, *heard);
    if (links_ != nullptr) links_->hear(message.port, *heard);
  } else if (home_agent_ != nullptr && mip6::is_router_solicitation(message.datagram, summary)) {
    home_agent_->solicited(message.port);
  }
}

}  // namespace sallyport
