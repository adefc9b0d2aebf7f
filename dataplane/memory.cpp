#include "dataplane/memory.h"

#include <rte_malloc.h>

#include <algorithm>
#include <new>

namespace sallyport {

void* DpdkMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  const auto align = static_cast<unsigned>(std::max<std::size_t>(alignment, RTE_CACHE_LINE_SIZE));
  void* const p = rte_malloc("sallyport", std::max<std::size_t>(bytes, 1), align);
  if (p == nullptr) throw std::bad_alloc{};
  return p;
}

void DpdkMemory::do_deallocate(void* p, std::size_t, std::size_t) { rte_free(p); }

}  // namespace sallyport
