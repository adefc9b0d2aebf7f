#include "gateway/gateway.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "gateway/config/live_sa.h"
#include "gateway/configuration_diff.h"
#include "gateway/dataplane_settings.h"
#include "gateway/policy_plan.h"
#include "gateway/routing_plan.h"

namespace sallyport {
namespace {

constexpr Duration kHousekeepingPeriod = std::chrono::milliseconds(100);
// How long a home agent may take to answer our mobile node's last update.
constexpr Duration kLastUpdate = std::chrono::milliseconds(200);

std::vector<StaticNeighbour> static_neighbours(const Configuration& configuration) {
  std::vector<StaticNeighbour> neighbours;
  for (const NeighbourConfig& neighbour : configuration.neighbours)
    neighbours.push_back({neighbour.port, neighbour.address, neighbour.mac});
  return neighbours;
}

std::unexpected<Error> taken_by_negotiated(const std::string& name) {
  return fail(Error::Code::Exists, "a negotiated SA has the name", "another name for one of them",
              "SA " + name);
}

}  // namespace

Gateway::Gateway(Eal eal, const Clock& clock)
    : eal_(std::move(eal)),
      clock_(clock),
      audit_({.jobs = jobs_, .names = audit_names(), .wall_time = [] {
                return std::chrono::system_clock::now();
              }}) {}

Expected<std::unique_ptr<Gateway>> Gateway::open(Configuration configuration,
                                                 const Surroundings& surroundings) {
  auto eal = Eal::start(eal_settings(configuration, surroundings.eal_arguments));
  if (!eal) return std::unexpected(eal.error());
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(*eal), surroundings.clock));
  if (auto made = gateway->make_parts(configuration, surroundings.random); !made)
    return std::unexpected(made.error());
  if (auto applied = gateway->apply(std::move(configuration)); !applied)
    return std::unexpected(applied.error());
  return gateway;
}

Expected<void> Gateway::make_parts(const Configuration& configuration, Random& random) {
  auto directory = StateDirectory::hold(configuration.instance.state_directory);
  if (!directory) return std::unexpected(directory.error());
  state_directory_.emplace(std::move(*directory));
  auto reservations = SequenceReservations::open(state_directory_->path() / "sequence-numbers");
  if (!reservations) return std::unexpected(reservations.error());
  auto dataplane = Dataplane::open(dataplane_settings(configuration), random);
  if (!dataplane) return std::unexpected(dataplane.error());
  dataplane_ = std::move(*dataplane);
  control_ = ControlPlane::open(*dataplane_, random);
  spd_ = std::make_shared<Spd>(configuration.limits.policies, configuration.spds.size(),
                               users_of(configuration));
  sad_ = std::make_unique<Sad>(Sad::Parts{
      dataplane_->sas(), dataplane_->keys(), dataplane_->retirement(), random,
      configuration.dataplane.workers,
      [&dataplane = *dataplane_](const Address& remote) { return dataplane.link_mtu(remote); },
      configuration.limits.sas});
  control_->discover_path_mtus(*sad_);
  static_sas_ = std::make_unique<StaticSaState>(std::move(*reservations), *sad_, jobs_);
  lifetimes_ = std::make_unique<SaLifetimes>(*sad_, lifetime_report_);
  assignment_ = std::make_unique<SaAssignment>(*dataplane_, *sad_);
  acquired_ = std::make_unique<AcquiredSas>(
      AcquiredSas::Surroundings{*dataplane_, control_->sa_misses(), *spd_, *assignment_},
      AcquiredSas::Installation{
          .install = [this](std::vector<Sa> sas) { return install_sas(std::move(sas)); },
          .uninstall = [this](const Sad::Names& names) { uninstall_sas(names); },
          .assign = [this](const std::string& policy) { assign_sas(policy); },
          .publish_policies = [this] { dataplane_->publish(spd_->snapshot()); }},
      configuration.limits.sas);
  ike_ = std::make_unique<IkeService>(
      IkeService::Surroundings{*control_, *dataplane_, *acquired_, *sad_, *spd_, ike_jobs_, audit_,
                               clock_, random},
      IkeService::Hooks{
          .uninstall = [this](const Sad::Names& names) { uninstall_sas(names); },
          .reassign = [this](const std::string& sa) { acquired_->lead_again(sa); },
          .installed = [this](const std::string& policy) { mobility_->on_installed(policy); },
          .failed = [this](const std::string& policy,
                           const std::string& why) { mobility_->on_failed(policy, why); },
          .happened = [this](const ike::Event& event) { on_ike(event); },
          .will_have =
              [this](std::string_view peer, const Address& address) {
                return leased_homes_->will_have(peer, address);
              }});
  make_mobility(random);
  policy_edits_ = std::make_unique<PolicyEdits>(
      PolicyEdits::Parts{.spd = *spd_,
                         .sad = *sad_,
                         .configuration = configuration_,
                         .assign = [this](const std::string& policy) { follow_policy(policy); },
                         .publish = [this] { publish_policies(); }});
  return {};
}

