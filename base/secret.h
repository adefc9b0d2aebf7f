// Secret bytes: wiped when they go, neither copied nor printed by accident.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace sallyport {

// Overwrites `bytes` with zeros in a way that the optimiser keeps.
void wipe(MutableBytes bytes) noexcept;

// True where both hold the same bytes; the time depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(ByteView left, ByteView right) noexcept;

// Up to `Capacity` secret bytes held in place.
template <std::size_t Capacity>
class Secret {
 public:
  Secret() = default;
  // Longer input is cut to Capacity: check lengths before.
  explicit Secret(ByteView bytes) noexcept
      : size_(bytes.size() < Capacity ? bytes.size() : Capacity) {
    for (std::size_t i = 0; i < size_; ++i) bytes_[i] = bytes[i];
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_), size_(std::exchange(other.size_, 0)) {
    wipe(other.bytes_);
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    size_ = std::exchange(other.size_, 0);
    wipe(other.bytes_);
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  // A deliberate second copy, for a record or a rekey.
  [[nodiscard]] Secret duplicate() const noexcept { return Secret(view()); }
  [[nodiscard]] ByteView view() const noexcept { return ByteView(bytes_).first(size_); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<std::uint8_t, Capacity> bytes_{};
  std::size_t size_{};
};

// As many secret bytes as it takes, on the heap.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this == &other) return *this;
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }
  ~SecretBytes() { wipe(bytes_); }

  // A deliberate second copy.
  [[nodiscard]] SecretBytes duplicate() const { return SecretBytes(view()); }
  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] MutableBytes room() noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace sallyport
