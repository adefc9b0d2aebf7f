// An address as a number, which ranges can be cut from.
#pragma once

#include "net/address.h"

namespace sallyport {

using V4Number = std::uint32_t;
using V6Number = unsigned __int128;
// Of either family, within it.
using AddressNumber = V6Number;

template <class Number>
inline constexpr Family kFamilyOf = sizeof(Number) == 4 ? Family::V4 : Family::V6;

template <class Number>
[[nodiscard]] Number number_of(const Address& address) noexcept {
  if constexpr (kFamilyOf<Number> == Family::V4) return address.v4_value();
  if constexpr (kFamilyOf<Number> == Family::V6)
    return Number{load_be<std::uint64_t>(address.bytes.data())} << 64 |
           load_be<std::uint64_t>(address.bytes.data() + 8);
}

[[nodiscard]] inline AddressNumber number_of(const Address& address) noexcept {
  return address.family == Family::V4 ? number_of<V4Number>(address) : number_of<V6Number>(address);
}

[[nodiscard]] inline Address address_of(AddressNumber number, Family family) noexcept {
  if (family == Family::V4) return Address::v4(static_cast<std::uint32_t>(number));
  Address address = Address::any(Family::V6);
  store_be<std::uint64_t>(address.bytes.data(), static_cast<std::uint64_t>(number >> 64));
  store_be<std::uint64_t>(address.bytes.data() + 8, static_cast<std::uint64_t>(number));
  return address;
}

}  // namespace sallyport
