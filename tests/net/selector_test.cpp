#include "net/selector.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/support/fixed_random.h"

namespace sallyport::selector_test {
namespace {

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
Address address(std::string_view text) { return Address::parse(text).value(); }

PortSet ports(std::vector<std::string> texts, PortNotation notation = PortNotation::Port) {
  return PortSet::parse(texts, notation).value();
}

bool says(const auto& result, std::string_view part) {
  return !result && result.error().code == Error::Code::Invalid && !result.error().remedy.empty() &&
         result.error().what.find(part) != std::string::npos;
}

TEST_CASE("SEL-01: ranges, prefixes and single addresses; membership up to the ends") {
  const AddressRange odd = range("192.0.2.3-192.0.2.200");
  CHECK(odd.contains(address("192.0.2.3")));
  CHECK(odd.contains(address("192.0.2.200")));
  CHECK_FALSE(odd.contains(address("192.0.2.2")));
  CHECK_FALSE(odd.contains(address("192.0.2.201")));
  const AddressRange v6 = range("2001:db8::5-2001:db8::1:0");
  CHECK(v6.contains(address("2001:db8::ffff")));
  CHECK_FALSE(v6.contains(address("2001:db8::4")));
  CHECK_FALSE(v6.contains(address("2001:db8::1:1")));
  const AddressRange one = range("10.0.0.1");
  CHECK(one.contains(address("10.0.0.1")));
  CHECK_FALSE(one.contains(address("10.0.0.2")));
  CHECK_FALSE(range("0.0.0.0/0").contains(address("::")));
  CHECK_FALSE(range("::/0").contains(address("0.0.0.0")));
}

TEST_CASE("SEL-01: ranges as text, both ways") {
  for (const char* text : {"192.0.2.0/24", "192.0.2.7", "192.0.2.3-192.0.2.9", "0.0.0.0/0", "::/0",
                           "2001:db8::/33", "2001:db8::1", "2001:db8::1-2001:db8::3"})
    CHECK(to_string(range(text)) == text);
  CHECK(to_string(range("192.0.2.0-192.0.2.255")) == "192.0.2.0/24");
  CHECK(to_string(range("192.0.2.1-192.0.2.2")) == "192.0.2.1-192.0.2.2");
  CHECK(to_string(range("192.0.2.5/32")) == "192.0.2.5");
}

TEST_CASE("SEL-01: what is no range is refused with what would be right") {
  CHECK(says(AddressRange::parse("192.0.2.9-192.0.2.1"), "runs backwards"));
  CHECK(says(AddressRange::parse("192.0.2.9-2001:db8::1"), "mixes IPv4 and IPv6"));
  CHECK(says(AddressRange::parse("192.0.2.9-"), "\"\" is not an IP address"));
  CHECK(says(AddressRange::parse("lan"), "\"lan\" is not an IP address"));
  CHECK(says(AddressRange::parse("192.0.2.0/40"), "prefix length"));
  CHECK(says(AddressRange::parse("192.0.2.1/24"), "bits behind its prefix"));
  CHECK(AddressRange::parse("192.0.2.1/24").error().remedy == "192.0.2.0/24");
}

TEST_CASE("SEL-01: one entry is of one family") {
  CHECK(validate({.local = {range("10.0.0.0/8")}, .remote = {range("192.0.2.1")}}));
  CHECK(validate({.local = {range("2001:db8::/32")}}));
  CHECK(validate(Selector{}));
  CHECK(says(validate({.local = {range("10.0.0.0/8")}, .remote = {range("::/0")}}),
             "::/0 is IPv6 in an entry whose first address is IPv4"));
  CHECK(says(validate({.local = {range("::/0"), range("10.0.0.1")}}), "10.0.0.1 is IPv4"));
  CHECK(says(validate({.remote = {{address("10.0.0.9"), address("10.0.0.1")}}}), "backwards"));
  CHECK(says(validate({.remote = {{address("10.0.0.9"), address("::1")}}}), "mixes"));
  CHECK(Selector{.remote = {range("::/0")}}.family() == Family::V6);
  CHECK(Selector{.local = {range("10.0.0.1")}}.family() == Family::V4);
  CHECK_FALSE(Selector{}.family());
}

TEST_CASE("SEL-02: broadcast is allowed, multicast is not") {
  for (const char* text : {"255.255.255.255", "192.0.2.255", "0.0.0.0/0", "::/0", "128.0.0.0/1",
                           "240.0.0.0/4", "10.0.0.0-223.255.255.255", "8000::/1"})
    CHECK(validate({.remote = {range(text)}}));
  for (const char* text : {"224.0.0.5", "224.0.0.0/4", "239.255.255.255", "ff02::1", "ff00::/8",
                           "192.0.2.1-224.0.0.1", "230.0.0.0-255.255.255.255", "fe80::1-ff02::1"}) {
    CHECK(says(validate({.local = {range(text)}}), "names multicast addresses"));
    CHECK(says(validate({.remote = {range(text)}}), "names multicast addresses"));
  }
}

TEST_CASE("SEL-03: protocol any goes with ports any; opaque is of IPv6") {
  CHECK(says(validate({.local_port = ports({"80"})}), "protocol any"));
  CHECK(says(validate({.remote_port = PortSet::opaque()}), "protocol any"));
  CHECK(validate({.protocol = kProtocolOpaque}));
  CHECK(validate({.local = {range("2001:db8::/32")}, .protocol = kProtocolOpaque}));
  CHECK(says(validate({.local = {range("10.0.0.0/8")}, .protocol = kProtocolOpaque}), "IPv6 only"));
  CHECK(
      says(validate({.protocol = kProtocolOpaque, .local_port = ports({"1"})}), "shows no ports"));
}

TEST_CASE("SEL-03: protocols by name and number") {
  CHECK(parse_protocol("tcp") == 6);
  CHECK(parse_protocol("17") == 17);
  CHECK(parse_protocol("0") == 0);
  CHECK(parse_protocol("255") == 255);
  CHECK(parse_protocol("opaque") == kProtocolOpaque);
  for (const char* text : {"", "256", "-1", "TCP", "6 ", "0x6"})
    CHECK(says(parse_protocol(text), "is not an IP protocol"));
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    CHECK(parse_protocol(protocol_name(protocol)) == protocol);
  }
}

TEST_CASE("SEL-04: lists of ports, for the protocols that have them and no others") {
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    const bool has_ports = number == 6 || number == 17 || number == 132 || number == 33 ||
                           number == 136 || number == 1 || number == 58 || number == 135;
    CAPTURE(number);
    CHECK(validate({.protocol = protocol, .local_port = ports({"80"})}).has_value() == has_ports);
    CHECK(validate({.protocol = protocol, .remote_port = ports({"80"})}).has_value() == has_ports);
    CHECK(validate({.protocol = protocol, .remote_port = PortSet::opaque()}));
  }
}

