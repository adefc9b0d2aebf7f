#include "gateway/gateway.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dataplane/pci_address.h"
#include "gateway/config/live_sa.h"
#include "gateway/configuration_diff.h"
#include "gateway/routing_plan.h"
#include "spd/default_policies.h"

namespace sallyport {
namespace {

constexpr Duration kHousekeepingPeriod = std::chrono::milliseconds(100);

PortSettings settings_of(const PortConfig& port) {
  return {.name = port.name,
          .device = port.device,
          .side = port.side,
          .kind = port.kind,
          .addresses = port.addresses,
          .mtu = port.mtu,
          .vlan = port.vlan,
          .spd = port.spd,
          .mac = port.mac,
          .icmp_errors_per_second = port.icmp_errors.send ? port.icmp_errors.rate : 0,
          .udp_zero_checksum_v6 = port.udp_zero_checksum_v6};
}

DataplaneSettings settings_of(const Configuration& configuration) {
  DataplaneSettings settings;
  for (const PortConfig& port : configuration.ports) settings.ports.push_back(settings_of(port));
  settings.workers = configuration.dataplane.workers;
  settings.cores = configuration.dataplane.cores;
  settings.idle = configuration.dataplane.idle;
  settings.burst = configuration.dataplane.burst;
  settings.sas = configuration.limits.sas;
  settings.policies = configuration.limits.policies;
  settings.flows = configuration.limits.flows;
  settings.neighbours = configuration.limits.neighbours;
  settings.neighbour_hold = configuration.limits.neighbour_hold;
  // Checked when the configuration was read.
  settings.skipped_headers = SkippedHeaders::of(configuration.dataplane.skipped_headers).value();
  settings.mbufs = configuration.limits.mbufs;
  settings.large_buffers = configuration.limits.large_buffers;
  settings.reassembly_datagrams = configuration.limits.reassembly_datagrams;
  settings.reassembly_time = configuration.limits.reassembly_time;
  settings.fragment_flows = configuration.limits.fragment_flows;
  settings.punt_ring = configuration.limits.punt_ring;
  settings.event_ring = configuration.limits.event_ring;
  settings.audit_events_per_second = configuration.limits.audit_rate;
  settings.punts_per_second = configuration.limits.punt_rate;
  return settings;
}

EalSettings eal_settings(const Configuration& configuration, std::vector<std::string> extra) {
  EalSettings settings;
  settings.file_prefix = configuration.instance.file_prefix;
  settings.memory_megabytes =
      memory_needed(settings_of(configuration), configuration.limits.routes);
  settings.hugepages = configuration.dataplane.hugepages;
  for (const PortConfig& port : configuration.ports)
    if (auto address = pci_address(port.device)) settings.pci.push_back(std::move(*address));
  settings.extra = std::move(extra);
  return settings;
}

// Addresses that speak IKE here: all of ours, on whatever port.
std::vector<Address> own_addresses(const Configuration& configuration) {
  std::vector<Address> own;
  for (const PortConfig& port : configuration.ports)
    for (const Prefix& prefix : port.addresses) own.push_back(prefix.address);
  return own;
}

std::vector<StaticNeighbour> static_neighbours(const Configuration& configuration) {
  std::vector<StaticNeighbour> neighbours;
  for (const NeighbourConfig& neighbour : configuration.neighbours)
    neighbours.push_back({neighbour.port, neighbour.address, neighbour.mac});
  return neighbours;
}

Expected<void> make_private_directory(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::create_directories(path, error) && error)
    return fail(Error::Code::Io, "cannot make the directory: " + error.message(),
                "make its parent writable, or set [instance] state_directory", path.native());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return {};
}

}  // namespace

std::vector<Policy> all_policies(const Configuration& configuration) {
  std::vector<Policy> policies;
  for (std::size_t i = 0; i < configuration.spds.size(); ++i) {
    const SpdConfig& spd = configuration.spds[i];
    const SpdId id{static_cast<std::uint16_t>(i)};
    if (spd.default_policies)
      std::ranges::move(default_policies({.spd = id,
                                          .prefix = spd.name,
                                          .own = own_addresses(configuration),
                                          .icmp_errors = configuration.icmp.unprotected_side}),
                        std::back_inserter(policies));
    std::ranges::copy_if(configuration.policies, std::back_inserter(policies),
                         [id](const Policy& policy) { return policy.spd == id; });
  }
  return policies;
}

