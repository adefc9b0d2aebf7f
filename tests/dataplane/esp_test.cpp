// ESP through a whole gateway: out of one, into another.
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/esp_pair.h"
#include "tests/support/test_gateway.h"

namespace sallyport::esp_test {
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

TEST_CASE("ALG-05, ALG-07, ALG-20: counter modes have the 64-bit sequence number as IV") {
  const auto packet =
      PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(30).build();
  constexpr std::uint64_t kFirst = 0x5ffffffff;
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCcm8_128, Integrity::None},
                                    Transform{Cipher::ChaCha20Poly1305, Integrity::None},
                                    Transform{Cipher::AesCtr128, Integrity::HmacSha1_96}}) {
    const auto adjust = [](Sa& sa) {
      sa.esn = true;
      sa.last_sequence = SequenceNumber{kFirst - 1};
    };
    EspPair pair({.transform = transform, .adjust_outbound = adjust, .adjust_inbound = adjust});
    // Several in one burst as well.
    for (int i = 0; i < 3; ++i) pair.sender().receive_ip(kInside, packet);
    pair.sender().settle();
    auto wire = pair.sender().sent(kOutside);
    for (const PacketBytes& more : pair.out(packet)) wire.push_back(more);
    REQUIRE(wire.size() == 4);
    for (std::size_t i = 0; i < wire.size(); ++i) {
      INFO(to_string(transform) << ", packet " << i);
      CHECK(load_be<std::uint32_t>(&wire[i][24]) == static_cast<std::uint32_t>(kFirst + i));
      CHECK(load_be<std::uint64_t>(&wire[i][28]) == kFirst + i);
      CHECK(pair.in(wire[i]).size() == 1);
    }
  }
}

TEST_CASE("ALG-04, ALG-20: no two packets of a CBC tunnel have one IV, in one burst or in two") {
  const auto packet =
      PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(30).build();
  EspPair pair({.transform = {Cipher::AesCbc128, Integrity::HmacSha1_96}});
  std::set<PacketBytes> ivs;
  constexpr int kBursts = 3;
  constexpr int kPackets = 10;
  for (int burst = 0; burst < kBursts; ++burst) {
    for (int i = 0; i < kPackets; ++i) pair.sender().receive_ip(kInside, packet);
    pair.sender().settle();
    for (const PacketBytes& wire : pair.sender().sent(kOutside)) {
      ivs.emplace(wire.begin() + 28, wire.begin() + 44);
      CHECK(pair.in(wire).size() == 1);
    }
  }
  CHECK(ivs.size() == kBursts * kPackets);
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

}  // namespace sallyport::esp_test
