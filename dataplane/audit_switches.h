// Which drops are audited: the administrator's choice (RFC 4302 4, RFC 4303 4; AUD-03). No DPDK
// here.
#pragma once

#include <array>
#include <atomic>

#include "base/types.h"
#include "dataplane/drop_reason.h"

namespace sallyport {

struct AuditSelection {
  std::array<bool, kDropReasonCount> reasons{};  // only auditable ones count
  bool esp{true};
  bool ah{true};

  // Everything that a row of the drop reasons calls auditable.
  [[nodiscard]] static AuditSelection all() noexcept;
};

// Control chooses, workers ask.
class AuditSwitches {
 public:
  AuditSwitches() noexcept { choose(AuditSelection::all()); }
  void choose(const AuditSelection& selection) noexcept;

  [[nodiscard]] bool covers(DropReason reason) const noexcept {
    return reasons_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  }
  // `protocol` as in Event::ipsec_protocol: what concerns neither AH nor ESP is always covered.
  [[nodiscard]] bool covers(std::uint8_t protocol) const noexcept {
    if (protocol == static_cast<std::uint8_t>(IpsecProtocol::Esp))
      return esp_.load(std::memory_order_relaxed);
    if (protocol == static_cast<std::uint8_t>(IpsecProtocol::Ah))
      return ah_.load(std::memory_order_relaxed);
    return true;
  }

 private:
  std::array<std::atomic<bool>, kDropReasonCount> reasons_{};
  std::atomic<bool> esp_{};
  std::atomic<bool> ah_{};
};

}  // namespace sallyport
