// Hostile input: every packet costs one counted drop, nothing else (DP-08). Buffers end with the
// frame's last octet, so that one octet too far faults under ASan.
#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"

namespace sallyport::bad_input_test {
namespace {

constexpr std::size_t kLink = 14;

PacketBytes with_link(const TestGateway& gateway, PortId port, const PacketBytes& datagram) {
  const MacAddress to = gateway.mac(port);
  PacketBytes frame(to.bytes.begin(), to.bytes.end());
  frame.insert(frame.end(), {2, 0, 0, 0, 0, 0x99});
  const bool v6 = !datagram.empty() && datagram[0] >> 4 == 6;
  frame.push_back(v6 ? 0x86 : 0x08);
  frame.push_back(v6 ? 0xdd : 0x00);
  frame.insert(frame.end(), datagram.begin(), datagram.end());
  return frame;
}

std::vector<PacketBytes> seeds(EspPair& pair) {
  const auto udp = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(50).build();
  std::vector<PacketBytes> all = pair.out(udp);
  all.push_back(udp);
  all.push_back(PacketBuilder("192.0.2.1", "192.0.2.2").icmp(8, 0).filler(20).build());
  all.push_back(PacketBuilder("192.0.2.1", "192.0.2.2").udp(4500, 4500).filler(40).build());
  all.push_back(PacketBuilder("192.0.2.1", "192.0.2.2")
                    .options({7, 7, 4, 0, 0, 0, 0})
                    .esp(0x1000, 9)
                    .filler(60)
                    .build());
  all.push_back(PacketBuilder("192.0.2.1", "192.0.2.2")
                    .fragment({.offset = 8, .more = true})
                    .esp(0x1000, 7)
                    .filler(60)
                    .build());
  all.push_back(PacketBuilder("2001:db8::1", "2001:db8::2")
                    .hop_by_hop()
                    .destination_options()
                    .fragment({})
                    .udp(500, 500)
                    .build());
  all.push_back(PacketBuilder("2001:db8::1", "2001:db8::2").esp(0x1000, 5).filler(60).build());
  all.push_back(
      PacketBuilder("fe80::9", "ff02::1:ff00:2").hop_limit(255).icmp(135, 0).filler(24).build());
  return all;
}

}  // namespace

TEST_CASE("DP-08: 40 000 bent packets each end in one counter, and the gateway goes on") {
  EspPair pair({});
  TestGateway& gateway = pair.receiver();
  const auto good = seeds(pair);
  FixedRandom random(42);
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 100; ++i) {
      PacketBytes frame =
          with_link(gateway, kOutside, good[random.below(static_cast<std::uint32_t>(good.size()))]);
      for (std::uint32_t flips = random.below(5); flips > 0; --flips)
        frame[kLink + random.below(static_cast<std::uint32_t>(frame.size() - kLink))] =
            static_cast<std::uint8_t>(random.below(256));
      if (random.below(3) == 0)
        frame.resize(1 + random.below(static_cast<std::uint32_t>(frame.size())));
      // Mostly with a good header checksum: what lies behind it is to be reached.
      if (frame.size() >= kLink + 20 && random.below(4) != 0) {
        auto& header = *reinterpret_cast<Ipv4Header*>(frame.data() + kLink);
        const unsigned size = header.header_length();
        if (size >= 20 && frame.size() >= kLink + size) {
          header.checksum.set(0);
          header.checksum.set(checksum(ByteView(frame).subspan(kLink, size)));
        }
      }
      gateway.receive(kOutside, frame, BufferKind::Exact);
    }
    gateway.settle();
    static_cast<void>(gateway.sent_frames(kInside));
    static_cast<void>(gateway.sent_frames(kOutside));
  }
  CHECK(gateway.dropped_in_all() > 10000);
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(7, 8).build();
  CHECK(pair.in(pair.out(packet).at(0)).size() == 1);
}

