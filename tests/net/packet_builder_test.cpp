#include "tests/support/packet_builder.h"

#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport::packet_builder_test {
namespace {

TEST_CASE("packet builder: an IPv4 echo request, octet by octet, summed by hand") {
  const PacketBytes expected{0x45, 0x00, 0x00, 0x24, 0x12, 0x34, 0x40, 0x00, 0x40, 0x01, 0xa4, 0xa1,
                             192,  0,    2,    1,    192,  0,    2,    2,    8,    0,    0x09, 0x3d,
                             0xde, 0xad, 0x00, 0x01, 1,    2,    3,    4,    5,    6,    7,    8};
  const PacketBytes built = PacketBuilder("192.0.2.1", "192.0.2.2")
                                .id(0x1234)
                                .dont_fragment()
                                .icmp(8, 0, 0xdead0001)
                                .payload({1, 2, 3, 4, 5, 6, 7, 8})
                                .build();
  CHECK(built == expected);
}

TEST_CASE("packet builder: upper-layer checksums hold, over both families") {
  for (const auto& [source, destination] :
       {std::pair{"192.0.2.1", "198.51.100.7"}, std::pair{"2001:db8::1", "2001:db8::2"}}) {
    const Address from = Address::parse(source).value(), to = Address::parse(destination).value();
    const std::size_t header = from.family == Family::V4 ? 20 : 40;
    for (const PacketBytes& packet : {PacketBuilder(from, to).udp(1, 2).filler(33).build(),
                                      PacketBuilder(from, to).tcp(1, 2).filler(10).build(),
                                      PacketBuilder(from, to).mobility(5).filler(8).build()}) {
      const ByteView upper = ByteView(packet).subspan(header);
      const std::uint8_t protocol = packet[header == 20 ? 9 : 6];
      const std::uint32_t pseudo =
          pseudo_header_sum(from, to, protocol, static_cast<std::uint32_t>(upper.size()));
      CHECK(checksum_finish(checksum_add(upper, pseudo)) == 0);
    }
  }
}

TEST_CASE("packet builder: header chains name each other and add up") {
  const PacketBytes packet = PacketBuilder("2001:db8::1", "2001:db8::2")
                                 .traffic_class(0xb9)
                                 .flow_label(0xabcde)
                                 .hop_limit(3)
                                 .hop_by_hop({5, 2, 0, 0})
                                 .routing(2, 1)
                                 .fragment({.offset = 0, .more = true, .id = 9})
                                 .destination_options()
                                 .udp(500, 4500)
                                 .filler(3)
                                 .build();
  CHECK(load_be<std::uint32_t>(packet.data()) == 0x6b9abcdeu);
  CHECK(load_be<std::uint16_t>(&packet[4]) == packet.size() - 40);
  CHECK(packet[6] == kProtocolHopByHop);
  CHECK(packet[7] == 3);
  CHECK(PacketBytes(packet.begin() + 40, packet.begin() + 48) ==
        PacketBytes{kProtocolRouting, 0, 5, 2, 0, 0, 1, 0});
  CHECK(PacketBytes(packet.begin() + 48, packet.begin() + 52) ==
        PacketBytes{kProtocolFragment, 2, 2, 1});
  CHECK(PacketBytes(packet.begin() + 72, packet.begin() + 80) ==
        PacketBytes{kProtocolDestination, 0, 0, 1, 0, 0, 0, 9});
  CHECK(PacketBytes(packet.begin() + 80, packet.begin() + 88) ==
        PacketBytes{kProtocolUdp, 0, 1, 4, 0, 0, 0, 0});
  CHECK(load_be<std::uint32_t>(&packet[88]) == (500u << 16 | 4500));
  CHECK(packet.size() == 88 + 8 + 3);
}

TEST_CASE("packet builder: IPv4 options, fragments and the link header") {
  const PacketBytes packet = PacketBuilder("192.0.2.1", "192.0.2.2")
                                 .ethernet({{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 1}})
                                 .vlan(7)
                                 .options({1, 1, 1, 1, 1})
                                 .fragment({.offset = 1480, .more = true, .id = 77})
                                 .protocol(kProtocolUdp)
                                 .filler(8)
                                 .build();
  CHECK(PacketBytes(packet.begin(), packet.begin() + 18) ==
        PacketBytes{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 7, 8, 0});
  const auto& header = *reinterpret_cast<const Ipv4Header*>(&packet[18]);
  CHECK(header.header_length() == 28);
  CHECK(header.total_length.get() == 36);
  CHECK(header.id.get() == 77);
  CHECK(header.fragment.get() == (Ipv4Header::kMoreFragments | 1480 / 8));
  CHECK(checksum(ByteView(packet).subspan(18, 28)) == 0);
}

}  // namespace
}  // namespace sallyport::packet_builder_test
