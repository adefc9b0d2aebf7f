#include "gateway/configuration_diff.h"

#include <algorithm>
#include <tuple>

namespace sallyport {
namespace {

// Every member stands here, so that a new one does not compile before it is decided whether it is a
// parameter. Keys are compared apart, in constant time.
auto plain_fields(const Sa& sa) {
  const auto& [name, direction, spi, protocol, mode, endpoints, lookup, transform, cipher_key, salt,
               integrity_key, esn, replay_window, last_sequence, encapsulation, header, fragments,
               fragmentation, destination_options, ah_alignment, dscp, spread, selectors, soft,
               hard, tfc_bytes, tfc_multiple, dummies, loop_back, follows_peer,
               unauthenticated_allowed, static_key, used] = sa;
  return std::tie(name, direction, spi, protocol, mode, endpoints, lookup, transform, esn,
                  replay_window, encapsulation, header, fragments, fragmentation,
                  destination_options, ah_alignment, dscp, spread, selectors, soft, hard, tfc_bytes,
                  tfc_multiple, dummies, loop_back, follows_peer, unauthenticated_allowed,
                  static_key);
}

// A port may get other addresses while it runs.
std::vector<PortConfig> with_addresses_of(std::vector<PortConfig> ports,
                                          const std::vector<PortConfig>& others) {
  for (std::size_t i = 0; i < std::min(ports.size(), others.size()); ++i)
    ports[i].addresses = others[i].addresses;
  return ports;
}

std::unexpected<Error> needs_restart(const char* table) {
  return fail(Error::Code::Refused, std::string(table) + " cannot change while the gateway runs",
              "restart it, or leave the table as it was");
}

}  // namespace

Expected<void> check_without_restart(const Configuration& running, const Configuration& next) {
  if (running.instance != next.instance) return needs_restart("[instance]");
  if (running.limits != next.limits) return needs_restart("[limits]");
  if (running.dataplane != next.dataplane) return needs_restart("[dataplane]");
  if (running.control != next.control) return needs_restart("[control]");
  if (with_addresses_of(running.ports, next.ports) != next.ports) return needs_restart("[[port]]");
  if (running.spds != next.spds) return needs_restart("[[spd]]");
  return {};
}

bool same_parameters(const Sa& left, const Sa& right) {
  return plain_fields(left) == plain_fields(right) &&
         equal_in_constant_time(left.cipher_key.view(), right.cipher_key.view()) &&
         equal_in_constant_time(left.salt.view(), right.salt.view()) &&
         equal_in_constant_time(left.integrity_key.view(), right.integrity_key.view());
}

}  // namespace sallyport
