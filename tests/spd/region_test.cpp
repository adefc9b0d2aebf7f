#include "spd/region.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "spd/region_text.h"
#include "tests/spd/policy_list.h"

namespace sallyport::region_test {

using sallyport::test::RandomPolicies;

namespace {

bool any_holds(std::span<const Region> regions, const SelectorFields& fields) {
  return std::ranges::any_of(regions, [&](const Region& each) { return each.contains(fields); });
}

PortSet ports(std::vector<PortRange> list) { return PortSet::of(std::move(list)).value(); }

Selector ported(std::uint8_t protocol, PortSet local, PortSet remote) {
  Selector selector;
  selector.local = {AddressRange::parse("10.1.0.0/16").value()};
  selector.protocol = protocol;
  selector.local_port = std::move(local);
  selector.remote_port = std::move(remote);
  return selector;
}

Region region(const Selector& selector) { return regions_of(selector).front(); }

// The fields could be those of a packet: what selector_fields() can make.
bool is_real(const SelectorFields& fields) {
  const bool local = fields.local_port < kUnavailable;
  const bool remote = fields.remote_port < kUnavailable;
  if (fields.local_port == kUnavailable && fields.remote_port == kUnavailable) return true;
  switch (port_meaning(fields.protocol)) {
    case PortMeaning::None:
      return false;
    case PortMeaning::Ports:
      return local && remote;
    case PortMeaning::Icmp:
      break;
    case PortMeaning::Mobility:
      if ((local ? fields.local_port : fields.remote_port) % 256 != 0) return false;
  }
  return (local && fields.remote_port == kNotApplicable) ||
         (remote && fields.local_port == kNotApplicable);
}

}  // namespace

TEST_CASE("SEL-12: regions hold what their selector matches, whatever stands in the five fields") {
  RandomPolicies random(5);
  int held = 0;
  for (int round = 0; round < 2000; ++round) {
    const Selector selector = random.selector();
    const std::vector<Region> regions = regions_of(selector);
    REQUIRE(regions.size() == (selector.family() ? 1 : 2));
    for (int i = 0; i < 50; ++i) {
      const SelectorFields fields = random.packet(std::span(&selector, 1));
      const bool expected = matches(selector, fields);
      REQUIRE(any_holds(regions, fields) == expected);
      held += expected ? 1 : 0;
    }
  }
  CHECK(held > 10'000);
}

TEST_CASE("SEL-05, SEL-09: what ANY, OPAQUE and lists hold of the values that are no ports") {
  const auto slot = [](PortSet set) {
    return region(ported(kProtocolTcp, std::move(set), PortSet::any())).local_port;
  };
  CHECK(slot(PortSet::any()) == IntervalSet<PortValue>{0, kNotApplicable});
  CHECK(slot(PortSet::opaque()) == IntervalSet<PortValue>{kUnavailable, kNotApplicable});
  const auto list = slot(ports({{0, 65534}}));
  CHECK(list.contains(kNotApplicable));
  CHECK_FALSE(list.contains(kUnavailable));
  CHECK_FALSE(list.contains(65535));
}

TEST_CASE("SPD-04: a region without another one: five products at most, apart, nothing lost") {
  RandomPolicies random(6);
  std::size_t most = 0;
  int cut = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::array<Selector, 2> selectors{random.selector(), random.selector()};
    const Region piece = random.one_of<Region>(regions_of(selectors[0]));
    const Region taken = random.one_of<Region>(regions_of(selectors[1]));
    const std::vector<Region> rest = subtract(piece, taken);
    const std::optional<Region> shared = intersect(piece, taken);
    most = std::max(most, rest.size());
    REQUIRE(shared.has_value() == shared_ways(piece, taken).any());
    if (!shared) REQUIRE(rest == std::vector<Region>{piece});
    for (std::size_t i = 0; i < rest.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) REQUIRE_FALSE(shared_ways(rest[i], rest[j]).any());
    for (int i = 0; i < 40; ++i) {
      const SelectorFields fields = real_packet(random, selectors);
      const auto holders =
          std::ranges::count_if(rest, [&](const Region& each) { return each.contains(fields); });
      const bool stays = piece.contains(fields) && !taken.contains(fields);
      REQUIRE(holders == (stays ? 1 : 0));
      REQUIRE((shared && shared->contains(fields)) ==
              (piece.contains(fields) && taken.contains(fields)));
      if (!stays) continue;
      Region narrowed = piece;
      narrow(narrowed, taken, Region::of(fields));
      REQUIRE(std::ranges::find(rest, narrowed) != rest.end());
      REQUIRE(narrowed.contains(fields));
      cut += shared ? 1 : 0;
    }
  }
  CHECK(most == 5);
  CHECK(cut > 1000);
}

TEST_CASE("SEL-06, SEL-08..10: a region is empty where no packet can have its values") {
  const auto exists = [](const Selector& selector) { return ways(region(selector)); };
  const PortSet any = PortSet::any();
  const PortSet opaque = PortSet::opaque();
  const PortSet one = ports({{80, 80}});
  CHECK(exists(ported(kProtocolTcp, one, any)).any());
  CHECK(exists(ported(kProtocolTcp, opaque, any)).any());        // a later fragment
  CHECK_FALSE(exists(ported(kProtocolTcp, one, opaque)).any());  // it hides both or none
  CHECK_FALSE(exists(ported(kProtocolEsp, one, any)).any());
  CHECK(exists(ported(kProtocolEsp, opaque, opaque)).any());

  const PortSet echo = ports({{0x0800, 0x08ff}});
  const Ways both = exists(ported(kProtocolIcmp, echo, any));
  CHECK((both.outbound && both.inbound));
  const Ways sent = exists(ported(kProtocolIcmp, echo, opaque));
  CHECK((sent.outbound && !sent.inbound));
  const Ways received = exists(ported(kProtocolIcmp, opaque, echo));
  CHECK((received.inbound && !received.outbound));

  CHECK(exists(ported(kProtocolMobility, ports({{0x0500, 0x0500}}), opaque)).outbound);
  CHECK_FALSE(exists(ported(kProtocolMobility, ports({{0x0501, 0x05ff}}), opaque)).any());
}

TEST_CASE("SPD-04: two lists of ports share no packet for what neither packet shows") {
  const Region web = region(ported(kProtocolTcp, PortSet::any(), ports({{80, 80}})));
  const Region mail = region(ported(kProtocolTcp, PortSet::any(), ports({{25, 25}})));
  CHECK_FALSE(intersect(web, mail));
  CHECK(subtract(web, mail) == std::vector<Region>{web});
  // Types are one value a packet: whoever may send 8 may receive what the other one allows.
  const Region ping =
      region(ported(kProtocolIcmp, ports({{0x0800, 0x0800}}), ports({{0x0000, 0x0000}})));
  const Region trace =
      region(ported(kProtocolIcmp, ports({{0x0800, 0x0800}}), ports({{0x0b00, 0x0b00}})));
  CHECK(intersect(ping, trace));
}

TEST_CASE("an example of a region is a packet in it, and there is one if there is any") {
  RandomPolicies random(7);
  int examples = 0;
  for (int round = 0; round < 3000; ++round) {
    const Region piece = random.one_of<Region>(regions_of(random.selector()));
    for (const Region& each :
         subtract(piece, random.one_of<Region>(regions_of(random.selector())))) {
      const auto fields = example_of(each);
      REQUIRE(fields.has_value() == ways(each).any());
      if (!fields) continue;
      ++examples;
      REQUIRE(each.contains(*fields));
      REQUIRE(is_real(*fields));
    }
  }
  CHECK(examples > 3000);
  CHECK_FALSE(example_of(region(ported(kProtocolTcp, ports({{1, 1}}), PortSet::opaque()))));
}

TEST_CASE("regions and packets read like selectors") {
  Selector selector = ported(kProtocolTcp, PortSet::any(), ports({{443, 443}}));
  selector.remote = {AddressRange::parse("192.0.2.1-192.0.2.9").value(),
                     AddressRange::parse("198.51.100.0/24").value()};
  CHECK(to_string(region(selector)) ==
        "10.1.0.0/16 <-> 192.0.2.1-192.0.2.9,198.51.100.0/24 tcp any <-> 443");
  CHECK(to_string(region(selector), 1) ==
        "10.1.0.0/16 <-> 192.0.2.1-192.0.2.9 and 1 more tcp any <-> 443");

  Selector everything = ported(kProtocolTcp, PortSet::any(), PortSet::any());
  everything.protocol.reset();
  CHECK(to_string(region(everything)) == "10.1.0.0/16 <-> 0.0.0.0/0 any any <-> any");
  CHECK(to_string(regions_of(Selector{})[1]) == "::/0 <-> ::/0 any any <-> any");
  const std::vector<Region> rest = subtract(region(everything), region(selector));
  REQUIRE(rest.size() == 3);
  CHECK(to_string(rest[0]).starts_with("10.1.0.0/16 <-> 0.0.0.0-192.0.2.0,192.0.2.10-"));
  CHECK(to_string(rest[1]).ends_with(" 0-5,7-255 any <-> any"));
  CHECK(to_string(rest[2]).ends_with(" tcp any <-> 0-442,444-65535,opaque"));

  const Selector icmp = ported(kProtocolIcmp, PortSet::opaque(), ports({{0x0800, 0x08ff}}));
  CHECK(to_string(region(icmp)).ends_with(" icmp opaque <-> 2048-2303"));

  const Address one = Address::v4(0x0a010001);
  const Address other = Address::v4(0x0a020009);
  const auto text = [&](std::uint8_t protocol, PortValue local, PortValue remote) {
    return to_string(SelectorFields{one, other, protocol, local, remote});
  };
  CHECK(text(kProtocolTcp, 1024, 443) == "tcp 10.1.0.1 port 1024 <-> 10.2.0.9 port 443");
  CHECK(text(kProtocolIcmp, 0x0301, kNotApplicable) == "icmp 10.1.0.1 -> 10.2.0.9 type 3 code 1");
  CHECK(text(kProtocolMobility, kNotApplicable, 0x0600) == "mobility 10.1.0.1 <- 10.2.0.9 type 6");
  CHECK(text(kProtocolUdp, kUnavailable, kUnavailable) ==
        "udp 10.1.0.1 <-> 10.2.0.9 without ports");
}

}  // namespace sallyport::region_test