std::uint64_t memory_needed(const Configuration& configuration) {
  return memory_needed(settings_of(configuration), configuration.limits.routes);
}

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
  gateway->configuration_ = std::move(configuration);
  if (auto installed = gateway->install(surroundings); !installed)
    return std::unexpected(installed.error());
  return gateway;
}

Expected<void> Gateway::install(const Surroundings& surroundings) {
  auto dataplane = Dataplane::open(settings_of(configuration_), surroundings.random);
  if (!dataplane) return std::unexpected(dataplane.error());
  dataplane_ = std::move(*dataplane);
  control_ = ControlPlane::open(*dataplane_, surroundings.random);
  spd_ = std::make_unique<Spd>(configuration_.limits.policies, configuration_.spds.size());
  sad_ = std::make_unique<Sad>(Sad::Parts{
      dataplane_->sas(), dataplane_->keys(), dataplane_->retirement(), surroundings.random,
      configuration_.dataplane.workers,
      [&dataplane = *dataplane_](const Address& remote) { return dataplane.link_mtu(remote); }});
  control_->discover_path_mtus(*sad_);
  control_->set_icmp(configuration_.icmp, configuration_.path_mtu);
  if (auto made = make_private_directory(configuration_.instance.state_directory); !made)
    return made;
  auto reservations =
      SequenceReservations::open(configuration_.instance.state_directory / "sequence-numbers");
  if (!reservations) return std::unexpected(reservations.error());
  static_sas_ = std::make_unique<StaticSaState>(std::move(*reservations), *sad_, jobs_);
  lifetimes_ = std::make_unique<SaLifetimes>(*sad_, lifetime_report_);
  configure_audit();
  for (Sa& sa : configuration_.sas)
    if (auto added = install_sa(sa.duplicate()); !added) return added;
  if (auto installed = install_policies(); !installed) return installed;
  return publish();
}

Expected<void> Gateway::install_policies() { return order_policies(all_policies(configuration_)); }

Expected<void> Gateway::install_sa(Sa sa) {
  if (sa.static_key)
    if (auto resumed = static_sas_->resume(sa); !resumed) return resumed;
  const Sa copy = sa.duplicate();
  const auto slot = sad_->add(std::move(sa));
  if (!slot) return std::unexpected(slot.error());
  if (copy.static_key) static_sas_->watch(copy, *slot);
  if (copy.hard.time) dataplane_->end_sa(copy.direction, *slot, *copy.hard.time);
  lifetimes_->started(copy, clock_.now());
  return {};
}

void Gateway::uninstall_sa(const std::string& name) {
  // Handles first: no worker may be led to what is going.
  for (auto& [policy, sas] : sas_of_) {
    if (std::ranges::count(sas, name) == 0) continue;
    assign_sas(policy, name);
    std::erase(sas, name);
  }
  static_sas_->forget(name);
  lifetimes_->ended(name);
  static_cast<void>(sad_->remove(name));
  set_dummies();
}

void Gateway::assign_sas(const std::string& policy, std::string_view without) {
  const auto id = spd_->id_of(policy);
  if (!id) return;
  std::vector<SaForClasses> sas;
  for (const std::string& name : sas_of_[policy]) {
    const auto entry = sad_->find(name);
    if (entry && name != without && entry->sa->direction == Direction::Outbound)
      sas.push_back({entry->slot, entry->sa->dscp});
  }
  const SaHandle handle{id->value};
  const auto old = choices_.extract(*id);
  if (sas.size() > 1) {
    const auto choice = std::make_shared<const SaChoice>(choose_by_dscp(sas));
    choices_.emplace(*id, choice);
    dataplane_->handles().assign(handle, choice.get());
  } else {
    dataplane_->handles().assign(handle, sas.empty() ? kNoSa : sas.front().slot);
  }
  if (!old.empty())
    dataplane_->retirement().when_unread([kept = old.mapped()]() mutable { kept.reset(); });
}

Expected<void> Gateway::publish() {
  // Before packets can meet the new SAs: what they may send is on the disk.
  if (auto saved = static_sas_->save(); !saved) return saved;
  routes_ = plan_routes(configuration_, dataplane_->ports());
  control_->set_static_neighbours(static_neighbours(configuration_), clock_.now());
  set_dummies();
  if (auto published = dataplane_->publish(spd_->snapshot(), routes_); !published) return published;
  sad_->renew_link_mtus();
  return {};
}

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

