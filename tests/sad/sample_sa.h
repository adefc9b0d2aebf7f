// SAs to start a test from.
#pragma once

#include <string>

#include "sad/sa.h"

namespace sallyport::test {

inline Address address(std::string_view text) { return Address::parse(text).value(); }

// `size` octets that count up from `first`.
template <std::size_t Capacity>
Secret<Capacity> counting_key(std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> key(size);
  for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<std::uint8_t>(first + i);
  return Secret<Capacity>(key);
}

inline void set_transform(Sa& sa, Transform transform) {
  sa.transform = transform;
  sa.cipher_key = counting_key<32>(facts(transform.cipher).key_bytes, 1);
  sa.salt = counting_key<4>(salt_bytes(transform), 0xa1);
  sa.integrity_key = counting_key<64>(facts(transform.integrity).key_bytes, 0x41);
}

// A tunnel from 192.0.2.1 to 198.51.100.1, AES-128-GCM, for everything.
inline Sa sample_sa(Direction direction, std::uint32_t spi = 0x1000, std::string name = "sample") {
  Sa sa;
  sa.name = std::move(name);
  sa.direction = direction;
  sa.spi = Spi{spi};
  sa.endpoints = {address("192.0.2.1"), address("198.51.100.1")};
  sa.selectors = {Selector{}};
  set_transform(sa, {Cipher::AesGcm16_128, Integrity::None});
  return sa;
}

inline AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }

inline PortSet ports(std::vector<PortRange> ranges) {
  return PortSet::of(std::move(ranges)).value();
}

}  // namespace sallyport::test
