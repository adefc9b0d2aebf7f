#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace sallyport {

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

Expected<SystemRandom> SystemRandom::open() {
  std::uint8_t probe[16];
  if (getrandom(probe, sizeof probe, GRND_NONBLOCK) != sizeof probe)
    return fail(Error::Code::Refused, "the kernel's random generator is not seeded",
                "wait until the system has gathered entropy, then start again");
  return SystemRandom{};
}

void SystemRandom::fill(MutableBytes out) noexcept {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace sallyport
