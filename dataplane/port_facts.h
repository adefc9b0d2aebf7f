// What a port is, without DPDK: for configuration, control and workers alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "net/address.h"

namespace sallyport {

// The side of the IPsec boundary (RFC 4301 3.1).
enum class Side : std::uint8_t { Protected, Unprotected };

enum class PortKind : std::uint8_t {
  Link,        // an Ethernet link with neighbours
  LocalStack,  // the kernel's own applications are behind it; its addresses are ours (host role)
};

inline constexpr std::uint16_t kLargestMtu = 9216;  // jumbo frames

struct PortSettings {
  std::string name;
  std::string device;  // PCI address or vdev string: "net_af_packet0,iface=eth1"
  Side side{Side::Protected};
  PortKind kind{PortKind::Link};
  std::vector<Prefix> addresses;
  std::uint16_t mtu{1500};            // octets of IP
  std::optional<std::uint16_t> vlan;  // 802.1Q tag of every frame
  SpdId spd{};
  UserId user{};  // whose traffic comes in here; for policies that name users (SPD-12)
  std::optional<MacAddress> mac;              // instead of the device's own
  std::uint32_t icmp_errors_per_second{100};  // about packets that came in here; 0: none
  bool udp_zero_checksum_v6{};  // ESP in UDP over IPv6 may come without a checksum (RFC 6936)
};

}  // namespace sallyport
