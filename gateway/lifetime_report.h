// Tells the operator of the lives of SAs, and passes on what is told to who makes successors.
#pragma once

#include "gateway/audit_log.h"
#include "gateway/sa_lifetimes.h"

namespace sallyport {

// Control thread.
class LifetimeReport final : public LifetimeListener {
 public:
  // `audit` outlives it.
  explicit LifetimeReport(AuditLog& audit) : audit_(audit) {}
  void pass_on_to(LifetimeListener& next) noexcept { next_ = &next; }

  void soft_lifetime(const Sa& sa, LifeLimit limit) override;
  void hard_lifetime(const Sa& sa, LifeLimit limit) override;
  // The SA is gone since its hard lifetime has passed.
  void removed(const std::string& sa);

 private:
  void record(std::string_view event, const Sa& sa, LifeLimit limit);

  AuditLog& audit_;
  LifetimeListener* next_{};
};

}  // namespace sallyport
