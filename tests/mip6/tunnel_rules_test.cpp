#include "mip6/tunnel_rules.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test {
namespace {

using Verdict = ReverseVerdict;

const std::vector<Address> kOwn{kHomeAgent};

BindingEntry bound(Flags<UpdateFlag> flags = {UpdateFlag::HomeRegistration}) {
  return {.home_address = kHome, .own = kHomeAgent, .care_of = kCareOf, .flags = flags};
}
ReverseTunnelled packet(Protection protection = Protection::None) {
  return {.outer = {kCareOf, protection},
          .source = kHome,
          .destination = kCorrespondent,
          .protocol = kProtocolUdp};
}
Verdict verdict(const ReverseTunnelled& tunnelled, const BindingEntry& binding = bound(),
                ReverseRules rules = {.own = kOwn}) {
  return judge_reverse(tunnelled, binding, rules);
}

TEST_CASE("HA-17: a tunnel from the care-of address carries packets of the home address") {
  CHECK(verdict(packet()) == Verdict::Forward);
  ReverseTunnelled other = packet();
  other.source = kOtherHome;
  CHECK(verdict(other) == Verdict::Discard);
  other = packet(Protection::Ipsec);
  other.source = kOtherHome;
  CHECK(verdict(other) == Verdict::Discard);
}

TEST_CASE("HA-17: from elsewhere only what ESP in tunnel mode protects is taken") {
  ReverseTunnelled elsewhere = packet();
  elsewhere.outer.source = kOtherCareOf;
  CHECK(verdict(elsewhere) == Verdict::Discard);
  elsewhere.outer.protection = Protection::Ipsec;
  CHECK(verdict(elsewhere) == Verdict::Forward);
}

TEST_CASE("HA-17: policy may require ESP of everything") {
  const ReverseRules strict{.own = kOwn, .required = Required::Ipsec};
  CHECK(verdict(packet(), bound(), strict) == Verdict::Discard);
  CHECK(verdict(packet(Protection::Ipsec), bound(), strict) == Verdict::Forward);
}

TEST_CASE("HA-17: without a home registration nothing is carried") {
  BindingEntry entry = bound();
  entry.valid = false;
  CHECK(verdict(packet(Protection::Ipsec), entry) == Verdict::Discard);
  entry = bound();
  entry.use = BindingUse::Correspondent;
  CHECK(verdict(packet(Protection::Ipsec), entry) == Verdict::Discard);
}

TEST_CASE(
    "HA-17, MSEC-38: the link-local address is taken with L, in ESP, for MLD and DHCPv6 alone") {
  const BindingEntry compatible =
      bound({UpdateFlag::HomeRegistration, UpdateFlag::LinkLocalCompatible});
  ReverseTunnelled report = packet(Protection::Ipsec);
  report.source = ip("fe80::100");
  report.destination = ip("ff02::16");
  report.protocol = kProtocolIcmpv6;
  report.source_port = 143 << 8;
  CHECK(verdict(report, compatible) == Verdict::Deliver);
  CHECK(verdict(report, bound()) == Verdict::Discard);
  ReverseTunnelled clear = report;
  clear.outer.protection = Protection::None;
  CHECK(verdict(clear, compatible) == Verdict::Discard);
  ReverseTunnelled stranger = report;
  stranger.source = ip("fe80::101");
  CHECK(verdict(stranger, compatible) == Verdict::Discard);
  ReverseTunnelled echo = report;
  echo.source_port = 128 << 8;
  CHECK(verdict(echo, compatible) == Verdict::Discard);
  ReverseTunnelled dhcp = report;
  dhcp.protocol = kProtocolUdp;
  dhcp.source_port = 546;
  dhcp.destination_port = 547;
  dhcp.destination = ip("ff02::1:2");
  CHECK(verdict(dhcp, compatible) == Verdict::Deliver);
  dhcp.destination_port = 53;
  CHECK(verdict(dhcp, compatible) == Verdict::Discard);
}

TEST_CASE(
    "HA-20: HoTI to the home agent itself and HoTI to others differ by the inner destination") {
  ReverseTunnelled test = packet(Protection::Ipsec);
  test.protocol = kProtocolMobility;
  test.source_port = 1 << 8;
  CHECK(verdict(test) == Verdict::Forward);
  test.destination = kHomeAgent;
  CHECK(verdict(test) == Verdict::Deliver);
}

TEST_CASE("HA-17: tests of return routability can be required to be in ESP, or forbidden") {
  ReverseTunnelled test = packet();
  test.protocol = kProtocolMobility;
  test.source_port = 1 << 8;
  CHECK(verdict(test) == Verdict::Forward);
  const ReverseRules in_esp{.own = kOwn, .route_tests = Required::Ipsec};
  CHECK(verdict(test, bound(), in_esp) == Verdict::Discard);
  CHECK(verdict(packet(), bound(), in_esp) == Verdict::Forward);
  test.outer.protection = Protection::Ipsec;
  CHECK(verdict(test, bound(), in_esp) == Verdict::Forward);
  const ReverseRules forbidden{.own = kOwn, .route_optimization = false};
  CHECK(verdict(test, bound(), forbidden) == Verdict::Discard);
  CHECK(verdict(packet(), bound(), forbidden) == Verdict::Forward);
}

TEST_CASE("HA-16, HA-17: what is of the visited link's scope is not forwarded on ours") {
  ReverseTunnelled out = packet(Protection::Ipsec);
  for (const char* const destination : {"fe80::9", "ff02::1", "ff05::2", "ff08::1"}) {
    out.destination = ip(destination);
    CHECK(verdict(out) == Verdict::Discard);
  }
  out.destination = ip("ff0e::5");
  CHECK(verdict(out) == Verdict::Forward);
}

TEST_CASE("NEMO-04: a router's tunnel carries what comes from its networks") {
  BindingEntry router = bound({UpdateFlag::HomeRegistration, UpdateFlag::MobileRouter});
  router.networks = {kNetwork};
  ReverseTunnelled inside = packet();
  inside.source = ip("2001:db8:d:155::9");
  CHECK(verdict(inside, router) == Verdict::Forward);
  CHECK(verdict(inside) == Verdict::Discard);
  inside.source = ip("2001:db8:d:200::9");
  CHECK(verdict(inside, router) == Verdict::Discard);
}

TEST_CASE("HA-16: packets to a node's link-local address are unreachable, never tunnelled") {
  CHECK(judge_intercepted(kCorrespondent, kHome, Membership::None) == Interception::Tunnel);
  CHECK(judge_intercepted(kCorrespondent, ip("fe80::100"), Membership::None) ==
        Interception::Unreachable);
  CHECK(judge_intercepted(ip("ff02::1"), ip("fe80::100"), Membership::None) ==
        Interception::Discard);
  CHECK(judge_intercepted(ip("::"), ip("fe80::100"), Membership::None) == Interception::Discard);
}

TEST_CASE(
    "HA-16: of multicast only groups of global scope that the node has joined are tunnelled") {
  for (const char* const group : {"ff01::1", "ff02::1", "ff05::1", "ff08::1"})
    CHECK(judge_intercepted(kCorrespondent, ip(group), Membership::Joined) ==
          Interception::Discard);
  CHECK(judge_intercepted(kCorrespondent, ip("ff0e::1"), Membership::Joined) ==
        Interception::Tunnel);
  CHECK(judge_intercepted(kCorrespondent, ip("ff0e::1"), Membership::None) ==
        Interception::Discard);
}

}  // namespace
}  // namespace sallyport::mip6::test
