#include "spd/default_policies.h"

#include <array>
#include <catch2/catch.hpp>

#include "net/packet_summary.h"
#include "net/protocol.h"
#include "spd/spd.h"

namespace sallyport::default_policies_test {
namespace {

Address address(std::string_view text) { return Address::parse(text).value(); }

// The default policies as a gateway would have them.
class Gateway {
 public:
  explicit Gateway(const DefaultPolicyScope& scope) {
    for (const Policy& policy : default_policies(scope)) REQUIRE(spd.insert(policy));
    set_ = spd.snapshot();
  }
  // The policy that lets the packet pass both out and back in; empty where none does.
  [[nodiscard]] std::string passes(const PacketSummary& packet) const {
    PacketSummary back = packet;
    std::swap(back.source, back.destination);
    std::swap(back.source_port, back.destination_port);
    if (port_meaning(packet.protocol) == PortMeaning::Icmp) back.source_port = packet.source_port;
    const PolicyId out = set_->match(SpdId{0}, selector_fields(packet, Direction::Outbound));
    const PolicyId in = set_->match(SpdId{0}, selector_fields(back, Direction::Inbound));
    CHECK(in == out);
    if (out == kNoPolicy) return {};
    CHECK(set_->entry(out).action == PolicyAction::Bypass);
    return spd.find(out)->name;
  }
  Spd spd{16, 1};

