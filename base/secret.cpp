#include "base/secret.h"

#include <cstring>

namespace sallyport {

void wipe(MutableBytes bytes) noexcept {
  if (bytes.empty()) return;
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

bool equal_in_constant_time(ByteView left, ByteView right) noexcept {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) difference |= unsigned{left[i]} ^ right[i];
  return difference == 0;
}

}  // namespace sallyport