TEST_CASE("SEL-04: ranges of ports are sorted and merged") {
  CHECK(to_string(ports({"443", "80", "1024-2047", "2048-3000", "81"})) == "80-81,443,1024-3000");
  CHECK(to_string(ports({"10-20", "12-15"})) == "10-20");
  CHECK(to_string(ports({"0", "65535"})) == "0,65535");
  CHECK(ports({"1-5", "6"}) == ports({"1-6"}));
  CHECK(ports({"0-65535"}).is_any());
  CHECK(ports({"32768-65535", "0-32767"}).is_any());
  CHECK(says(PortSet::of({}), "empty"));
  CHECK(says(PortSet::of({{5, 4}}), "backwards"));
  CHECK(says(PortSet::parse({}, PortNotation::Port), "empty"));
  for (const char* text : {"", "65536", "-1", "1-", "80/1", "http", "1-2-3", " 1"})
    CHECK(says(PortRange::parse(text, PortNotation::Port), "is not a port"));
  CHECK(says(PortRange::parse("9-8", PortNotation::Port), "runs backwards"));
}

TEST_CASE("SEL-05: any includes opaque, and either stands alone") {
  CHECK(PortSet::any().contains(80));
  CHECK(PortSet::any().contains(kUnavailable));
  CHECK_FALSE(PortSet::opaque().contains(80));
  CHECK_FALSE(PortSet::opaque().contains(0));
  CHECK(PortSet::opaque().contains(kUnavailable));
  CHECK_FALSE(ports({"80"}).contains(kUnavailable));
  CHECK_FALSE(ports({"0-65534"}).contains(kUnavailable));
  CHECK(ports({"any"}).is_any());
  CHECK(ports({"opaque"}).is_opaque());
  for (const auto& texts :
       {std::vector<std::string>{"any", "80"}, {"80", "opaque"}, {"any", "opaque"}})
    CHECK(says(PortSet::parse(texts, PortNotation::Port), "stands beside other values"));
}

TEST_CASE("SEL-06: a hidden port matches any and opaque only") {
  SelectorFields fragment{address("10.0.0.1"), address("10.0.0.2"), kProtocolUdp};
  CHECK(matches({.protocol = kProtocolUdp}, fragment));
  CHECK(matches({.protocol = kProtocolUdp, .local_port = PortSet::opaque()}, fragment));
  CHECK_FALSE(matches({.protocol = kProtocolUdp, .local_port = ports({"0-65534"})}, fragment));
  CHECK_FALSE(matches({.protocol = kProtocolUdp, .remote_port = ports({"53"})}, fragment));
  fragment.protocol = kProtocolIcmp;
  CHECK_FALSE(matches({.protocol = kProtocolIcmp, .remote_port = ports({"8"}, PortNotation::Icmp)},
                      fragment));
}

