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

TEST_CASE("ALG-10: a packet crosses under an implicit IV, eight octets shorter, past 2^32, too") {
  const auto packet =
      PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(300).build();
  EspPair plain({.transform = {Cipher::AesGcm16_128, Integrity::None}});
  const std::size_t usual = plain.out(packet).at(0).size();
  for (const Cipher cipher :
       {Cipher::AesGcm16Iiv128, Cipher::ChaCha20Poly1305Iiv, Cipher::AesCcm8Iiv192}) {
    const auto adjust = [](Sa& sa) {
      sa.esn = true;
      sa.last_sequence = SequenceNumber{0xfffffffe};
    };
    EspPair pair({.transform = {cipher, Integrity::None},
                  .adjust_outbound = adjust,
                  .adjust_inbound = adjust});
    for (int i = 0; i < 3; ++i) {
      const auto wire = pair.out(packet);
      REQUIRE(wire.size() == 1);
      CHECK(wire[0].size() == usual - 16 + facts(cipher).icv_bytes - 8);
      CHECK(pair.in(wire[0]).size() == 1);
    }
    CHECK(pair.inbound_state().highest == 0x100000001);
  }
}

TEST_CASE("ALG-10: under an implicit IV no number comes twice, anti-replay or not") {
  EspPair pair({.transform = {Cipher::AesGcm16Iiv128, Integrity::None},
                .adjust_outbound =
                    [](Sa& sa) {
                      sa.replay_window = 0;
                      sa.last_sequence = SequenceNumber{0xfffffffe};
                    },
                .adjust_inbound = [](Sa& sa) { sa.replay_window = 0; }});
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(8).build();
  CHECK(pair.out(packet).size() == 1);
  CHECK(pair.out(packet).empty());
  CHECK(pair.sender().dropped(DropReason::SequenceExhausted) == 1);
}

TEST_CASE("ESP-07: a packet crosses a NULL and SHA-1 tunnel") {
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(301);
  crosses({.transform = {Cipher::Null, Integrity::HmacSha1_96}},
          PacketBuilder(packet).hop_limit(64).build(), PacketBuilder(packet).hop_limit(62).build());
}
