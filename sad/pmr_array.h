// Fixed arrays in memory that comes from outside; cache-line aligned, never moved.
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <span>
#include <type_traits>

namespace sallyport {

inline constexpr std::size_t kArrayAlignment = 64;

// Uninitialised room for `count` elements. Throws std::bad_alloc as the resource does.
template <class T>
[[nodiscard]] std::span<T> allocate_array(std::pmr::memory_resource& memory, std::size_t count) {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kArrayAlignment);
  return {static_cast<T*>(memory.allocate(count * sizeof(T), kArrayAlignment)), count};
}

// `count` value-initialised elements.
template <class T>
[[nodiscard]] std::span<T> make_array(std::pmr::memory_resource& memory, std::size_t count) {
  const std::span<T> array = allocate_array<T>(memory, count);
  std::uninitialized_value_construct_n(array.data(), count);
  return array;
}

// Gives back what allocate_array or make_array gave; a default span is nothing.
template <class T>
void free_array(std::pmr::memory_resource& memory, std::span<T> array) noexcept {
  if (array.data() != nullptr) memory.deallocate(array.data(), array.size_bytes(), kArrayAlignment);
}

}  // namespace sallyport
