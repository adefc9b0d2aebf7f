// Asks the processor to fetch memory that will be read soon.
#pragma once

namespace sallyport {

// Of the line that holds `address`; any address will do. An instruction that the compiler does not
// see through: a function that only calls __builtin_prefetch counts as one without effect, and GCC
// removes calls of it.
inline void prefetch_line(const void* address) noexcept {
  asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
}

// Into the second-level cache alone: for what is many lines and not read before a burst's other
// work.
inline void prefetch_far_line(const void* address) noexcept {
  asm volatile("prefetcht1 %0" : : "m"(*static_cast<const char*>(address)));
}

}  // namespace sallyport
