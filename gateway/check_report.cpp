#include "gateway/check_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "gateway/dataplane_settings.h"
#include "gateway/policy_plan.h"
#include "net/udp.h"
#include "spd/policy_lint.h"
#include "spd/policy_names.h"

namespace sallyport {
namespace {

using Out = std::back_insert_iterator<std::string>;

template <class Items>
std::string joined(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + to_string(item);
  return text;
}

void report_ports(const Configuration& configuration, Out out) {
  for (const PortConfig& port : configuration.ports)
    fmt::format_to(out, "port {}: {}, {} side{}, MTU {}, addresses {}\n", port.name, port.device,
                   port.side == Side::Protected ? "protected" : "unprotected",
                   port.kind == PortKind::LocalStack ? ", local stack" : "", port.mtu,
                   joined(port.addresses));
}

// Where the keys of a policy come from.
std::string keys_of(const Policy& policy, const Configuration& configuration) {
  const PeerConfig* const peer = peer_for(configuration, policy);
  if (policy.protect->sas.empty() && peer != nullptr) return "peer " + peer->peer.name;
  return fmt::format("SAs {}", fmt::join(policy.protect->sas, ", "));
}

void report_policies(const Configuration& configuration, const std::vector<Policy>& policies,
                     Out out) {
  for (const Policy& policy : policies) {
    fmt::format_to(out, "policy {}: {}", policy.name, to_string(policy.action));
    if (policy.protect)
      fmt::format_to(out, " ({} {}, {})", to_string(policy.protect->protocol),
                     to_string(policy.protect->mode), keys_of(policy, configuration));
    for (const Selector& selector : policy.selectors)
      fmt::format_to(out, "\n    {}", to_string(selector));
    fmt::format_to(out, "\n");
  }
  fmt::format_to(out, "policy (nothing matched): discard\n");
}

// Of what is found in one SPD, and of the time that is spent on it: a few seconds.
constexpr std::size_t kMostFindings = 20;
constexpr std::size_t kMostWork = std::size_t{1} << 25;
constexpr DecorrelationLimits kCheckLimits{.work = std::size_t{1} << 20};

// Policies for names are met by few packets and hide nothing from the others.
void report_overlaps(std::string_view spd, std::span<const Policy* const> ordered, Out out) {
  Decorrelation decorrelation(ordered, kCheckLimits);
  PolicyLint lint(decorrelation);
  std::size_t entries = 0, in_order = 0, findings = 0, examined = 0;
  std::string text;
  for (; examined < ordered.size() && decorrelation.work_done() < kMostWork; ++examined) {
    const PolicyLint::Report report = lint.examine(examined);
    entries += report.pieces.value_or(0);
    in_order += report.pieces ? 0 : 1;
    for (const PolicyFinding& finding : report.findings)
      if (++findings <= kMostFindings)
        text += fmt::format("lint: {}\n", to_string(finding, ordered));
  }
  fmt::format_to(out, "SPD {}: {} policies, decorrelated {} entries; {} matched in order\n", spd,
                 examined, entries, in_order);
  if (examined < ordered.size())
    fmt::format_to(out, "SPD {}: {} more policies, from {} on, not examined: too much work\n", spd,
                   ordered.size() - examined, ordered[examined]->name);
  fmt::format_to(out, "{}", text);
  if (findings > kMostFindings)
    fmt::format_to(out, "lint: and {} more\n", findings - kMostFindings);
}

void report_spds(const Configuration& configuration, const std::vector<Policy>& policies, Out out) {
  for (std::size_t i = 0; i < configuration.spds.size(); ++i) {
    const auto met = [&](Direction direction) {
      std::vector<const Policy*> ordered;
      for (const Policy& policy : policies)
        if (policy.spd.value == i && is_met(policy, direction)) ordered.push_back(&policy);
      return ordered;
    };
    const auto outbound = met(Direction::Outbound);
    const auto inbound = met(Direction::Inbound);
    const std::string& name = configuration.spds[i].name;
    report_overlaps(outbound == inbound ? name : name + " outbound", outbound, out);
    if (outbound != inbound) report_overlaps(name + " inbound", inbound, out);
  }
}

void report_sas(const Configuration& configuration, Out out) {
  for (const Sa& sa : configuration.sas)
    fmt::format_to(out, "SA {}: {}, SPI 0x{:08x}, {} {}, {}, {} to {}\n", sa.name,
                   to_string(sa.direction), sa.spi.value, to_string(sa.protocol),
                   to_string(sa.mode), to_string(sa.transform, sa.protocol),
                   to_string(sa.endpoints.local), to_string(sa.endpoints.remote));
}

void report_peers(const Configuration& configuration, Out out) {
  if (!configuration.peers.empty())
    fmt::format_to(out, "IKE: ports {} and {}\n", kIkePort, kIkeNatPort);
  for (const PoolConfig& pool : configuration.pools)
    fmt::format_to(out, "pool {}: {}\n", pool.name, to_string(pool.addresses));
  for (const PeerConfig& config : configuration.peers) {
    const Peer& peer = config.peer;
    std::vector<std::string_view> identities, methods;
    for (const IdentityPattern& pattern : peer.identities) identities.push_back(pattern.text());
    for (const RemoteAuthentication& by : peer.remote) methods.push_back(to_string(by.kind));
    fmt::format_to(out, "peer {}: {}, {} by {}; we are {} by {}; proposals {}\n", peer.name,
                   peer.locator.remote ? "at " + to_string(*peer.locator.remote) : "comes to us",
                   fmt::join(identities, ", "), fmt::join(methods, " or "),
                   to_string(peer.local_identity), to_string(peer.local.kind),
                   joined(peer.proposals));
  }
}

}  // namespace

std::string check_report(const Configuration& configuration) {
  std::string text;
  const Out out = std::back_inserter(text);
  fmt::format_to(out, "instance {}: {} worker(s), {} MB of DPDK memory\n",
                 configuration.instance.name, configuration.dataplane.workers,
                 memory_needed(configuration));
  report_ports(configuration, out);
  for (const RouteConfig& route : configuration.routes)
    fmt::format_to(out, "route {}: {}\n", to_string(route.to),
                   route.action == RouteAction::Blackhole ? "blackhole"
                   : route.via                            ? "via " + to_string(*route.via)
                                                          : "on link");
  const std::vector<Policy> policies = plan_policies(configuration);
  report_policies(configuration, policies, out);
  report_spds(configuration, policies, out);
  report_sas(configuration, out);
  report_peers(configuration, out);
  for (const std::string& warning : configuration.warnings)
    fmt::format_to(out, "warning: {}\n", warning);
  return text;
}

}  // namespace sallyport
