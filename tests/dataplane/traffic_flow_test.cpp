// Traffic flow confidentiality: padding and dummy packets (RFC 4303 2.6, 2.7).
#include <catch2/catch.hpp>
#include <set>

#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"

namespace sallyport::traffic_flow_test {
namespace {

// Outer header, ESP header and IV in front; trailer and ICV behind: AES-GCM over IPv4.
constexpr std::size_t kAround = 20 + 8 + 8 + 2 + 16;

PacketBuilder packet(std::size_t payload) {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(payload);
}

EspPair padded(std::uint16_t size, std::uint16_t multiple, Transform transform = {}) {
  if (transform == Transform{}) transform = {Cipher::AesGcm16_128, Integrity::None};
  return EspPair({.transform = transform, .adjust_outbound = [=](Sa& sa) {
                    sa.tfc_bytes = size;
                    sa.tfc_multiple = multiple;
                  }});
}

// The one packet on the wire, which the other side delivers as it was.
std::size_t size_on_wire(EspPair& pair, std::size_t payload) {
  const auto wire = pair.out(packet(payload).hop_limit(64).build());
  REQUIRE(wire.size() == 1);
  const auto arrived = pair.in(wire[0]);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == packet(payload).hop_limit(62).build());
  return wire[0].size();
}

template <class Pair>
std::vector<PacketBytes> dummies_after(Pair& pair, Duration time) {
  pair.sender().clock().advance(time);
  pair.sender().settle();
  return pair.sender().sent(kOutside);
}

constexpr std::chrono::milliseconds kTenth{100};

DummyFlow flow_of(TestGateway& gateway, const char* policy, const DummyRule& rule) {
  return {.policy = gateway.spd().id_of(policy).value(),
          .dscp = 0,
          .rule = rule,
          .ends = gateway.sad().find("out")->sa->endpoints};
}

template <class Pair>
void send_dummies(Pair& pair, const char* policy, const DummyRule& rule) {
  TestGateway& gateway = pair.sender();
  const DummyFlow flow = flow_of(gateway, policy, rule);
  gateway.control().set_dummies({&flow, 1}, gateway.clock().now());
}

}  // namespace

TEST_CASE("ESP-14: all packets are padded to one size, and the receiver strips by inner length") {
  EspPair pair = padded(1400, 0);
  std::set<std::size_t> sizes;
  for (const std::size_t payload : {0u, 1u, 63u, 700u, 1371u, 1372u})
    sizes.insert(size_on_wire(pair, payload));
  CHECK(sizes == std::set<std::size_t>{kAround + 1402});  // ESP's own padding aligns 1402 to 1404
}

TEST_CASE("ESP-14: all packets are padded to a multiple, with and without a least size") {
  EspPair plain = padded(0, 256);
  for (const std::size_t payload : {0u, 227u, 228u, 229u, 1000u}) {
    const std::size_t inner = (payload + 28 + 255) / 256 * 256;
    CHECK(size_on_wire(plain, payload) == kAround + inner + 2);
  }
  EspPair both = padded(300, 128);
  CHECK(size_on_wire(both, 0) == kAround + 384 + 2);
  CHECK(size_on_wire(both, 400) == kAround + 512 + 2);
}

TEST_CASE("ESP-14: padding never makes a packet too big for its path") {
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCbc128, Integrity::HmacSha256_128}}) {
    EspPair pair = padded(4000, 1024, transform);
    for (const std::size_t payload : {0u, 900u, 1300u}) {
      const std::size_t size = size_on_wire(pair, payload);
      CHECK(size <= 1500);
      CHECK(size > 1500 - 16);
    }
    CHECK(pair.sender().dropped_in_all() == 0);
  }
}

