// Where the IVs of a run come from (ALG-20). Tests give their own.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/crypto/engine.h"
#include "sad/outbound_sa.h"

namespace sallyport {

class IvSource {
 public:
  virtual ~IvSource() = default;
  // Writes the IV of each job of one run, behind its ESP header or first in AH's ICV field; job i
  // carries number first + i.
  virtual void fill(const OutboundSa& sa, std::span<const CryptoJob> jobs,
                    SequenceNumber first) noexcept = 0;
};

}  // namespace sallyport
