// DPDK's memory (hugepages where there are any) as a std::pmr resource.
#pragma once

#include <memory_resource>

namespace sallyport {

class DpdkMemory final : public std::pmr::memory_resource {
 private:
  // Throws std::bad_alloc; called at start-up and by the control thread only.
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace sallyport
