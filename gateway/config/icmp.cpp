// [icmp] and [path_mtu]: what is heard of the network, and what is believed.
#include "dataplane/port_facts.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"
#include "gateway/texts.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kHighestMessageRate = 100'000;

// One kind, or a list of any number of them: an empty one accepts nothing.
Expected<std::vector<IcmpKind>> read_kinds(const Value& value) {
  if (value.list() != nullptr && value.list()->empty()) return std::vector<IcmpKind>{};
  return list_of([](const Value& element) -> Expected<IcmpKind> {
    const auto text = read_text(element);
    if (!text) return std::unexpected(text.error());
    return placed(element, IcmpKind::parse(*text));
  })(value);
}

}  // namespace

void read_icmp(TableReader& root, Loading& loading) {
  if (const Value* section = root.find("icmp")) {
    IcmpAcceptance& icmp = loading.configuration.icmp;
    TableReader reader(*section, "[icmp]", loading.diagnostics);
    reader.read("accept_unprotected", icmp.unprotected_side, read_kinds);
    reader.read("accept_protected", icmp.protected_side, read_kinds);
  }
  if (const Value* section = root.find("path_mtu")) {
    PathMtuSettings& path_mtu = loading.configuration.path_mtu;
    TableReader reader(*section, "[path_mtu]", loading.diagnostics);
    reader.read("floor_ipv4", path_mtu.floor_v4, number(kLeastIpv4Mtu, kLargestMtu));
    reader.read("floor_ipv6", path_mtu.floor_v6, number(kLeastIpv6Mtu, kLargestMtu));
    reader.read("lifetime", path_mtu.lifetime, read_duration);
    reader.read("rate", path_mtu.messages_per_second,
                number(std::uint32_t{1}, kHighestMessageRate));
  }
}

void write_icmp(const Configuration& configuration, std::string& out) {
  TomlFields icmp;
  icmp.add("accept_unprotected", texts(configuration.icmp.unprotected_side));
  icmp.add("accept_protected", texts(configuration.icmp.protected_side));
  out += icmp.block("[icmp]");
  TomlFields path_mtu;
  path_mtu.add("floor_ipv4", configuration.path_mtu.floor_v4);
  path_mtu.add("floor_ipv6", configuration.path_mtu.floor_v6);
  path_mtu.add("lifetime", duration_text(configuration.path_mtu.lifetime));
  path_mtu.add("rate", configuration.path_mtu.messages_per_second);
  out += path_mtu.block("[path_mtu]");
}

}  // namespace sallyport
