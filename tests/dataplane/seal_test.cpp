// From the SA that was chosen to the frame that leaves: ways, queues, and what is not sealed.
#include "dataplane/seal.h"

#include <rte_ether.h>

#include <catch2/catch.hpp>

#include "tests/support/esp_pair.h"

namespace sallyport::seal_test {
namespace {

PacketBuilder inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
}

// Has the engine fail with CBC: text that is no whole number of blocks.
class SpoiledIvs final : public IvSource {
 public:
  void fill(std::span<const CryptoJob> jobs) noexcept override {
    for (const CryptoJob& job : jobs)
      if (facts(job.key->transform.cipher).kind == CipherKind::Cbc)
        --const_cast<CryptoJob&>(job).text_bytes;
  }
};

constexpr PortId kSecondInside{2};

void add_second_inside(TestGateway::Settings& settings) {
  PortSettings second = settings.ports[kInside.value];
  second.name = "inside too";
  second.addresses = {Prefix::parse("203.0.113.1/24").value()};
  settings.ports.push_back(second);
}

constexpr std::uint8_t kExpedited = 46;
constexpr MacAddress kOther{{2, 0, 0, 0, 0, 0x77}};

// An SA beside the sender's own, for packets of that class.
class ExpeditedSa {
 public:
  ExpeditedSa(EspPair& pair, Sa sa) {
    TestGateway& gateway = pair.sender();
    const SaForClasses others{pair.outbound().slot, {}};
    sa.name = "expedited";
    sa.spi = Spi{0x2000};
    sa.dscp = {kExpedited};
    const SaSlot slot = gateway.add_sa(std::move(sa));
    choice_ = choose_by_dscp(std::array{others, SaForClasses{slot, std::span(&kExpedited, 1)}});
    gateway.dataplane().handles().assign(SaHandle{gateway.spd().id_of("tunnel")->value}, &choice_);
  }
  ExpeditedSa(const ExpeditedSa&) = delete;
  ExpeditedSa& operator=(const ExpeditedSa&) = delete;

 private:
  SaChoice choice_{};
};

std::uint32_t sequence_of(const PacketBytes& wire) {
  return load_be<std::uint32_t>(wire.data() + 24);
}

}  // namespace

TEST_CASE("OUT-05: bursts of two ports that are more frames than go out at once leave in order") {
  EspPair pair({.workers = 1, .adjust_gateways = add_second_inside});
  constexpr unsigned kEach = kBurstSize - 10;
  for (const PortId port : {kInside, kSecondInside})
    for (unsigned i = 0; i < kEach; ++i) pair.sender().receive_ip(port, inner().build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 2 * kEach);
  for (std::size_t i = 0; i < wire.size(); ++i) CHECK(sequence_of(wire[i]) == i + 1);
}

TEST_CASE("OUT-01: SAs of two peers in one burst, each of which has a way of its own") {
  struct Peer {
    const char* local;
    const char* remote;
    const char* neighbour;
    std::size_t address_at;  // in a frame: the last octet of a destination
  };
  // Of the second one the addresses begin with the octets of the pair's own, and are IPv6.
  const Peer peer = GENERATE(Peer{"192.0.2.1", "192.0.2.77", "192.0.2.77", 14 + 19},
                             Peer{"c000:201::", "c000:202::", "2001:db8::2", 14 + 39});
  EspPair pair({.workers = 1});
  pair.sender().neighbour(kOutside, peer.neighbour, kOther);
  Sa other = pair.outbound().sa->duplicate();
  other.endpoints = {Address::parse(peer.local).value(), Address::parse(peer.remote).value()};
  const auto& remote = other.endpoints.remote;
  const std::uint8_t last = remote.bytes[remote.family == Family::V4 ? 3 : 15];
  const ExpeditedSa expedited(pair, std::move(other));
  for (unsigned i = 0; i < 6; ++i)
    pair.sender().receive_ip(kInside,
                             inner().traffic_class(i % 2 == 0 ? 0 : kExpedited << 2).build());
  pair.sender().settle();
  const auto frames = pair.sender().sent_frames(kOutside);
  REQUIRE(frames.size() == 6);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const MacAddress& mac = i % 2 == 0 ? TestGateway::kPeer : kOther;
    CHECK(std::ranges::equal(std::span(frames[i]).first(6), mac.bytes));
    CHECK(frames[i][i % 2 == 0 ? 14 + 19 : peer.address_at] == (i % 2 == 0 ? 2 : last));
  }
}

TEST_CASE("OUT-01: what an SA has sealed waits for its peer's link address like any other packet") {
  EspPair pair({.workers = 1});
  Sa other = pair.outbound().sa->duplicate();
  other.endpoints.remote = Address::parse("192.0.2.77").value();
  const ExpeditedSa expedited(pair, std::move(other));
  for (unsigned i = 0; i < 3; ++i)
    pair.sender().receive_ip(kInside, inner().traffic_class(kExpedited << 2).build());
  pair.sender().settle();
  const auto esp_of = [](const PacketBytes& packet) { return packet[9] == kProtocolEsp; };
  CHECK(std::ranges::none_of(pair.sender().sent(kOutside), esp_of));  // it is asked for
  pair.sender().neighbour(kOutside, "192.0.2.77", kOther);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 3);
  for (std::size_t i = 0; i < wire.size(); ++i) CHECK(sequence_of(wire[i]) == i + 1);
}