Gateway::~Gateway() {
  if (dataplane_ != nullptr) dataplane_->stop();
  jobs_.finish();
  audit_.close();
  if (static_sas_ == nullptr) return;
  if (auto closed = static_sas_->close(); !closed) spdlog::error("{}", to_string(closed.error()));
}

void Gateway::poll() {
  const Instant now = clock_.now();
  control_->poll(now);
  dataplane_->poll();
  jobs_.poll();
  take_events(now);
  expire(now);
  audit_.poll(now);
  if (now < next_housekeeping_) return;
  next_housekeeping_ = now + kHousekeepingPeriod;
  static_sas_->poll();
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
    else
      lifetimes_->take(event);
  });
}

// Workers have stopped these by themselves, or do so within a turn.
void Gateway::expire(Instant now) {
  for (const std::string& name : lifetimes_->poll(now)) {
    uninstall_sa(name);
    lifetime_report_.removed(name);
  }
}

Duration Gateway::age_of(const std::string& sa) const {
  const auto start = lifetimes_->start_of(sa);
  return start ? clock_.now() - *start : Duration{};
}

Expected<void> Gateway::add_sa(Sa sa, const std::string& policy) {
  const Policy* const named = spd_->find(policy);
  if (named == nullptr || named->action != PolicyAction::Protect)
    return fail(Error::Code::NotFound,
                fmt::format("there is no policy \"{}\" that protects", policy),
                "name one of sallyportctl show policies");
  const std::string name = sa.name;
  if (auto added = install_sa(std::move(sa)); !added) return added;
  sas_of_[policy].push_back(name);
  assign_sas(policy);
  set_dummies();
  return static_sas_->save();
}

Expected<void> Gateway::add_sa_text(const std::string& toml, const std::string& policy) {
  auto sa = parse_live_sa(toml, policy, configuration_);
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
  uninstall_sa(name);
  return {};
}

Expected<void> Gateway::reload(Configuration next) {
  if (auto allowed = check_without_restart(configuration_, next); !allowed) return allowed;
  const std::vector<Policy> policies = all_policies(next);
  remove_gone_policies(policies);
  remove_gone_sas(next.sas);
  if (auto added = add_new_sas(next.sas); !added) return added;
  if (auto ordered = order_policies(policies); !ordered) return ordered;
  configuration_ = std::move(next);
  configure_audit();
  control_->set_icmp(configuration_.icmp, configuration_.path_mtu);
  return publish();
}

void Gateway::remove_gone_policies(const std::vector<Policy>& next) {
  for (const Policy& running : all_policies(configuration_)) {
    if (std::ranges::count(next, running) != 0) continue;
    dataplane_->handles().assign(SaHandle{spd_->id_of(running.name)->value}, kNoSa);
    sas_of_.erase(running.name);
    static_cast<void>(spd_->remove(running.name));
  }
}

void Gateway::remove_gone_sas(const std::vector<Sa>& next) {
  std::vector<std::string> gone;
  sad_->for_each([&](const Sad::Entry& entry) {
    const bool stays =
        std::ranges::any_of(next, [&](const Sa& sa) { return same_parameters(sa, *entry.sa); });
    if (!stays) gone.push_back(entry.sa->name);
  });
  for (const std::string& name : gone) uninstall_sa(name);
}

Expected<void> Gateway::add_new_sas(const std::vector<Sa>& next) {
  for (const Sa& sa : next)
    if (!sad_->find(sa.name))
      if (auto added = install_sa(sa.duplicate()); !added) return added;
  return {};
}

Expected<void> Gateway::order_policies(const std::vector<Policy>& next) {
  std::map<SpdId, std::size_t> position;
  for (const Policy& policy : next) {
    const std::size_t place = position[policy.spd]++;
    if (spd_->find(policy.name) != nullptr) {
      if (auto moved = spd_->move(policy.name, place); !moved) return moved;
    } else if (auto inserted = spd_->insert(policy, place); !inserted) {
      return std::unexpected(inserted.error());
    }
    if (policy.protect) sas_of_[policy.name] = policy.protect->sas;
    assign_sas(policy.name);
  }
  return {};
}

}  // namespace sallyport
