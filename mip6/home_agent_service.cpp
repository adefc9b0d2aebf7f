#include "mip6/home_agent_service.h"

#include <algorithm>
#include <utility>

#include "mip6/unicast.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

// Of discovery, which anybody may ask for.
constexpr std::uint32_t kAnswersPerSecond = 20;
constexpr std::uint32_t kAnswersAtOnce = 40;

bool serves_routers(const HomeAgentConfig& config) {
  return std::ranges::any_of(config.nodes, [](const ServedNode& node) {
    return node.services.has(Service::MobileRouter);
  });
}

}  // namespace

Expected<std::unique_ptr<HomeAgentService>> HomeAgentService::create(
    Config config, const HomeAgent::Surroundings& around, Timers& timers,
    const HomeLinkInTunnels::Ports& ports) {
  if (auto good = complete(config, ports); !good) return std::unexpected(good.error());
  auto agent = HomeAgent::create(config.agent, around);
  if (!agent) return std::unexpected(agent.error());
  const HomeLinkInTunnels::Surroundings tunnels{
      .clock = around.clock,
      .timers = timers,
      .random = around.random,
      .sender = around.sender,
      .cache = around.cache,
      .ports = ports,
      .services_of = [nodes = agent->get()](const Address& home_address) {
        const ServedNode* const node = nodes->nodes().find(home_address);
        return node == nullptr ? Flags<Service>{} : node->services;
      }};
  return std::unique_ptr<HomeAgentService>(
      new HomeAgentService(std::move(config), tunnels, around, std::move(*agent)));
}

HomeAgentService::HomeAgentService(Config config, const HomeLinkInTunnels::Surroundings& tunnels,
                                   const HomeAgent::Surroundings& around,
                                   std::unique_ptr<HomeAgent> agent)
    : config_(std::move(config)),
      around_(around),
      timers_(tunnels.timers),
      agent_(std::move(agent)),
      others_(around.clock),
      prefixes_({.clock = around.clock,
                 .timers = tunnels.timers,
                 .random = around.random,
                 .sender = around.sender,
                 .cache = around.cache},
                prefix_settings()),
      in_tunnels_(tunnels),
      answers_(RateLimit::per_second(kAnswersPerSecond, kAnswersAtOnce, kInstantHertz)) {
  agent_->on_change(
      [this](const BindingEntry& entry, HomeAgent::Change change) { changed(entry, change); });
  note_all();
  in_tunnels_.set(config_.in_tunnels, config_.agent.link.link_local);
  advertise();
}

void HomeAgentService::changed(const BindingEntry& entry, HomeAgent::Change change) {
  if (change == HomeAgent::Change::Ended) {
    prefixes_.ended(entry.home_address);
    return in_tunnels_.ended(entry.home_address);
  }
  if (is_told(entry.home_address)) prefixes_.registered(entry);
  in_tunnels_.registered(entry);
}

Expected<void> HomeAgentService::complete(Config& config, const HomeLinkInTunnels::Ports& ports) {
  if (auto good = HomeLinkInTunnels::check(config.in_tunnels, ports); !good) return good;
  if (!config.advertising) return {};
  config.advertising->mobile_router = serves_routers(config.agent);
  return check(*config.advertising, config.agent.link);
}

Expected<void> HomeAgentService::configure(Config config) {
  if (auto good = complete(config, in_tunnels_.ports()); !good) return good;
  if (auto done = agent_->configure(config.agent); !done) return done;
  const HomeLink before = std::exchange(config_, std::move(config)).agent.link;
  const HomeLink& link = config_.agent.link;
  if (before.port != link.port) others_.clear();
  const bool elsewhere = before.port != link.port || before.link_local != link.link_local;
  if (advertiser_ && (!config_.advertising || elsewhere)) {
    stop_advertising();
    advertiser_.reset();
  }
  advertise();
  prefixes_.set(prefix_settings());
  note_all();
  in_tunnels_.set(config_.in_tunnels, link.link_local);
  return {};
}

// What has changed, or all of it from the beginning.
void HomeAgentService::advertise() {
  if (!config_.advertising) return;
  if (advertiser_) return advertiser_->set(*config_.advertising, config_.agent.link);
  advertiser_.emplace(RouterAdvertiser::Surroundings{.clock = around_.clock,
                                                     .timers = timers_,
                                                     .random = around_.random,
                                                     .sender = around_.sender},
                      *config_.advertising, config_.agent.link);
  advertiser_->start();
}

// Who has no SA for it is told nothing (MPD-02).
bool HomeAgentService::is_told(const Address& home_address) const {
  const ServedNode* const node = agent_->nodes().find(home_address);
  return node != nullptr && node->services.has(Service::PrefixDiscovery);
}