// All that may fail comes first, and nothing of it shows until all of it is there.
Expected<void> Gateway::apply(Configuration next) {
  LearnedAddresses learned = still_known(learned_, configuration_, next);
  put_in(next, learned);
  std::vector<Policy> policies = plan_policies(next);
  std::vector<Sa> planned;
  for (const Sa& sa : next.sas) planned.push_back(sa.duplicate());
  mobility_->carry_over(next, policies, planned);
  if (auto good = spd_->check(policies); !good) return good;
  std::vector<Route> routes = plan_routes(next, dataplane_->ports(), mobility_roles_->visited());
  auto built = Dataplane::build(routes);
  if (!built) return std::unexpected(built.error());
  const Sad::Names gone = sas_not_among(planned);
  for (const Sa& sa : planned)
    if (acquired_->contains(sa.name)) return taken_by_negotiated(sa.name);
  std::vector<Sa> fresh;
  for (Sa& sa : planned)
    if (gone.contains(sa.name) || !sad_->find(sa.name)) fresh.push_back(std::move(sa));
  auto sas = prepare_sas(std::move(fresh), gone);
  if (!sas) return std::unexpected(sas.error());

  configuration_ = std::move(next);
  learned_ = std::move(learned);
  routes_ = std::move(routes);
  uninstall_sas(gone);
  publish_sas(std::move(*sas));
  spd_->replace(policies);
  sas_of_.clear();
  for (const Policy& policy : policies) {
    if (policy.protect) sas_of_[policy.name] = policy.protect->sas;
    assign_sas(policy.name);
  }
  dataplane_->publish(spd_->snapshot(), std::move(*built));
  retire_policies();
  acquired_->follow_policies(configuration_.changed_policy_sas, clock_.now());
  configure_audit();
  control_->set_icmp(configuration_.icmp, configuration_.path_mtu);
  control_->set_addresses(plan_addresses(configuration_, mobility_roles_->visited()));
  control_->set_static_neighbours(static_neighbours(configuration_), clock_.now());
  set_dummies();
  sad_->renew_link_mtus();
  configure_mobility();
  ike_->configure(configuration_);
  // Where nobody is to be negotiated with, nobody is asked (SPD-16).
  if (!configuration_.peers.empty() && !has_key_manager_) {
    acquire_by(*ike_);
    listen(*ike_);
  }
  return {};
}

// Live SAs that are not in the configuration, or are otherwise there.
Sad::Names Gateway::sas_not_among(const std::vector<Sa>& next) const {
  std::map<std::string_view, const Sa*> wanted;
  for (const Sa& sa : next) wanted.emplace(sa.name, &sa);
  Sad::Names names;
  sad_->for_each([&](const Sad::Entry& entry) {
    const auto found = wanted.find(entry.sa->name);
    const bool there = found != wanted.end() && same_parameters(*found->second, *entry.sa);
    if (!there && !acquired_->contains(entry.sa->name)) names.insert(entry.sa->name);
  });
  return names;
}

