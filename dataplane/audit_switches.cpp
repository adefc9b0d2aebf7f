#include "dataplane/audit_switches.h"

namespace sallyport {

AuditSelection AuditSelection::all() noexcept {
  AuditSelection selection;
  for (std::size_t i = 0; i < kDropReasonCount; ++i)
    selection.reasons[i] = facts(static_cast<DropReason>(i)).audit;
  return selection;
}

void AuditSwitches::choose(const AuditSelection& selection) noexcept {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const bool on = selection.reasons[i] && facts(static_cast<DropReason>(i)).audit;
    reasons_[i].store(on, std::memory_order_relaxed);
  }
  esp_.store(selection.esp, std::memory_order_relaxed);
  ah_.store(selection.ah, std::memory_order_relaxed);
}

}  // namespace sallyport
