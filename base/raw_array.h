// An array whose places are written before they are read. std::array makes each of them first,
// which a burst of one packet pays for as one of 64 does.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace sallyport {

template <class T, std::size_t kCount>
class RawArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  RawArray() noexcept {}  // not `= default`: that would make the places

  [[nodiscard]] T& operator[](std::size_t i) noexcept { return places[i]; }
  [[nodiscard]] T* begin() noexcept { return places; }
  // The first `count` places.
  [[nodiscard]] std::span<T> first(std::size_t count) noexcept { return {places, count}; }
  [[nodiscard]] std::span<T> all() noexcept { return places; }

 private:
  union {
    T places[kCount];
  };
};

}  // namespace sallyport