TEST_CASE("ESP-15, ESP-16: dummies go out at their rate, on the SA, and are swallowed") {
  EspPair pair({});
  send_dummies(pair, "tunnel", {.per_second = 20, .bytes = 200});
  CHECK(dummies_after(pair, Duration{}).empty());
  std::uint64_t originated = 0;
  for (unsigned round = 1; round <= 5; ++round) {
    const auto wire = dummies_after(pair, kTenth);
    REQUIRE(wire.size() == 2);
    for (const PacketBytes& dummy : wire) {
      CHECK(dummy.size() == kAround + 202);
      CHECK(load_be<std::uint32_t>(dummy.data() + 20) == 0x1000);
      CHECK(load_be<std::uint32_t>(dummy.data() + 24) == ++originated);
      CHECK(pair.in(dummy).empty());
    }
  }
  CHECK(pair.receiver().dropped(DropReason::DummyPacket) == 10);
  CHECK(pair.receiver().dropped_in_all() == 0);
  CHECK(pair.inbound_state().highest == 10);
  CHECK(pair.sender().dataplane().account().originated == 10);
  CHECK(pair.sender().dropped_in_all() == 0);
  // Traffic goes on among them.
  CHECK(size_on_wire(pair, 100) > 0);
}

TEST_CASE("ESP-15: what is inside a dummy is random, and so is its size where that is wanted") {
  EspPair pair({.transform = {Cipher::Null, Integrity::HmacSha1_96}});
  send_dummies(pair, "tunnel", {.per_second = 100, .bytes = 1000, .random_size = true});
  std::set<std::size_t> sizes;
  std::set<PacketBytes> beginnings;
  for (unsigned round = 0; round < 10; ++round) {
    for (const PacketBytes& dummy : dummies_after(pair, kTenth)) {
      CHECK(dummy.size() <= 20 + 8 + 1004 + 12);
      CHECK(dummy[dummy.size() - 13] == 59);  // NULL encryption shows the next header
      sizes.insert(dummy.size());
      beginnings.insert({dummy.begin() + 28, dummy.begin() + 29});
      CHECK(pair.in(dummy).empty());
    }
  }
  CHECK(sizes.size() > 50);
  CHECK(beginnings.size() > 50);
  CHECK(pair.receiver().dropped(DropReason::DummyPacket) == 100);
}

TEST_CASE("ESP-15: dummies in transport mode, both families") {
  for (const Family family : {Family::V4, Family::V6}) {
    HostPair pair({.family = family});
    send_dummies(pair, "peer", {.per_second = 10, .bytes = 64});
    const auto wire = dummies_after(pair, kTenth);
    REQUIRE(wire.size() == 1);
    PacketSummary summary;
    REQUIRE(summarize(wire[0], summary) == ParseVerdict::Good);
    CHECK(summary.protocol == kProtocolEsp);
    CHECK(pair.in(wire[0]).empty());
    CHECK(pair.receiver().dropped(DropReason::DummyPacket) == 1);
  }
}

TEST_CASE("ESP-15, ESP-16: a dummy is padded like traffic and fits the path") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.tfc_multiple = 512; }});
  send_dummies(pair, "tunnel", {.per_second = 10, .bytes = 9000});
  CHECK(dummies_after(pair, kTenth).at(0).size() <= 1500);
  send_dummies(pair, "tunnel", {.per_second = 10, .bytes = 3});
  CHECK(dummies_after(pair, kTenth).at(0).size() == kAround + 512 + 2);
  CHECK(pair.sender().dropped_in_all() == 0);
}

TEST_CASE("ESP-16: dummies end with their rule, with their SA, and never come in a flood") {
  EspPair pair({});
  send_dummies(pair, "tunnel", {.per_second = 1000, .bytes = 64});
  CHECK(dummies_after(pair, std::chrono::hours(1)).size() == 16);
  CHECK(dummies_after(pair, std::chrono::milliseconds(1)).size() == 1);
  pair.sender().remove_sa("out", "tunnel");
  CHECK(dummies_after(pair, kTenth).empty());
  pair.sender().control().set_dummies({}, pair.sender().clock().now());
  CHECK(dummies_after(pair, kTenth).empty());
}

}  // namespace sallyport::traffic_flow_test
