// ESP in UDP, as it passes NATs (RFC 3948).
#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "tests/support/esp_pair.h"

namespace sallyport::udp_encapsulation_test {
namespace {

constexpr std::size_t kOuter = 20;

PacketBuilder inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
}

PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

}  // namespace

TEST_CASE("NAT-08: plain and UDP-encapsulated ESP are both heard on one SA, port 500 is not") {
  EspPair plain({});
  EspPair wrapped({.adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; }});
  const PacketBytes udp = only(wrapped.out(inner().build()));
  CHECK(plain.in(udp).size() == 1);
  PacketBytes clear = only(plain.out(inner().build()));
  clear = only(plain.out(inner().build()));
  CHECK(plain.in(clear).size() == 1);
  PacketBytes port_500 = only(wrapped.out(inner().build()));
  port_500[kOuter + 2] = 500 >> 8;
  port_500[kOuter + 3] = 500 & 0xff;
  CHECK(plain.in(port_500).empty());
  CHECK(plain.receiver().dropped(DropReason::NoPolicy) == 1);
}

TEST_CASE("NAT-01: encapsulated ESP goes from 4500 to 4500 with no marker; IKE there is not ESP") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; }});
  const PacketBytes wire = only(pair.out(inner().build()));
  PacketSummary outer;
  REQUIRE(summarize(wire, outer) == ParseVerdict::Good);
  CHECK(outer.protocol == kProtocolUdp);
  CHECK(outer.source_port == 4500);
  CHECK(outer.destination_port == 4500);
  CHECK(load_be<std::uint32_t>(wire.data() + 28) == 0x1000);
  const auto ike =
      PacketBuilder("192.0.2.1", "192.0.2.2").udp(4500, 4500).payload(PacketBytes(32)).build();
  CHECK(pair.in(ike).empty());
  CHECK(pair.receiver().dropped(DropReason::NoPolicy) == 1);
}

TEST_CASE("NAT-02: over IPv4 the UDP checksum is sent as 0 and any is accepted") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; }});
  PacketBytes wire = only(pair.out(inner().build()));
  CHECK(load_be<std::uint16_t>(wire.data() + kOuter + 6) == 0);
  wire[kOuter + 6] = 0x12;
  CHECK(pair.in(wire).size() == 1);
}

TEST_CASE("NAT-02: over IPv6 a valid UDP checksum is sent, and one of 0 is not accepted") {
  EspPair pair({.outer = Family::V6,
                .adjust_outbound = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; }});
  PacketBytes wire = only(pair.out(inner().build()));
  PacketSummary outer;
  REQUIRE(summarize(wire, outer) == ParseVerdict::Good);
  const ByteView udp = ByteView(wire).subspan(40);
  CHECK(checksum_finish(checksum_add(
            udp, pseudo_header_sum(outer.source_address(), outer.destination_address(),
                                   kProtocolUdp, static_cast<std::uint32_t>(udp.size())))) == 0);
  PacketBytes zero = wire;
  zero[46] = zero[47] = 0;
  CHECK(pair.in(zero).empty());
  CHECK(pair.receiver().dropped(DropReason::UdpChecksum) == 1);
  CHECK(pair.in(wire).size() == 1);
}

}  // namespace sallyport::udp_encapsulation_test
