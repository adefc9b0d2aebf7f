#include "gateway/config/loading.h"

namespace sallyport {

Expected<std::string> to_toml(const Configuration& configuration) {
  std::string out;
  write_instance(configuration, out);
  write_limits(configuration, out);
  write_dataplane(configuration, out);
  write_crypto(configuration, out);
  write_control(configuration, out);
  write_audit(configuration, out);
  write_icmp(configuration, out);
  write_policy_changes(configuration, out);
  write_spds(configuration, out);
  write_ports(configuration, out);
  write_routes(configuration, out);
  write_neighbours(configuration, out);
  write_policies(configuration, out);
  if (auto written = write_sas(configuration, out); !written) {
    return std::unexpected(std::move(written).error());
  }
  write_ike(configuration, out);
  write_authorities(configuration, out);
  write_credentials(configuration, out);
  write_pools(configuration, out);
  if (auto written = write_aaa(configuration, out); !written) {
    return std::unexpected(std::move(written).error());
  }
  if (auto written = write_peers(configuration, out); !written) {
    return std::unexpected(std::move(written).error());
  }
  write_home_agent(configuration, out);
  write_mobile_node(configuration, out);
  write_correspondent(configuration, out);
  return out;
}

}  // namespace sallyport
