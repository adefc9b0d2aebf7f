// Duplicate address detection and standing in for nodes, by the messages of a link.
#include "dataplane/neighbour_proxy.h"

#include <catch2/catch.hpp>

#include "dataplane/neighbour_messages.h"
#include "tests/dataplane/neighbour_link.h"

namespace sallyport::neighbour_proxy_test {
namespace {

using namespace std::chrono_literals;
using Kind = NeighbourMessage::Kind;
using Role = NeighbourProxy::Role;
using Uniqueness = NeighbourProxy::Uniqueness;

const Address kNode = ip("2001:db8:1::10");
constexpr MacAddress kAllNodesMac{{0x33, 0x33, 0, 0, 0, 1}};

// The LAN is the home link.
struct HomeLink : NeighbourLink {
  void detect(const Address& address = kNode) {
    proxy.detect(kLan, address, [this](Uniqueness one) { found.push_back(one); }, clock.now());
  }
  void serve(Role role = Role::Host, const Address& address = kNode) {
    proxy.serve(kLan, address, role, clock.now());
  }
  void wait(Duration time) {
    clock.advance(time);
    proxy.tick(clock.now());
  }
  bool hears(const NeighbourMessage& message, PortId port = kLan, const MacAddress& from = mac(7)) {
    const auto bytes = build_neighbour_message(message);
    return messages.take_discovery(
        {.datagram = bytes, .summary = summary_of(bytes), .port = port, .mac = from}, clock.now());
  }
  // Nothing has been found yet, and this says what is.
  std::vector<Uniqueness> found_by(const NeighbourMessage& message, PortId port = kLan,
                                   const MacAddress& from = mac(7)) {
    REQUIRE(found.empty());
    REQUIRE(hears(message, port, from));
    return found;
  }
  // The one message since the last call.
  NeighbourMessage said() {
    REQUIRE(sender.datagrams.size() == 1);
    const NeighbourMessage message = discovery_in(sender.datagrams.front());
    to = sender.datagrams.front().to;
    sender.clear();
    return message;
  }

