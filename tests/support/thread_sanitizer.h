// What TSan has to be told: DPDK's libraries are not built for it, so that it does not see how a
// buffer comes from one thread to another through them, and would call that a race. In trees built
// otherwise nothing of this does anything.
#pragma once

#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace sallyport {

// A buffer is about to be given into, or has come out of, a ring that DPDK's code reads or writes.
inline void crosses_out([[maybe_unused]] void* buffer) noexcept {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(buffer);
#endif
}
inline void crosses_in([[maybe_unused]] void* buffer) noexcept {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(buffer);
#endif
}

// Buffers cross where the device gives them to a worker and takes them from it.
void show_crossings(std::uint16_t device, unsigned queue_pairs);
// Pools made from here on keep their buffers in rings whose code is built here.
void use_visible_pools();

}  // namespace sallyport
