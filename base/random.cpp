#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace sallyport {
namespace {

// False where the source fails; a signal is no failure.
bool fill_from(EntropySource source, MutableBytes out) noexcept {
  while (!out.empty()) {
    const std::ptrdiff_t got = source(out);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

std::uint32_t Random::u32() noexcept {
  std::uint8_t bytes[4];
  fill(bytes);
  return load_be<std::uint32_t>(bytes);
}

std::uint64_t Random::u64() noexcept {
  std::uint8_t bytes[8];
  fill(bytes);
  return load_be<std::uint64_t>(bytes);
}

std::ptrdiff_t kernel_entropy(MutableBytes out) noexcept {
  return getrandom(out.data(), out.size(), GRND_NONBLOCK);
}

Expected<SystemRandom> SystemRandom::open(EntropySource source) {
  std::uint8_t probe[16];
  if (!fill_from(source, probe))
    return fail(Error::Code::Refused, "the kernel's random generator is not seeded",
                "wait until the system has gathered entropy, then start again");
  return SystemRandom{source};
}

void SystemRandom::fill(MutableBytes out) noexcept {
  if (!fill_from(source_, out)) std::abort();
}

}  // namespace sallyport
