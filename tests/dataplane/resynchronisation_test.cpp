// Numbers of an ESN SA after more losses in a row than its window can bridge (RFC 4303 A3).
#include "dataplane/resynchronisation.h"

#include <catch2/catch.hpp>

#include "net/esp.h"
#include "tests/support/esp_pair.h"

namespace sallyport::resynchronisation_test {
namespace {

constexpr std::uint64_t kStep = 1ull << 32;
constexpr std::uint64_t kStart = 5 * kStep + 1000;
constexpr unsigned kFailures = Resynchronisation::kFailures;

PacketBytes packet() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64).build();
}

EspPair::Settings with_esn(Transform transform) {
  const auto adjust = [](Sa& sa) {
    sa.esn = true;
    sa.last_sequence = SequenceNumber{kStart};
  };
  return {.transform = transform, .adjust_outbound = adjust, .adjust_inbound = adjust};
}

PacketBytes sent(EspPair& pair) {
  const auto wire = pair.out(packet());
  REQUIRE(wire.size() == 1);
  return wire[0];
}

void lose(EspPair& pair, std::uint64_t packets) { pair.outbound_state().last_sequence += packets; }

WorkerStatus worker(EspPair& pair) { return pair.receiver().dataplane().workers().front(); }

// How many of `count` packets in a row arrive.
unsigned arrive(EspPair& pair, unsigned count) {
  unsigned arrived = 0;
  for (unsigned i = 0; i < count; ++i) arrived += static_cast<unsigned>(pair.in(sent(pair)).size());
  return arrived;
}

}  // namespace

TEST_CASE("RPL-05: after a loss of 2^32 packets and more the receiver finds the numbers again") {
  for (const Transform transform : {Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::ChaCha20Poly1305, Integrity::None},
                                    Transform{Cipher::AesGcm16Iiv256, Integrity::None},
                                    Transform{Cipher::AesCbc128, Integrity::HmacSha256_128},
                                    Transform{Cipher::AesCcm8_192, Integrity::None}}) {
    INFO(to_string(transform));
    for (const std::uint64_t lost :
         {kStep - 10, kStep, 3 * kStep, Resynchronisation::kTrials * kStep}) {
      EspPair pair(with_esn(transform));
      CHECK(arrive(pair, 70) == 70);
      lose(pair, lost);
      // Numbers that look like old ones are taken for replays before they are opened.
      unsigned failed = 0;
      while (pair.receiver().dropped(DropReason::IcvFailure) < kFailures) {
        const PacketBytes wire = sent(pair);
        CHECK(pair.in(wire).empty());
        REQUIRE(++failed < 2 * kFailures);
      }
      CHECK(pair.inbound_state().highest == kStart + 70);
      CHECK(arrive(pair, 20) == 20);
      CHECK(pair.inbound_state().highest == pair.outbound_state().last_sequence);
      CHECK(worker(pair).resynchronised == 1);
    }
  }
}

TEST_CASE("RPL-05: numbers are found again though other SAs' packets stand between") {
  for (const IpsecProtocol protocol : {IpsecProtocol::Esp, IpsecProtocol::Ah}) {
    EspPair::Settings settings = with_esn({Cipher::AesGcm16_128, Integrity::None});
    if (protocol == IpsecProtocol::Ah) {
      settings = with_esn({Cipher::Null, Integrity::HmacSha1_96});
      const auto ah = [](const std::function<void(Sa&)>& adjust) {
        return [adjust](Sa& sa) {
          adjust(sa);
          sa.protocol = IpsecProtocol::Ah;
        };
      };
      settings.adjust_outbound = ah(settings.adjust_outbound);
      settings.adjust_inbound = ah(settings.adjust_inbound);
    }
    EspPair pair(settings);
    Sa other = pair.inbound().sa->duplicate();
    other.name = "other";
    other.spi = Spi{0x2000};
    other.esn = false;
    other.last_sequence = SequenceNumber{0};
    pair.receiver().add_sa(std::move(other));
    CHECK(arrive(pair, 3) == 3);
    lose(pair, kStep);
    const std::size_t spi_at = protocol == IpsecProtocol::Ah ? 24 : 20;
    std::size_t arrived = 0;
    for (unsigned burst = 0; burst < kFailures && arrived == 0; ++burst) {
      for (unsigned i = 0; i < 3; ++i) {
        const PacketBytes wire = sent(pair);
        PacketBytes between = wire;
        store_be<std::uint32_t>(&between[spi_at], 0x2000);
        pair.receiver().receive_ip(kOutside, wire);
        pair.receiver().receive_ip(kOutside, between);
      }
      pair.receiver().settle();
      arrived += pair.receiver().sent(kInside).size();
    }
    CHECK(arrived > 0);
    CHECK(worker(pair).resynchronised == 1);
    CHECK(arrive(pair, 3) == 3);
  }
}

