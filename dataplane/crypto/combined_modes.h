// AES-GCM, AES-GMAC, AES-CCM and ChaCha20-Poly1305 on ESP packets, and AES-GMAC on those of AH, by
// IPsec-MB.
#pragma once

#include "dataplane/crypto/batch.h"

namespace sallyport {

// One per engine. Every function takes a batch of the kind in its name and leaves `good` in each
// job; true where all are.
class CombinedModes {
 public:
  explicit CombinedModes(IMB_MGR& instance) noexcept : instance_(instance) {}

  template <Operation operation>
  bool gcm(Batch batch) noexcept;
  template <Operation operation>
  bool gmac(Batch batch) noexcept;
  template <Operation operation>
  bool ah_gmac(Batch batch) noexcept;
  // CCM with keys of 128 and 256 bits, and ChaCha20-Poly1305.
  template <Operation operation>
  bool ccm(Batch batch) noexcept;
  template <Operation operation>
  bool chacha_poly(Batch batch) noexcept;

 private:
  struct alignas(16) Block {
    std::array<std::uint8_t, 16> bytes;
  };
  // What the jobs in flight point to besides packets and keys.
  struct Scratch {
    Block nonce, associated, tag;
  };

  template <Operation operation, class Describe>
  bool by_jobs(Batch batch, Describe describe) noexcept;

  IMB_MGR& instance_;
  std::array<Scratch, kBatchJobs> scratch_;
};

}  // namespace sallyport
