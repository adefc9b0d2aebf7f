#include <catch2/catch.hpp>

#include "tests/net/summarize_exactly.h"

namespace sallyport::selector_fields_test {
namespace {

struct FragmentRow {
  const char* name;
  PacketBytes packet;
  bool fragment, later, ports;
  std::uint8_t protocol;
};

TEST_CASE("SEL-06: fragments show what they hold and no more") {
  const PacketBytes half{60, 1, 1, 4, 0, 0, 0, 0};  // 8 octets of a header of 16
  const FragmentRow rows[] = {
      {"IPv4 first", v4().fragment({.more = true}).udp(7, 8).build(), true, false, true, 17},
      {"IPv4 later", v4().fragment({.offset = 8}).protocol(17).filler(8).build(), true, true, false,
       17},
      {"IPv4 middle", v4().fragment({.offset = 8, .more = true}).protocol(6).filler(8).build(),
       true, true, false, 6},
      {"IPv4 first, too short", v4().fragment({.more = true}).protocol(17).filler(3).build(), true,
       false, false, 17},
      {"IPv6 first", v6().fragment({.more = true}).udp(7, 8).build(), true, false, true, 17},
      {"IPv6 later", v6().fragment({.offset = 8}).protocol(17).filler(8).build(), true, true, false,
       17},
      {"IPv6 later, options in front", v6().fragment({.offset = 8}).protocol(60).filler(8).build(),
       true, true, false, kProtocolOpaque},
      {"IPv6 later of ESP", v6().fragment({.offset = 8}).protocol(50).filler(8).build(), true, true,
       false, 50},
      {"IPv6 first without the upper header", v6().fragment({.more = true}).protocol(6).build(),
       true, false, false, 6},
      {"IPv6 first, chain goes on elsewhere",
       v6().fragment({.more = true}).protocol(60).payload(half).build(), true, false, false,
       kProtocolOpaque},
      {"IPv6 first, chain not begun", v6().fragment({.more = true}).protocol(60).build(), true,
       false, false, kProtocolOpaque},
      {"IPv6 atomic (RFC 6946)", v6().fragment({}).udp(7, 8).build(), false, false, true, 17},
      {"IPv6 first, options, then ports",
       v6().fragment({.more = true}).destination_options().udp(7, 8).build(), true, false, true,
       17},
  };
  for (const FragmentRow& row : rows) {
    CAPTURE(row.name);
    const PacketSummary summary = good(row.packet);
    CHECK(summary.fragment == row.fragment);
    CHECK(summary.later_fragment == row.later);
    CHECK(summary.ports_visible == row.ports);
    CHECK(int{summary.protocol} == int{row.protocol});
    if (row.ports) CHECK(summary.source_port == 7);
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
      const SelectorFields fields = selector_fields(summary, direction);
      CHECK((fields.local_port == kUnavailable) != row.ports);
      CHECK((fields.remote_port == kUnavailable) != row.ports);
    }
  }
}

TEST_CASE("SEL-04: ports of TCP, UDP, SCTP, DCCP and UDP-Lite, from either side") {
  for (const PacketBuilder& start : {v4(), v6()}) {
    for (const std::uint8_t protocol : octets({6, 17, 132, 33, 136})) {
      const PacketSummary summary =
          good(PacketBuilder(start).protocol(protocol).payload({0x12, 0x34, 0xff, 0xff}).build());
      const SelectorFields out = selector_fields(summary, Direction::Outbound);
      CHECK(out.local == summary.source_address());
      CHECK(out.remote == summary.destination_address());
      CHECK(int{out.protocol} == int{protocol});
      CHECK(out.local_port == 0x1234);
      CHECK(out.remote_port == 0xffff);
      const SelectorFields in = selector_fields(summary, Direction::Inbound);
      CHECK(in.local == summary.destination_address());
      CHECK(in.remote == summary.source_address());
      CHECK(in.local_port == 0xffff);
      CHECK(in.remote_port == 0x1234);
    }
  }
}

TEST_CASE("SEL-07: ICMP type and code stand in the slot of the sender") {
  for (const PacketBuilder& start : {v4(), v6()}) {
    for (const auto& [type, code] :
         {std::pair<std::uint8_t, std::uint8_t>{0, 0}, {3, 13}, {255, 255}}) {
      const PacketSummary summary = good(PacketBuilder(start).icmp(type, code).build());
      const SelectorFields out = selector_fields(summary, Direction::Outbound);
      CHECK(out.local_port == type * 256u + code);
      CHECK(out.remote_port == kNotApplicable);
      const SelectorFields in = selector_fields(summary, Direction::Inbound);
      CHECK(in.local_port == kNotApplicable);
      CHECK(in.remote_port == type * 256u + code);
    }
  }
}

TEST_CASE("SEL-08: the MH type stands in the high octet") {
  for (const auto& [type, value] : {std::pair<std::uint8_t, PortValue>{5, 0x0500},
                                    {6, 0x0600},
                                    {1, 0x0100},
                                    {3, 0x0300},
                                    {255, 0xff00}}) {
    const PacketSummary summary = good(v6().mobility(type).build());
    CHECK(selector_fields(summary, Direction::Outbound).local_port == value);
    CHECK(selector_fields(summary, Direction::Outbound).remote_port == kNotApplicable);
    CHECK(selector_fields(summary, Direction::Inbound).remote_port == value);
    CHECK(selector_fields(summary, Direction::Inbound).local_port == kNotApplicable);
  }
}

TEST_CASE("SEL-10: protocols without ports show none") {
  for (const std::uint8_t protocol : octets({50, 51, 4, 41, 47, 59, 99, 255})) {
    const PacketSummary summary = good(v6().protocol(protocol).filler(24).build());
    CHECK_FALSE(summary.ports_visible);
    CHECK(selector_fields(summary, Direction::Outbound).local_port == kUnavailable);
    CHECK(selector_fields(summary, Direction::Inbound).remote_port == kUnavailable);
  }
}

}  // namespace
}  // namespace sallyport::selector_fields_test
