#include "mip6/home_agent_service.h"

#include <algorithm>
#include <utility>

#include "mip6/unicast.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr std::uint64_t kHertz = 1'000'000'000;  // of Instant
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
    Config config, const HomeAgent::Surroundings& around, Timers& timers) {
  if (config.advertising) {
    config.advertising->mobile_router = serves_routers(config.agent);
    if (auto good = check(*config.advertising, config.agent.link); !good)
      return std::unexpected(good.error());
  }
  auto agent = HomeAgent::create(config.agent, around);
  if (!agent) return std::unexpected(agent.error());
  return std::unique_ptr<HomeAgentService>(
      new HomeAgentService(std::move(config), around, timers, std::move(*agent)));
}

HomeAgentService::HomeAgentService(Config config, const HomeAgent::Surroundings& around,
                                   Timers& timers, std::unique_ptr<HomeAgent> agent)
    : config_(std::move(config)),
      around_(around),
      agent_(std::move(agent)),
      others_(around.clock),
      prefixes_({.clock = around.clock,
                 .timers = timers,
                 .random = around.random,
                 .sender = around.sender,
                 .cache = around.cache},
                prefix_settings()),
      answers_(RateLimit::per_second(kAnswersPerSecond, kAnswersAtOnce, kHertz)) {
  agent_->on_change([this](const BindingEntry& entry, HomeAgent::Change change) {
    if (change == HomeAgent::Change::Ended)
      prefixes_.ended(entry.home_address);
    else
      prefixes_.registered(entry);
  });
  around.cache.for_each([this](const BindingEntry& entry) {
    if (entry.use == BindingUse::HomeAgent && entry.valid) prefixes_.registered(entry);
  });
  if (!config_.advertising) return;
  advertiser_.emplace(RouterAdvertiser::Surroundings{.clock = around.clock,
                                                     .timers = timers,
                                                     .random = around.random,
                                                     .sender = around.sender},
                      *config_.advertising, config_.agent.link);
  advertiser_->start();
}

HomeAgentService::~HomeAgentService() {
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

void HomeAgentService::answer(const Arrival& arrival, const HomeAgentDiscoveryRequest& request) {
  const HomePrefix* const prefix = asked_prefix(arrival.destination);
  if (prefix == nullptr || arrival.source_care_of || !arrival.source.is_unicast_routable()) return;
  if (!answers_.allow(static_cast<std::uint64_t>(around_.clock.now().time_since_epoch().count())))
    return;
  std::vector<KnownHomeAgent> agents = others_.present();
  agents.push_back(ourselves());
  const HomeAgentDiscoveryReply reply =
      answer_discovery(request, std::move(agents), around_.random);
  const Departure departure{
      .source = prefix->prefix.address, .destination = arrival.source, .protocol = kProtocolIcmpv6};
  around_.sender.send(departure,
                      build_discovery_message(reply, departure.source, departure.destination));
}

// Null where the address is not the anycast one of a prefix of ours.
const HomePrefix* HomeAgentService::asked_prefix(const Address& anycast) const {
  const auto& prefixes = config_.agent.link.prefixes;
  const auto found = std::ranges::find_if(prefixes, [&anycast](const HomePrefix& prefix) {
    return home_agents_anycast(prefix.prefix) == anycast;
  });
  return found == prefixes.end() ? nullptr : &*found;
}

KnownHomeAgent HomeAgentService::ourselves() const {
  const AdvertisingSettings settings = config_.advertising.value_or(AdvertisingSettings{});
  KnownHomeAgent own{.link_local = config_.agent.link.link_local,
                     .preference = settings.preference,
                     .mobile_router = serves_routers(config_.agent)};
  const Instant now = around_.clock.now();
  for (const HomePrefix& prefix : config_.agent.link.prefixes)
    if (prefix.valid.left(now) != PrefixLifetime{})
      own.addresses.push_back({.address = prefix.prefix.address});
  return own;
}

PrefixAdvertiser::Settings HomeAgentService::prefix_settings() const {
  PrefixAdvertiser::Settings settings{.prefixes = config_.agent.link.prefixes,
                                      .longest_wait = config_.longest_prefix_wait,
                                      .shortest_wait = config_.shortest_prefix_wait};
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
  if (advertiser_) advertiser_->set_link(config_.agent.link);
  prefixes_.set(prefix_settings());
}

}  // namespace sallyport::mip6
