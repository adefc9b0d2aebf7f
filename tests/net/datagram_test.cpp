#include "net/datagram.h"

#include <catch2/catch.hpp>

#include "net/packet_summary.h"
#include "net/protocol.h"
#include "tests/support/packet_builder.h"

namespace sallyport::datagram_test {
namespace {

Address ip(std::string_view text) { return Address::parse(text).value(); }

TEST_CASE("Datagrams made here are what the packet builder makes") {
  const std::vector<std::uint8_t> payload{1, 2, 3, 4, 5};
  CHECK(make_datagram({.source = ip("192.0.2.1"),
                       .destination = ip("192.0.2.2"),
                       .protocol = kProtocolIpv4,
                       .hop_limit = 9,
                       .traffic_class = 0xb8,
                       .id = 0x1234},
                      payload) == PacketBuilder("192.0.2.1", "192.0.2.2")
                                      .id(0x1234)
                                      .hop_limit(9)
                                      .traffic_class(0xb8)
                                      .protocol(kProtocolIpv4)
                                      .payload(payload)
                                      .build());
  CHECK(make_datagram({.source = ip("2001:db8::1"),
                       .destination = ip("2001:db8::2"),
                       .protocol = kProtocolIpv4,
                       .traffic_class = 0xb8},
                      payload) == PacketBuilder("2001:db8::1", "2001:db8::2")
                                      .traffic_class(0xb8)
                                      .protocol(kProtocolIpv4)
                                      .payload(payload)
                                      .build());
}

TEST_CASE("RFC 792, RFC 4443 2.3: ICMP checksums, with the addresses for IPv6 only") {
  const std::vector<std::uint8_t> message{8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7};
  const auto v4 = make_icmp_datagram(
      {.source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .id = 1}, message);
  CHECK(v4 ==
        PacketBuilder("192.0.2.1", "192.0.2.2").icmp(8, 0, 0x01020304).payload({5, 6, 7}).build());
  const auto v6 =
      make_icmp_datagram({.source = ip("2001:db8::1"), .destination = ip("2001:db8::2")}, message);
  CHECK(v6 == PacketBuilder("2001:db8::1", "2001:db8::2")
                  .icmp(8, 0, 0x01020304)
                  .payload({5, 6, 7})
                  .build());
  CHECK(icmp_checksum_good(ByteView(v4).subspan(20), ip("192.0.2.1"), ip("192.0.2.2")));
  CHECK(icmp_checksum_good(ByteView(v6).subspan(40), ip("2001:db8::1"), ip("2001:db8::2")));
  CHECK_FALSE(icmp_checksum_good(ByteView(v6).subspan(40), ip("2001:db8::1"), ip("2001:db8::3")));
  auto wrong = v4;
  wrong.back() ^= 1;
  CHECK_FALSE(icmp_checksum_good(ByteView(wrong).subspan(20), ip("192.0.2.1"), ip("192.0.2.2")));
}

}  // namespace
}  // namespace sallyport::datagram_test
