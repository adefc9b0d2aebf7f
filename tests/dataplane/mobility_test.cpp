// Packets with a Home Address option or a type 2 routing header on their way in (RFC 6275 6.3, 6.4,
// 9.3.1, 9.3.3, 11.3.3).
#include "dataplane/mobility.h"

#include "net/icmp.h"
#include "tests/dataplane/mobility_scenes.h"
#include "tests/support/esp_pair.h"

namespace sallyport::mobility_test {
namespace {

// From the mobile node to its home agent, checksum over the home address.
PacketBytes from_home(const PacketBuilder& builder, const Address& care_of = kCareOf) {
  return on_wire(builder.build(), {.source = care_of});
}
PacketBuilder udp_from(const Address& home) {
  return PacketBuilder(home, kHomeAgent).udp(4000, 5000).filler(40);
}
PacketBytes to_home(const PacketBuilder& builder) {
  return on_wire(builder.build(), {.destination = kCareOf});
}

// Every UDP datagram for port 5000 of the gateway: who sent it.
std::vector<Address> hear_udp(MobileGateway& scene, const PacketBytes& packet) {
  std::vector<Address> sources;
  scene.gateway->control().on_udp(
      5000, [&](const UdpDatagram& datagram, Instant) { sources.push_back(datagram.source); });
  CHECK(scene.cross(kOutside, packet, kOutside).empty());
  return sources;
}

}  // namespace

TEST_CASE("MIPPKT-06, MIPPKT-08: payload from a home address needs a binding of both addresses") {
  MobileGateway scene(Scene::HomeAgent);
  const auto packet = from_home(udp_from(kHome));
  scene.drops(kOutside, packet, DropReason::HomeAddressUnbound);
  REQUIRE(scene.rejected.size() == 1);
  // As the wire had them.
  CHECK(scene.rejected[0].source == kCareOf);
  CHECK(scene.rejected[0].destination == kHomeAgent);
  CHECK(scene.rejected[0].home_address == kHome);
  scene.bind(BindingUse::HomeAgent, kElsewhere);
  scene.drops(kOutside, packet, DropReason::HomeAddressUnbound);
  scene.bind(BindingUse::HomeAgent, kCareOf, kHomeAgent, kElsewhere);
  scene.drops(kOutside, packet, DropReason::HomeAddressUnbound);
  for (const BindingUse use : {BindingUse::HomeAgent, BindingUse::Correspondent}) {
    MobileGateway bound(Scene::HomeAgent);
    bound.bind(use);
    CHECK(hear_udp(bound, packet) == std::vector{kHome});
    CHECK(bound.gateway->dataplane().bindings().take_used(use, kHome, kHomeAgent));
    CHECK_FALSE(bound.gateway->dataplane().bindings().take_used(use, kHome, kHomeAgent));
  }
}

TEST_CASE("MIPPKT-06, RR-07: a correspondent's binding is for the address that it was made with") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::Correspondent, kCareOf, kCorrespondent);
  scene.drops(kOutside, from_home(udp_from(kHome)), DropReason::HomeAddressUnbound);
  scene.bind(BindingUse::Correspondent, kCareOf, kHomeAgent);
  CHECK(hear_udp(scene, from_home(udp_from(kHome))) == std::vector{kHome});
}

TEST_CASE("MIPPKT-05, MIPPKT-06: mobility messages go on without a binding, with both addresses") {
  MobileGateway scene(Scene::HomeAgent);
  const auto packet = from_home(PacketBuilder(kHome, kHomeAgent).mobility(5));
  CHECK(scene.cross(kOutside, packet, kOutside).empty());
  REQUIRE(scene.messages.size() == 1);
  const MobilityMessage& message = scene.messages[0];
  CHECK(message.source == kHome);
  CHECK(message.destination == kHomeAgent);
  CHECK(message.source_care_of == kCareOf);
  CHECK_FALSE(message.destination_care_of);
  CHECK_FALSE(message.protection);
  CHECK_FALSE(message.tunnel);
  CHECK(message.port == kOutside);
  CHECK(message.link_source == TestGateway::kPeer);
  CHECK(int{message.protocol} == kProtocolMobility);
  CHECK(int{scene.octets[0][2]} == 5);
}