  NeighbourProxy proxy{{own, sender}};
  NeighbourMessages messages{{own, sender, neighbours, &proxy}};
  std::vector<Uniqueness> found;
  std::optional<LinkDestination> to;
};

NeighbourMessage question(const char* source, const Address& target = kNode) {
  NeighbourMessage message{.kind = Kind::Solicitation,
                           .source = ip(source),
                           .destination = solicited_node(target),
                           .target = target};
  if (!message.source.is_unspecified()) message.link_address = mac(7);
  return message;
}

NeighbourMessage claim(const Address& target = kNode) {
  return {.kind = Kind::Advertisement,
          .source = target,
          .destination = all_nodes(),
          .target = target,
          .link_address = mac(7),
          .override = true};
}

// RFC 6275 10.4.1.
NeighbourMessage stand_in(const Address& destination, const Address& target = kNode) {
  return {.kind = Kind::Advertisement,
          .source = mac(0xa0).link_local(),
          .destination = destination,
          .target = target,
          .link_address = mac(0xa0),
          .override = true};
}

TEST_CASE("HA-06: a home address that nobody on the home link has is found unique after a second") {
  HomeLink link;
  link.detect();
  CHECK(link.said() == NeighbourMessage{.kind = Kind::Solicitation,
                                        .source = ip("::"),
                                        .destination = ip("ff02::1:ff00:10"),
                                        .target = kNode});
  CHECK(link.to == LinkDestination{kLan, {{0x33, 0x33, 0xff, 0, 0, 0x10}}});
  link.wait(999ms);
  CHECK(link.found.empty());
  link.wait(1ms);
  CHECK(link.found == std::vector{Uniqueness::Unique});
  link.wait(10s);
  CHECK(link.found.size() == 1);
  CHECK(link.sender.datagrams.empty());  // it is not answered for before it is served
  CHECK(link.hears(question("2001:db8:1::7")));
  CHECK(link.sender.datagrams.empty());
}

TEST_CASE("HA-06: who advertises the address, or detects duplicates of it as well, has it") {
  for (const NeighbourMessage& message : {claim(), question("::")}) {
    HomeLink link;
    link.detect();
    CHECK(link.found_by(message) == std::vector{Uniqueness::Duplicate});
    link.wait(2s);
    CHECK(link.found.size() == 1);
    // What was found does not last.
    link.found.clear();
    link.detect();
    link.wait(1s);
    CHECK(link.found == std::vector{Uniqueness::Unique});
  }
}

TEST_CASE(
    "MN-09: an address that has come home is announced three times, and answered for by others") {
  HomeLink link;
  link.proxy.announce(kLan, kNode, link.clock.now());
  for (int i = 0; i < 3; ++i) {
    CHECK(link.said() == stand_in(all_nodes()));
    link.wait(1s);
  }
  CHECK(link.sender.datagrams.empty());
  CHECK_FALSE(link.proxy.role_of(kLan, kNode));
}

TEST_CASE("HA-06: what says nothing of the address on its link makes no duplicate of it") {
  HomeLink link;
  link.detect();
  const Address other = ip("2001:db8:1::11");
  CHECK(link.found_by(question("2001:db8:1::7")).empty());  // it looks for the address
  CHECK(link.found_by(claim(other)).empty());
  CHECK(link.found_by(question("::", other)).empty());
  CHECK(link.found_by(claim(), kWan).empty());
  CHECK(link.found_by(question("::"), kLan, mac(0xa0)).empty());  // ours, come back
  link.wait(1s);
  CHECK(link.found == std::vector{Uniqueness::Unique});
}

TEST_CASE("HA-06: detections of several addresses end each by itself and of one together") {
  HomeLink link;
  const Address local = ip("fe80::10");
  link.detect();
  link.detect();
  CHECK(link.sender.datagrams.size() == 1);
  link.wait(500ms);
  link.detect(local);
  CHECK(link.sender.datagrams.size() == 2);
  link.wait(500ms);
  CHECK(link.found == std::vector{Uniqueness::Unique, Uniqueness::Unique});
  REQUIRE(link.hears(claim(local)));
  CHECK(link.found.size() == 3);
  CHECK(link.found.back() == Uniqueness::Duplicate);
}

TEST_CASE("HA-06: whoever is told may ask and serve at once") {
  HomeLink link;
  link.proxy.detect(
      kLan, kNode,
      [&link](Uniqueness) {
        link.detect();
        link.serve();
      },
      link.clock.now());
  REQUIRE(link.hears(claim()));
  CHECK(link.sender.datagrams.size() == 3);  // two questions, and that it is here
  link.wait(1s);
  CHECK(link.found == std::vector{Uniqueness::Unique});
}

TEST_CASE("HA-14: all nodes are told thrice that a node's address is at our link address") {
  HomeLink link;
  link.serve();
  for (int i = 0; i < 3; ++i) {
    CHECK(link.said() == stand_in(ip("ff02::1")));
    CHECK(link.to == LinkDestination{kLan, kAllNodesMac});
    link.wait(999ms);
    CHECK(link.sender.datagrams.empty());
    link.wait(1ms);
  }
  link.wait(10s);
  CHECK(link.sender.datagrams.empty());
}

TEST_CASE("HA-14: a node's address is answered for on its home link alone, and no longer") {
  HomeLink link;
  link.serve();
  link.sender.clear();
  NeighbourMessage wanted = stand_in(ip("2001:db8:1::7"));
  wanted.solicited = true;
  CHECK(link.hears(question("2001:db8:1::7")));
  CHECK(link.said() == wanted);
  CHECK(link.to == LinkDestination{kLan, mac(7)});
  CHECK(link.state(ip("2001:db8:1::7")) == NeighbourState::Stale);
  CHECK(link.hears(question("2001:db8:1::7", ip("2001:db8:1::11"))));
  CHECK(link.hears(question("2001:db8:2::7"), kWan));
  CHECK(link.sender.datagrams.empty());
  link.proxy.stop(kLan, kNode);
  CHECK(link.hears(question("2001:db8:1::7")));
  link.wait(10s);  // nor advertised
  CHECK(link.sender.datagrams.empty());
  link.proxy.stop(kLan, kNode);
  CHECK_FALSE(link.proxy.role_of(kLan, kNode));
}

TEST_CASE("HA-14: a node's address is defended against duplicate address detection") {
  HomeLink link;
  for (const Address& address : {kNode, ip("fe80::10")}) {
    link.serve(Role::Host, address);
    link.sender.clear();
    CHECK(link.hears(question("::", address)));
    CHECK(link.said() == stand_in(ip("ff02::1"), address));
    CHECK(link.to == LinkDestination{kLan, kAllNodesMac});
  }
}

TEST_CASE("HA-14: an address that is served anew is advertised anew") {
  HomeLink link;
  link.serve();
  link.wait(1s);
  link.serve();
  CHECK(link.sender.datagrams.size() == 3);
  link.wait(1s);
  link.wait(1s);
  link.wait(1s);
  CHECK(link.sender.datagrams.size() == 5);
}

TEST_CASE("NEMO-06: of a mobile router it is said that it is a router") {
  HomeLink link;
  link.serve(Role::Router);
  CHECK(link.said().router);
  CHECK(link.hears(question("2001:db8:1::7")));
  CHECK(link.said().router);
  link.serve(Role::Host);
  CHECK_FALSE(link.said().router);
  CHECK(link.hears(question("::")));
  CHECK_FALSE(link.said().router);
}

}  // namespace
}  // namespace sallyport::neighbour_proxy_test
