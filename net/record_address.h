// Addresses in versioned records (base/record_archive).
#pragma once

#include <type_traits>

#include "base/record_archive.h"
#include "net/selector.h"

namespace sallyport {

// Five octets of IPv4, seventeen of IPv6.
inline constexpr std::size_t kLeastAddressBytes = 5;

template <class Archive, class A>
void transfer_address(Archive& archive, A& address) {
  bool v6 = address.family == Family::V6;
  archive.flag(v6);
  if constexpr (!std::is_const_v<A>) address.family = v6 ? Family::V6 : Family::V4;
  const std::size_t used = bits(address.family) / 8;
  for (std::size_t i = 0; i < used; ++i) archive.number(address.bytes[i]);
}

template <class Archive, class R>
void transfer_range(Archive& archive, R& range) {
  transfer_address(archive, range.first);
  transfer_address(archive, range.last);
}

}  // namespace sallyport
