// Where a peer behind a NAT is, as its packets show it (RFC 7296 2.23, RFC 3948 2.3).
#include "dataplane/moved_peers.h"

#include <catch2/catch.hpp>

#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"

namespace sallyport::moved_peers_test {
namespace {

PacketBytes inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64).build();
}

EspPair::Settings behind_nat(const std::function<void(Sa&)>& adjust_inbound = {}) {
  return {.adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; },
          .adjust_inbound =
              [adjust_inbound](Sa& sa) {
                sa.encapsulation = UdpEncapsulation{};
                sa.follows_peer = true;
                if (adjust_inbound) adjust_inbound(sa);
              }};
}

// What a NAT makes of it: 192.0.2.HOST and the port instead of the sender's.
PacketBytes translated(PacketBytes wire, std::uint8_t host, std::uint16_t port) {
  wire[15] = host;
  store_be<std::uint16_t>(&wire[20], port);
  HostPair::fix_ipv4_checksum(wire);
  return wire;
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets.front();
}

// What the receiver tells of moves because of this packet.
std::vector<Event> moves(EspPair& pair, const PacketBytes& wire) {
  static_cast<void>(pair.in(wire));
  std::vector<Event> moves;
  for (const Event& event : pair.receiver().events())
    if (event.kind == EventKind::MovedPeer) moves.push_back(event);
  return moves;
}

}  // namespace

TEST_CASE("NAT-06: the newest authentic packet says where the peer is, if that is elsewhere") {
  EspPair pair(behind_nat());
  CHECK(moves(pair, only(pair.out(inner()))).empty());
  const auto told = moves(pair, translated(only(pair.out(inner())), 77, 1025));
  REQUIRE(told.size() == 1);
  CHECK(Address{told[0].source, told[0].family} == Address::parse("192.0.2.77").value());
  CHECK(told[0].source_port == 1025);
  CHECK(told[0].sa == pair.inbound().slot);
  CHECK(told[0].spi == Spi{0x1000});
  CHECK(told[0].direction == Direction::Inbound);
  CHECK(told[0].sequence == 2);
  CHECK(pair.receiver().dropped_in_all() == 0);
  // Another port of the same address is another place, too.
  pair.receiver().clock().advance(std::chrono::seconds(1));
  CHECK(moves(pair, translated(only(pair.out(inner())), 1, 1025)).size() == 1);
}

TEST_CASE("NAT-06: control is told once a second, until the SA knows") {
  EspPair pair(behind_nat());
  const auto next = [&] { return translated(only(pair.out(inner())), 77, 1025); };
  CHECK(moves(pair, next()).size() == 1);
  for (int i = 0; i < 20; ++i) CHECK(moves(pair, next()).empty());
  pair.receiver().clock().advance(std::chrono::seconds(1));
  CHECK(moves(pair, next()).size() == 1);
  const Sa& sa = *pair.inbound().sa;
  const Endpoints there{sa.endpoints.local, Address::parse("192.0.2.77").value()};
  REQUIRE(pair.receiver().sad().move("in", {there, UdpEncapsulation{.remote_port = 1025}}, {}));
  pair.receiver().clock().advance(std::chrono::seconds(1));
  CHECK(moves(pair, next()).empty());
  // And back again.
  CHECK(moves(pair, only(pair.out(inner()))).size() == 1);
}

TEST_CASE("NAT-06: forged packets, repeated ones and late ones move nothing") {
  EspPair pair(behind_nat());
  PacketBytes forged = translated(only(pair.out(inner())), 77, 1025);
  forged.back() ^= 1;
  CHECK(moves(pair, forged).empty());
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == 1);
  const PacketBytes late = only(pair.out(inner()));
  const PacketBytes newest = only(pair.out(inner()));
  CHECK(moves(pair, newest).empty());
  CHECK(moves(pair, translated(newest, 77, 1025)).empty());
  CHECK(pair.receiver().dropped(DropReason::Replay) == 1);
  CHECK(moves(pair, translated(late, 77, 1025)).empty());
  CHECK(pair.inbound_state().packets == 2);  // the late one has been taken
}

TEST_CASE(
    "NAT-06: without a replay window nothing is believed, and only who is to follow follows") {
  EspPair open(behind_nat([](Sa& sa) { sa.replay_window = 0; }));
  CHECK(moves(open, translated(only(open.out(inner())), 77, 1025)).empty());
  CHECK(open.inbound_state().packets == 1);
  EspPair fixed(behind_nat([](Sa& sa) { sa.follows_peer = false; }));
  CHECK(moves(fixed, translated(only(fixed.out(inner())), 77, 1025)).empty());
  CHECK(fixed.inbound_state().packets == 1);
}

TEST_CASE("NAT-06: what does not come in UDP has no port to follow") {
  EspPair pair(behind_nat());
  // NAT-08: the same SA's packets without UDP are taken.
  PacketBytes bare = only(pair.out(inner()));
  bare.erase(bare.begin() + 20, bare.begin() + 28);
  bare[9] = kProtocolEsp;
  bare[15] = 77;
  store_be<std::uint16_t>(&bare[2], static_cast<std::uint16_t>(bare.size()));
  HostPair::fix_ipv4_checksum(bare);
  CHECK(moves(pair, bare).empty());
  CHECK(pair.inbound_state().packets == 1);
}

TEST_CASE("NAT-03: a keepalive ends here: no loss, nothing for control, no sign of life") {
  EspPair pair(behind_nat());
  const auto keepalive = [](std::uint16_t port, std::uint8_t octet) {
    return PacketBuilder("192.0.2.77", "192.0.2.2").udp(port, 4500).payload({octet}).build();
  };
  const auto punted = [&] { return pair.receiver().dataplane().account().punted; };
  const std::uint64_t before = punted();
  CHECK(moves(pair, keepalive(1025, 0xff)).empty());
  CHECK(pair.receiver().dropped(DropReason::NatKeepalive) == 1);
  CHECK(pair.receiver().dropped_in_all() == 0);
  CHECK(pair.inbound_state().packets == 0);
  CHECK(punted() == before);
  // Another octet is none.
  CHECK(moves(pair, keepalive(1025, 0xfe)).empty());
  CHECK(pair.receiver().dropped(DropReason::NatKeepalive) == 1);
}

TEST_CASE("NAT-06: places are told of at a bounded rate, each at most once a second") {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  MovedPeers peers(kSecond);
  const std::uint64_t now = 5 * kSecond;
  CHECK(peers.may_tell(SaSlot{1}, now));
  CHECK_FALSE(peers.may_tell(SaSlot{1}, now + kSecond - 1));
  CHECK(peers.may_tell(SaSlot{2}, now));
  CHECK(peers.may_tell(SaSlot{1}, now + kSecond));
  unsigned told = 0;
  for (std::uint32_t sa = 0; sa < 10'000; ++sa) told += peers.may_tell(SaSlot{sa}, now + kSecond);
  CHECK(told <= 100);
}

}  // namespace sallyport::moved_peers_test