TEST_CASE("PMTU-03: what fits the SA's path but not its port is cut, even so") {
  constexpr std::uint16_t kPortMtu = 1400;
  EspPair pair({.workers = 1, .mtu = kPortMtu});
  pair.sender().dataplane().sas().set_path_mtu(pair.outbound().slot, 1500);
  pair.sender().receive_ip(kInside, inner().filler(kPortMtu - 28).build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  CHECK(wire.size() == 2);
  for (const PacketBytes& piece : wire) CHECK(piece.size() <= kPortMtu);
}

TEST_CASE("OUT-01: what the engine did not seal does not leave") {
  EspPair pair({.transform = {Cipher::CamelliaCbc128, Integrity::HmacSha256_128},
                .adjust_gateways = [](TestGateway::Settings& settings) {
                  settings.make_ivs = [] { return std::make_unique<SpoiledIvs>(); };
                }});
  for (int i = 0; i < 3; ++i) CHECK(pair.out(inner().build()).empty());
  CHECK(pair.sender().dropped(DropReason::SealFailure) == 3);
  CHECK(pair.sender().dropped_in_all() == 3);
}

TEST_CASE("OUT-01: what the engine did not seal does not leave, what stood beside it does") {
  // With one peer frames wait for the engine in their port's queue, with two they do not.
  const char* const remote = GENERATE("192.0.2.2", "192.0.2.77");
  EspPair pair({.workers = 1, .adjust_gateways = [](TestGateway::Settings& settings) {
                  add_second_inside(settings);
                  settings.make_ivs = [] { return std::make_unique<SpoiledIvs>(); };
                }});
  pair.sender().neighbour(kOutside, "192.0.2.77", kOther);
  Sa failing = sample_sa(Direction::Outbound, {Cipher::CamelliaCbc128, Integrity::HmacSha256_128});
  failing.endpoints = {pair.outbound().sa->endpoints.local, Address::parse(remote).value()};
  failing.selectors = pair.outbound().sa->selectors;
  const ExpeditedSa expedited(pair, std::move(failing));
  constexpr unsigned kInFront = 5;  // frames of another burst
  constexpr unsigned kPackets = 12;
  for (unsigned i = 0; i < kInFront; ++i) pair.sender().receive_ip(kInside, inner().build());
  for (unsigned i = 0; i < kPackets; ++i)
    pair.sender().receive_ip(
        kSecondInside,
        inner().traffic_class(i % 3 == 0 ? kExpedited << 2 : 0).filler(64 + i).build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  CHECK(pair.sender().dropped(DropReason::SealFailure) == kPackets / 3);
  REQUIRE(wire.size() == kInFront + kPackets - kPackets / 3);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    CHECK(load_be<std::uint32_t>(wire[i].data() + 20) == 0x1000);
    CHECK(sequence_of(wire[i]) == i + 1);
    CHECK(pair.in(wire[i]).size() == 1);
    bytes += wire[i].size() + RTE_ETHER_HDR_LEN;
  }
  CHECK(pair.sender().dataplane().ports()[kOutside.value].sent_bytes == bytes);
}

TEST_CASE("OUT-01: what an SA has sealed leaves behind the link header of its port, tag and all") {
  const Family outer = GENERATE(Family::V4, Family::V6);
  EspPair pair({.outer = outer, .adjust_gateways = [](TestGateway::Settings& settings) {
                  settings.ports[kOutside.value].vlan = 5;
                }});
  constexpr std::uint16_t kPackets = 5;
  for (std::uint16_t i = 0; i < kPackets; ++i)
    pair.sender().receive_ip(kInside, inner().filler(64 + i).build());
  pair.sender().settle();
  const auto frames = pair.sender().sent_frames(kOutside);
  REQUIRE(frames.size() == kPackets);
  const MacAddress own = pair.sender().mac(kOutside);
  for (const PacketBytes& frame : frames) {
    CHECK(std::ranges::equal(std::span(frame).first(6), TestGateway::kPeer.bytes));
    CHECK(std::ranges::equal(std::span(frame).subspan(6, 6), own.bytes));
    CHECK(load_be<std::uint32_t>(frame.data() + 12) == 0x81000005);
    CHECK(load_be<std::uint16_t>(frame.data() + 16) == (outer == Family::V4 ? 0x0800 : 0x86dd));
    CHECK(load_be<std::uint32_t>(frame.data() + 18 + (outer == Family::V4 ? 20 : 40)) == 0x1000);
  }
}

}  // namespace sallyport::seal_test