// When they are ready, what they may send is on the disk.
Expected<Sad::Prepared> Gateway::prepare_sas(std::vector<Sa> sas, const Sad::Names& gone) {
  for (Sa& sa : sas)
    if (sa.static_key)
      if (auto resumed = static_sas_->resume(sa); !resumed) return std::unexpected(resumed.error());
  auto prepared = sad_->prepare(std::move(sas), gone);
  if (!prepared) return prepared;
  if (auto saved = static_sas_->save(); !saved) return std::unexpected(saved.error());
  return prepared;
}

void Gateway::publish_sas(Sad::Prepared prepared) {
  std::vector<std::string> names;
  for (Sa& sa : prepared.sas()) {
    names.push_back(sa.name);
    if (sa.static_key && sa.direction == Direction::Inbound)
      static_cast<void>(static_sas_->catch_up(sa));  // what failed would have failed before
  }
  static_cast<void>(sad_->publish(std::move(prepared)));
  for (const std::string& name : names) {
    const auto [sa, slot] = *sad_->find(name);
    if (sa->static_key) static_sas_->watch(*sa, slot);
    if (sa->hard.time) dataplane_->end_sa(sa->direction, slot, *sa->hard.time);
    lifetimes_->started(*sa, clock_.now());
  }
  static_sas_->open_blocks();
}

Expected<void> Gateway::install_sas(std::vector<Sa> sas) {
  auto prepared = prepare_sas(std::move(sas));
  if (!prepared) return std::unexpected(prepared.error());
  publish_sas(std::move(*prepared));
  return {};
}

void Gateway::uninstall_sas(const Sad::Names& names) {
  // Handles first: no worker may be led to what is going.
  for (auto& [policy, sas] : sas_of_) {
    const auto going = [&](const std::string& name) { return names.contains(name); };
    if (std::erase_if(sas, going) != 0) assign_sas(policy);
  }
  acquired_->leave(names);
  for (const std::string& name : names) {
    static_sas_->forget(name);
    lifetimes_->ended(name);
    static_cast<void>(sad_->remove(name));
  }
  if (ike_ != nullptr) ike_->on_uninstalled(names);
}

void Gateway::assign_sas(const std::string& policy) {
  const auto id = spd_->id_of(policy);
  if (!id) return;
  std::vector<std::string> names;
  if (const auto named = sas_of_.find(policy); named != sas_of_.end()) names = named->second;
  std::ranges::move(acquired_->of_policy(*id), std::back_inserter(names));
  assignment_->assign(SaHandle{id->value}, names);
}

// After an edit: what the policy names leads where it says, and nowhere once it is gone.
void Gateway::follow_policy(const std::string& name) {
  const Policy* const policy = spd_->find(name);
  if (policy != nullptr && policy->protect)
    sas_of_[name] = policy->protect->sas;
  else
    sas_of_.erase(name);
  assign_sas(name);
}

// Removed policies decide for workers until they have read what was published since.
void Gateway::retire_policies() {
  const std::vector<PolicyId> ids = spd_->take_removed();
  if (ids.empty()) return;
  dataplane_->retirement().when_unread([this, ids, watched = std::weak_ptr(spd_)] {
    const auto spd = watched.lock();
    if (spd == nullptr) return;  // the gateway is going, and all else with it
    for (const PolicyId id : ids) {
      assignment_->forget(SaHandle{id.value});
      dataplane_->forget_policy_traffic(id);
    }
    spd->reuse(ids);
  });
}

void Gateway::publish_policies() {
  dataplane_->publish(spd_->snapshot());
  retire_policies();
  acquired_->follow_policies(configuration_.changed_policy_sas, clock_.now());
  if (!configuration_.peers.empty()) ike_->configure(configuration_);
  set_dummies();
}

