// ESP through a whole gateway: out of one, into another.
#include <catch2/catch.hpp>

#include "tests/support/esp_pair.h"
#include "tests/support/test_gateway.h"

using namespace sallyport;

namespace {

void crosses(const EspPair::Settings& settings, const PacketBytes& packet,
             const PacketBytes& expected) {
  EspPair pair(settings);
  const auto wire = pair.out(packet);
  REQUIRE(wire.size() == 1);
  const auto arrived = pair.in(wire[0]);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == expected);
}

}  // namespace

TEST_CASE("OUT-01, INB-05: a packet crosses an AES-GCM tunnel, TTL less two") {
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(300);
  crosses({.transform = {Cipher::AesGcm16_128, Integrity::None}},
          PacketBuilder(packet).hop_limit(64).build(), PacketBuilder(packet).hop_limit(62).build());
}

TEST_CASE("ESP-07: a packet crosses a NULL and SHA-1 tunnel") {
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(301);
  crosses({.transform = {Cipher::Null, Integrity::HmacSha1_96}},
          PacketBuilder(packet).hop_limit(64).build(), PacketBuilder(packet).hop_limit(62).build());
}
