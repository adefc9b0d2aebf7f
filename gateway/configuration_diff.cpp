#include "gateway/configuration_diff.h"

#include <tuple>

namespace sallyport {
namespace {

auto plain_fields(const Sa& sa) {
  return std::tie(sa.name, sa.direction, sa.spi, sa.protocol, sa.mode, sa.endpoints, sa.lookup,
                  sa.transform, sa.esn, sa.replay_window, sa.encapsulation, sa.fragments,
                  sa.fragmentation, sa.header, sa.destination_options, sa.dscp, sa.selectors,
                  sa.soft, sa.hard, sa.static_key, sa.tfc_bytes, sa.tfc_multiple, sa.dummies,
                  sa.loop_back);
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
  if (running.ports != next.ports) return needs_restart("[[port]]");
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
