#include "dataplane/own_addresses.h"

#include <catch2/catch.hpp>

#include "tests/dataplane/two_sided_gateway.h"

namespace sallyport::own_addresses_test {
namespace {

struct AnswerCase {
  const char* target;
  bool lan, wan, stack;
};

TEST_CASE(
    "Own addresses: ARP and ND are answered for our own, for hosts' outside, for all to hosts") {
  const OwnAddresses own(two_sided_ports());
  const AnswerCase cases[] = {
      {"10.1.0.1", true, false, true},          {"192.0.2.1", false, true, true},
      {"192.0.2.10", false, true, false},       {"192.0.2.99", false, false, true},
      {"2001:db8:2::10", false, true, false},   {"2001:db8:2::1", false, true, true},
      {"2001:db8:9::9", false, false, true},    {"fe80::ff:fe00:a0", true, false, false},
      {"fe80::ff:fe00:a1", false, true, false}, {"fe80::ff:fe00:a2", false, false, true},
      {"fe80::1234", false, false, false},      {"0.0.0.0", false, false, false},
  };
  for (const AnswerCase& c : cases) {
    INFO(c.target);
    CHECK(own.answered_on(kLan, ip(c.target)) == c.lan);
    CHECK(own.answered_on(kWan, ip(c.target)) == c.wan);
    CHECK(own.answered_on(kStack, ip(c.target)) == c.stack);
  }
}

TEST_CASE("Own addresses: the host's are its own behind the local stack and ours elsewhere") {
  const OwnAddresses own(two_sided_ports());
  CHECK(own.gateway_has(ip("192.0.2.1")));
  CHECK(own.gateway_has(ip("fe80::ff:fe00:a2")));
  CHECK_FALSE(own.gateway_has(ip("192.0.2.10")));
  CHECK(own.host_has(ip("192.0.2.10")));
  CHECK_FALSE(own.host_has(ip("192.0.2.1")));
  CHECK(own.claimed_by_us(kWan, ip("192.0.2.10")));
  CHECK_FALSE(own.claimed_by_us(kStack, ip("192.0.2.10")));
  CHECK(own.claimed_by_us(kStack, ip("192.0.2.1")));
  CHECK_FALSE(own.claimed_by_us(kWan, ip("192.0.2.2")));
}

TEST_CASE("Own addresses: a port's new ones take the place of those it had") {
  OwnAddresses own(two_sided_ports());
  own.set_addresses(kWan, {{ip("198.51.100.1"), 24}});
  CHECK(own.answered_on(kWan, ip("198.51.100.1")));
  CHECK_FALSE(own.answered_on(kWan, ip("192.0.2.1")));
  CHECK_FALSE(own.gateway_has(ip("192.0.2.1")));
  CHECK(own.gateway_has(ip("10.1.0.1")));
  CHECK(own.is_broadcast(ip("198.51.100.255")));
  CHECK(own.asks_for(kWan, ip("198.51.100.7")) == ip("198.51.100.1"));
  CHECK(own.reports_from(kWan, Family::V4) == ip("198.51.100.1"));
}

TEST_CASE("Own addresses: who asks for a neighbour") {
  OwnAddresses own(two_sided_ports());
  CHECK(own.asks_for(kWan, ip("192.0.2.7")) == ip("192.0.2.1"));
  CHECK(own.asks_for(kWan, ip("198.51.100.7")) == ip("192.0.2.1"));
  CHECK(own.asks_for(kWan, ip("2001:db8:2::7")) == ip("2001:db8:2::1"));
  CHECK(own.asks_for(kWan, ip("fe80::7")) == ip("fe80::ff:fe00:a1"));

  // Host role: the unprotected port has no address of its own.
  std::vector<OwnPort> bare = two_sided_ports();
  bare[kWan.value].settings.addresses.clear();
  own = OwnAddresses(bare);
  CHECK(own.asks_for(kWan, ip("192.0.2.7")) == ip("192.0.2.10"));
  CHECK(own.asks_for(kWan, ip("2001:db8:2::7")) == ip("2001:db8:2::10"));
  CHECK(own.asks_for(kWan, ip("198.51.100.7")) == ip("192.0.2.10"));
  CHECK(own.asks_for(kStack, ip("192.0.2.10")) == ip("0.0.0.0"));
  CHECK(own.asks_for(kStack, ip("2001:db8:2::10")) == ip("fe80::ff:fe00:a2"));
}

TEST_CASE("Own addresses: who reports errors") {
  OwnAddresses own(two_sided_ports());
  CHECK(own.reports_from(kLan, Family::V4) == ip("10.1.0.1"));
  CHECK(own.reports_from(kWan, Family::V6) == ip("2001:db8:2::1"));
  CHECK(own.reports_from(kStack, Family::V4) == ip("10.1.0.1"));
  CHECK(own.beside(ip("10.1.0.77")) == ip("10.1.0.1"));
  CHECK_FALSE(own.beside(ip("203.0.113.1")));

  std::vector<OwnPort> bare = two_sided_ports();
  bare[kLan.value].settings.addresses.clear();
  bare[kWan.value].settings.addresses.clear();
  own = OwnAddresses(bare);
  CHECK(own.reports_from(kWan, Family::V4) == ip("192.0.2.10"));
  CHECK(own.reports_from(kStack, Family::V4) == ip("192.0.0.8"));
  CHECK(own.reports_from(kStack, Family::V6) == ip("fe80::ff:fe00:a2"));
}

TEST_CASE("Own addresses: networks and broadcasts") {
  const OwnAddresses own(two_sided_ports());
  CHECK(own.on_link(kLan, ip("10.1.0.7")));
  CHECK_FALSE(own.on_link(kLan, ip("192.0.2.7")));
  CHECK(own.on_link(kLan, ip("fe80::7")));
  CHECK(own.on_link(kWan, ip("2001:db8:2::7")));
  CHECK(own.is_broadcast(ip("10.1.0.255")));
  CHECK(own.is_broadcast(ip("255.255.255.255")));
  CHECK_FALSE(own.is_broadcast(ip("10.1.0.254")));
  CHECK_FALSE(own.is_broadcast(ip("2001:db8:1::ffff:ffff:ffff:ffff")));

  std::vector<OwnPort> narrow = two_sided_ports();
  narrow[kLan.value].settings.addresses = {net("10.9.0.0/31")};
  CHECK_FALSE(OwnAddresses(narrow).is_broadcast(ip("10.9.0.1")));
}

}  // namespace
}  // namespace sallyport::own_addresses_test
