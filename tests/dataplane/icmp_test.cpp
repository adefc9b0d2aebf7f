#include <catch2/catch.hpp>

#include "dataplane/icmp_echo.h"
#include "dataplane/icmp_errors.h"
#include "net/datagram.h"
#include "tests/dataplane/recorded_sender.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/packet_builder.h"

namespace sallyport::icmp_test {
namespace {

using namespace std::chrono_literals;

struct Gateway {
  explicit Gateway(const IcmpErrorSettings& settings = {.per_second = 1000, .port_per_second = {}})
      : errors({own, sender, random}, settings) {}

  void report(IcmpError error, ByteView datagram, PortId port = kLan) {
    errors.report({.error = error, .datagram = datagram, .port = port, .mtu = 1400}, clock.now());
  }
  bool echo_request(const PacketBytes& bytes, PortId port = kLan) {
    return echo.answer(
        {.datagram = bytes, .summary = summary_of(bytes), .port = port, .mac = mac(7)},
        clock.now());
  }

  ManualClock clock;
  OwnAddresses own{two_sided_ports()};
  RecordedSender sender;
  FixedRandom random;
  IcmpErrors errors;
  IcmpEcho echo{{own, sender, random}, 100};
};

PacketBytes udp4(std::size_t payload = 20) {
  return PacketBuilder("10.1.0.7", "198.51.100.9").udp(1000, 2000).filler(payload).build();
}
PacketBytes udp6(std::size_t payload = 20) {
  return PacketBuilder("2001:db8:1::7", "2001:db8:9::9").udp(1000, 2000).filler(payload).build();
}

struct ErrorCase {
  const char* name;
  IcmpError error;
  std::uint16_t v4, v6;  // type * 256 + code
  std::uint32_t rest4, rest6;
};

TEST_CASE("OUT-02, OUT-03, TUN-02: each error has its type, code and MTU") {
  const ErrorCase cases[] = {
      {"time exceeded", IcmpError::HopLimit, 0x0b00, 0x0300, 0, 0},
      {"no route", IcmpError::NoRoute, 0x0300, 0x0100, 0, 0},
      {"no neighbour", IcmpError::NoNeighbour, 0x0301, 0x0103, 0, 0},
      {"prohibited", IcmpError::Prohibited, 0x030d, 0x0101, 0, 0},
      {"too big", IcmpError::TooBig, 0x0304, 0x0200, 1400, 1400},
  };
  for (const ErrorCase& c : cases)
    for (const PacketBytes& subject : {udp4(), udp6()}) {
      INFO(c.name);
      Gateway gateway;
      gateway.report(c.error, subject);
      REQUIRE(gateway.sender.datagrams.size() == 1);
      CHECK_FALSE(gateway.sender.datagrams[0].to);
      const ByteView sent = gateway.sender.datagrams[0].bytes;
      const PacketSummary error = summary_of(sent);
      const bool v4 = error.family == Family::V4;
      CHECK(error.source_port == (v4 ? c.v4 : c.v6));
      CHECK(error.source_address() == (v4 ? ip("10.1.0.1") : ip("2001:db8:1::1")));
      CHECK(error.destination_address() == (v4 ? ip("10.1.0.7") : ip("2001:db8:1::7")));
      CHECK(error.traffic_class == 0xc0);
      CHECK(error.hop_limit == 64);
      const ByteView message = sent.subspan(error.upper_offset);
      CHECK(load_be<std::uint32_t>(&message[4]) == (v4 ? c.rest4 : c.rest6));
      CHECK(icmp_checksum_good(message, error.source_address(), error.destination_address()));
      const ByteView quote = message.subspan(8);
      CHECK(PacketBytes(quote.begin(), quote.end()) == subject);
      CHECK(gateway.errors.counters().sent.read() == 1);
    }
}

TEST_CASE("RFC 1812 4.3.2.3, RFC 4443 2.4: as much is quoted as fits 576 or 1280 octets") {
  for (const std::size_t payload : {500, 520, 521, 1400, 8000}) {
    Gateway gateway;
    gateway.report(IcmpError::NoRoute, udp4(payload));
    CHECK(gateway.sender.datagrams.at(0).bytes.size() == std::min<std::size_t>(576, payload + 56));
  }
  for (const std::size_t payload : {1100, 1184, 1185, 8000}) {
    Gateway gateway;
    gateway.report(IcmpError::NoRoute, udp6(payload));
    CHECK(gateway.sender.datagrams.at(0).bytes.size() == std::min<std::size_t>(1280, payload + 96));
  }
}

TEST_CASE("RFC 8200 5: no IPv6 source is told of an MTU below 1280") {
  Gateway gateway;
  const PacketBytes subject = udp6();
  gateway.errors.report({.error = IcmpError::TooBig, .datagram = subject, .port = kLan, .mtu = 900},
                        gateway.clock.now());
  CHECK(load_be<std::uint32_t>(&gateway.sender.datagrams.at(0).bytes[44]) == 1280);
}

struct SilentCase {
  const char* name;
  PacketBytes subject;
  bool told;
};

TEST_CASE("RFC 1812 4.3.2.7, RFC 4443 2.4: no errors about errors, groups, fragments, nobody, us") {
  const auto v4 = [](const char* source, const char* destination = "198.51.100.9") {
    return PacketBuilder(source, destination);
  };
  const auto v6 = [](const char* source, const char* destination = "2001:db8:9::9") {
    return PacketBuilder(source, destination);
  };
  const char* const lan4 = "10.1.0.7";
  const char* const lan6 = "2001:db8:1::7";
  const SilentCase cases[] = {
      {"echo", v4(lan4).icmp(8, 0).build(), true},
      {"unreachable", v4(lan4).icmp(3, 1).build(), false},
      {"source quench", v4(lan4).icmp(4, 0).build(), false},
      {"redirect", v4(lan4).icmp(5, 0).build(), false},
      {"time exceeded", v4(lan4).icmp(11, 0).build(), false},
      {"parameter problem", v4(lan4).icmp(12, 0).build(), false},
      {"echo v6", v6(lan6).icmp(128, 0).build(), true},
      {"error v6", v6(lan6).icmp(1, 0).build(), false},
      {"unknown error v6", v6(lan6).icmp(127, 0).build(), false},
      {"redirect v6", v6(lan6).icmp(137, 0).build(), false},
      {"first fragment", v4(lan4).fragment({.offset = 0, .more = true}).udp(1, 2).filler(8).build(),
       true},
      {"later fragment", v4(lan4).fragment({.offset = 16, .more = true}).udp(1, 2).build(), false},
      {"later fragment v6", v6(lan6).fragment({.offset = 16, .more = true}).udp(1, 2).build(),
       false},
      {"to a group", v4(lan4, "239.1.1.1").udp(1, 2).build(), false},
      {"to a group v6", v6(lan6, "ff0e::1").udp(1, 2).build(), false},
      {"to the limited broadcast", v4(lan4, "255.255.255.255").udp(1, 2).build(), false},
      {"to a subnet's broadcast", v4(lan4, "192.0.2.255").udp(1, 2).build(), false},
      {"from a broadcast", v4("10.1.0.255").udp(1, 2).build(), false},
      {"from a link-local address", v6("fe80::7").udp(1, 2).build(), false},
      {"from us", v4("192.0.2.1").udp(1, 2).build(), false},
      {"from us v6", v6("2001:db8:2::1").udp(1, 2).build(), false},
      {"from the host behind us", v4("192.0.2.10").udp(1, 2).build(), true},
      {"ESP that is ours", v4("192.0.2.10").esp(300, 1).filler(30).build(), false},
      {"ESP of others", v4(lan4).esp(300, 1).filler(30).build(), true},
  };
  for (const SilentCase& c : cases) {
    INFO(c.name);
    Gateway gateway;
    gateway.report(IcmpError::NoRoute, c.subject);
    CHECK(gateway.sender.datagrams.size() == (c.told ? 1 : 0));
    CHECK(gateway.errors.counters().suppressed.read() == (c.told ? 0 : 1));
  }
}

TEST_CASE("RFC 4443 2.4 e.3: path MTU discovery works for groups, too") {
  Gateway gateway;
  gateway.report(IcmpError::TooBig, PacketBuilder("2001:db8:1::7", "ff0e::1").udp(1, 2).build());
  CHECK(gateway.sender.datagrams.size() == 1);
  gateway.report(IcmpError::TooBig, PacketBuilder("10.1.0.7", "239.1.1.1").udp(1, 2).build());
  CHECK(gateway.sender.datagrams.size() == 1);
}

TEST_CASE("ICMP errors: broken and truncated subjects stay silent") {
  const PacketBytes whole = udp4(8);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Gateway gateway;
    HeapPacket exact(ByteView(whole).first(size));
    gateway.report(IcmpError::NoRoute, {rte_pktmbuf_mtod(exact.mbuf(), const std::uint8_t*), size});
    CHECK(gateway.sender.datagrams.empty());
  }
}

TEST_CASE("ICMP errors: what came out of an SA is answered from the network that it came for") {
  Gateway gateway;
  const PacketBytes subject = PacketBuilder("172.16.0.5", "10.1.0.77").udp(1, 2).build();
  UndeliverablePacket packet{.error = IcmpError::HopLimit, .datagram = subject, .port = kWan};
  gateway.errors.report(packet, gateway.clock.now());
  packet.decapsulated = true;
  gateway.errors.report(packet, gateway.clock.now());
  REQUIRE(gateway.sender.datagrams.size() == 2);
  CHECK(summary_of(gateway.sender.datagrams[0].bytes).source_address() == ip("192.0.2.1"));
  CHECK(summary_of(gateway.sender.datagrams[1].bytes).source_address() == ip("10.1.0.1"));
}

TEST_CASE("OUT-04: errors are rate limited, of the gateway and of each port, and can be off") {
  Gateway gateway({.per_second = 50, .port_per_second = {20, 0}});
  const auto flood = [&](PortId port) {
    const std::size_t before = gateway.sender.datagrams.size();
    for (int i = 0; i < 1000; ++i) gateway.report(IcmpError::Prohibited, udp4(), port);
    return gateway.sender.datagrams.size() - before;
  };
  CHECK(flood(kLan) == 10);
  CHECK(flood(kWan) == 0);
  CHECK(gateway.errors.counters().limited.read() == 1990);
  std::size_t in_a_second = 0;
  for (int i = 0; i < 100; ++i) {
    gateway.clock.advance(10ms);
    in_a_second += flood(kLan);
  }
  CHECK(in_a_second == 20);
  in_a_second = 0;
  for (int i = 0; i < 100; ++i) {
    gateway.clock.advance(10ms);
    in_a_second += flood(kStack) + flood(kLan);
  }
  CHECK(in_a_second >= 50);
  CHECK(in_a_second <= 60);

  Gateway off({.per_second = 0, .port_per_second = {}});
  off.report(IcmpError::Prohibited, udp4());
  CHECK(off.sender.datagrams.empty());
}

TEST_CASE("RFC 792, RFC 4443 4.2: echo to our own address") {
  const bool v4 = GENERATE(true, false);
  const char* const host = v4 ? "198.51.100.9" : "2001:db8:9::9";
  const char* const ours = v4 ? "192.0.2.1" : "2001:db8:2::1";
  Gateway gateway;
  const std::uint8_t request = v4 ? 8 : 128;
  const std::uint8_t reply = v4 ? 0 : 129;
  CHECK(gateway.echo_request(PacketBuilder(host, ours)
                                 .traffic_class(0x28)
                                 .hop_limit(3)
                                 .icmp(request, 0, 0x00110022)
                                 .filler(100)
                                 .build(),
                             kWan));
  REQUIRE(gateway.sender.datagrams.size() == 1);
  CHECK_FALSE(gateway.sender.datagrams[0].to);
  PacketBytes expected =
      PacketBuilder(ours, host)
          .traffic_class(0x28)
          .id(v4 ? load_be<std::uint16_t>(&gateway.sender.datagrams[0].bytes[4]) : 0)
          .icmp(reply, 0, 0x00110022)
          .filler(100)
          .build();
  CHECK(gateway.sender.datagrams[0].bytes == expected);
  CHECK(gateway.echo.answered() == 1);
}

TEST_CASE("ICMPv6 echo between link-local addresses goes back on its link") {
  Gateway gateway;
  CHECK(gateway.echo_request(
      PacketBuilder("fe80::7", "fe80::ff:fe00:a1").icmp(128, 0, 1).filler(8).build(), kWan));
  REQUIRE(gateway.sender.datagrams.size() == 1);
  CHECK(gateway.sender.datagrams[0].to == LinkDestination{kWan, mac(7)});
}

TEST_CASE("Echo: what is not answered") {
  const PacketBytes good =
      PacketBuilder("198.51.100.9", "192.0.2.1").icmp(8, 0, 1).filler(8).build();
  PacketBytes bad_checksum = good;
  bad_checksum[22] ^= 1;
  const PacketBytes others[] = {
      PacketBuilder("198.51.100.9", "192.0.2.10").icmp(8, 0, 1).build(),  // the host's
      PacketBuilder("198.51.100.9", "192.0.2.1").icmp(0, 0, 1).build(),
      PacketBuilder("198.51.100.9", "192.0.2.1").icmp(8, 1, 1).build(),
      PacketBuilder("198.51.100.9", "192.0.2.255").icmp(8, 0, 1).build(),
      PacketBuilder("192.0.2.255", "192.0.2.1").icmp(8, 0, 1).build(),
      PacketBuilder("198.51.100.9", "192.0.2.1").udp(8, 0).build(),
      PacketBuilder("198.51.100.9", "192.0.2.1")
          .fragment({.offset = 0, .more = true})
          .icmp(8, 0, 1)
          .filler(8)
          .build(),
      PacketBuilder("198.51.100.9", "192.0.2.1").protocol(1).payload({8, 0, 0xf7, 0xff}).build(),
      PacketBuilder("2001:db8:9::9", "ff02::1").icmp(128, 0, 1).build(),
      bad_checksum,
  };
  Gateway gateway;
  for (const PacketBytes& bytes : others) CHECK_FALSE(gateway.echo_request(bytes));
  CHECK(gateway.sender.datagrams.empty());
  CHECK(gateway.echo_request(good));
}

TEST_CASE("Echo: answers are rate limited") {
  Gateway gateway;
  const PacketBytes request =
      PacketBuilder("198.51.100.9", "192.0.2.1").icmp(8, 0, 1).filler(8).build();
  for (int i = 0; i < 1000; ++i) CHECK(gateway.echo_request(request));
  CHECK(gateway.sender.datagrams.size() == 100);
  CHECK(gateway.echo.limited() == 900);
  gateway.clock.advance(100ms);
  for (int i = 0; i < 1000; ++i) CHECK(gateway.echo_request(request));
  CHECK(gateway.sender.datagrams.size() == 110);
}

}  // namespace
}  // namespace sallyport::icmp_test