TEST_CASE("RPL-05: what was lost before is not accepted after, and nothing twice") {
  EspPair pair(with_esn({Cipher::AesGcm16_128, Integrity::None}));
  CHECK(arrive(pair, 1) == 1);
  const PacketBytes late = sent(pair);
  lose(pair, kStep);
  PacketBytes last;
  for (unsigned i = 0; i <= kFailures; ++i) {
    last = sent(pair);
    static_cast<void>(pair.in(last));
  }
  REQUIRE(worker(pair).resynchronised == 1);
  CHECK(pair.in(last).empty());
  CHECK(pair.in(late).empty());
  CHECK(pair.receiver().dropped(DropReason::Replay) >= 1);
}

TEST_CASE("RPL-05: forgeries cost a bounded number of trials and change nothing") {
  EspPair pair(with_esn({Cipher::AesGcm16_128, Integrity::None}));
  CHECK(arrive(pair, 3) == 3);
  const PacketBytes good = sent(pair);
  PacketBytes forged = good;
  forged.back() ^= 1;
  constexpr unsigned kForged = 4000;
  const InboundState before = pair.inbound_state();
  for (unsigned i = 0; i < kForged; i += 40) {  // bursts, as a flood comes
    for (unsigned j = 0; j < 40; ++j) pair.receiver().receive_ip(kOutside, forged);
    pair.receiver().settle();
  }
  CHECK(pair.receiver().dropped(DropReason::IcvFailure) == kForged);
  const std::uint64_t trials = worker(pair).resynchronisation_trials;
  CHECK(trials >= Resynchronisation::kTrials);
  CHECK(trials <= Resynchronisation::kTrials * kForged / kFailures);
  CHECK(worker(pair).resynchronised == 0);
  CHECK(pair.inbound_state().highest == before.highest);
  CHECK(pair.inbound_state().packets == before.packets);
  CHECK(pair.in(good).size() == 1);
}

TEST_CASE("RPL-05: failures between good packets are no run, and without ESN nothing is tried") {
  EspPair pair(with_esn({Cipher::AesGcm16_128, Integrity::None}));
  for (unsigned i = 0; i < 4; ++i) {
    PacketBytes forged = sent(pair);
    forged.back() ^= 1;
    for (unsigned j = 0; j + 1 < kFailures; ++j) static_cast<void>(pair.in(forged));
    CHECK(arrive(pair, 1) == 1);
  }
  CHECK(worker(pair).resynchronisation_trials == 0);
  EspPair narrow({});
  PacketBytes forged = sent(narrow);
  forged.back() ^= 1;
  for (unsigned j = 0; j < 3 * kFailures; ++j) static_cast<void>(narrow.in(forged));
  CHECK(worker(narrow).resynchronisation_trials == 0);
}

TEST_CASE("RPL-05: no trial goes past the last high half") {
  auto settings = with_esn({Cipher::AesGcm16_128, Integrity::None});
  settings.adjust_inbound = [](Sa& sa) {
    sa.esn = true;
    sa.last_sequence = SequenceNumber{0xfffffffdull << 32 | 1000};
  };
  EspPair pair(settings);
  PacketBytes wire = sent(pair);
  for (unsigned j = 0; j <= kFailures; ++j) CHECK(pair.in(wire).empty());
  CHECK(worker(pair).resynchronisation_trials == 2);
}

}  // namespace sallyport::resynchronisation_test
