#include "base/large_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace sallyport {
namespace {

constexpr std::size_t kPage = std::size_t{2} << 20;

// Blocks that fill half of a huge page begin with one.
std::align_val_t alignment_of(std::size_t bytes, std::size_t alignment) noexcept {
  return std::align_val_t{bytes >= kPage / 2 ? kPage
                                             : std::max(alignment, alignof(std::max_align_t))};
}

}  // namespace

void* allocate_large(std::size_t bytes, std::size_t alignment) {
  void* const memory = ::operator new(bytes, alignment_of(bytes, alignment));
  if (bytes >= kPage / 2) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void free_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
  ::operator delete(memory, alignment_of(bytes, alignment));
}

}  // namespace sallyport
