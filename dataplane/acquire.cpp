#include "dataplane/acquire.h"

#include "dataplane/punt.h"

namespace sallyport {

void acquire_sa(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  const PolicyEntry& entry = now.policies->entry(packet.policy);
  if (!entry.negotiable || packet.dummy || !my.key_manager.load(std::memory_order_relaxed))
    return my.drops.drop(packet, DropReason::NoSa);
  const auto key = PopulatedKey::of(packet.policy, entry.pfp,
                                    selector_fields(packet.summary, Direction::Outbound));
  if (!key) return my.drops.drop(packet, DropReason::FieldHidden);
  if (!my.asked_sas.may_ask(*key, my.ticks.now()))
    return my.drops.drop(packet, DropReason::HoldFull);
  punt_acquire(packet, entry.generation, my);
}

}  // namespace sallyport
