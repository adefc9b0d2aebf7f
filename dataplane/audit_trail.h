// One thread's audit trail: auditable drops become events for control at a bounded rate
// (RFC 4301 4.2, RFC 4302 4, RFC 4303 4; AUD-01, AUD-02).
#pragma once

#include <array>

#include "base/rate_limit.h"
#include "dataplane/audit_switches.h"
#include "dataplane/counters.h"
#include "dataplane/event_ring.h"
#include "dataplane/packet.h"
#include "dataplane/tick_source.h"
#include "sad/sa_table.h"

namespace sallyport {

// A worker's own; control has one, too.
class AuditTrail {
 public:
  // References to what outlives it.
  struct Surroundings {
    const SaTable& sas;
    EventRing& events;
    const AuditSwitches& switches;
    TickSource ticks;
    WorkerId worker;
  };
  // `per_second` events of each drop reason.
  AuditTrail(const Surroundings& surroundings, std::uint32_t per_second) noexcept;

  [[nodiscard]] bool covers(DropReason reason) const noexcept {
    return my_.switches.covers(reason);
  }
  // Tells control of the packet, which is still as it was when the decision fell, or counts it as
  // suppressed. For reasons that the trail covers.
  void record(const Packet& packet, DropReason reason) noexcept;

  // Events of the reason that control was not told of. Any thread.
  [[nodiscard]] std::uint64_t suppressed(DropReason reason) const noexcept {
    return suppressed_[static_cast<std::size_t>(reason)].read();
  }

 private:
  void describe_sa(const Packet& packet, Event& event) const noexcept;

  Surroundings my_;
  std::array<RateLimit, kDropReasonCount> limits_;
  std::array<Counter, kDropReasonCount> suppressed_;
};

}  // namespace sallyport