TEST_CASE("SEL-07: ICMP types and codes match from Ts*256+Cs to Te*256+Ce") {
  struct Row {
    const char* text;
    unsigned first, last;
  };
  for (const Row& row :
       {Row{"8", 0x0800, 0x08ff}, Row{"3/1", 0x0301, 0x0301}, Row{"3/0-3/5", 0x0300, 0x0305},
        Row{"3/13-5", 0x030d, 0x05ff}, Row{"128-129", 0x8000, 0x81ff}, Row{"0/0", 0, 0},
        Row{"255", 0xff00, 0xffff}, Row{"1/255-2/0", 0x01ff, 0x0200}}) {
    CAPTURE(row.text);
    const PortSet set = ports({row.text}, PortNotation::Icmp);
    for (unsigned value = 0; value <= 0xffff; ++value)
      if (set.contains(value) != (row.first <= value && value <= row.last)) FAIL(value);
  }
  for (const char* text : {"256", "3/256", "3/", "/3", "3/1/2", "echo"})
    CHECK(says(PortRange::parse(text, PortNotation::Icmp), "is not an ICMP type"));
  CHECK(says(PortRange::parse("3/5-3/1", PortNotation::Icmp), "runs backwards"));
}

TEST_CASE("SEL-08: an MH type stands in the high octet, the low one is zero") {
  CHECK(ports({"5"}, PortNotation::Mobility).ranges() == std::vector<PortRange>{{0x0500, 0x0500}});
  CHECK(ports({"1-3"}, PortNotation::Mobility).ranges() ==
        std::vector<PortRange>{{0x0100, 0x0300}});
  CHECK(ports({"5", "6"}, PortNotation::Mobility).ranges() ==
        std::vector<PortRange>{{0x0500, 0x0500}, {0x0600, 0x0600}});
  CHECK(says(PortRange::parse("256", PortNotation::Mobility), "mobility header type"));
  CHECK(says(PortRange::parse("5/1", PortNotation::Mobility), "mobility header type"));
}

SelectorFields mobility_fields(PortValue local, PortValue remote) {
  return {address("2001:db8::1"), address("2001:db8::2"), kProtocolMobility, local, remote};
}

TEST_CASE("SEL-09: local lists what we send, remote what we receive") {
  // A mobile node that sends binding updates and receives binding acknowledgements.
  const Selector node{.protocol = kProtocolMobility,
                      .local_port = ports({"5"}, PortNotation::Mobility),
                      .remote_port = ports({"6"}, PortNotation::Mobility)};
  REQUIRE(validate(node));
  CHECK(matches(node, mobility_fields(0x0500, kNotApplicable)));
  CHECK_FALSE(matches(node, mobility_fields(0x0600, kNotApplicable)));
  CHECK(matches(node, mobility_fields(kNotApplicable, 0x0600)));
  CHECK_FALSE(matches(node, mobility_fields(kNotApplicable, 0x0500)));

  const Selector sends_only{.protocol = kProtocolMobility,
                            .local_port = ports({"5"}, PortNotation::Mobility),
                            .remote_port = PortSet::opaque()};
  CHECK(matches(sends_only, mobility_fields(0x0500, kNotApplicable)));
  for (const PortValue type : {0x0500u, 0x0600u, 0u})
    CHECK_FALSE(matches(sends_only, mobility_fields(kNotApplicable, type)));
}

TEST_CASE("SEL-10: AH and ESP take ports opaque or any, and match by them") {
  const SelectorFields esp{address("10.0.0.1"), address("10.0.0.2"), kProtocolEsp};
  for (const PortSet& set : {PortSet::opaque(), PortSet::any()}) {
    const Selector selector{.protocol = kProtocolEsp, .local_port = set, .remote_port = set};
    CHECK(validate(selector));
    CHECK(matches(selector, esp));
  }
  CHECK(says(validate({.protocol = kProtocolAh, .local_port = ports({"1"})}), "ah shows no ports"));
}

