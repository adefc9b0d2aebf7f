// Why packets end: every packet that is not sent, punted or held ends with exactly one reason.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/audit_trail.h"
#include "dataplane/counters.h"
#include "dataplane/drop_reason.h"
#include "dataplane/packet.h"

namespace sallyport {

// One per worker, and one for control.
class Drops {
 public:
  Drops() = default;  // audits nothing
  // `audit` outlives it.
  explicit Drops(AuditTrail& audit) noexcept : audit_(&audit) {}
  void audit_by(AuditTrail& audit) noexcept { audit_ = &audit; }

  // Counts, audits where that is due, and frees. The packet lies there as it was when the decision
  // fell.
  void drop(Packet& packet, DropReason reason) noexcept {
    note(packet, reason);
    rte_pktmbuf_free(packet.mbuf);
  }
  // The same for a packet that goes on to somebody who frees it.
  void note(const Packet& packet, DropReason reason) noexcept {
    count(reason);
    if (audit_ != nullptr && audit_->covers(reason)) audit_->record(packet, reason);
  }
  // Without a packet there is nothing to audit.
  void count(DropReason reason, std::uint64_t packets = 1) noexcept {
    counters_[static_cast<std::size_t>(reason)].add(packets);
  }
  [[nodiscard]] std::uint64_t read(DropReason reason) const noexcept {
    return counters_[static_cast<std::size_t>(reason)].read();
  }

 private:
  std::array<Counter, kDropReasonCount> counters_;
  AuditTrail* audit_{};
};

}  // namespace sallyport
