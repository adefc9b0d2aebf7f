#include "bench/home_agent_gateway.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "dataplane/dataplane_parts.h"
#include "gateway/config/mobility_policies.h"
#include "gateway/policy_plan.h"

namespace sallyport::bench {
namespace {

constexpr auto kAgentLink = "2001:db8:1::1/64";
constexpr auto kVisitedLink = "2001:db8:f::1/64";
constexpr auto kCorrespondents = "2001:db8:1::2";  // the router to them
constexpr auto kVisitedRouter = "2001:db8:f::2";
constexpr MacAddress kFarMac{{2, 0, 0, 0, 0, 0x99}};
constexpr std::size_t kBuffers = 16'384;
constexpr std::size_t kRing = 8192;
constexpr std::size_t kDefaultPolicies = 32;  // and what mobility has for all nodes together
constexpr std::uint32_t kNoRate = 100'000'000;
constexpr Duration kHousekeeping = std::chrono::milliseconds(100);

Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

std::size_t policies_each(HomeProtection protection) {
  return protection == HomeProtection::Payload ? 4 : 5;
}
std::size_t pairs_each(HomeProtection protection) {
  return protection == HomeProtection::Payload ? 2 : 3;
}

std::size_t policies_of(const HomeAgentGateway::Settings& settings) {
  return policies_each(settings.protection) * settings.nodes + kDefaultPolicies;
}

RingGateway::Settings ring_settings(const HomeAgentGateway::Settings& settings) {
  RingGateway::Settings ring;
  ring.inside = prefix(kAgentLink);
  ring.outside = prefix(kVisitedLink);
  ring.sas = pairs_each(settings.protection) * settings.nodes;
  ring.policies = Spd::ids_for(policies_of(settings));
  ring.flows = flow_places(settings.nodes);
  ring.bindings = settings.nodes;
  ring.mbufs = kBuffers;
  ring.punt_ring = kRing;
  ring.punts_per_second = kNoRate;
  return ring;
}

std::vector<std::string> pair_of(SaKind kind, NodeNumber node) {
  return {to_string(SaName{kind, Direction::Outbound, node}),
          to_string(SaName{kind, Direction::Inbound, node})};
}

HomeNodeConfig node_of(NodeNumber node, HomeProtection wanted) {
  HomeNodeConfig config;
  config.name = fmt::format("node-{}", node);
  config.home_addresses = {home_address(node)};
  MobilityProtection& protection = config.protection;
  protection.sas.binding = pair_of(SaKind::Binding, node);
  protection.sas.payload = pair_of(SaKind::Payload, node);
  protection.payload.kind = ProtectedPayload::Kind::Any;
  protection.route_optimisation = wanted == HomeProtection::Everything;
  protection.prefix_discovery = wanted == HomeProtection::Everything;
  if (protection.route_optimisation)
    protection.sas.return_routability = pair_of(SaKind::ReturnRoutability, node);
  return config;
}

std::optional<SaKind> kind_of(MobilityPart part) {
  switch (part) {
    case MobilityPart::Binding:
      return SaKind::Binding;
    case MobilityPart::Payload:
      return SaKind::Payload;
    case MobilityPart::ReturnRoutability:
      return SaKind::ReturnRoutability;
    default:
      return std::nullopt;
  }
}

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

TemporaryFolder::TemporaryFolder()
    : path_(std::filesystem::temp_directory_path() /
            fmt::format("sallyport-home-agent-{}", getpid())) {
  std::filesystem::create_directories(path_);
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint64_t HomeAgentGateway::memory_needed(const Settings& settings) {
  return sallyport::memory_needed(RingGateway::dataplane_settings(ring_settings(settings)), 8);
}

HomeAgentGateway::HomeAgentGateway(const Settings& settings, Random& random)
    : settings_(settings), random_(random), audit_({.jobs = jobs_, .names = {}, .wall_time = [] {
                                                      return std::chrono::system_clock::now();
                                                    }}) {}

HomeAgentGateway::~HomeAgentGateway() { jobs_.finish(); }

Expected<std::unique_ptr<HomeAgentGateway>> HomeAgentGateway::open(const Settings& settings,
                                                                   Random& random) {
  std::unique_ptr<HomeAgentGateway> gateway(new HomeAgentGateway(settings, random));
  auto ring = RingGateway::open(ring_settings(settings), random);
  if (!ring) return std::unexpected(ring.error());
  gateway->ring_ = std::move(*ring);
  if (auto loaded = gateway->load(); !loaded) return std::unexpected(loaded.error());
  return gateway;
}

void HomeAgentGateway::add_home_agent() {
  configuration_.spds = {SpdConfig{}};
  configuration_.ports.resize(2);
  configuration_.ports[kInside.value].addresses = {prefix(kAgentLink)};
  configuration_.ports[kInside.value].side = Side::Protected;
  configuration_.ports[kOutside.value].addresses = {prefix(kVisitedLink)};
  HomeAgentConfig agent;
  agent.address = home_agent_address();
  agent.link = kInside;
  agent.prefixes = {{.prefix = {prefix(kAgentLink).first(), prefix(kAgentLink).length}}};
  agent.max_lifetime = std::chrono::hours(72);
  agent.discovery = false;
  agent.max_bindings = settings_.nodes;
  for (NodeNumber node = 0; node < settings_.nodes; ++node)
    agent.nodes.push_back(node_of(node, settings_.protection));
  for (MobilityPolicy& derived : sallyport::policies_of(agent, {})) {
    configuration_.policies.push_back(std::move(derived.policy));
    configuration_.mobility_policies.push_back(std::move(derived.facts));
  }
  configuration_.home_agent = std::move(agent);
}

// The order is Gateway::apply()'s.
Expected<void> HomeAgentGateway::load() {
  Dataplane& dataplane = ring_->dataplane();
  control_ = ControlPlane::open(dataplane, random_);
  spd_ = std::make_unique<Spd>(policies_of(settings_), 1);
  assignment_ = std::make_unique<SaAssignment>(dataplane, ring_->sad());
  ike_ = std::make_unique<SilentIke>(clock_, random_);
  service_ = std::make_unique<Mip6Service>(Mip6Service::Surroundings{
      .tunnels = {.spd = *spd_,
                  .sad = ring_->sad(),
                  .negotiated = [](const std::string&) { return std::vector<std::string>{}; },
                  .lead = [this](const std::string& policy) { lead(policy); },
                  .publish = [this] { ring_->dataplane().publish(spd_->snapshot()); }},
      .ike = ike_->daemon(),
      .audit = audit_,
      .jobs = jobs_,
      .clock = clock_,
      .state_directory = folder_.path()});
  roles_ = std::make_unique<Mip6Roles>(Mip6Roles::Surroundings{.control = *control_,
                                                               .dataplane = dataplane,
                                                               .service = *service_,
                                                               .clock = clock_,
                                                               .random = random_,
                                                               .ike = ike_->daemon(),
                                                               .links_changed = {},
                                                               .home_changed = {}});
  add_home_agent();
  audit_.configure(configuration_.audit);
  std::vector<Policy> policies = plan_policies(configuration_);
  std::vector<Sa> none;
  service_->carry_over(configuration_, policies, none);
  const double empty = heap_in_use();
  if (auto added = add_policies(std::move(policies)); !added) return added;
  if (auto added = add_sas(); !added) return added;
  const double with_tunnels = heap_in_use();
  if (auto connected = connect(); !connected) return connected;
  const double before_list = heap_in_use();
  service_->configure(configuration_);
  if (auto begun = roles_->configure(configuration_); !begun) return begun;
  octets_ = {(with_tunnels - empty) / settings_.nodes,
             (heap_in_use() - before_list) / settings_.nodes};
  return {};
}

Expected<void> HomeAgentGateway::add_policies(std::vector<Policy> policies) {
  policies_ = policies.size();
  Expected<void> good{};
  loading_.policies = seconds_of([&] {
    good = spd_->check(policies);
    if (good) spd_->replace(policies);
  });
  return good;
}

Expected<void> HomeAgentGateway::add_sas() {
  for (const MobilityPolicyFacts& facts : configuration_.mobility_policies) {
    const auto kind = kind_of(facts.part);
    if (!kind || !facts.node) continue;
    const Policy& policy = *spd_->find(facts.policy);
    for (const Direction direction : {Direction::Outbound, Direction::Inbound})
      if (auto added = add_sa({*kind, direction, static_cast<NodeNumber>(*facts.node)}, policy);
          !added)
        return added;
    lead(facts.policy);
  }
  return {};
}

// What an SA of the configuration takes over from its policy (RFC 4301 4.4.2.1).
Expected<void> HomeAgentGateway::add_sa(const SaName& name, const Policy& policy) {
  Sa sa = begin_sa(name, settings_.transform);
  sa.mode = policy.protect->mode;
  sa.endpoints = policy.protect->endpoints;
  sa.selectors = policy.selectors;
  if (auto added = ring_->sad().add(std::move(sa)); !added) return std::unexpected(added.error());
  return {};
}

void HomeAgentGateway::lead(const std::string& policy) {
  const auto id = spd_->id_of(policy);
  if (id) assignment_->assign(SaHandle{id->value}, spd_->find(*id)->protect->sas);
}

Expected<void> HomeAgentGateway::connect() {
  using enum NextHop::Kind;
  const std::array routes{Route{{Prefix{correspondent_address(), 64}.first(), 64},
                                {Gateway, kInside, Address::parse(kCorrespondents).value()}},
                          Route{{Address::any(Family::V6), 0},
                                {Gateway, kOutside, Address::parse(kVisitedRouter).value()}}};
  Expected<void> published{};
  loading_.first_set = seconds_of([&] { published = ring_->publish(spd_->snapshot(), routes); });
  if (!published) return published;
  const std::vector<std::vector<Prefix>> addresses{{prefix(kAgentLink)}, {prefix(kVisitedLink)}};
  control_->set_addresses(addresses);
  if (auto done = ring_->add_neighbour(kInside, kCorrespondents, kFarMac); !done) return done;
  return ring_->add_neighbour(kOutside, kVisitedRouter, kFarMac);
}

// As Gateway::poll(), and its housekeeping.
void HomeAgentGateway::poll() {
  const Instant now = clock_.now();
  control_->poll(now);
  ring_->dataplane().poll();
  jobs_.poll();
  roles_->poll();
  audit_.poll(now);
  service_->poll();
  if (now < next_rebuild_) return;
  next_rebuild_ = now + kHousekeeping;
  rebuild_matchers();
}

void HomeAgentGateway::rebuild_matchers() {
  if (rebuilding_) return;
  const auto rebuild = spd_->begin_rebuild();
  if (rebuild == nullptr) return;
  rebuilding_ = true;
  jobs_.submit([this, rebuild]() -> JobPool::Completion {
    rebuild->run();
    return [this, rebuild] {
      rebuilding_ = false;
      spd_->finish_rebuild(*rebuild);
      ring_->dataplane().publish(spd_->snapshot());
    };
  });
}

std::optional<Address> HomeAgentGateway::place_of(NodeNumber node) const {
  const auto* const entry = roles_->cache().home_registration(home_address(node));
  return entry != nullptr && entry->valid ? std::optional(entry->care_of) : std::nullopt;
}

unsigned HomeAgentGateway::waiting() const {
  return ring_->dataplane().parts().workers.front()->to_control().size();
}

}  // namespace sallyport::bench
