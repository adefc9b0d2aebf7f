// The tunnel between a home agent and a mobile node (RFC 2473, RFC 6275 10.4, 11.3.3; RFC 3963).
#include "dataplane/home_tunnel.h"

#include "net/icmp.h"
#include "tests/dataplane/mobility_scenes.h"

namespace sallyport::home_tunnel_test {
namespace {

// What a router on the way to `to` says of a packet that the home agent has put into its tunnel.
PacketBytes error_about(const PacketBytes& packet, std::uint8_t type, std::uint32_t rest) {
  PacketBytes quote = packet;
  quote.resize(std::min<std::size_t>(quote.size(), 1232));
  return PacketBuilder(ip6("2001:db8:ff::9"), kHomeAgent)
      .icmp(type, 0, rest)
      .payload(quote)
      .build();
}

}  // namespace

TEST_CASE("HA-15: what is for a mobile node goes into the tunnel to its care-of address") {
  MobileGateway scene(Scene::HomeAgent);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(80).build();
  scene.bind(BindingUse::HomeAgent);
  const auto packet = only_one(scene.cross(kInside, plain, kOutside));
  CHECK(summary_of(packet).source_address() == kHomeAgent);
  CHECK(summary_of(packet).destination_address() == kCareOf);
  CHECK(int{summary_of(packet).hop_limit} == 64);
  CHECK(inner_of(packet) == with_hop_limit(plain, 63));
  // From outside as well; a Home Test like any other.
  const auto test = PacketBuilder(kElsewhere, kHome).mobility(3).build();
  CHECK(inner_of(only_one(scene.cross(kOutside, test, kOutside))) == with_hop_limit(test, 63));
  scene.gateway->dataplane().bindings().remove(BindingUse::HomeAgent, kHome, {});
  CHECK(scene.cross(kInside, plain, kOutside).empty());
}

TEST_CASE("HA-17: the reverse tunnel is taken from the registered care-of address alone") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto inner = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(20).build();
  CHECK(only_one(scene.cross(kOutside, tunnelled(kCareOf, kHomeAgent, inner), kInside)) ==
        with_hop_limit(inner, 63));
  scene.drops(kOutside, tunnelled(kElsewhere, kHomeAgent, inner), DropReason::TunnelSource);
  const auto stranger = PacketBuilder(kElsewhere, kCorrespondent).udp(1, 2).build();
  scene.drops(kOutside, tunnelled(kCareOf, kHomeAgent, stranger), DropReason::TunnelSource);
  scene.drops(kOutside, tunnelled(kCareOf, kHomeAgent, PacketBytes(20, 0x60)),
              DropReason::InnerMalformed);
  scene.drops(
      kOutside,
      tunnelled(kCareOf, kHomeAgent, PacketBuilder("192.0.2.1", "192.0.2.2").udp(1, 2).build()),
      DropReason::InnerMalformed);
  // Congestion is told to who sends in it (RFC 6040).
  auto marked = tunnelled(kCareOf, kHomeAgent, inner);
  marked[1] |= 0x30;
  scene.drops(kOutside, marked, DropReason::EcnCe);
}

TEST_CASE("HA-17, HA-20: what the tunnel brings for the home agent itself says so to control") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto init = PacketBuilder(kHome, kHomeAgent).mobility(1).build();
  CHECK(scene.cross(kOutside, tunnelled(kCareOf, kHomeAgent, init), kOutside).empty());
  REQUIRE(scene.messages.size() == 1);
  REQUIRE(scene.messages[0].tunnel);
  CHECK(scene.messages[0].tunnel->source == kCareOf);
  CHECK_FALSE(scene.messages[0].tunnel->protection);
  CHECK(scene.messages[0].link_source == MacAddress{});
}

