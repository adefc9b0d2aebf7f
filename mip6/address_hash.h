// Addresses as keys of hash tables.
#pragma once

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport::mip6 {

// Peers choose addresses, so the table's owner keys this with a number that they cannot know.
class AddressHash {
 public:
  explicit AddressHash(std::uint64_t key) noexcept : key_(key) {}

  [[nodiscard]] std::size_t operator()(const Address& address) const noexcept {
    const std::uint64_t high = load_be<std::uint64_t>(&address.bytes[0]);
    const std::uint64_t low = load_be<std::uint64_t>(&address.bytes[8]);
    return mixed(mixed(key_ ^ high) ^ low);
  }

 private:
  // The finish of splitmix64.
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t value) noexcept {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
  }

  std::uint64_t key_;
};

}  // namespace sallyport::mip6
