#include "gateway/check_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "gateway/dataplane_settings.h"
#include "gateway/policy_plan.h"

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

void report_policies(const Configuration& configuration, Out out) {
  for (const Policy& policy : plan_policies(configuration)) {
    fmt::format_to(out, "policy {}: {}", policy.name, to_string(policy.action));
    if (policy.protect)
      fmt::format_to(out, " ({} {}, SAs {})", to_string(policy.protect->protocol),
                     to_string(policy.protect->mode), fmt::join(policy.protect->sas, ", "));
    for (const Selector& selector : policy.selectors)
      fmt::format_to(out, "\n    {}", to_string(selector));
    fmt::format_to(out, "\n");
  }
  fmt::format_to(out, "policy (nothing matched): discard\n");
}

void report_sas(const Configuration& configuration, Out out) {
  for (const Sa& sa : configuration.sas)
    fmt::format_to(out, "SA {}: {}, SPI 0x{:08x}, {} {}, {}, {} to {}\n", sa.name,
                   to_string(sa.direction), sa.spi.value, to_string(sa.protocol),
                   to_string(sa.mode), to_string(sa.transform, sa.protocol),
                   to_string(sa.endpoints.local), to_string(sa.endpoints.remote));
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
  report_policies(configuration, out);
  report_sas(configuration, out);
  for (const std::string& warning : configuration.warnings)
    fmt::format_to(out, "warning: {}\n", warning);
  return text;
}

}  // namespace sallyport