TEST_CASE("MN-08: a mobile node takes tunnelled packets from its home agent alone") {
  MobileGateway scene(Scene::MobileNode);
  const auto inner = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(20).build();
  scene.drops(kOutside, tunnelled(kHomeAgent, kCareOf, inner), DropReason::TunnelSource);
  scene.bind(BindingUse::HomeRegistration);
  CHECK(only_one(scene.cross(kOutside, tunnelled(kHomeAgent, kCareOf, inner), kInside)) == inner);
  scene.drops(kOutside, tunnelled(kCorrespondent, kCareOf, inner), DropReason::TunnelSource);
  // In fragments, too.
  const auto whole = tunnelled(kHomeAgent, kCareOf, inner);
  const auto piece = [&](std::uint16_t from, std::size_t size, bool more) {
    return PacketBuilder(kHomeAgent, kCareOf)
        .fragment({.offset = from, .more = more, .id = 3})
        .protocol(kProtocolIpv6)
        .payload({whole.begin() + 40 + from,
                  whole.begin() + 40 + from + static_cast<std::ptrdiff_t>(size)})
        .build();
  };
  CHECK(scene.cross(kOutside, piece(0, 48, true), kInside).empty());
  CHECK(only_one(scene.cross(kOutside, piece(48, inner.size() - 48, false), kInside)) == inner);
}

TEST_CASE(
    "HA-22: a packet that is too long for the tunnel is told so, a small one is cut outside") {
  MobileGateway scene(Scene::HomeAgent, {}, 1400);
  scene.bind(BindingUse::HomeAgent);
  const auto packet = [](std::size_t size) {
    return PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(size - 48).build();
  };
  CHECK(scene.cross(kInside, packet(1360), kOutside).size() == 1);
  CHECK(scene.cross(kInside, packet(1361), kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::TooBig) == 1);
  const auto error = only_one(scene.gateway->sent(kInside));
  CHECK(summary_of(error).source_port == icmp6::kPacketTooBig << 8);
  CHECK(load_be<std::uint32_t>(&error[44]) == 1360);
  MobileGateway narrow(Scene::HomeAgent, {}, 1280);
  narrow.bind(BindingUse::HomeAgent);
  const auto pieces = narrow.cross(kInside, packet(1280), kOutside);
  REQUIRE(pieces.size() == 2);
  for (const PacketBytes& piece : pieces) {
    CHECK(summary_of(piece).fragment);
    CHECK(summary_of(piece).destination_address() == kCareOf);
  }
}

TEST_CASE("HA-22: the limit of nested tunnels is honoured and counted down") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto limited = [](std::uint8_t limit) {
    return PacketBuilder(kCorrespondent, kHome)
        .destination_options({4, 1, limit, 0})
        .udp(1, 2)
        .build();
  };
  const auto packet = only_one(scene.cross(kInside, limited(3), kOutside));
  CHECK(summary_of(packet).upper_offset == 48);
  CHECK(int{summary_of(packet).protocol} == kProtocolIpv6);
  CHECK(int{packet[44]} == 2);
  CHECK(scene.cross(kInside, limited(0), kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::TunnelRefused) == 1);
  const auto error = only_one(scene.gateway->sent(kInside));
  CHECK(summary_of(error).source_port == icmp6::kParameterProblem << 8);
  CHECK(load_be<std::uint32_t>(&error[44]) == 44);
}

TEST_CASE("HA-16: nothing goes into the tunnel for a link-local address, and its source hears") {
  MobileGateway scene(Scene::HomeAgent);
  const Address link_local = ip6("fe80::100");
  const auto set = scene.gateway->dataplane().bindings().set({.use = BindingUse::HomeAgent,
                                                              .home_address = kHome,
                                                              .care_of = kCareOf,
                                                              .peer = kHomeAgent,
                                                              .link_local = link_local});
  REQUIRE(set.has_value());
  const auto packet = PacketBuilder(kCorrespondent, link_local).udp(1, 2).build();
  const auto error = only_one(scene.cross(kInside, packet, kInside));
  CHECK(summary_of(error).source_port == (icmp6::kUnreachable << 8 | icmp6::kCodeAddress));
  CHECK(scene.gateway->dropped(DropReason::TunnelRefused) == 1);
}

