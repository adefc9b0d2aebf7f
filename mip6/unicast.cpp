#include "mip6/unicast.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

constexpr std::uint8_t kHomeAgents = 0xfe;     // with the group bit, or behind ones (RFC 2526 3)
constexpr std::uint8_t kFirstReserved = 0x80;  // of the last octet (RFC 2526 2)
constexpr std::uint64_t kReservedEui = 0xfdffffffffffff00;

}  // namespace

bool is_subnet_anycast(const Address& address) noexcept {
  const std::uint64_t identifier = load_be<std::uint64_t>(&address.bytes[8]);
  return identifier == 0 ||
         (identifier >= (kReservedEui | kFirstReserved) && identifier <= (kReservedEui | 0xff));
}

Address home_agents_anycast(const Prefix& prefix) noexcept {
  Address address = prefix.last();
  if (prefix.length <= 64) address.bytes[8] = 0xfd;
  address.bytes[15] = kHomeAgents;
  return address;
}

Address link_local_of(const Address& address) noexcept {
  Address local = Address::any(Family::V6);
  local.bytes[0] = 0xfe;
  local.bytes[1] = 0x80;
  std::copy(address.bytes.begin() + 8, address.bytes.end(), local.bytes.begin() + 8);
  return local;
}

}  // namespace sallyport::mip6