TEST_CASE(
    "MIPPKT-06, MIPPKT-07: IPsec goes on without a binding, to be looked up by home address") {
  MobileGateway scene(Scene::HomeAgent);
  const auto esp = from_home(PacketBuilder(kHome, kHomeAgent).esp(0x1234, 1).filler(64));
  scene.drops(kOutside, esp, DropReason::UnknownSpi);
  const auto ah = from_home(PacketBuilder(kHome, kHomeAgent).protocol(kProtocolAh).filler(64));
  scene.drops(kOutside, ah, DropReason::UnknownSpi);
  CHECK(scene.rejected.empty());
  const auto events = scene.gateway->events();
  REQUIRE(events.size() == 2);
  CHECK(Address::v6(events[0].source) == kHome);
}

TEST_CASE("MIPPKT-01: options that are wrong end the packet without a word") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto once = home_address_option(kHome);
  const auto wrong = [&](const PacketBuilder& builder) {
    scene.drops(kOutside, builder.build(), DropReason::HomeAddressOption);
  };
  const auto packet = [] { return PacketBuilder(kCareOf, kHomeAgent); };
  wrong(packet().destination_options(once).destination_options(once).udp(1, 5000));
  PacketBytes shorter = once;
  shorter[5] = 15;
  wrong(packet().destination_options(shorter).udp(1, 5000));
  wrong(packet().fragment({.offset = 0, .more = true}).destination_options(once).mobility(5));
  wrong(packet().destination_options(once).routing(4, 0).mobility(5));
  for (const char* nobody : {"::", "::1", "fe80::1", "ff0e::1", "::ffff:192.0.2.1"})
    scene.drops(kOutside,
                packet().destination_options(home_address_option(ip6(nobody))).mobility(5).build(),
                DropReason::HomeAddressNotRoutable);
  CHECK(scene.rejected.empty());
  CHECK(scene.messages.empty());
}

TEST_CASE("MIPPKT-14: with mobility off the option is unknown, and its source hears of it") {
  MobileGateway scene(Scene::HomeAgent);
  scene.gateway->dataplane().set_mobility(std::nullopt);
  const auto packet = from_home(PacketBuilder(kHome, kHomeAgent).mobility(5));
  const auto error = only_one(scene.cross(kOutside, packet, kOutside));
  const PacketSummary summary = summary_of(error);
  CHECK(summary.destination_address() == kCareOf);
  CHECK(summary.source_port == (icmp6::kParameterProblem << 8 | 2));
  CHECK(load_be<std::uint32_t>(&error[44]) == 46);
  CHECK(scene.gateway->dropped(DropReason::UnknownOption) == 1);
  // Not where it went to a group.
  auto grouped = packet;
  std::ranges::copy(ip6("ff02::1").bytes, grouped.begin() + 24);
  CHECK(scene.cross(kOutside, grouped, kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::UnknownOption) == 2);
  CHECK(scene.messages.empty());
}

TEST_CASE("MIPPKT-08: Binding Errors are due at the rate of ICMP errors") {
  MobileGateway scene(Scene::HomeAgent);
  for (int i = 0; i < 200; ++i) scene.gateway->receive_ip(kOutside, from_home(udp_from(kHome)));
  scene.gateway->settle();
  CHECK(scene.gateway->dropped(DropReason::HomeAddressUnbound) == 200);
  CHECK(scene.rejected.size() >= 1);
  CHECK(scene.rejected.size() < 100);
}

TEST_CASE("MIPPKT-11: neighbour discovery with an option is dropped, bound or not") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto packet = PacketBuilder(kHome, kHomeAgent).hop_limit(255).icmp(135, 0).filler(24);
  scene.drops(kOutside, from_home(packet), DropReason::HomeAddressOption);
}

