// A gateway with a protected LAN, an unprotected WAN and a host behind a local stack whose
// addresses are in the WAN's network.
#pragma once

#include "dataplane/own_addresses.h"

namespace sallyport {

inline constexpr PortId kLan{0};
inline constexpr PortId kWan{1};
inline constexpr PortId kStack{2};

[[nodiscard]] inline Address ip(std::string_view text) { return Address::parse(text).value(); }
[[nodiscard]] inline Prefix net(std::string_view text) { return Prefix::parse(text).value(); }
[[nodiscard]] inline MacAddress mac(std::uint8_t last) { return {{0x02, 0, 0, 0, 0, last}}; }

[[nodiscard]] inline OwnPort own_port(std::string name, std::vector<Prefix> addresses,
                                      const MacAddress& mac) {
  OwnPort port;
  port.settings.name = std::move(name);
  port.settings.addresses = std::move(addresses);
  port.mac = mac;
  return port;
}

[[nodiscard]] inline std::vector<OwnPort> two_sided_ports() {
  std::vector<OwnPort> ports{
      own_port("lan", {net("10.1.0.1/24"), net("2001:db8:1::1/64")}, mac(0xa0)),
      own_port("wan", {net("192.0.2.1/24"), net("2001:db8:2::1/64")}, mac(0xa1)),
      own_port("stack", {net("192.0.2.10/24"), net("2001:db8:2::10/64")}, mac(0xa2))};
  ports[kWan.value].settings.side = Side::Unprotected;
  ports[kStack.value].settings.kind = PortKind::LocalStack;
  return ports;
}

}  // namespace sallyport