void Gateway::rebuild_matchers() {
  if (rebuilding_) return;
  const auto rebuild = spd_->begin_rebuild();
  if (rebuild == nullptr) return;
  rebuilding_ = true;
  jobs_.submit([this, rebuild]() -> JobPool::Completion {
    rebuild->run();
    return [this, rebuild] {
      rebuilding_ = false;
      spd_->finish_rebuild(*rebuild);
      dataplane_->publish(spd_->snapshot());
    };
  });
}

void Gateway::acquire_by(KeyManager& manager) {
  has_key_manager_ = true;
  control_->acquire_by([this, &manager](RequestId id, const SaMiss& miss) {
    acquired_->acquire(manager, id, miss);
  });
}

Expected<void> Gateway::provide_sas(RequestId id, std::vector<Sa> sas) {
  return acquired_->provide({.id = id}, std::move(sas), clock_.now());
}

Expected<void> Gateway::refuse_sas(RequestId id) { return acquired_->refuse(id, clock_.now()); }

void Gateway::set_dummies() {
  std::vector<DummyFlow> flows;
  for (const auto& [policy, names] : sas_of_) {
    const auto id = spd_->id_of(policy);
    for (const std::string& name : names) {
      const auto entry = sad_->find(name);
      if (!id || !entry || entry->sa->dummies.per_second == 0) continue;
      const Sa& sa = *entry->sa;
      flows.push_back({.policy = *id,
                       .dscp = sa.dscp.empty() ? std::uint8_t{0} : sa.dscp.front(),
                       .rule = sa.dummies,
                       .ends = sa.endpoints});
    }
  }
  control_->set_dummies(flows, clock_.now());
}

Expected<void> Gateway::start() { return dataplane_->start(); }

bool Gateway::say_goodbye() {
  if (!farewell_) farewell_ = clock_.now();
  const bool alone = mobility_roles_->say_goodbye() || clock_.now() - *farewell_ > kLastUpdate;
  if (alone) ike_->daemon().close_all();
  poll();
  return alone && ike_->daemon().size() == 0;
}

Gateway::~Gateway() {
  if (dataplane_ != nullptr) dataplane_->stop();
  jobs_.finish();
  ike_jobs_.finish();
  ike_.reset();
  audit_.close();
  if (static_sas_ == nullptr) return;
  if (auto closed = static_sas_->close(); !closed) spdlog::error("{}", to_string(closed.error()));
}

void Gateway::poll() {
  const Instant now = clock_.now();
  control_->poll(now);
  dataplane_->poll();
  jobs_.poll();
  ike_jobs_.poll();
  ike_->poll();
  mobility_roles_->poll();
  follow_learned_addresses();
  take_events(now);
  expire(now);
  audit_.poll(now);
  if (now < next_housekeeping_) return;
  next_housekeeping_ = now + kHousekeepingPeriod;
  static_sas_->poll();
  mobility_->poll();
  acquired_->poll();
  rebuild_matchers();
  dataplane_->for_each_suppressed([this](WorkerId worker, DropReason reason, std::uint64_t count) {
    audit_.note_suppressed(worker, reason, count);
  });
}

AuditNames Gateway::audit_names() const {
  return {.sa =
              [this](Direction direction, SaSlot slot, Spi spi) {
                const auto entry = sad_->find(direction, slot);
                // The slot may have a new SA since.
                return entry && entry->sa->spi == spi ? entry->sa->name : std::string();
              },
          .policy =
              [this](PolicyId id) {
                const Policy* const policy = spd_->find(id);
                return policy == nullptr ? std::string() : policy->name;
              },
          .port = [this](PortId id) { return configuration_.ports[id.value].name; }};
}