void HomeAgentService::note_all() {
  around_.cache.for_each([this](const BindingEntry& entry) {
    if (entry.use != BindingUse::HomeAgent || !entry.valid) return;
    const bool told = is_told(entry.home_address);
    if (told && !prefixes_.knows(entry.home_address)) prefixes_.registered(entry);
    if (!told) prefixes_.ended(entry.home_address);
  });
}

HomeAgentService::~HomeAgentService() { stop_advertising(); }

void HomeAgentService::stop_advertising() {
  if (advertiser_) advertiser_->stop();
}

bool HomeAgentService::receive(const Arrival& arrival, ByteView icmp) {
  const auto message = parse_discovery_message(icmp, arrival.source, arrival.destination);
  if (!message) return false;
  if (const auto* const request = std::get_if<HomeAgentDiscoveryRequest>(&*message)) {
    answer(arrival, *request);
    return true;
  }
  const auto* const solicitation = std::get_if<MobilePrefixSolicitation>(&*message);
  if (solicitation == nullptr) return false;
  if (agent_->has_address(arrival.destination)) prefixes_.receive(arrival, *solicitation);
  return true;
}

bool HomeAgentService::receive_from_tunnel(const Arrival& arrival, std::uint8_t protocol,
                                           ByteView octets) {
  return in_tunnels_.receive(arrival, protocol, octets);
}

void HomeAgentService::receive_from_dhcp_server(ByteView relay_message) {
  in_tunnels_.receive_from_dhcp_server(relay_message);
}

void HomeAgentService::answer(const Arrival& arrival, const HomeAgentDiscoveryRequest& request) {
  if (!is_asked(arrival.destination) || arrival.source_care_of ||
      !arrival.source.is_unicast_routable())
    return;
  if (!answers_.allow(static_cast<std::uint64_t>(around_.clock.now().time_since_epoch().count())))
    return;
  std::vector<KnownHomeAgent> agents = others_.present();
  agents.push_back(ourselves());
  const HomeAgentDiscoveryReply reply =
      answer_discovery(request, std::move(agents), around_.random);
  const Departure departure{.source = config_.agent.addresses.front(),
                            .destination = arrival.source,
                            .protocol = kProtocolIcmpv6};
  around_.sender.send(departure,
                      build_discovery_message(reply, departure.source, departure.destination));
}

// By the anycast address of a prefix of ours; and there must be an address to answer from.
bool HomeAgentService::is_asked(const Address& anycast) const {
  if (config_.agent.addresses.empty()) return false;
  return std::ranges::any_of(config_.agent.link.prefixes, [&anycast](const HomePrefix& prefix) {
    return home_agents_anycast(prefix.prefix) == anycast;
  });
}

KnownHomeAgent HomeAgentService::ourselves() const {
  const AdvertisingSettings settings = config_.advertising.value_or(AdvertisingSettings{});
  KnownHomeAgent own{.link_local = config_.agent.link.link_local,
                     .preference = settings.preference,
                     .mobile_router = serves_routers(config_.agent)};
  const Instant now = around_.clock.now();
  // Other prefixes are the bare network.
  for (const HomePrefix& prefix : config_.agent.link.prefixes)
    if (prefix.flags.has(PrefixFlag::RouterAddress) && prefix.valid.left(now) != PrefixLifetime{})
      own.addresses.push_back({.address = prefix.prefix.address});
  return own;
}

PrefixAdvertiser::Settings HomeAgentService::prefix_settings() const {
  PrefixAdvertiser::Settings settings{.prefixes = config_.agent.link.prefixes,
                                      .longest_wait = config_.longest_prefix_wait,
                                      .shortest_wait = config_.shortest_prefix_wait};
  // Nobody would answer (RFC 6275 10.4.4).
  if (!config_.in_tunnels.dhcp_relay) return settings;
  const auto others = others_.present();
  settings.managed = (config_.advertising && config_.advertising->managed) ||
                     std::ranges::any_of(others, &KnownHomeAgent::managed);
  settings.other = (config_.advertising && config_.advertising->other) ||
                   std::ranges::any_of(others, &KnownHomeAgent::other);
  return settings;
}

void HomeAgentService::hear(PortId port, const RouterAdvertisement& advertisement) {
  const HomeLink& link = config_.agent.link;
  if (port != link.port || advertisement.source == link.link_local) return;
  others_.hear(advertisement);
  prefixes_.set(prefix_settings());
}

void HomeAgentService::solicited(PortId port) {
  if (port == config_.agent.link.port && advertiser_) advertiser_->solicited();
}

void HomeAgentService::set_prefixes(const std::vector<HomePrefix>& prefixes) {
  config_.agent.link.prefixes = prefixes;
  agent_->set_prefixes(prefixes);
  advertise();
  prefixes_.set(prefix_settings());
}

}  // namespace sallyport::mip6
