#include "bench/home_agent_numbers.h"

#include <fmt/format.h>

namespace sallyport::bench {
namespace {

constexpr std::uint32_t kSpiKind = 1u << 24;  // apart, and above what is reserved

// 2001:db8:NETWORK::1:0:0, and the number in its last 32 bits.
Address numbered(std::uint16_t network, std::uint16_t place, std::uint32_t number) {
  Address address = Address::any(Family::V6);
  constexpr std::size_t kNetwork = 4, kPlace = 6, kNumber = 12;
  store_be<std::uint32_t>(address.bytes.data(), 0x20010db8);
  store_be<std::uint16_t>(&address.bytes[kNetwork], network);
  store_be<std::uint16_t>(&address.bytes[kPlace], place);
  address.bytes[kNumber - 3] = 1;  // away from addresses of routers
  store_be<std::uint32_t>(&address.bytes[kNumber], number);
  return address;
}

// SplitMix64: keys have to differ, and are no secret here.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

std::string_view kind_name(SaKind kind) {
  switch (kind) {
    case SaKind::Binding:
      return "binding";
    case SaKind::Payload:
      return "payload";
    case SaKind::ReturnRoutability:
      break;
  }
  return "return-routability";
}

}  // namespace

Address home_agent_address() { return Address::parse("2001:db8:1::1").value(); }
Address correspondent_address() { return Address::parse("2001:db8:2::5").value(); }
Address home_address(NodeNumber node) { return numbered(1, 0, node); }
Address far_address(NodeNumber node) { return numbered(3, 0, node); }
Address care_of(NodeNumber node, Place place) { return numbered(0x1000, place, node); }

std::string to_string(const SaName& name) {
  return fmt::format("{}-{}-{}", kind_name(name.kind),
                     name.direction == Direction::Outbound ? "out" : "in", name.node);
}

Spi spi_of(SaKind kind, NodeNumber node) {
  return Spi{(static_cast<std::uint32_t>(kind) + 1) * kSpiKind + node};
}
NodeNumber node_of(Spi spi) { return spi.value % kSpiKind; }

GcmKey key_of(const SaName& name) {
  constexpr unsigned kDirection = 32, kWord = 8;
  std::uint64_t state = std::uint64_t{spi_of(name.kind, name.node).value} |
                        static_cast<std::uint64_t>(name.direction) << kDirection;
  GcmKey key{};
  for (std::size_t i = 0; i < key.key.size(); i += kWord)
    store_be<std::uint64_t>(&key.key[i], state = mixed(state));
  store_be<std::uint32_t>(key.salt.data(), static_cast<std::uint32_t>(mixed(state)));
  return key;
}

Sa begin_sa(const SaName& name, Transform transform) {
  const GcmKey key = key_of(name);
  Sa sa;
  sa.name = to_string(name);
  sa.direction = name.direction;
  sa.spi = spi_of(name.kind, name.node);
  sa.transform = transform;
  sa.cipher_key = Secret<32>(ByteView(key.key).first(facts(transform.cipher).key_bytes));
  sa.salt = Secret<4>(key.salt);
  sa.esn = false;
  return sa;
}

}  // namespace sallyport::bench