TEST_CASE("selector: every slot decides (SEL-12)") {
  const Selector selector{.local = {range("10.1.0.0/16"), range("10.9.0.1")},
                          .remote = {range("10.2.0.0/16")},
                          .protocol = kProtocolTcp,
                          .local_port = ports({"80", "443"}),
                          .remote_port = ports({"1024-65535"})};
  const SelectorFields fields{address("10.1.2.3"), address("10.2.0.1"), kProtocolTcp, 443, 40000};
  CHECK(matches(selector, fields));
  const auto with = [&](auto change) {
    SelectorFields changed = fields;
    change(changed);
    return matches(selector, changed);
  };
  CHECK(with([](SelectorFields& f) { f.local = address("10.9.0.1"); }));
  CHECK_FALSE(with([](SelectorFields& f) { f.local = address("10.9.0.2"); }));
  CHECK_FALSE(with([](SelectorFields& f) { f.remote = address("10.3.0.1"); }));
  CHECK_FALSE(with([](SelectorFields& f) { f.protocol = kProtocolUdp; }));
  CHECK_FALSE(with([](SelectorFields& f) { f.local_port = 81; }));
  CHECK_FALSE(with([](SelectorFields& f) { f.remote_port = 1023; }));
  CHECK(to_string(selector) == "10.1.0.0/16,10.9.0.1 <-> 10.2.0.0/16 tcp 80,443 <-> 1024-65535");
  CHECK(to_string(Selector{}) == "any <-> any any any <-> any");
}

// A world small enough to ask every packet: three addresses a family, four port values.
constexpr std::uint8_t kProtocols[] = {kProtocolTcp, kProtocolIcmp, kProtocolEsp, kProtocolOpaque};

Address small_address(Family family, unsigned number) {
  Address result = Address::any(family);
  result.bytes[3] = static_cast<std::uint8_t>(number);
  return result;
}

std::vector<SelectorFields> every_small_packet() {
  std::vector<SelectorFields> packets;
  const auto add_ports = [&](SelectorFields fields) {
    packets.push_back(fields);  // hidden
    for (PortValue one = 0; one < 4; ++one) {
      if (port_meaning(fields.protocol) == PortMeaning::Icmp) {
        for (const auto& [local, remote] :
             {std::pair{one, kNotApplicable}, {kNotApplicable, one}}) {
          fields.local_port = local;
          fields.remote_port = remote;
          packets.push_back(fields);
        }
      }
      for (PortValue other = 0; other < 4; ++other) {
        if (port_meaning(fields.protocol) != PortMeaning::Ports) continue;
        fields.local_port = one;
        fields.remote_port = other;
        packets.push_back(fields);
      }
    }
  };
  for (const Family family : {Family::V4, Family::V6})
    for (unsigned local = 0; local < 3; ++local)
      for (unsigned remote = 0; remote < 3; ++remote)
        for (const std::uint8_t protocol : kProtocols)
          add_ports({small_address(family, local), small_address(family, remote), protocol});
  return packets;
}

std::vector<AddressRange> small_ranges(FixedRandom& random, Family family) {
  std::vector<AddressRange> ranges;
  for (std::uint32_t i = random.below(3); i > 0; --i) {
    const unsigned first = random.below(3);
    ranges.push_back(
        {small_address(family, first), small_address(family, first + random.below(3 - first))});
  }
  return ranges;
}

PortSet small_ports(FixedRandom& random) {
  switch (random.below(4)) {
    case 0:
      return PortSet::any();
    case 1:
      return PortSet::opaque();
    default:
      break;
  }
  std::vector<PortRange> ranges;
  for (std::uint32_t i = 0; i <= random.below(2); ++i) {
    const auto first = static_cast<std::uint16_t>(random.below(4));
    ranges.push_back({first, static_cast<std::uint16_t>(first + random.below(4u - first))});
  }
  return PortSet::of(ranges).value();
}

Selector small_selector(FixedRandom& random) {
  const Family family = random.below(2) == 0 ? Family::V4 : Family::V6;
  Selector selector{.local = small_ranges(random, family), .remote = small_ranges(random, family)};
  if (random.below(5) == 0) return selector;
  selector.protocol = kProtocols[random.below(4)];
  selector.local_port = small_ports(random);
  selector.remote_port = small_ports(random);
  return selector;
}

TEST_CASE("selector: overlaps says what asking every packet says, both directions") {
  FixedRandom random;
  const std::vector<SelectorFields> packets = every_small_packet();
  int overlapping = 0;
  int checked = 0;
  while (checked < 20'000) {
    const Selector left = small_selector(random), right = small_selector(random);
    if (!validate(left) || !validate(right)) continue;
    ++checked;
    const bool expected = std::ranges::any_of(packets, [&](const SelectorFields& packet) {
      return matches(left, packet) && matches(right, packet);
    });
    CAPTURE(to_string(left), to_string(right));
    REQUIRE(overlaps(left, right) == expected);
    REQUIRE(overlaps(right, left) == expected);
    overlapping += expected ? 1 : 0;
  }
  CHECK(overlapping > 2'000);
  CHECK(overlapping < 18'000);
}

}  // namespace
}  // namespace sallyport::selector_test
