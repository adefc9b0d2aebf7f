// Several workers: the pieces of a datagram come to one of them, whichever receive them.
#include <catch2/catch.hpp>
#include <map>

#include "dataplane/fragment_table.h"
#include "tests/support/esp_pair.h"
#include "tests/support/fragments.h"

namespace sallyport::fragment_owners_test {
namespace {

std::uint16_t several() { return GENERATE(as<std::uint16_t>{}, 2, 4); }

std::uint64_t given(TestGateway& gateway) {
  std::uint64_t sum = 0;
  for (const WorkerStatus& worker : gateway.dataplane().workers()) sum += worker.given;
  return sum;
}

// Piece i comes to worker `first` + i.
void spread(TestGateway& gateway, PortId port, const std::vector<PacketBytes>& pieces,
            std::uint16_t workers, std::uint32_t first) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    gateway.receive_by(static_cast<std::uint16_t>((first + i) % workers));
    gateway.receive_ip(port, pieces[i]);
  }
}

// The same, each settled before the next: later pieces come behind the first.
void spread_in_order(TestGateway& gateway, PortId port, const std::vector<PacketBytes>& pieces,
                     std::uint16_t workers, std::uint32_t first) {
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    spread(gateway, port, {pieces[i]}, workers, first + i);
    gateway.settle();
  }
}

}  // namespace

TEST_CASE("INB-01, DP-06: ESP in fragments is made whole, whichever workers receive them") {
  const std::uint16_t workers = several();
  for (const Family outer : {Family::V4, Family::V6}) {
    CAPTURE(workers, outer);
    EspPair pair({.outer = outer, .workers = workers});
    TestGateway& gateway = pair.receiver();
    constexpr std::uint32_t kDatagrams = 12;
    for (std::uint32_t id = 0; id < kDatagrams; ++id) {
      const auto wire =
          pair.out(PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(1000).build());
      REQUIRE(wire.size() == 1);
      spread(gateway, kOutside, split(wire[0], 400, 100 + id), workers, id);
    }
    for (std::uint16_t worker = workers; worker-- > 0;) gateway.turn(WorkerId{worker});
    CHECK(gateway.dataplane().account().handed_off > 0);
    gateway.check_account();
    gateway.settle();
    CHECK(gateway.sent(kInside).size() == kDatagrams);
    CHECK(gateway.dropped_in_all() == 0);
    CHECK(gateway.dataplane().account().fragments_kept == 0);
  }
}

TEST_CASE("INB-01: what is for this node in clear is made whole, from either side") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.workers = workers;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto ping = [](const char* from, const char* to) {
    return PacketBuilder(from, to).icmp(8, 0, 0x00070001).filler(1000).build();
  };
  for (std::uint32_t id = 0; id < 8; ++id) {
    spread(gateway, kInside, split(ping("198.51.100.2", "198.51.100.1"), 400, id), workers, id);
    spread(gateway, kOutside, split(ping("192.0.2.2", "192.0.2.1"), 400, id), workers, id);
    gateway.settle();
  }
  CHECK(gateway.sent(kInside).size() == 8);
  CHECK(gateway.sent(kOutside).size() == 8);
  CHECK(gateway.dropped_in_all() == 0);
  CHECK(given(gateway) > 0);
}

TEST_CASE("FRAG-05: later fragments follow their first, whichever workers receive them") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  Selector named;
  named.protocol = kProtocolUdp;
  named.local_port = PortSet::of({{53, 53}}).value();
  auto settings = two_ports(
      {{.name = "dns", .selectors = {named}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.workers = workers;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto answer = PacketBuilder("198.51.100.2", "203.0.113.1").udp(53, 4000).filler(900);
  const auto question = PacketBuilder("203.0.113.1", "198.51.100.2").udp(4000, 53).filler(900);
  for (std::uint32_t id = 0; id < 8; ++id) {
    spread_in_order(gateway, kInside, split(answer.build(), 400, id), workers, id);
    spread_in_order(gateway, kOutside, split(question.build(), 400, id), workers, id);
  }
  const auto out = gateway.sent(kOutside);
  REQUIRE(out.size() == 24);
  CHECK(out[0][8] == 63);  // one hop, however many workers
  CHECK(gateway.sent(kInside).size() == 24);
  CHECK(gateway.dropped_in_all() == 0);
  CHECK(given(gateway) > 0);
  const auto traffic = gateway.dataplane().policy_traffic(*gateway.spd().id_of("dns"));
  CHECK(traffic.packets == 48);
}

TEST_CASE("FRAG-04: fragments follow their first into an SA, whichever workers receive them") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.fragments = FragmentChecks::Stateful; },
                .adjust_sender_policy =
                    [](Policy& policy) {
                      policy.selectors[0].protocol = kProtocolUdp;
                      policy.selectors[0].remote_port = PortSet::of({{2000, 2000}}).value();
                      policy.protect->fragments = FragmentChecks::Stateful;
                    },
                .workers = workers});
  TestGateway& gateway = pair.sender();
  const auto datagram = [](std::uint16_t port) {
    return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, port).filler(1200).build();
  };
  for (std::uint32_t id = 0; id < 8; ++id)
    spread_in_order(gateway, kInside, split(datagram(2000), 400, id), workers, id);
  CHECK(gateway.sent(kOutside).size() == 32);
  CHECK(gateway.dropped_in_all() == 0);
  spread_in_order(gateway, kInside, split(datagram(3000), 400, 9), workers, 0);
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::FragmentUnmatched) == 3);
}

