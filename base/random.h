// The one source of randomness for keys, IVs, SPIs and cookies (ARCH-16).
#pragma once

#include <cstddef>
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

// Fills a beginning of `out` and returns its length, or -1 and errno. Never blocks, and gives
// nothing before the generator is seeded.
using EntropySource = std::ptrdiff_t (*)(MutableBytes out) noexcept;
// getrandom(2) with GRND_NONBLOCK.
[[nodiscard]] std::ptrdiff_t kernel_entropy(MutableBytes out) noexcept;

// The kernel's CSPRNG. A later failure of it ends the process: never weak bytes.
class SystemRandom final : public Random {
 public:
  // Fails where the generator is not seeded or not there (ARCH-16).
  [[nodiscard]] static Expected<SystemRandom> open(EntropySource source = kernel_entropy);
  void fill(MutableBytes out) noexcept override;

 private:
  explicit SystemRandom(EntropySource source) : source_(source) {}

  EntropySource source_;
};

}  // namespace sallyport
