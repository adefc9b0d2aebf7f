// The Home Address option and the type 2 routing header: found, judged, exchanged, put in and taken
// out (RFC 6275 6.3, 6.4, 9.3, 11.3).
#include "net/mobility_extensions.h"

#include <random>

#include "net/ah_coverage.h"
#include "net/checksum.h"
#include "net/ipv6.h"
#include "tests/net/summarize_exactly.h"

namespace sallyport::mobility_extensions_test {
namespace {

const Address kHome = Address::parse("2001:db8:b::100").value();
const Address kCareOf = Address::parse("2001:db8:a::100").value();
const Address kPeer = Address::parse("2001:db8:c::2").value();

PacketBytes option_of(const Address& address, std::uint8_t length = 16) {
  PacketBytes option{1, 2, 0, 0, kHomeAddressOption, length};
  option.insert(option.end(), address.bytes.begin(), address.bytes.end());
  return option;
}

PacketBytes routing_of(const Address& address, std::uint8_t segments_left) {
  PacketBytes body{kType2Routing, segments_left, 0, 0, 0, 0};
  body.insert(body.end(), address.bytes.begin(), address.bytes.end());
  return body;
}

PacketBuilder from_care_of() { return {kCareOf, kPeer}; }

// In a heap buffer of exactly its size.
MobilityExtensions found_in(const PacketBytes& packet) {
  const auto exact = std::make_unique<std::uint8_t[]>(packet.size());
  std::ranges::copy(packet, exact.get());
  return find_mobility_extensions({exact.get(), packet.size()});
}

MobilityFault fault_of(const PacketBytes& packet) { return found_in(packet).fault; }

PacketBytes exchanged(PacketBytes packet) {
  exchange_home_addresses(packet, found_in(packet));
  return packet;
}

PacketBytes with(const PacketBytes& packet, const CareOfAddresses& care_of) {
  PacketBytes room(care_of.octets());
  room.insert(room.end(), packet.begin(), packet.end());
  insert_mobility_extensions(room, care_of);
  return room;
}

PacketBytes without(PacketBytes packet) {
  const std::uint16_t gone = remove_mobility_extensions(packet, found_in(packet));
  packet.erase(packet.begin(), packet.begin() + gone);
  return packet;
}

bool good_udp_checksum(const PacketBytes& packet) {
  const PacketSummary summary = good(packet);
  const ByteView upper = ByteView(packet).subspan(summary.upper_offset);
  const std::uint32_t pseudo =
      pseudo_header_sum(summary.source_address(), summary.destination_address(), kProtocolUdp,
                        static_cast<std::uint32_t>(upper.size()));
  return checksum_finish(checksum_add(upper, pseudo)) == 0;
}

}  // namespace

TEST_CASE("MIPPKT-01: the option is found wherever it stands in its header") {
  PacketBytes alone = option_of(kHome);
  const auto packet = from_care_of().destination_options(alone).udp(1, 2).build();
  const MobilityExtensions found = found_in(packet);
  CHECK(found.fault == MobilityFault::None);
  CHECK(found.option_at == 46);
  CHECK(found.options_at == 40);
  CHECK(int{found.next} == kProtocolUdp);
  CHECK(found.option_address(packet) == kHome);
  // Of any alignment on receipt, behind other options.
  PacketBytes shifted{1, 3, 0, 0, 0};
  shifted.insert(shifted.end(), alone.begin() + 4, alone.end());
  CHECK(found_in(from_care_of().destination_options(shifted).udp(1, 2).build()).option_at == 47);
  CHECK(good(packet).mobility == kMarkHomeAddress);
  CHECK(good(from_care_of().destination_options({1, 2, 0, 0}).udp(1, 2).build()).mobility == 0);
}

TEST_CASE("MIPPKT-01: two options, one of another length and one in the wrong place are faults") {
  PacketBytes twice = option_of(kHome);
  const PacketBytes once = option_of(kHome);
  CHECK(fault_of(
            from_care_of().destination_options(once).destination_options(once).udp(1, 2).build()) ==
        MobilityFault::OptionTwice);
  twice.insert(twice.end(), once.begin() + 4, once.end());
  CHECK(fault_of(from_care_of().destination_options(twice).udp(1, 2).build()) ==
        MobilityFault::OptionTwice);
  for (const std::uint8_t length : {0, 15, 17, 255})
    CHECK(
        fault_of(from_care_of().destination_options(option_of(kHome, length)).udp(1, 2).build()) ==
        MobilityFault::OptionLength);
  CHECK(fault_of(from_care_of().destination_options(once).routing(2, 1).udp(1, 2).build()) ==
        MobilityFault::OptionMisplaced);
  CHECK(fault_of(from_care_of()
                     .fragment({.offset = 0, .more = true})
                     .destination_options(once)
                     .udp(1, 2)
                     .build()) == MobilityFault::OptionMisplaced);
  CHECK(fault_of(from_care_of()
                     .destination_options(once)
                     .fragment({.offset = 0, .more = true})
                     .udp(1, 2)
                     .build()) == MobilityFault::None);
}

TEST_CASE("MIPPKT-03: the routing header has one address, 24 octets, and comes once") {
  const auto packet = from_care_of().extension(43, routing_of(kHome, 1)).udp(1, 2).build();
  const MobilityExtensions found = found_in(packet);
  CHECK(found.fault == MobilityFault::None);
  CHECK(found.routing_at == 40);
  CHECK(int{found.segments_left} == 1);
  CHECK(found.routing_address(packet) == kHome);
  CHECK(good(packet).mobility == kMarkType2Routing);
  PacketBytes two = routing_of(kHome, 1);
  two.insert(two.end(), kHome.bytes.begin(), kHome.bytes.end());
  CHECK(fault_of(from_care_of().extension(43, two).udp(1, 2).build()) ==
        MobilityFault::RoutingLength);
  CHECK(fault_of(from_care_of().extension(43, {2, 1, 0, 0, 0, 0}).udp(1, 2).build()) ==
        MobilityFault::RoutingLength);
  CHECK(fault_of(from_care_of()
                     .extension(43, routing_of(kHome, 1))
                     .extension(43, routing_of(kHome, 1))
                     .udp(1, 2)
                     .build()) == MobilityFault::RoutingTwice);
  // Other types are none of ours.
  CHECK(found_in(from_care_of().routing(4, 0).udp(1, 2).build()).routing_at == 0);
}

TEST_CASE("MIPPKT-01: home addresses are unicast routable addresses alone") {
  for (const char* bad : {"::", "::1", "ff02::1", "ff0e::7", "fe80::1", "::ffff:192.0.2.1",
                          "::192.0.2.1", "192.0.2.1"})
    CHECK_FALSE(Address::parse(bad).value().is_unicast_routable());
  for (const char* fit : {"2001:db8::1", "fd00::1", "::1:0:0:1"})
    CHECK(Address::parse(fit).value().is_unicast_routable());
}

TEST_CASE("MIPPKT-05, MIPPKT-12: the two forms become each other in place") {
  const auto wire = PacketBuilder(kCareOf, kCareOf)
                        .extension(43, routing_of(kPeer, 1))
                        .destination_options(option_of(kHome))
                        .udp(1, 2)
                        .build();
  const auto logical = exchanged(wire);
  const PacketSummary summary = good(logical);
  CHECK(summary.source_address() == kHome);
  CHECK(summary.destination_address() == kPeer);
  CHECK(int{summary.segments_left} == 0);
  const MobilityExtensions found = found_in(logical);
  CHECK(found.option_address(logical) == kCareOf);
  CHECK(found.routing_address(logical) == kCareOf);
  CHECK(exchanged(logical) == wire);
}

TEST_CASE("MIPPKT-02, MIPPKT-09, MIPPKT-10: extensions are put in where and as the RFC has them") {
  const auto plain = PacketBuilder(kHome, kPeer).udp(1, 2).filler(9).build();
  const auto both = with(plain, {.source = kCareOf, .destination = kCareOf});
  const MobilityExtensions found = found_in(both);
  CHECK(found.fault == MobilityFault::None);
  CHECK(found.routing_at == 40);
  CHECK(found.options_at == 64);
  CHECK(found.option_at % 8 == 6);
  CHECK(int{found.segments_left} == 0);
  CHECK(good(both).length == both.size());
  CHECK(good_udp_checksum(both));
  CHECK(without(both) == plain);
  const auto option = with(plain, {.source = kCareOf});
  CHECK(option.size() == plain.size() + 24);
  CHECK(found_in(option).option_address(option) == kCareOf);
  CHECK(without(option) == plain);
  const auto routed = with(plain, {.destination = kCareOf});
  CHECK(found_in(routed).routing_address(routed) == kCareOf);
  CHECK(without(routed) == plain);
}

TEST_CASE("MIPPKT-02: behind hop-by-hop and routing headers, before fragments and all else") {
  const auto check = [](const PacketBytes& plain, std::uint16_t at, int next) {
    const auto both = with(plain, {.source = kCareOf, .destination = kCareOf});
    const MobilityExtensions found = found_in(both);
    CHECK(found.fault == MobilityFault::None);
    CHECK(found.routing_at == at);
    CHECK(found.options_at == at + 24);
    CHECK(int{both[found.options_at]} == next);
    CHECK(without(both) == plain);
  };
  const auto packet = [] { return PacketBuilder(kHome, kPeer); };
  check(packet().hop_by_hop().udp(1, 2).build(), 48, kProtocolUdp);
  check(packet().hop_by_hop().routing(4, 0).udp(1, 2).build(), 72, kProtocolUdp);
  check(packet().hop_by_hop().destination_options().routing(4, 0).udp(1, 2).build(), 80,
        kProtocolUdp);
  check(packet().destination_options().udp(1, 2).build(), 40, kProtocolDestination);
  check(packet().fragment({.offset = 0, .more = true}).udp(1, 2).build(), 40, kProtocolFragment);
  check(packet().esp(300, 1).filler(32).build(), 40, kProtocolEsp);
}

TEST_CASE("MIPPKT-02: a transport-mode header goes behind the option, wherever others stand") {
  const auto packet = PacketBuilder(kHome, kPeer)
                          .destination_options(option_of(kCareOf))
                          .destination_options({1, 2, 0, 0})
                          .udp(1, 2)
                          .build();
  const PacketSummary summary = good(packet);
  CHECK(summary.transport_offset == 64);
  CHECK(summary.transport_protocol_offset == 40);
  CHECK(summary.outside_offset == 72);
}

TEST_CASE("MIPPKT-05: a header with other options keeps them when the option is taken out") {
  PacketBytes options = option_of(kCareOf);
  options.insert(options.end(), {0x1e, 2, 7, 7});
  const auto packet = PacketBuilder(kHome, kPeer).destination_options(options).udp(1, 2).build();
  const auto plain = without(packet);
  CHECK(plain.size() == packet.size());
  CHECK(good(plain).mobility == 0);
  CHECK(good_udp_checksum(plain));
}

TEST_CASE("AH-11, AH-12: the ICV covers the logical form, whatever care-of address the wire has") {
  const auto covered = [](PacketBytes packet) {
    const PacketSummary summary = good(packet);
    PacketBytes headers(packet.begin(), packet.begin() + summary.upper_offset);
    REQUIRE(cover_by_ah(headers) == 0);
    return headers;
  };
  const auto plain = PacketBuilder(kHome, kPeer).protocol(kProtocolAh).filler(24).build();
  const auto sent = with(plain, {.source = kCareOf, .destination = kCareOf});
  const auto received = exchanged(exchanged(sent));
  CHECK(covered(sent) == covered(received));
  const auto headers = covered(sent);
  CHECK(std::ranges::equal(kHome.bytes, std::span(headers).subspan(8, 16)));
  CHECK(std::ranges::equal(kPeer.bytes, std::span(headers).subspan(24, 16)));
  CHECK(int{headers[43]} == 0);  // segments left
}

TEST_CASE("MIPPKT-01, DP-08: 20 000 broken chains are walked without an octet too far") {
  std::mt19937 random(7);
  std::size_t options = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto packet = PacketBuilder(kCareOf, kPeer)
                      .hop_by_hop()
                      .extension(43, routing_of(kHome, 1))
                      .destination_options(option_of(kHome))
                      .udp(1, 2)
                      .build();
    for (int change = 0; change < 3; ++change)
      packet[6 + random() % (packet.size() - 6)] = static_cast<std::uint8_t>(random() % 70);
    packet.resize(40 + random() % (packet.size() - 39));
    const MobilityExtensions found = found_in(packet);
    options += found.option_at != 0 ? 1 : 0;
    if (found.fault != MobilityFault::None) continue;
    CHECK(exchanged(exchanged(packet)).size() == packet.size());
    static_cast<void>(without(packet));
  }
  CHECK(options > 1000);
}

TEST_CASE("HA-22: the tunnel encapsulation limit is read where it stands") {
  CHECK(encapsulation_limit_at(from_care_of().destination_options({4, 1, 3}).udp(1, 2).build()) ==
        42);
  CHECK(encapsulation_limit_at(from_care_of().destination_options({1, 1, 0}).udp(1, 2).build()) ==
        0);
  CHECK(encapsulation_limit_at(from_care_of().udp(1, 2).build()) == 0);
}

}  // namespace sallyport::mobility_extensions_test
