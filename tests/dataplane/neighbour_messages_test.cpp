#include "dataplane/neighbour_messages.h"

#include <catch2/catch.hpp>

#include "tests/dataplane/recorded_sender.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::neighbour_messages_test {
namespace {

constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

class NoWorkers final : public NeighbourPublisher {
 public:
  Expected<void> set(const NeighbourKey&, const MacAddress&) override { return {}; }
  void remove(const NeighbourKey&) noexcept override {}
};

struct Link {
  bool arp(PortId port, const ArpMessage& message) {
    const auto bytes = build_arp(message);
    return messages.take_arp(bytes, port, clock.now());
  }
  bool ask_arp(PortId port, const char* sender, const char* target) {
    return arp(port, {.operation = ArpMessage::Operation::Request,
                      .sender_mac = mac(7),
                      .sender = ip(sender),
                      .target_mac = {},
                      .target = ip(target)});
  }
  bool discovery(PortId port, const std::vector<std::uint8_t>& bytes) {
    return messages.take_discovery(
        {.datagram = bytes, .summary = summary_of(bytes), .port = port, .mac = mac(7)},
        clock.now());
  }
  bool ask_discovery(PortId port, const char* source, const char* target) {
    NeighbourMessage message{.kind = NeighbourMessage::Kind::Solicitation,
                             .source = ip(source),
                             .destination = solicited_node(ip(target)),
                             .target = ip(target),
                             .link_address = mac(7)};
    if (message.source.is_unspecified()) message.link_address.reset();
    return discovery(port, build_neighbour_message(message));
  }
  [[nodiscard]] std::optional<NeighbourFacts> known() const {
    const auto list = neighbours.list(clock.now());
    return list.empty() ? std::nullopt : std::optional(list.front());
  }

