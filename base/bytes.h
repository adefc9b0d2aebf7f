// Big-endian loads and stores, and bounds-checked reading and writing of byte spans.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace sallyport {

using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

[[nodiscard]] inline ByteView octets_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Reads a big-endian integer at `p`; the caller has checked the length.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const void* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  if constexpr (sizeof(T) == 1 || std::endian::native == std::endian::big) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

// Writes `value` big-endian at `p`; the caller has checked the room.
template <std::unsigned_integral T>
inline void store_be(void* p, T value) noexcept {
  const T wire = load_be<T>(&value);
  std::memcpy(p, &wire, sizeof wire);
}

// Wire integers that are big-endian in memory, for header structs: no alignment needed.
template <std::unsigned_integral T>
struct BigEndian {
  std::uint8_t raw[sizeof(T)];

  [[nodiscard]] T get() const noexcept { return load_be<T>(raw); }
  void set(T value) noexcept { store_be<T>(raw, value); }
};
using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;
using Be64 = BigEndian<std::uint64_t>;

// Reads forward through untrusted bytes; every read past the end yields nullopt and moves nothing.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) noexcept : rest_(bytes) {}

  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> read() noexcept {
    if (rest_.size() < sizeof(T)) return std::nullopt;
    const T value = load_be<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  [[nodiscard]] std::optional<ByteView> take(std::size_t count) noexcept {
    if (rest_.size() < count) return std::nullopt;
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  [[nodiscard]] std::size_t remaining() const noexcept { return rest_.size(); }

 private:
  ByteView rest_;
};

// Writes forward into a span; a write that does not fit yields false and writes nothing.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes room) noexcept : room_(room) {}

  template <std::unsigned_integral T>
  [[nodiscard]] bool write(T value) noexcept {
    if (room_.size() - used_ < sizeof(T)) return false;
    store_be<T>(room_.data() + used_, value);
    used_ += sizeof(T);
    return true;
  }
  [[nodiscard]] bool write(ByteView bytes) noexcept {
    if (room_.size() - used_ < bytes.size()) return false;
    if (!bytes.empty()) std::memcpy(room_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return true;
  }
  [[nodiscard]] std::size_t written() const noexcept { return used_; }

 private:
  MutableBytes room_;
  std::size_t used_{};
};

}  // namespace sallyport
