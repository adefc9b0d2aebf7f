#include "spd/populate.h"

#include <algorithm>

#include "net/protocol.h"
#include "spd/policy_names.h"

namespace sallyport {
namespace {

bool shows_protocol(const SelectorFields& packet) noexcept {
  return packet.protocol != kProtocolOpaque || packet.local.family == Family::V4;
}

// Nullopt: "discard packet".
std::optional<PortSet> populate_port(const PortSet& set, PortValue value, bool from_packet) {
  if (value == kNotApplicable || !from_packet)
    return value == kUnavailable && !set.is_any() && !set.is_opaque() ? std::nullopt
                                                                      : std::optional(set);
  if (value == kUnavailable) return std::nullopt;
  const auto number = static_cast<std::uint16_t>(value);
  return PortSet::of({{number, number}}).value();
}

bool holds(const std::vector<AddressRange>& ranges, const Address& address) {
  return ranges.empty() || std::ranges::any_of(ranges, [&](const AddressRange& range) {
           return range.contains(address);
         });
}

// True where an SA for this set may have the packet's values in the populated fields.
bool allows(const Selector& set, const PopulateFromPacket& pfp, const SelectorFields& packet) {
  const bool ports = pfp.local_port || pfp.remote_port;
  if (ports && set.protocol && port_meaning(*set.protocol) != port_meaning(packet.protocol))
    return false;
  return (!pfp.local || holds(set.local, packet.local)) &&
         (!pfp.remote || holds(set.remote, packet.remote)) &&
         (!pfp.protocol || !set.protocol || set.protocol == packet.protocol) &&
         (!pfp.local_port || set.local_port.contains(packet.local_port)) &&
         (!pfp.remote_port || set.remote_port.contains(packet.remote_port));
}

// The parts that the packet decides; all else as the set has it.
Selector take_over(const Selector& set, const PopulateFromPacket& pfp,
                   const SelectorFields& packet) {
  Selector sa = set;
  if (pfp.local) sa.local = {{packet.local, packet.local}};
  if (pfp.remote) sa.remote = {{packet.remote, packet.remote}};
  if (pfp.protocol) sa.protocol = packet.protocol;
  return sa;
}

}  // namespace

std::optional<Selector> populate(const Selector& set, const PopulateFromPacket& pfp,
                                 const SelectorFields& packet) {
  const bool needs_protocol =
      pfp.protocol || (set.protocol.has_value() && set.protocol != kProtocolOpaque);
  if (needs_protocol && !shows_protocol(packet)) return std::nullopt;
  const auto local_port = populate_port(set.local_port, packet.local_port, pfp.local_port);
  const auto remote_port = populate_port(set.remote_port, packet.remote_port, pfp.remote_port);
  if (!local_port || !remote_port) return std::nullopt;
  Selector sa = take_over(set, pfp, packet);
  sa.local_port = *local_port;
  sa.remote_port = *remote_port;
  return sa;
}

std::vector<Selector> populate(const Policy& policy, const SelectorFields& packet) {
  const PopulateFromPacket pfp = populated_fields(policy);
  const auto matched = std::ranges::find_if(
      policy.selectors, [&](const Selector& set) { return matches(set, packet); });
  if (matched == policy.selectors.end() || !populate(*matched, pfp, packet)) return {};
  std::vector<Selector> sas;
  for (const Selector& set : policy.selectors) {
    if (!allows(set, pfp, packet)) continue;
    Selector& sa = sas.emplace_back(take_over(set, pfp, packet));
    // The packet shows what is populated: its own set has said so.
    if (pfp.local_port) sa.local_port = *populate_port(set.local_port, packet.local_port, true);
    if (pfp.remote_port) sa.remote_port = *populate_port(set.remote_port, packet.remote_port, true);
  }
  return sas;
}

PopulateFromPacket populated_fields(const Policy& policy) noexcept {
  PopulateFromPacket pfp = policy.pfp;
  if (policy.action == PolicyAction::Protect && is_for_local_users(policy)) pfp.local = true;
  return pfp;
}

std::optional<PopulatedKey> PopulatedKey::of(PolicyId policy, const PopulateFromPacket& pfp,
                                             const SelectorFields& packet) noexcept {
  const auto hidden = [](bool populated, PortValue value) {
    return populated && value == kUnavailable;
  };
  if ((pfp.protocol && !shows_protocol(packet)) || hidden(pfp.local_port, packet.local_port) ||
      hidden(pfp.remote_port, packet.remote_port))
    return std::nullopt;
  PopulatedKey key{.policy = policy};
  if (pfp.local) key.local = packet.local.bytes;
  if (pfp.remote) key.remote = packet.remote.bytes;
  if (pfp.local || pfp.remote) key.family = packet.local.family;
  if (pfp.protocol) key.protocol = packet.protocol;
  if (pfp.local_port) key.local_port = packet.local_port;
  if (pfp.remote_port) key.remote_port = packet.remote_port;
  return key;
}

}  // namespace sallyport