TEST_CASE("MIPPKT-05: what is for others passes as it came") {
  MobileGateway scene(Scene::HomeAgent);
  auto option = on_wire(PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(20).build(),
                        {.source = kCareOf});
  auto passed = only_one(scene.cross(kOutside, option, kInside));
  --option[7];
  CHECK(passed == option);
  auto routed = on_wire(PacketBuilder(kHomeAgent, kHome).udp(1, 2).filler(20).build(),
                        {.destination = ip6("2001:db8:c::9")});
  passed = only_one(scene.cross(kOutside, routed, kInside));
  --routed[7];
  CHECK(passed == routed);
}

TEST_CASE(
    "MIPPKT-04: a routing header to our home address arrives there, and is gone for the host") {
  MobileGateway scene(Scene::MobileNode);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(31);
  CHECK(only_one(scene.cross(kOutside, to_home(plain), kInside)) == plain.build());
  // Mobility messages are control's, also where the home address is the host's.
  CHECK(scene.cross(kOutside, to_home(PacketBuilder(kHomeAgent, kHome).mobility(6)), kInside)
            .empty());
  REQUIRE(scene.messages.size() == 1);
  CHECK(scene.messages[0].destination == kHome);
  CHECK(scene.messages[0].destination_care_of == kCareOf);
  for (const std::uint8_t type : {145, 147}) {
    const auto advertisement = PacketBuilder(kHomeAgent, kHome).icmp(type, 0).filler(16);
    CHECK(scene.cross(kOutside, to_home(advertisement), kInside).empty());
  }
  CHECK(scene.messages.size() == 3);
}

TEST_CASE("MIPPKT-04: each violation of a routing header ends the packet without a word") {
  MobileGateway scene(Scene::MobileNode);
  const auto wrong = [&](PacketBytes body) {
    const auto packet =
        PacketBuilder(kCorrespondent, kCareOf).extension(kProtocolRouting, std::move(body));
    scene.drops(kOutside, PacketBuilder(packet).udp(1, 2).filler(9).build(),
                DropReason::Type2Routing);
  };
  wrong(type2_routing(kHome, 0));
  wrong(type2_routing(kHome, 2));
  wrong(type2_routing(kHome, 255));
  wrong(type2_routing(kElsewhere));  // somebody's
  wrong(type2_routing(kCareOf));     // ours, but no home address
  wrong(type2_routing(ip6("ff02::1")));
  wrong({2, 1, 0, 0, 0, 0});
  PacketBytes two = type2_routing(kHome);
  two.insert(two.end(), kHome.bytes.begin(), kHome.bytes.end());
  wrong(two);
}

TEST_CASE("MIPPKT-03: what another routing header leads on is not looked into") {
  MobileGateway scene(Scene::MobileNode);
  const auto packet = [](std::uint8_t segments_left) {
    return on_wire(
        PacketBuilder(kCorrespondent, kHome).routing(4, segments_left).udp(1, 2).filler(9).build(),
        {.destination = kCareOf});
  };
  scene.drops(kOutside, packet(1), DropReason::RoutingHeader);
  CHECK(scene.cross(kOutside, packet(0), kInside).size() == 1);
}

TEST_CASE("MIPPKT-04: a home address that routes lead away from forwards nothing") {
  MobileGateway scene(Scene::MobileNode);
  scene.gateway->dataplane().set_mobility(MobilityFacts{{kHome, kElsewhere}});
  const auto packet = PacketBuilder(kCorrespondent, kCareOf)
                          .extension(kProtocolRouting, type2_routing(kElsewhere))
                          .udp(1, 2)
                          .build();
  scene.drops(kOutside, packet, DropReason::Type2Routing);
}

TEST_CASE("MIPPKT-13: an answer has no routing header because the question had one") {
  MobileGateway scene(Scene::HomeAgent);
  scene.gateway->dataplane().set_mobility(MobilityFacts{{kHomeAgent}});
  const auto ping = on_wire(PacketBuilder(kElsewhere, kHomeAgent).icmp(128, 0, 7).build(),
                            {.destination = kHomeAgent});
  const PacketSummary answer = summary_of(only_one(scene.cross(kOutside, ping, kOutside)));
  CHECK(answer.destination_address() == kElsewhere);
  CHECK(int{answer.mobility} == 0);
}

