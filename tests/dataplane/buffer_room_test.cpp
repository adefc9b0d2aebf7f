// Packets in buffers of every shape come through as they are (DP-03).
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/esp_pair.h"

namespace sallyport::buffer_room_test {
namespace {

constexpr std::size_t kLink = 14;

PacketBuilder inner(std::size_t filler) {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(filler);
}

void jumbo(TestGateway::Settings& settings) {
  for (PortSettings& port : settings.ports) port.mtu = 9216;
  settings.mbufs = 512;
}

// One of each way that crypto lays out text, IV and ICV.
const std::vector<Transform>& transforms() {
  static const std::vector<Transform> kAll{
      {Cipher::AesGcm16_128, Integrity::None},
      {Cipher::AesCcm16_128, Integrity::None},
      {Cipher::ChaCha20Poly1305, Integrity::None},
      {Cipher::AesCbc128, Integrity::HmacSha1_96},
      {Cipher::AesCtr128, Integrity::HmacSha256_128},
      {Cipher::Null, Integrity::AesXcbc_96},
      {Cipher::TripleDesCbc, Integrity::HmacSha512_256},
      {Cipher::AesGmac128, Integrity::None},
  };
  return kAll;
}

}  // namespace

TEST_CASE("DP-03: a chain that is cut at any place goes out and comes in like one piece") {
  EspPair pair({});
  const PacketBytes packet = inner(40).build();
  const PacketBytes expected = PacketBuilder(inner(40)).hop_limit(62).build();
  for (std::size_t at = 1; at < kLink + packet.size(); ++at) {
    const std::array cuts{at};
    pair.sender().receive_chain(kInside, packet, cuts);
    pair.sender().settle();
    const auto wire = pair.sender().sent(kOutside);
    REQUIRE(wire.size() == 1);
    const std::array wire_cuts{at, at + 20};
    pair.receiver().receive_chain(kOutside, wire[0], wire_cuts);
    pair.receiver().settle();
    const auto arrived = pair.receiver().sent(kInside);
    REQUIRE(arrived.size() == 1);
    CHECK(arrived[0] == expected);
  }
}

TEST_CASE("DP-03: packets without headroom and tailroom move to other buffers") {
  for (const Transform transform : transforms()) {
    EspPair pair({.transform = transform});
    for (const std::size_t size : {std::size_t{0}, std::size_t{65}, std::size_t{1300}}) {
      pair.sender().receive_ip(kInside, inner(size).build(), BufferKind::Bare);
      pair.sender().settle();
      const auto wire = pair.sender().sent(kOutside);
      REQUIRE(wire.size() == 1);
      const auto arrived = pair.in(wire[0], BufferKind::Bare);
      REQUIRE(arrived.size() == 1);
      CHECK(arrived[0] == PacketBuilder(inner(size)).hop_limit(62).build());
    }
  }
}

TEST_CASE("DP-03: frames of 64 to 9216 octets cross under every transform, in one piece or many") {
  for (const Transform transform : transforms()) {
    EspPair pair({.transform = transform, .adjust_gateways = jumbo});
    for (const std::size_t frame : {std::size_t{64}, std::size_t{1514}, std::size_t{2048},
                                    std::size_t{4097}, std::size_t{9000}, std::size_t{9216}}) {
      const std::size_t filler = frame - kLink - 28;
      pair.sender().receive_chain(kInside, inner(filler).build(),
                                  std::array{std::size_t{33}, std::size_t{60}});
      pair.sender().settle();
      const auto wire = pair.sender().sent(kOutside);
      for (const PacketBytes& piece : wire) pair.receiver().receive_ip(kOutside, piece);
      pair.receiver().settle();
      const auto arrived = pair.receiver().sent(kInside);
      REQUIRE(arrived.size() == 1);
      CHECK(arrived[0] == PacketBuilder(inner(filler)).hop_limit(62).build());
    }
  }
}

TEST_CASE("DP-03: a frame with no room for a longer link header gets another buffer") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.ports[1].vlan = 5;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).filler(9);
  gateway.receive_ip(kInside, packet.build(), BufferKind::Bare);
  gateway.settle();
  const auto sent = gateway.sent(kOutside);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0] == PacketBuilder(packet).hop_limit(63).build());
}

TEST_CASE("DP-03: no large buffer is left: the packet is dropped by name, nothing else happens") {
  EspPair pair({.adjust_gateways = [](TestGateway::Settings& settings) {
    settings.large_buffers = 1;
    settings.reassembly_datagrams = 0;
  }});
  // Each is longer than an ordinary buffer.
  const PacketBytes packet = inner(2200).build();
  for (int i = 0; i < 3; ++i)
    pair.sender().receive_chain(kInside, packet, std::array{std::size_t{1000}});
  pair.sender().settle();
  CHECK(pair.sender().dropped(DropReason::NoBuffer) == 2);
  CHECK(pair.sender().sent(kOutside).size() == 2);  // the fragments of one
  CHECK(pair.out(inner(100).build()).size() == 1);
}

}  // namespace sallyport::buffer_room_test