void Gateway::configure_audit() {
  const AuditConfig& config = configuration_.audit;
  audit_.configure(config);
  const bool heard = config.target != AuditTarget::None || config.remember != 0;
  AuditSelection selection = heard ? AuditSelection::all() : AuditSelection{};
  selection.esp = config.esp;
  selection.ah = config.ah;
  for (const DropReason reason : config.without)
    selection.reasons[static_cast<std::size_t>(reason)] = false;
  dataplane_->choose_audits(selection);
}

void Gateway::take_events(Instant now) {
  dataplane_->take_events([&](const Event& event, Duration age) {
    if (event.kind == EventKind::Drop)
      audit_.take(event, age, now);
    else if (event.kind == EventKind::MovedPeer)
      ike_->on_moved_peer(event);
    else if (event.kind == EventKind::TunnelledPeer)
      mobility_roles_->reached_by_tunnel({event.source, event.family});
    else
      lifetimes_->take(event);
  });
}

// Workers have stopped these by themselves, or do so within a turn.
void Gateway::expire(Instant now) {
  const std::vector<std::string> over = lifetimes_->poll(now);
  if (over.empty()) return;
  uninstall_sas({over.begin(), over.end()});
  set_dummies();
  for (const std::string& name : over) lifetime_report_.removed(name);
}

Duration Gateway::age_of(const std::string& sa) const {
  const auto start = lifetimes_->start_of(sa);
  return start ? clock_.now() - *start : Duration{};
}

Expected<const Policy*> Gateway::protecting_policy(const std::string& name) const {
  const Policy* const named = spd_->find(name);
  if (named != nullptr && named->action == PolicyAction::Protect) return named;
  return fail(Error::Code::NotFound, fmt::format("there is no policy \"{}\" that protects", name),
              "name one of sallyportctl show policies");
}

Expected<void> Gateway::add_sa(Sa sa, const std::string& policy) {
  if (const auto named = protecting_policy(policy); !named) return std::unexpected(named.error());
  if (auto fresh = check_nonces(sa); !fresh) return fresh;
  const std::string name = sa.name;
  std::vector<Sa> one;
  one.push_back(std::move(sa));
  if (auto installed = install_sas(std::move(one)); !installed) return installed;
  sas_of_[policy].push_back(name);
  assign_sas(policy);
  set_dummies();
  return {};
}

Expected<void> Gateway::check_nonces(const Sa& sa) const {
  std::string other;
  sad_->for_each([&](const Sad::Entry& entry) {
    if (shares_nonces(sa, *entry.sa)) other = entry.sa->name;
  });
  if (other.empty()) return {};
  return fail(Error::Code::Refused,
              fmt::format("SA \"{}\" sends the same nonces under the same key", other),
              "a key of its own for each", "SA " + sa.name);
}

Expected<void> Gateway::add_sa_text(const std::string& toml, const std::string& policy) {
  const auto named = protecting_policy(policy);
  if (!named) return std::unexpected(named.error());
  auto sa = parse_live_sa(toml, **named, configuration_);
  if (!sa) return std::unexpected(std::move(sa).error());
  return add_sa(std::move(*sa), policy);
}

std::vector<NeighbourFacts> Gateway::neighbours() const {
  return control_->neighbours(clock_.now());
}

Expected<void> Gateway::remove_sa(const std::string& name) {
  if (!sad_->find(name))
    return fail(Error::Code::NotFound, fmt::format("there is no SA \"{}\"", name),
                "name one of sallyportctl show sas");
  uninstall_sas({name});
  set_dummies();
  return {};
}

Expected<void> Gateway::insert_policy(const std::string& toml, const PolicyPlace& place) {
  return policy_edits_->insert(toml, place);
}

Expected<void> Gateway::move_policy(const std::string& name, const PolicyPlace& place) {
  return policy_edits_->move(name, place);
}

Expected<void> Gateway::remove_policy(const std::string& name) {
  return policy_edits_->remove(name);
}

Expected<void> Gateway::reload(Configuration next) {
  if (auto allowed = check_without_restart(configuration_, next); !allowed) return allowed;
  return apply(std::move(next));
}

}  // namespace sallyport