TEST_CASE(
    "DP-08: frames for other stations, of other types, tagged or too short are dropped by name") {
  TestGateway gateway(two_ports({}));
  settle_two_ports(gateway);
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build();
  PacketBytes frame = with_link(gateway, kInside, packet);
  PacketBytes other = frame;
  other[5] ^= 0x40;
  gateway.receive(kInside, other);
  PacketBytes type = frame;
  type[12] = 0x88;
  gateway.receive(kInside, type);
  PacketBytes tagged = frame;
  tagged.insert(tagged.begin() + 12, {0x81, 0x00, 0x00, 0x05});
  gateway.receive(kInside, tagged);
  gateway.receive(kInside, PacketBytes(frame.begin(), frame.begin() + 13), BufferKind::Exact);
  gateway.receive(kInside, PacketBytes(frame.begin(), frame.begin() + 14), BufferKind::Exact);
  gateway.settle();
  CHECK(gateway.dropped(DropReason::LinkAddress) == 1);
  CHECK(gateway.dropped(DropReason::LinkType) == 1);
  CHECK(gateway.dropped(DropReason::LinkVlan) == 1);
  CHECK(gateway.dropped(DropReason::LinkHeader) == 1);
  CHECK(gateway.dropped(DropReason::Truncated) == 1);
}

TEST_CASE("a VLAN port takes its own tag, gives it back, and refuses others") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.ports[0].vlan = 5;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2);
  PacketBytes frame = with_link(gateway, kInside, packet.build());
  frame.insert(frame.begin() + 12, {0x81, 0x00, 0x00, 0x05});
  gateway.receive(kInside, frame);
  frame[15] = 6;
  gateway.receive(kInside, frame);
  gateway.receive_ip(kOutside, PacketBuilder("203.0.113.1", "198.51.100.2").udp(2, 1).build());
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.dropped(DropReason::LinkVlan) == 1);
  const auto inside = gateway.sent_frames(kInside);
  REQUIRE(inside.size() == 1);
  CHECK(load_be<std::uint32_t>(inside[0].data() + 12) == 0x81000005);
}

TEST_CASE("a flood of unknown neighbours holds a bounded number of packets") {
  TestGateway gateway(two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}}));
  for (int host = 3; host < 120; ++host)
    for (std::uint16_t i = 0; i < 4; ++i)
      gateway.receive_ip(
          kOutside,
          PacketBuilder("203.0.113.1", "198.51.100." + std::to_string(host)).udp(i, 1).build());
  gateway.settle();
  CHECK(gateway.dataplane().account().held > 0);
  for (int second = 0; second < 10; ++second) {
    gateway.clock().advance(std::chrono::seconds(1));
    gateway.settle();
    static_cast<void>(gateway.sent_frames(kInside));
    static_cast<void>(gateway.sent_frames(kOutside));
  }
  CHECK(gateway.dataplane().account().held == 0);
  CHECK(gateway.dropped(DropReason::HoldTimeout) + gateway.dropped(DropReason::HoldFull) > 0);
}

TEST_CASE("DP-05: a checksum that the source left to its device is made before encryption") {
  EspPair pair({});
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(30);
  PacketBytes partial = PacketBuilder(packet).hop_limit(64).build();
  PacketSummary summary;
  REQUIRE(summarize(partial, summary) == ParseVerdict::Good);
  const std::uint16_t pseudo = static_cast<std::uint16_t>(~checksum_finish(pseudo_header_sum(
      summary.source_address(), summary.destination_address(), kProtocolUdp, 38)));
  store_be<std::uint16_t>(partial.data() + 26, pseudo);
  store_be<std::uint16_t>(partial.data() + 10, 0);  // the IP header's, too
  pair.sender().receive_ip(kInside, partial, BufferKind::Offload);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 1);
  const auto arrived = pair.in(wire[0]);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == PacketBuilder(packet).hop_limit(62).build());
}

TEST_CASE(
    "DP-01: numbers of an SA are unique, and packets of a flow keep their order among others") {
  EspPair pair({});
  for (std::uint16_t i = 0; i < 300; ++i)
    pair.sender().receive_ip(kInside, PacketBuilder("198.51.100.2", "198.51.100.130")
                                          .udp(static_cast<std::uint16_t>(i % 7), i)
                                          .build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 300);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    CHECK(load_be<std::uint32_t>(wire[i].data() + 24) == i + 1);
    const auto arrived = pair.in(wire[i]);
    REQUIRE(arrived.size() == 1);
    CHECK(load_be<std::uint16_t>(arrived[0].data() + 22) == i);
  }
}

TEST_CASE("DP-02: test programs need no NIC, no hugepages, no accelerator") {
  TestGateway gateway(two_ports({}));
  for (const PortStatus& port : gateway.dataplane().ports()) CHECK(port.driver == "net_ring");
  CHECK(gateway.dataplane().workers()[0].crypto_variant.size() > 2);
}

}  // namespace sallyport::bad_input_test
