// What a frame's link header and its device say of the packet in it.
#include <catch2/catch.hpp>

#include "tests/support/test_gateway.h"

namespace sallyport::parse_test {
namespace {

TestGateway::Settings open_gateway() {
  return two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
}

PacketBytes in_frame_to(const MacAddress& to, const PacketBytes& datagram) {
  PacketBytes frame(to.bytes.begin(), to.bytes.end());
  frame.insert(frame.end(), TestGateway::kPeer.bytes.begin(), TestGateway::kPeer.bytes.end());
  const bool v6 = datagram[0] >> 4 == 6;
  frame.push_back(v6 ? 0x86 : 0x08);
  frame.push_back(v6 ? 0xdd : 0x00);
  frame.insert(frame.end(), datagram.begin(), datagram.end());
  return frame;
}

PacketBytes with_bad_checksum() {
  PacketBytes packet = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).build();
  packet[10] ^= 1;
  return packet;
}

}  // namespace

TEST_CASE("RFC 1812 5.3.4: a unicast packet in a frame to a group is not forwarded") {
  TestGateway gateway(open_gateway());
  settle_two_ports(gateway);
  const MacAddress everyone{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  const MacAddress some{{0x01, 0x00, 0x5e, 1, 2, 3}};
  const auto v4 = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).build();
  const auto v6 = PacketBuilder("2001:db8:1::2", "2001:db8:9::9").udp(1, 2).build();
  const auto to_us = PacketBuilder("198.51.100.2", "198.51.100.1").icmp(8, 0).build();
  gateway.receive(kInside, in_frame_to(everyone, v4));
  gateway.receive(kInside, in_frame_to(some, v6));
  gateway.receive(kInside, in_frame_to(everyone, to_us));  // RFC 1122 3.3.6
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.sent(kInside).empty());
  CHECK(gateway.dropped(DropReason::LinkGroup) == 3);
  CHECK(gateway.dropped_in_all() == 3);
  // A group's own packets are what such frames are for.
  gateway.receive(kInside,
                  in_frame_to(some, PacketBuilder("198.51.100.2", "224.1.2.3").udp(1, 2).build()));
  gateway.settle();
  CHECK(gateway.dropped(DropReason::LinkGroup) == 3);
  CHECK(gateway.dropped(DropReason::Multicast) == 1);
}

TEST_CASE("RFC 1812 5.2.2: a header checksum is the device's to verify where it does so") {
  TestGateway gateway(open_gateway());
  settle_two_ports(gateway);
  const auto good = PacketBuilder("198.51.100.2", "203.0.113.9").udp(1, 2).build();
  gateway.receive_ip(kInside, with_bad_checksum());
  gateway.receive_ip(kInside, good, BufferKind::ChecksumBad);
  gateway.settle();
  CHECK(gateway.dropped(DropReason::BadChecksum) == 2);
  CHECK(gateway.sent(kOutside).empty());
  gateway.receive_ip(kInside, good, BufferKind::ChecksumGood);
  gateway.receive_ip(kInside, with_bad_checksum(), BufferKind::ChecksumGood);  // asks nobody else
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 2);
  // There is none in IPv6, whatever a device says.
  gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "2001:db8:9::9").udp(1, 2).build(),
                     BufferKind::ChecksumBad);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.dropped_in_all() == 2);
}

}  // namespace sallyport::parse_test
