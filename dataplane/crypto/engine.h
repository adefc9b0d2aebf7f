// One interface to everything that performs cryptography on packets: called once a burst.
#pragma once

#include <span>

#include "dataplane/crypto/crypto_job.h"

namespace sallyport {

// One per worker. Jobs of one burst come together, so that multi-buffer algorithms fill their lanes
// across SAs. When a call returns no job is in flight.
class CryptoEngine {
 public:
  virtual ~CryptoEngine() = default;
  // The IV is in its place (and AH's ICV field zero); encrypts the text and writes the ICV. True
  // where all jobs are good.
  [[nodiscard]] virtual bool seal(std::span<CryptoJob> jobs) noexcept = 0;
  // Checks the ICV in constant time and decrypts; `good` is false where it did not match, and the
  // text is then not to be used (ESP-12).
  virtual void open(std::span<CryptoJob> jobs) noexcept = 0;
};

}  // namespace sallyport