TEST_CASE("MIPPKT-05: fragments have their home address before they are joined") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  const auto whole = PacketBuilder(kHome, kHomeAgent).udp(4000, 5000).filler(120).build();
  std::vector<Address> sources;
  scene.gateway->control().on_udp(
      5000, [&](const UdpDatagram& datagram, Instant) { sources.push_back(datagram.source); });
  const auto piece = [&](std::uint16_t from, std::uint16_t size, bool more) {
    auto packet = PacketBuilder(kHome, kHomeAgent)
                      .fragment({.offset = from, .more = more, .id = 9})
                      .protocol(kProtocolUdp)
                      .payload({whole.begin() + 40 + from, whole.begin() + 40 + from + size})
                      .build();
    return on_wire(packet, {.source = kCareOf});
  };
  CHECK(scene.cross(kOutside, piece(0, 64, true), kOutside).empty());
  CHECK(scene.cross(kOutside, piece(64, 64, false), kOutside).empty());
  CHECK(sources == std::vector{kHome});
}

TEST_CASE("SEL-11, MIPPKT-01: an SA in transport mode must not hide an option") {
  // A sender that takes destination options for an upper layer puts them behind ESP.
  constexpr std::array<std::uint8_t, 1> kNoOptions{kProtocolHopByHop};
  Policy policy{.name = "peer", .selectors = {Selector{}}, .action = PolicyAction::Protect};
  Protection protection;
  protection.mode = IpsecMode::Transport;
  policy.protect = protection;
  MobileGateway sender(Scene::Correspondent, {policy}, 1500, *SkippedHeaders::of(kNoOptions));
  MobileGateway scene(Scene::HomeAgent);
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    Sa sa = sample_sa(direction, {Cipher::AesGcm16_128, Integrity::None});
    sa.mode = IpsecMode::Transport;
    sa.endpoints = direction == Direction::Outbound ? Endpoints{kCorrespondent, kHomeAgent}
                                                    : Endpoints{kHomeAgent, kCorrespondent};
    sa.selectors = {Selector{}};
    const bool out = direction == Direction::Outbound;
    (out ? sender : scene).gateway->add_sa(std::move(sa), out ? "peer" : "");
  }
  const auto sealed = [&](const PacketBytes& options) {
    const auto plain =
        PacketBuilder(kCorrespondent, kHomeAgent).destination_options(options).mobility(5).build();
    const auto packet = only_one(sender.cross(kInside, plain, kOutside));
    CHECK(summary_of(packet).upper_offset == 40);
    return packet;
  };
  scene.drops(kOutside, sealed(home_address_option(kHome)), DropReason::HomeAddressOption);
  CHECK(scene.messages.empty());
  CHECK(scene.cross(kOutside, sealed({1, 2, 0, 0}), kOutside).empty());
  REQUIRE(scene.messages.size() == 1);
  CHECK(scene.messages[0].protection);
  CHECK(scene.messages[0].source == kCorrespondent);
}

TEST_CASE("NDX-01: router advertisements reach control from any of its links") {
  MobileGateway scene(Scene::HomeAgent);
  const auto advertisement =
      PacketBuilder(ip6("fe80::1"), ip6("ff02::1")).hop_limit(255).icmp(134, 0).filler(8).build();
  CHECK(scene.cross(kOutside, advertisement, kOutside).empty());
  REQUIRE(scene.messages.size() == 1);
  CHECK(scene.messages[0].port == kOutside);
  CHECK(int{scene.messages[0].protocol} == kProtocolIcmpv6);
  CHECK(scene.messages[0].datagram.size() == advertisement.size());
  // But not through a tunnel.
  scene.bind(BindingUse::HomeAgent);
  const auto inner = PacketBuilder(kHome, kHomeAgent).hop_limit(255).icmp(134, 0).filler(8).build();
  CHECK(scene.cross(kOutside, tunnelled(kCareOf, kHomeAgent, inner), kOutside).empty());
  CHECK(scene.messages.size() == 1);
  CHECK(scene.gateway->dropped(DropReason::PuntRefused) == 1);
}

}  // namespace sallyport::mobility_test
