#include "dataplane/icmp_by_payload.h"

#include "dataplane/policy_match.h"
#include "dataplane/tunnel_headers.h"
#include "net/icmp_error.h"
#include "sad/compile_sa.h"

namespace sallyport {
namespace {

// The fields of the return traffic: an error that goes out is about a packet that came in, so that
// packet's inbound fields are those of what would answer it; and the other way round. An error goes
// to the source of the packet that it is about: one for anyone else would lend the SA to him.
std::optional<SelectorFields> return_fields(const Packet& packet, Direction of_carried) noexcept {
  const PacketSummary& error = packet.summary;
  if (!is_icmp_error(error)) return std::nullopt;
  const auto carried = carried_packet(packet.bytes().subspan(error.upper_offset), error.family);
  if (!carried || carried->summary.source != error.destination) return std::nullopt;
  return selector_fields(carried->summary, of_carried);
}

}  // namespace

bool protect_by_payload(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  if (packet.policy != kNoPolicy) return false;
  const auto fields = return_fields(packet, Direction::Inbound);
  if (!fields) return false;
  const SpdId spd = my.ports[packet.next_hop->port.value].port().settings().spd;
  const PolicyId policy = match_scope(packet, now.policies->outbound(spd), *fields, now, my);
  const PolicyEntry& entry = now.policies->entry(policy);
  if (entry.action != PolicyAction::Protect) return false;
  const SaHandle handle = my.populated.find(policy, entry.pfp, *fields);
  const auto dscp = static_cast<std::uint8_t>(packet.summary.traffic_class >> kDscpShift);
  if (my.handles.choose(handle, dscp) == kNoSa) return false;
  packet.policy = policy;
  packet.handle = handle;
  packet.action = PolicyAction::Protect;
  return true;
}

bool within_selectors_by_payload(const Packet& packet, const InboundSa& sa) noexcept {
  const auto fields = return_fields(packet, Direction::Outbound);
  return fields && matches({sa.selectors, sa.selector_count}, *fields);
}

}  // namespace sallyport
