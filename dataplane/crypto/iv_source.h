// Where the IVs of a burst come from (ALG-20). Tests give their own.
#pragma once

#include <span>

#include "dataplane/crypto/crypto_job.h"

namespace sallyport {

class IvSource {
 public:
  virtual ~IvSource() = default;
  // False: IVs of the rule IvRule::Counter stay what they are, the sequence number.
  [[nodiscard]] virtual bool makes_counters() const noexcept { return false; }
  // Writes IVs behind the ESP headers of the jobs that have one; AH has its own way to its IV.
  virtual void fill(std::span<const CryptoJob> jobs) noexcept = 0;
};

}  // namespace sallyport