TEST_CASE(
    "FRAG-04, SAD-09: pieces whose classes have SAs of different workers follow their first") {
  EspPair pair({.adjust_outbound =
                    [](Sa& sa) {
                      sa.fragments = FragmentChecks::Stateful;
                      sa.dscp = {0};
                    },
                .adjust_sender_policy =
                    [](Policy& policy) {
                      policy.selectors[0].protocol = kProtocolUdp;
                      policy.selectors[0].remote_port = PortSet::of({{2000, 2000}}).value();
                      policy.protect->fragments = FragmentChecks::Stateful;
                    },
                .workers = 2});
  TestGateway& gateway = pair.sender();
  const SaSlot best_effort = pair.outbound().slot;
  Sa expedited = pair.outbound().sa->duplicate();
  expedited.name = "expedited";
  expedited.spi = Spi{0x2000};
  expedited.dscp = {46};
  const SaSlot other = gateway.add_sa(std::move(expedited), "tunnel");
  SaChoice choice =
      choose_by_dscp(std::array{SaForClasses{best_effort, gateway.sad().find("out")->sa->dscp},
                                SaForClasses{other, gateway.sad().find("expedited")->sa->dscp}});
  gateway.dataplane().handles().assign(SaHandle{gateway.spd().id_of("tunnel")->value}, &choice);
  const auto& sas = gateway.dataplane().sas();
  REQUIRE(sas.outbound(best_effort).owner != sas.outbound(other).owner);
  const auto pieces = [](std::uint8_t traffic_class, std::uint32_t id) {
    return split(PacketBuilder("198.51.100.2", "198.51.100.130")
                     .traffic_class(traffic_class)
                     .udp(1000, 2000)
                     .filler(1200)
                     .build(),
                 400, id);
  };
  for (std::uint32_t id = 0; id < 8; ++id) {
    const auto plain = pieces(0, id);
    const auto marked = pieces(46 << 2, id);
    spread_in_order(gateway, kInside, {plain[0], marked[1], plain[2], marked[3]}, 2, id);
  }
  std::map<std::uint32_t, int> by_spi;
  for (const PacketBytes& packet : gateway.sent(kOutside))
    ++by_spi[load_be<std::uint32_t>(packet.data() + 20)];
  CHECK(by_spi == std::map<std::uint32_t, int>{{0x1000, 16}, {0x2000, 16}});
  CHECK(gateway.dropped_in_all() == 0);

  // A policy that has changed while pieces are between workers judges them anew.
  const auto late = pieces(46 << 2, 100);
  spread_in_order(gateway, kInside, {late[0]}, 2, 0);
  static_cast<void>(gateway.sent(kOutside));
  spread(gateway, kInside, {late[1], late[1]}, 2, 0);
  gateway.turn(WorkerId{0});
  gateway.turn(WorkerId{1});
  REQUIRE(gateway.dataplane().account().handed_off > 0);
  REQUIRE(gateway.spd().remove("tunnel"));
  gateway.publish();
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() < 2);
  CHECK(gateway.dropped_in_all() > 0);
}

TEST_CASE("OUT-05, ARCH-01: what is cut before ESP leaves in ESP, whichever worker receives it") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.fragmentation = Fragmentation::Before; },
                .adjust_sender_policy =
                    [](Policy& policy) {
                      policy.selectors[0].protocol = kProtocolUdp;
                      policy.selectors[0].remote_port = PortSet::of({{2000, 2000}}).value();
                      policy.protect->fragmentation = Fragmentation::Before;
                    },
                .workers = workers,
                .adjust_gateways =
                    [](TestGateway::Settings& settings) {
                      settings.policies.push_back({.name = "rest",
                                                   .selectors = {Selector{}},
                                                   .action = PolicyAction::Bypass,
                                                   .protect = {}});
                    }});
  TestGateway& gateway = pair.sender();
  const auto datagram =
      PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(1450).build();
  for (std::uint16_t worker = 0; worker < workers; ++worker) {
    gateway.receive_by(worker);
    gateway.receive_ip(kInside, datagram);
  }
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  CHECK(wire.size() == 2u * workers);
  // A later piece shows no ports: judged by itself it would be bypassed.
  for (const PacketBytes& packet : wire) CHECK(packet[9] == kProtocolEsp);
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE("INB-01: which datagrams meet in the table follows from its seed") {
  const auto key = [](std::uint32_t id) {
    FragmentKey made{};
    made.id = id;
    return made;
  };
  constexpr std::uint64_t kBuckets = 64;
  const auto meet = [&](std::uint32_t one, std::uint32_t other, std::uint64_t seed) {
    return hash_of(key(one), seed) % kBuckets == hash_of(key(other), seed) % kBuckets;
  };
  int aimed = 0, met_again = 0;
  for (std::uint32_t id = 1; id < 6400; ++id) {
    if (!meet(0, id, 1)) continue;
    ++aimed;
    met_again += meet(0, id, 2) ? 1 : 0;
  }
  CHECK(aimed > 50);
  CHECK(met_again < aimed / 5);
}

TEST_CASE("fragments that only pass through, and are not checked, stay where they came in") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.workers = 4;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).filler(900).build();
  for (std::uint32_t id = 0; id < 8; ++id) spread(gateway, kInside, split(packet, 400, id), 4, id);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 24);
  CHECK(given(gateway) == 0);
}

}  // namespace sallyport::fragment_owners_test
