#include "tests/gateway/gateway_pair.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "net/udp.h"
#include "tests/support/host_pair.h"
#include "tests/support/test_gateway.h"

namespace sallyport::test {
namespace {

constexpr std::uint8_t kRightHost = 2;
// In an IPv4 datagram without options.
constexpr std::size_t kSourceHost = 15;
constexpr std::size_t kDestinationHost = 19;
constexpr std::size_t kSourcePort = 20;
constexpr std::size_t kDestinationPort = 22;
constexpr std::size_t kUdpChecksum = 26;

// Of a gateway N: its networks are 10.N.0.0/24 and 2001:db8:N::/64, its address 192.0.2.N.
std::string ports_of(unsigned n) {
  const std::string number = std::to_string(n);
  return "[[port]]\nname = \"lan\"\ndevice = \"wire0\"\nside = \"protected\"\naddresses = [\"10." +
         number + ".0.1/24\", \"2001:db8:" + number +
         "::1/64\"]\n[[port]]\nname = \"wan\"\ndevice = \"wire1\"\nside = \"unprotected\"\n"
         "addresses = [\"192.0.2." +
         number + "/24\", \"2001:db8:f::" + number + "/64\"]\n";
}

std::string neighbour(const std::string& port, const std::string& address) {
  return "[[neighbour]]\naddress = \"" + address + "\"\nmac = \"02:00:00:00:00:99\"\nport = \"" +
         port + "\"\n";
}

// The way to the other one.
std::string ways_of(unsigned n) {
  const std::string other = std::to_string(3 - n);
  const std::string number = std::to_string(n);
  std::string text = "[[route]]\nto = \"10." + other + ".0.0/24\"\nvia = \"192.0.2." + other +
                     "\"\n[[route]]\nto = \"2001:db8:" + other +
                     "::/64\"\nvia = \"2001:db8:f::" + other + "\"\n";
  for (const std::string& host : {"10." + number + ".0.5", "2001:db8:" + number + "::5"})
    text += neighbour("lan", host);
  for (const std::string& host : {std::string("192.0.2.") + other, "2001:db8:f::" + other,
                                  std::string("192.0.2.77"), std::string("192.0.2.78")})
    text += neighbour("wan", host);
  return text;
}

bool is_ipv4(const PacketBytes& datagram) {
  return datagram.size() > kUdpChecksum + 1 && datagram[0] == 0x45;
}
bool is_udp(const PacketBytes& datagram) { return datagram[9] == kProtocolUdp; }

void translate(PacketBytes& datagram, std::size_t host_at, std::uint8_t host, std::size_t port_at,
               std::uint16_t port) {
  datagram[host_at] = host;
  store_be<std::uint16_t>(&datagram[port_at], port);
  store_be<std::uint16_t>(&datagram[kUdpChecksum], 0);
  HostPair::fix_ipv4_checksum(datagram);
}

}  // namespace

GatewayPair::GatewayPair(const std::string& left_text, const std::string& right_text)
    : left(2, ports_of(1), ways_of(1) + left_text),
      right(2, ports_of(2), ways_of(2) + right_text) {}

void GatewayPair::leave_nat(PacketBytes& datagram) const {
  if (!nat_ || !is_udp(datagram)) return;
  const auto port = load_be<std::uint16_t>(&datagram[kSourcePort]);
  const auto mapped = static_cast<std::uint16_t>(nat_->port + (port == kIkeNatPort ? 1 : 0));
  translate(datagram, kSourceHost, nat_->host, kSourcePort, mapped);
}

bool GatewayPair::enter_nat(PacketBytes& datagram) const {
  if (!nat_) return datagram[kDestinationHost] == kRightHost;
  const auto port = load_be<std::uint16_t>(&datagram[kDestinationPort]);
  const int offset = port - nat_->port;
  if (!is_udp(datagram) || datagram[kDestinationHost] != nat_->host || offset < 0 || offset > 1)
    return false;
  translate(datagram, kDestinationHost, kRightHost, kDestinationPort,
            offset == 0 ? kIkePort : kIkeNatPort);
  return true;
}

void GatewayPair::exchange() {
  left.running().settle();
  right.running().settle();
  for (PacketBytes& datagram : right.sent_datagrams(kOutside)) {
    if (!is_ipv4(datagram)) continue;
    leave_nat(datagram);
    left.receive(kOutside, datagram);
  }
  for (PacketBytes& datagram : left.sent_datagrams(kOutside)) {
    if (!is_ipv4(datagram)) continue;
    from_left.push_back(datagram);
    if (enter_nat(datagram)) right.receive(kOutside, datagram);
  }
}

std::size_t GatewayPair::cross(WiredGateway& from, Family family) {
  const auto host = [&](const WiredGateway& gateway) {
    const std::string number = &gateway == &left ? "1" : "2";
    return family == Family::V4 ? "10." + number + ".0.5" : "2001:db8:" + number + "::5";
  };
  static_cast<void>(other(from).sent_datagrams(kInside));
  from.receive(kInside,
               PacketBuilder(host(from), host(other(from))).udp(7, 7777).filler(32).build());
  for (int i = 0; i < 4; ++i) exchange();
  std::size_t delivered = 0;
  const std::size_t port_at = family == Family::V4 ? kDestinationPort : 42;
  for (const PacketBytes& datagram : other(from).sent_datagrams(kInside))
    if (datagram.size() > port_at + 1 && load_be<std::uint16_t>(&datagram[port_at]) == 7777)
      ++delivered;
  return delivered;
}

void GatewayPair::pass(Duration time) {
  left.running().clock().advance(time);
  right.running().clock().advance(time);
  exchange();
}

void GatewayPair::fail() {
  FAIL("it does not come to be: " << left.running().rows("show.audit").dump(1)
                                  << right.running().rows("show.audit").dump(1));
  std::abort();
}

}  // namespace sallyport::test
