#include "sad/path_mtus.h"

#include <catch2/catch.hpp>

#include "tests/sad/world.h"

namespace sallyport::path_mtus_test {
namespace {

using namespace std::chrono_literals;
using test::address;
using test::outbound_sa;
using test::World;

constexpr Instant kStart{1000s};

struct LinkWorld {
  LinkWorld()
      : sad(Sad::Parts{world.table, world.keys, world.retirement, world.random, 1,
                       [this](const Address&) { return link_mtu; }}) {}

  std::uint16_t read(SaSlot slot) const { return world.table.outbound(slot).path_mtu(); }

  World world;
  std::uint16_t link_mtu{1400};
  Sad sad;
};

}  // namespace

TEST_CASE("SAD-01, PMTU-01: an SA starts with its first link's MTU, and both editions follow") {
  LinkWorld lab;
  const SaSlot slot = lab.sad.add(outbound_sa("tunnel")).value();
  const SaSlot other = lab.world.table.other_edition(Direction::Outbound, slot);
  PathMtus& mtus = lab.sad.path_mtus();
  CHECK(lab.read(slot) == 1400);
  CHECK(mtus.of(slot).octets == 1400);
  CHECK_FALSE(mtus.of(slot).learnt);
  REQUIRE(mtus.lower(other, 1300, kStart));
  for (const SaSlot edition : {slot, other}) {
    CHECK(lab.read(edition) == 1300);
    CHECK(mtus.of(edition).octets == 1300);
    CHECK(mtus.of(edition).learnt == kStart);
  }
}

TEST_CASE("PMTU-01: no message raises a path MTU or renews its age") {
  LinkWorld lab;
  const SaSlot slot = lab.sad.add(outbound_sa("tunnel")).value();
  PathMtus& mtus = lab.sad.path_mtus();
  CHECK_FALSE(mtus.lower(slot, 1400, kStart));
  CHECK_FALSE(mtus.lower(slot, 9000, kStart));
  REQUIRE(mtus.lower(slot, 1300, kStart));
  CHECK_FALSE(mtus.lower(slot, 1300, kStart + 5s));
  CHECK_FALSE(mtus.lower(slot, 1301, kStart + 5s));
  CHECK(mtus.of(slot).learnt == kStart);
  CHECK(mtus.lower(slot, 1299, kStart + 6s));
  CHECK(mtus.of(slot).learnt == kStart + 6s);
}

TEST_CASE("PMTU-05: what was learnt ages back to the first link's MTU in one step") {
  LinkWorld lab;
  const SaSlot early = lab.sad.add(outbound_sa("early", 0x1000)).value();
  const SaSlot late = lab.sad.add(outbound_sa("late", 0x1001)).value();
  PathMtus& mtus = lab.sad.path_mtus();
  REQUIRE(mtus.lower(early, 1300, kStart));
  REQUIRE(mtus.lower(late, 1200, kStart + 300s));
  mtus.age(kStart + 599s, 600s);
  CHECK(lab.read(early) == 1300);
  mtus.age(kStart + 600s, 600s);
  CHECK(lab.read(early) == 1400);
  CHECK_FALSE(mtus.of(early).learnt);
  CHECK(lab.read(late) == 1200);
  mtus.age(kStart + 900s, 600s);
  CHECK(lab.read(late) == 1400);
  CHECK(mtus.learnt() == 0);
}

TEST_CASE("SAD-11, PMTU-01: a move begins a path of which nothing is known yet") {
  LinkWorld lab;
  const SaSlot before = lab.sad.add(outbound_sa("tunnel")).value();
  REQUIRE(lab.sad.path_mtus().lower(before, 1300, kStart));
  lab.link_mtu = 1450;
  REQUIRE(lab.sad.move_endpoints("tunnel", {address("2001:db8::1"), address("2001:db8::2")}, {}));
  const SaSlot after = lab.sad.find("tunnel")->slot;
  CHECK(after != before);
  CHECK(lab.read(after) == 1450);
  CHECK_FALSE(lab.sad.path_mtus().of(after).learnt);
  REQUIRE(lab.sad.path_mtus().lower(after, 1290, kStart));
  CHECK(lab.read(after) == 1290);
}

TEST_CASE("PMTU-01: other routes bring other links; what was learnt stays while it is less") {
  LinkWorld lab;
  const SaSlot slot = lab.sad.add(outbound_sa("tunnel")).value();
  REQUIRE(lab.sad.path_mtus().lower(slot, 1300, kStart));
  lab.link_mtu = 9000;
  lab.sad.renew_link_mtus();
  CHECK(lab.read(slot) == 1300);
  lab.link_mtu = 1200;
  lab.sad.renew_link_mtus();
  CHECK(lab.read(slot) == 1200);
  CHECK_FALSE(lab.sad.path_mtus().of(slot).learnt);
}

TEST_CASE("PMTU-01: an SA that takes a slot over takes no path MTU over") {
  LinkWorld lab;
  const SaSlot slot = lab.sad.add(outbound_sa("old")).value();
  REQUIRE(lab.sad.path_mtus().lower(slot, 1300, kStart));
  REQUIRE(lab.sad.remove("old"));
  CHECK(lab.sad.path_mtus().learnt() == 0);
  lab.world.retirement.pass();
  CHECK(lab.sad.add(outbound_sa("new")) == slot);
  CHECK(lab.read(slot) == 1400);
}

TEST_CASE("PMTU-01: a packet's outer fields lead to the SA that sent it, and to no other") {
  LinkWorld lab;
  const Sa one = outbound_sa("one", 0x1000);
  REQUIRE(lab.sad.add(one.duplicate()));
  Sa two = outbound_sa("two", 0x1000);  // another peer chose the same SPI
  two.endpoints.remote = address("198.51.100.99");
  REQUIRE(lab.sad.add(two.duplicate()));
  Sa udp = outbound_sa("udp", 0x1001);
  udp.encapsulation = UdpEncapsulation{4500, 61000};
  REQUIRE(lab.sad.add(udp.duplicate()));
  Sad::OuterFields outer{.spi = Spi{0x1000},
                         .protocol = IpsecProtocol::Esp,
                         .source = one.endpoints.local,
                         .destination = one.endpoints.remote};
  const auto name = [&] {
    const auto found = lab.sad.find_sender(outer);
    return found ? found->sa->name : "";
  };
  CHECK(name() == "one");
  outer.destination = two.endpoints.remote;
  CHECK(name() == "two");
  outer.destination = address("198.51.100.98");
  CHECK(name().empty());
  outer.destination = one.endpoints.remote;
  outer.source = one.endpoints.remote;
  CHECK(name().empty());
  outer.source = one.endpoints.local;
  outer.protocol = IpsecProtocol::Ah;
  CHECK(name().empty());
  outer.protocol = IpsecProtocol::Esp;
  outer.spi = Spi{0x1001};
  CHECK(name().empty());
  outer.udp = UdpEncapsulation{4500, 61000};
  CHECK(name() == "udp");
  outer.udp = UdpEncapsulation{4500, 61001};
  CHECK(name().empty());
  outer.udp = UdpEncapsulation{4500, 61000};
  REQUIRE(lab.sad.remove("udp"));
  CHECK(name().empty());
  outer = {Spi{0x1000}, IpsecProtocol::Esp, one.endpoints.local, two.endpoints.remote, {}};
  REQUIRE(lab.sad.remove("one"));
  CHECK(name() == "two");
}

TEST_CASE("PMTU-01: transport between ranges of hosts is found by its selectors") {
  LinkWorld lab;
  Sa sa = outbound_sa("hosts", 0x1000);
  sa.mode = IpsecMode::Transport;
  sa.endpoints = {};
  sa.selectors[0].local = {AddressRange::parse("192.0.2.0/28").value()};
  sa.selectors[0].remote = {AddressRange::parse("192.0.2.128/28").value()};
  REQUIRE(lab.sad.add(sa.duplicate()));
  const auto found = [&](const char* source, const char* destination) {
    return lab.sad
        .find_sender({Spi{0x1000}, IpsecProtocol::Esp, address(source), address(destination), {}})
        .has_value();
  };
  CHECK(found("192.0.2.1", "192.0.2.130"));
  CHECK_FALSE(found("192.0.2.1", "192.0.2.99"));
  CHECK_FALSE(found("192.0.2.130", "192.0.2.1"));
}

}  // namespace sallyport::path_mtus_test
