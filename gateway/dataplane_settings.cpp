#include "gateway/dataplane_settings.h"

#include <algorithm>

#include "dataplane/pci_address.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostReplacedAtOnce = 4096;  // where as many SAs as there may be are live

PortSettings port_settings(const PortConfig& port, const Configuration& configuration) {
  return {.name = port.name,
          .device = port.device,
          .side = port.side,
          .kind = port.kind,
          .addresses = port.addresses,
          .mtu = port.mtu,
          .vlan = port.vlan,
          .spd = port.spd,
          .user = user_id(configuration, port.user),
          .mac = port.mac,
          .icmp_errors_per_second = port.icmp_errors.send ? port.icmp_errors.rate : 0,
          .udp_zero_checksum_v6 = port.udp_zero_checksum_v6};
}

// Of all roles; a mobile node's own are a few, and one for each correspondent.
std::size_t bindings_of(const Configuration& configuration) {
  std::size_t bindings = 64;
  if (configuration.home_agent) bindings += configuration.home_agent->max_bindings;
  if (configuration.correspondent.enabled) bindings += configuration.correspondent.max_bindings;
  if (configuration.mobile_node) bindings += kMostOwnBindings;
  return bindings;
}

}  // namespace

DataplaneSettings dataplane_settings(const Configuration& configuration) {
  const LimitsConfig& limits = configuration.limits;
  DataplaneSettings settings;
  for (const PortConfig& port : configuration.ports)
    settings.ports.push_back(port_settings(port, configuration));
  settings.workers = configuration.dataplane.workers;
  settings.cores = configuration.dataplane.cores;
  settings.idle = configuration.dataplane.idle;
  settings.burst = configuration.dataplane.burst;
  settings.sas = limits.sas + std::min<std::size_t>(limits.sas, kMostReplacedAtOnce);
  settings.policies = Spd::ids_for(limits.policies);
  settings.flows = limits.flows;
  settings.neighbours = limits.neighbours;
  settings.neighbour_hold = limits.neighbour_hold;
  settings.sa_hold = limits.sa_hold;
  settings.bindings = bindings_of(configuration);
  settings.flow_cache = configuration.dataplane.flow_cache;
  // Checked when the configuration was read.
  settings.skipped_headers = SkippedHeaders::of(configuration.dataplane.skipped_headers).value();
  settings.mbufs = limits.mbufs;
  settings.large_buffers = limits.large_buffers;
  settings.reassembly_datagrams = limits.reassembly_datagrams;
  settings.reassembly_time = limits.reassembly_time;
  settings.fragment_flows = limits.fragment_flows;
  settings.punt_ring = limits.punt_ring;
  settings.event_ring = limits.event_ring;
  settings.audit_events_per_second = limits.audit_rate;
  settings.punts_per_second = limits.punt_rate;
  return settings;
}

EalSettings eal_settings(const Configuration& configuration, std::vector<std::string> extra) {
  EalSettings settings;
  settings.file_prefix = configuration.instance.file_prefix;
  settings.memory_megabytes = memory_needed(configuration);
  settings.hugepages = configuration.dataplane.hugepages;
  for (const PortConfig& port : configuration.ports)
    if (auto address = pci_address(port.device)) settings.pci.push_back(std::move(*address));
  settings.extra = std::move(extra);
  return settings;
}

std::uint64_t memory_needed(const Configuration& configuration) {
  return memory_needed(dataplane_settings(configuration), configuration.limits.routes);
}

}  // namespace sallyport
