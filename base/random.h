// The one source of randomness for keys, IVs, SPIs and cookies (ARCH-16).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace sallyport {

class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` wholly with unpredictable bytes.
  virtual void fill(MutableBytes out) noexcept = 0;

  [[nodiscard]] std::uint32_t u32() noexcept;
  [[nodiscard]] std::uint64_t u64() noexcept;
};

// The kernel's CSPRNG (getrandom). A later failure of it ends the process: never weak bytes.
class SystemRandom final : public Random {
 public:
  // Fails where the kernel's generator is not seeded or not there (ARCH-16).
  [[nodiscard]] static Expected<SystemRandom> open();
  void fill(MutableBytes out) noexcept override;

 private:
  SystemRandom() = default;
};

}  // namespace sallyport