 private:
  std::shared_ptr<const PolicySet> set_;
};

PacketSummary packet(std::string_view source, std::string_view destination, std::uint8_t protocol) {
  PacketSummary summary;
  summary.source = address(source).bytes;
  summary.destination = address(destination).bytes;
  summary.family = address(source).family;
  summary.protocol = protocol;
  summary.ports_visible = true;
  return summary;
}

PacketSummary udp(std::string_view source, std::uint16_t source_port,
                  std::uint16_t destination_port) {
  const bool v4 = address(source).family == Family::V4;
  PacketSummary summary = packet(source, v4 ? "198.51.100.9" : "2001:db8:9::9", kProtocolUdp);
  summary.source_port = source_port;
  summary.destination_port = destination_port;
  return summary;
}

PacketSummary icmpv6(unsigned type) {
  PacketSummary summary = packet("fe80::1", "ff02::1", kProtocolIcmpv6);
  summary.source_port = static_cast<std::uint16_t>(type << 8);
  return summary;
}

const DefaultPolicyScope kScope{
    .own = {Address::v4(0xc0000201), Address::v4(0xc0000202), address("2001:db8::1")}};

}  // namespace

TEST_CASE("ARCH-09: IKE of the gateway's own addresses passes, both ways and both families") {
  const Gateway gateway(kScope);
  for (const std::uint16_t port : std::array<std::uint16_t, 2>{500, 4500}) {
    CHECK(gateway.passes(udp("192.0.2.1", port, 500)) == "default-ike-v4");
    CHECK(gateway.passes(udp("192.0.2.2", port, 61234)) == "default-ike-v4");
    CHECK(gateway.passes(udp("2001:db8::1", port, 4500)) == "default-ike-v6");
  }
  CHECK(gateway.passes(udp("192.0.2.1", 501, 500)).empty());
  PacketSummary tcp = udp("192.0.2.1", 500, 500);
  tcp.protocol = kProtocolTcp;
  CHECK(gateway.passes(tcp).empty());
}

TEST_CASE("ARCH-09: a host behind the gateway does not get out by sending from port 500") {
  const Gateway gateway(kScope);
  CHECK(gateway.passes(udp("10.1.0.5", 500, 500)).empty());
  CHECK(gateway.passes(udp("192.0.2.3", 4500, 4500)).empty());
  const Gateway nameless(DefaultPolicyScope{});
  CHECK(nameless.passes(udp("0.0.0.0", 500, 500)).empty());
}

TEST_CASE("ARCH-09: neighbour and router discovery and MLD pass on IPv6, redirects do not") {
  const Gateway gateway(kScope);
  CHECK(gateway.passes(icmpv6(135)) == "default-neighbour-discovery");
  CHECK(gateway.passes(icmpv6(136)) == "default-neighbour-discovery");
  CHECK(gateway.passes(icmpv6(133)) == "default-router-discovery");
  CHECK(gateway.passes(icmpv6(134)) == "default-router-discovery");
  for (const unsigned type : {130u, 131u, 132u, 143u})
    CHECK(gateway.passes(icmpv6(type)) == "default-multicast-listeners");
  for (const unsigned type : {128u, 129u, 137u, 142u, 144u, 145u})
    CHECK(gateway.passes(icmpv6(type)).empty());
  PacketSummary v4 = icmpv6(135);
  v4.family = Family::V4;
  v4.source = v4.destination = Address::v4(0x0a000001).bytes;
  CHECK(gateway.passes(v4).empty());
}

TEST_CASE("ARCH-09: home agent discovery passes where there is mobility") {
  DefaultPolicyScope scope = kScope;
  scope.mobility = Mobility::On;
  const Gateway gateway(scope);
  CHECK(gateway.passes(icmpv6(144)) == "default-home-agent-discovery");
  CHECK(gateway.passes(icmpv6(145)) == "default-home-agent-discovery");
  CHECK(gateway.passes(icmpv6(146)).empty());
  CHECK(gateway.passes(icmpv6(147)).empty());
}

TEST_CASE("ARCH-09: without its entry IKE stops, with it again it works") {
  Gateway gateway(kScope);
  const SelectorFields ike = selector_fields(udp("192.0.2.1", 500, 500), Direction::Outbound);
  const auto action = [&] {
    const auto set = gateway.spd.snapshot();
    return set->entry(set->match(SpdId{0}, ike)).action;
  };
  CHECK(action() == PolicyAction::Bypass);
  const Policy entry = *gateway.spd.find("default-ike-v4");
  REQUIRE(gateway.spd.remove("default-ike-v4"));
  CHECK(action() == PolicyAction::Discard);
  REQUIRE(gateway.spd.insert(entry, 0));
  CHECK(action() == PolicyAction::Bypass);
}

TEST_CASE("ICMP-02, ARCH-09: ICMP errors that are listened to may come in to us and not go out") {
  DefaultPolicyScope scope = kScope;
  scope.icmp_errors = {{Family::V4, 0x0304, 0x0304}, {Family::V6, 0x0200, 0x02ff}};
  const Gateway gateway(scope);
  const auto set = gateway.spd.snapshot();
  const auto decides = [&](std::string_view from, std::string_view to, std::uint16_t kind,
                           Direction direction) -> std::string {
    const bool v4 = address(from).family == Family::V4;
    PacketSummary message = packet(from, to, v4 ? kProtocolIcmp : kProtocolIcmpv6);
    message.source_port = kind;
    const PolicyId id = set->match(SpdId{0}, selector_fields(message, direction));
    return id == kNoPolicy ? "" : gateway.spd.find(id)->name;
  };
  using enum Direction;
  CHECK(decides("203.0.113.9", "192.0.2.1", 0x0304, Inbound) == "default-icmp-errors-v4");
  CHECK(decides("203.0.113.9", "192.0.2.1", 0x0303, Inbound).empty());
  CHECK(decides("203.0.113.9", "10.1.0.5", 0x0304, Inbound).empty());
  CHECK(decides("192.0.2.1", "203.0.113.9", 0x0304, Outbound).empty());
  CHECK(decides("2001:db8:9::9", "2001:db8::1", 0x0207, Inbound) == "default-icmp-errors-v6");
  CHECK(decides("2001:db8:9::9", "2001:db8::1", 0x0100, Inbound).empty());
  CHECK(decides("2001:db8:9::9", "2001:db8::2", 0x0200, Inbound).empty());
  CHECK(decides("2001:db8::1", "2001:db8:9::9", 0x0200, Outbound).empty());
  for (const Policy& policy : default_policies(scope)) CHECK(warnings(policy).empty());
}

TEST_CASE("ARCH-09: every SPD has its own under its own name") {
  const auto policies = default_policies({.spd = SpdId{3}, .prefix = "guests", .own = kScope.own});
  REQUIRE_FALSE(policies.empty());
  for (const Policy& policy : policies) {
    CHECK(policy.spd == SpdId{3});
    CHECK(policy.name.starts_with("guests-"));
    CHECK(warnings(policy).empty());
  }
}

}  // namespace sallyport::default_policies_test
