// Two whole gateways that speak IKE with each other over one wire, a NAT before the second where a
// test wants one. Behind the left one are 10.1.0.0/24 and 2001:db8:1::/64, behind the right one
// 10.2.0.0/24 and 2001:db8:2::/64; in between 192.0.2.1 and 192.0.2.2.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/wired_gateway.h"

namespace sallyport::test {

class GatewayPair {
 public:
  // `left` and `right`: policies, peers and what else there is besides ports and routes.
  GatewayPair(const std::string& left, const std::string& right);

  // From then on the left one sees the right one at 192.0.2.HOST: its 500 as `port`, its 4500 as
  // the next one. Hosts 77 and 78.
  void put_nat_before_right(std::uint8_t host, std::uint16_t port) { nat_ = {host, port}; }

  // Datagrams cross and jobs end, until it is so.
  template <class Condition>
  void until(Condition is_so) {
    for (int turns = 0; turns < 20'000; ++turns) {
      exchange();
      if (is_so()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // for the pools' threads
    }
    fail();
  }
  // UDP from host 5 of one network to host 5 of the other's; what the other gateway delivers.
  [[nodiscard]] std::size_t cross(WiredGateway& from, Family family);
  // Time goes by for both.
  void pass(Duration time);

  [[nodiscard]] WiredGateway& other(WiredGateway& gateway) {
    return &gateway == &left ? right : left;
  }
  // Datagrams that have crossed the wire from the left one, as it sent them.
  std::vector<PacketBytes> from_left;

  WiredGateway left;
  WiredGateway right;

 private:
  struct Nat {
    std::uint8_t host;
    std::uint16_t port;
  };
  void exchange();
  [[noreturn]] void fail();
  void leave_nat(PacketBytes& datagram) const;
  // False where it is for nobody.
  [[nodiscard]] bool enter_nat(PacketBytes& datagram) const;

  std::optional<Nat> nat_;
};

}  // namespace sallyport::test