  ManualClock clock;
  OwnAddresses own{two_sided_ports()};
  RecordedSender sender;
  NoWorkers published;
  FixedRandom random;
  IcmpErrors errors{{own, sender, random}, {}};
  Neighbours neighbours{{own, sender, published, errors, random}, {}};
  NeighbourMessages messages{{own, sender, neighbours}};
};

TEST_CASE("RFC 826: a request for an address of ours is answered, its sender learned") {
  Link link;
  CHECK(link.ask_arp(kWan, "192.0.2.7", "192.0.2.1"));
  REQUIRE(link.sender.arps.size() == 1);
  CHECK(link.sender.arps[0].to == LinkDestination{kWan, mac(7)});
  CHECK(arp_in(link.sender.arps[0]) == ArpMessage{.operation = ArpMessage::Operation::Reply,
                                                  .sender_mac = mac(0xa1),
                                                  .sender = ip("192.0.2.1"),
                                                  .target_mac = mac(7),
                                                  .target = ip("192.0.2.7")});
  REQUIRE(link.known());
  CHECK(link.known()->address == ip("192.0.2.7"));
  CHECK(link.known()->mac == mac(7));
  CHECK(link.known()->state == NeighbourState::Stale);
}

TEST_CASE("RFC 4861 7.2.4: a solicitation for an address of ours is answered, its sender learned") {
  Link link;
  CHECK(link.ask_discovery(kWan, "2001:db8:2::7", "2001:db8:2::1"));
  REQUIRE(link.sender.datagrams.size() == 1);
  CHECK(link.sender.datagrams[0].to == LinkDestination{kWan, mac(7)});
  CHECK(discovery_in(link.sender.datagrams[0]) ==
        NeighbourMessage{.kind = NeighbourMessage::Kind::Advertisement,
                         .source = ip("2001:db8:2::1"),
                         .destination = ip("2001:db8:2::7"),
                         .target = ip("2001:db8:2::1"),
                         .link_address = mac(0xa1),
                         .router = true,
                         .solicited = true,
                         .override = true});
  REQUIRE(link.known());
  CHECK(link.known()->address == ip("2001:db8:2::7"));
  CHECK(link.known()->state == NeighbourState::Stale);
}

struct RequestCase {
  PortId port;
  const char* sender;
  const char* target;
  bool answered;
};

TEST_CASE("ARP and ND: whose requests are answered on which port") {
  const RequestCase cases[] = {
      {kLan, "10.1.0.7", "10.1.0.1", true},
      {kLan, "10.1.0.7", "10.1.0.2", false},
      {kLan, "10.1.0.7", "192.0.2.10", false},
      {kWan, "192.0.2.7", "192.0.2.10", true},
      {kWan, "0.0.0.0", "192.0.2.10", true},
      {kWan, "192.0.2.7", "192.0.2.7", false},
      {kStack, "192.0.2.10", "192.0.2.1", true},
      {kStack, "192.0.2.10", "203.0.113.5", true},
      {kStack, "192.0.2.10", "192.0.2.10", false},
      {kStack, "0.0.0.0", "192.0.2.10", false},
      {kStack, "0.0.0.0", "192.0.2.77", false},
      {kWan, "2001:db8:2::7", "2001:db8:2::10", true},
      {kWan, "fe80::7", "fe80::ff:fe00:a1", true},
      {kWan, "fe80::7", "fe80::ff:fe00:a0", false},
      {kWan, "2001:db8:2::7", "2001:db8:2::8", false},
      {kStack, "2001:db8:2::10", "2001:db8:ffff::1", true},
      {kStack, "2001:db8:2::10", "2001:db8:2::10", false},
      {kStack, "::", "2001:db8:2::10", false},
      {kStack, "::", "2001:db8:2::77", false},
      {kStack, "::", "fe80::1234", false},
  };
  for (const RequestCase& c : cases) {
    INFO(c.port.value << " " << c.sender << " asks for " << c.target);
    Link link;
    const bool v4 = ip(c.target).family == Family::V4;
    CHECK((v4 ? link.ask_arp(c.port, c.sender, c.target)
              : link.ask_discovery(c.port, c.sender, c.target)));
    CHECK(link.sender.arps.size() + link.sender.datagrams.size() == (c.answered ? 1 : 0));
    CHECK(link.neighbours.counters().answers.read() == (c.answered ? 1 : 0));
  }
}

TEST_CASE("RFC 4861 7.2.4: duplicate address detection is answered to all nodes") {
  Link link;
  CHECK(link.ask_discovery(kWan, "::", "2001:db8:2::10"));
  REQUIRE(link.sender.datagrams.size() == 1);
  const NeighbourMessage answer = discovery_in(link.sender.datagrams[0]);
  CHECK(answer.destination == ip("ff02::1"));
  CHECK_FALSE(answer.solicited);
  CHECK(answer.link_address == mac(0xa1));
  CHECK(link.sender.datagrams[0].to == LinkDestination{kWan, {{0x33, 0x33, 0, 0, 0, 1}}});
  CHECK_FALSE(link.known());
}

TEST_CASE("ARP and ND: announcements update what is known and teach nothing new") {
  Link link;
  CHECK(link.ask_arp(kWan, "192.0.2.7", "192.0.2.7"));
  CHECK_FALSE(link.known());
  CHECK(link.ask_arp(kWan, "192.0.2.7", "192.0.2.1"));
  CHECK(link.arp(kWan, {.operation = ArpMessage::Operation::Reply,
                        .sender_mac = mac(9),
                        .sender = ip("192.0.2.7"),
                        .target_mac = kBroadcast,
                        .target = ip("192.0.2.7")}));
  CHECK(link.known()->mac == mac(9));
  CHECK(link.known()->state == NeighbourState::Stale);

  Link v6;
  const auto advertise = [&](std::uint8_t from) {
    return v6.discovery(kWan,
                        build_neighbour_message({.kind = NeighbourMessage::Kind::Advertisement,
                                                 .source = ip("2001:db8:2::7"),
                                                 .destination = ip("ff02::1"),
                                                 .target = ip("2001:db8:2::7"),
                                                 .link_address = mac(from),
                                                 .override = true}));
  };
  CHECK(advertise(9));
  CHECK_FALSE(v6.known());
  CHECK(v6.ask_discovery(kWan, "2001:db8:2::7", "2001:db8:2::1"));
  CHECK(advertise(9));
  CHECK(v6.known()->mac == mac(9));
}

TEST_CASE("ARP and ND: claims of our addresses are counted and change nothing") {
  Link link;
  CHECK(link.ask_arp(kWan, "192.0.2.10", "192.0.2.10"));
  CHECK(link.arp(kWan, {.operation = ArpMessage::Operation::Reply,
                        .sender_mac = mac(9),
                        .sender = ip("192.0.2.1"),
                        .target_mac = mac(0xa1),
                        .target = ip("192.0.2.1")}));
  CHECK(link.discovery(kWan, build_neighbour_message({.kind = NeighbourMessage::Kind::Advertisement,
                                                      .source = ip("2001:db8:2::1"),
                                                      .destination = ip("ff02::1"),
                                                      .target = ip("2001:db8:2::1"),
                                                      .link_address = mac(9),
                                                      .override = true})));
  CHECK(link.neighbours.counters().conflicts.read() == 3);
  CHECK_FALSE(link.known());
  // The host behind the local stack announces what is its own.
  CHECK(link.ask_arp(kStack, "192.0.2.10", "192.0.2.10"));
  CHECK(link.neighbours.counters().conflicts.read() == 3);
}

TEST_CASE("ARP: an answer to our question") {
  Link link;
  HeapPacket packet(std::vector<std::uint8_t>(20));
  link.neighbours.resolve(packet.mbuf(), kWan, ip("192.0.2.7"), link.clock.now());
  CHECK(link.arp(kWan, {.operation = ArpMessage::Operation::Reply,
                        .sender_mac = mac(7),
                        .sender = ip("192.0.2.7"),
                        .target_mac = mac(0xa1),
                        .target = ip("192.0.2.1")}));
  CHECK(link.known()->state == NeighbourState::Reachable);
  CHECK(link.sender.released.size() == 1);
}

TEST_CASE("ARP: what is no ARP of a station is invalid") {
  Link link;
  CHECK_FALSE(link.messages.take_arp({}, kWan, link.clock.now()));
  CHECK_FALSE(link.ask_arp(kWan, "224.0.0.1", "192.0.2.1"));
  CHECK_FALSE(link.ask_arp(kWan, "192.0.2.255", "192.0.2.1"));
  CHECK_FALSE(link.arp(kWan, {.operation = ArpMessage::Operation::Request,
                              .sender_mac = kBroadcast,
                              .sender = ip("192.0.2.7"),
                              .target_mac = {},
                              .target = ip("192.0.2.1")}));
  CHECK(link.neighbours.counters().invalid.read() == 4);
  CHECK(link.sender.arps.empty());
}

TEST_CASE("ND: what came out of an SA, or is not sound, is invalid") {
  Link link;
  const auto bytes = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                              .source = ip("2001:db8:2::7"),
                                              .destination = ip("ff02::1:ff00:1"),
                                              .target = ip("2001:db8:2::1"),
                                              .link_address = mac(7)});
  const Delivery tunnelled{.datagram = bytes,
                           .summary = summary_of(bytes),
                           .port = kWan,
                           .mac = {},
                           .decapsulated = true};
  CHECK_FALSE(link.messages.take_discovery(tunnelled, link.clock.now()));
  auto changed = bytes;
  changed.back() ^= 1;
  CHECK_FALSE(link.discovery(kWan, changed));
  CHECK(link.neighbours.counters().invalid.read() == 2);
  CHECK(link.sender.datagrams.empty());
  CHECK(link.discovery(kWan, bytes));
}

}  // namespace
}  // namespace sallyport::neighbour_messages_test