TEST_CASE("NEMO-04: networks behind a mobile router are led and taken as its home address") {
  MobileGateway scene(Scene::HomeAgent);
  const auto set = scene.gateway->dataplane().bindings().set(
      {.use = BindingUse::HomeAgent,
       .home_address = kHome,
       .care_of = kCareOf,
       .peer = kHomeAgent,
       .networks = {Prefix::parse("2001:db8:77::/48").value()}});
  REQUIRE(set.has_value());
  const Address node = ip6("2001:db8:77:1::5");
  const auto out = PacketBuilder(kCorrespondent, node).udp(1, 2).build();
  CHECK(inner_of(only_one(scene.cross(kInside, out, kOutside))) == with_hop_limit(out, 63));
  const auto in = PacketBuilder(node, kCorrespondent).udp(1, 2).build();
  CHECK(only_one(scene.cross(kOutside, tunnelled(kCareOf, kHomeAgent, in), kInside)) ==
        with_hop_limit(in, 63));
  scene.drops(kOutside, tunnelled(kElsewhere, kHomeAgent, in), DropReason::TunnelSource);
}

TEST_CASE("HA-22: errors about the tunnel are told to who sent what is inside") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(1400).build();
  const auto packet = only_one(scene.cross(kInside, plain, kOutside));
  const auto too_big =
      only_one(scene.cross(kOutside, error_about(packet, icmp6::kPacketTooBig, 1400), kInside));
  CHECK(summary_of(too_big).source_address() == kHomeAgent);
  CHECK(summary_of(too_big).destination_address() == kCorrespondent);
  CHECK(summary_of(too_big).source_port == icmp6::kPacketTooBig << 8);
  CHECK(load_be<std::uint32_t>(&too_big[44]) == 1360);
  CHECK(std::equal(too_big.begin() + 48, too_big.end(), packet.begin() + 40));
  const auto least =
      only_one(scene.cross(kOutside, error_about(packet, icmp6::kPacketTooBig, 70), kInside));
  CHECK(load_be<std::uint32_t>(&least[44]) == 1280);
  for (const std::uint8_t type : {icmp6::kUnreachable, icmp6::kTimeExceeded}) {
    const auto error = only_one(scene.cross(kOutside, error_about(packet, type, 0), kInside));
    CHECK(summary_of(error).source_port == (icmp6::kUnreachable << 8 | icmp6::kCodeAddress));
  }
}

TEST_CASE("HA-22: no error is told that may be a lie, or that is about an error") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(1400).build();
  const auto silent = [&](const PacketBytes& packet, std::uint8_t type) {
    CHECK(scene.cross(kOutside, error_about(packet, type, 1400), kInside).empty());
  };
  silent(tunnelled(kHomeAgent, kElsewhere, plain), icmp6::kPacketTooBig);
  silent(tunnelled(kElsewhere, kCareOf, plain), icmp6::kPacketTooBig);
  silent(
      tunnelled(kHomeAgent, kCareOf, PacketBuilder(kCorrespondent, kElsewhere).udp(1, 2).build()),
      icmp6::kUnreachable);
  const auto error = PacketBuilder(kCorrespondent, kHome).icmp(1, 0).filler(60).build();
  silent(tunnelled(kHomeAgent, kCareOf, error), icmp6::kUnreachable);
  // We cut such packets ourselves.
  const auto small = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(100).build();
  silent(tunnelled(kHomeAgent, kCareOf, small), icmp6::kPacketTooBig);
  auto damaged = error_about(tunnelled(kHomeAgent, kCareOf, plain), icmp6::kUnreachable, 0);
  damaged.back() ^= 1;
  CHECK(scene.cross(kOutside, damaged, kInside).empty());
}

}  // namespace sallyport::home_tunnel_test
