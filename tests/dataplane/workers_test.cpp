// Several workers, turn by turn: SAs have owners, and what others receive for them is handed over.
#include <bit>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "dataplane/dataplane_parts.h"
#include "dataplane/hand_off.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/eal.h"
#include "tests/support/esp_pair.h"

namespace sallyport::workers_test {
namespace {

constexpr std::size_t kOuter = 20;
constexpr WorkerId kFirst{0};
constexpr WorkerId kSecond{1};

std::uint16_t several() { return GENERATE(as<std::uint16_t>{}, 1, 2, 4); }

// `mark` stands where the destination port is: what number of its flow a packet has.
PacketBytes inner(std::uint16_t flow, std::uint16_t mark) {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(flow, mark).filler(40).build();
}

std::uint16_t flow_of(const PacketBytes& datagram) {
  return load_be<std::uint16_t>(datagram.data() + 20);
}
std::uint16_t mark_of(const PacketBytes& datagram) {
  return load_be<std::uint16_t>(datagram.data() + 22);
}
std::uint32_t number_of(const PacketBytes& esp) {
  return load_be<std::uint32_t>(esp.data() + kOuter + 4);
}
std::uint16_t id_of(const PacketBytes& outer) { return load_be<std::uint16_t>(outer.data() + 4); }

// Each flow comes in by a queue pair of its own.
void receive_flows(TestGateway& gateway, std::uint16_t pairs, std::uint16_t packets) {
  for (std::uint16_t i = 0; i < packets; ++i) {
    const auto flow = static_cast<std::uint16_t>(i % 7);
    gateway.receive_by(flow % pairs);
    gateway.receive_ip(kInside, inner(flow, i));
  }
}

WorkerStatus status(TestGateway& gateway, WorkerId worker) {
  return gateway.dataplane().workers()[worker.value];
}

std::uint64_t given(TestGateway& gateway) {
  std::uint64_t sum = 0;
  for (const WorkerStatus& worker : gateway.dataplane().workers()) sum += worker.given;
  return sum;
}

// The outbound SA anew: the next one is the second worker's.
Sa next_sa(EspPair& pair, const std::string& name, std::uint32_t spi) {
  Sa sa = pair.outbound().sa->duplicate();
  sa.name = name;
  sa.spi = Spi{spi};
  return sa;
}

}  // namespace

TEST_CASE("DP-01: numbers are unique and flows in order, whichever workers receive") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  EspPair pair({.workers = workers});
  receive_flows(pair.sender(), workers, 350);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 350);
  std::map<std::uint16_t, std::uint16_t> last;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    CHECK(number_of(wire[i]) == i + 1);
    const auto arrived = pair.in(wire[i]);
    REQUIRE(arrived.size() == 1);
    const auto before = last.try_emplace(flow_of(arrived[0]), mark_of(arrived[0]));
    if (before.second) continue;
    CHECK(mark_of(arrived[0]) == before.first->second + 7);
    before.first->second = mark_of(arrived[0]);
  }
}

TEST_CASE("DP-06: packets of an SA may come to any worker, in any order within the window") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  EspPair pair({.workers = workers});
  receive_flows(pair.sender(), workers, 300);
  pair.sender().settle();
  FixedRandom random(5);
  const auto wire = pair.sender().sent(kOutside);
  for (const PacketBytes& packet : wire) {
    pair.receiver().receive_by(static_cast<std::uint16_t>(random.below(workers)));
    pair.receiver().receive_ip(kOutside, packet);
    if (random.below(8) == 0) pair.receiver().settle();
  }
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).size() == 300);
  CHECK(pair.receiver().dropped_in_all() == 0);
  CHECK((workers == 1) == (given(pair.receiver()) == 0));
}

TEST_CASE("RPL-03: one packet that every worker receives comes in once") {
  const std::uint16_t workers = several();
  CAPTURE(workers);
  EspPair pair({.workers = workers});
  const auto wire = pair.out(inner(1, 1));
  REQUIRE(wire.size() == 1);
  for (std::uint16_t worker = 0; worker < 4; ++worker) {
    pair.receiver().receive_by(worker % workers);
    pair.receiver().receive_ip(kOutside, wire[0]);
  }
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).size() == 1);
  CHECK(pair.receiver().dropped(DropReason::Replay) == 3);
  CHECK(pair.inbound_state().packets == 1);
}

TEST_CASE("a packet on its way between workers is in the account and is counted once") {
  EspPair pair({.workers = 2});
  TestGateway& gateway = pair.sender();
  gateway.receive_by(1);
  for (std::uint16_t i = 0; i < 5; ++i) gateway.receive_ip(kInside, inner(1, i));
  gateway.turn(kSecond);
  gateway.check_account();
  CHECK(gateway.dataplane().account().handed_off == 5);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 5);
  CHECK(status(gateway, kSecond).given == 5);
  CHECK(status(gateway, kFirst).taken == 5);
  const auto traffic = gateway.dataplane().policy_traffic(*gateway.spd().id_of("tunnel"));
  CHECK(traffic.packets == 5);
  CHECK(traffic.bytes == 5 * inner(1, 0).size());
  CHECK(pair.outbound_state().packets == 5);
}

TEST_CASE("TUN-02: a packet that is handed over loses one from its hop limit, not two") {
  EspPair pair({.workers = 2});
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(40);
  const auto wire = pair.out(PacketBuilder(packet).hop_limit(9).build());
  REQUIRE(wire.size() == 1);
  REQUIRE(given(pair.sender()) == 1);
  const auto arrived = pair.in(wire[0]);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == PacketBuilder(packet).hop_limit(7).build());
}

TEST_CASE("what a full ring between workers does not take is dropped by name") {
  EspPair pair({.workers = 2});
  TestGateway& gateway = pair.sender();
  gateway.receive_by(1);
  const auto most = static_cast<unsigned>(HandOffRings::kCapacity);
  for (unsigned i = 0; i < most + 77; ++i) {
    gateway.receive_ip(kInside, inner(1, static_cast<std::uint16_t>(i)));
    if (i % 50 == 49) gateway.turn(kSecond);
  }
  for (int turn = 0; turn < 4; ++turn) gateway.turn(kSecond);
  gateway.check_account();
  CHECK(gateway.dropped(DropReason::HandoffFull) == 77);
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  REQUIRE(wire.size() == most);
  for (std::size_t i = 0; i < wire.size(); ++i) CHECK(number_of(wire[i]) == i + 1);
}

TEST_CASE("DP-04: an SA that goes while packets are on their way to its owner takes none along") {
  EspPair pair({.workers = 2});
  const auto wire = pair.out(inner(1, 1));
  REQUIRE(wire.size() == 1);
  pair.sender().receive_ip(kInside, inner(1, 2));
  pair.sender().turn(kSecond);
  pair.sender().remove_sa("out", "tunnel");
  pair.sender().settle();
  CHECK(pair.sender().sent(kOutside).empty());
  CHECK(pair.sender().dropped(DropReason::NoSa) == 1);

  pair.receiver().receive_ip(kOutside, wire[0]);
  pair.receiver().turn(kSecond);
  pair.receiver().remove_sa("in");
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).empty());
  CHECK(pair.receiver().dropped(DropReason::UnknownSpi) == 1);
}

TEST_CASE("DP-04: an SA that is replaced under way: packets go on to its new owner") {
  EspPair pair({.workers = 2});
  TestGateway& gateway = pair.sender();
  gateway.receive_ip(kInside, inner(1, 1));
  gateway.turn(kSecond);
  Sa next = next_sa(pair, "next", 0x2000);
  gateway.remove_sa("out", "tunnel");
  gateway.add_sa(std::move(next), "tunnel");
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  REQUIRE(wire.size() == 1);
  CHECK(load_be<std::uint32_t>(wire[0].data() + kOuter) == 0x2000);
  CHECK(status(gateway, kFirst).given == 1);
  CHECK(status(gateway, kSecond).taken == 1);
}

TEST_CASE("a packet whose SA changes its owner again and again ends by name") {
  EspPair pair({.workers = 2});
  TestGateway& gateway = pair.sender();
  gateway.receive_ip(kInside, inner(1, 1));
  gateway.turn(kSecond);
  std::string name = "out";
  for (std::uint16_t round = 1; gateway.dropped_in_all() == 0 && round < 40; ++round) {
    Sa next = gateway.sad().find(name)->sa->duplicate();
    gateway.remove_sa(name, "tunnel");
    name = next.name = "out" + std::to_string(round);
    gateway.add_sa(std::move(next), "tunnel");
    gateway.turn(WorkerId{static_cast<std::uint16_t>((round + 1) % 2)});
  }
  CHECK(gateway.dropped(DropReason::HandoffAstray) == 1);
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
}

TEST_CASE("ARCH-12: a policy that changes under way decides, never the one before") {
  EspPair pair({.workers = 2});
  TestGateway& gateway = pair.sender();
  gateway.receive_ip(kInside, inner(1, 1));
  gateway.turn(kSecond);
  REQUIRE(gateway.spd().remove("tunnel"));
  gateway.publish();
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::NoPolicy) == 1);
}

TEST_CASE("ports with fewer queue pairs than workers serve them all, in order") {
  const auto pairs = GENERATE(as<std::uint16_t>{}, 1, 3);
  CAPTURE(pairs);
  EspPair pair({.workers = 4, .queue_pairs = pairs});
  receive_flows(pair.sender(), pairs, 200);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 200);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    CHECK(number_of(wire[i]) == i + 1);
    pair.receiver().receive_by(static_cast<std::uint16_t>(i % pairs));
    pair.receiver().receive_ip(kOutside, wire[i]);
    if (i % 16 == 0) pair.receiver().settle();
  }
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).size() == 200);
}

TEST_CASE("single-queue ports begin with different workers") {
  EspPair pair({.workers = 2, .queue_pairs = 1});
  TestGateway& gateway = pair.sender();
  const auto received = [&] { return gateway.dataplane().account().received; };
  gateway.receive_ip(kInside, inner(1, 1));
  gateway.receive_ip(kOutside, inner(1, 1));
  gateway.turn(kFirst);
  gateway.turn(kFirst);
  CHECK(received() == 1);
  gateway.turn(kSecond);
  CHECK(received() == 2);
  gateway.settle();
}

TEST_CASE("what control makes leaves by ports whose queue another worker has") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.workers = 3;
  settings.queue_pairs = 1;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  const auto echo = PacketBuilder("203.0.113.1", "192.0.2.1").icmp(8, 0).filler(16).build();
  gateway.receive_ip(kOutside, echo);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(status(gateway, kFirst).given == 1);
}

TEST_CASE("held packets go back to the worker that asked, in order") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.workers = 2;
  TestGateway gateway(std::move(settings));
  for (std::uint16_t mark = 0; mark < 3; ++mark)
    gateway.receive_ip(kOutside,
                       PacketBuilder("203.0.113.1", "198.51.100.100").udp(1, mark).build());
  gateway.settle();
  CHECK(gateway.dataplane().account().held == 3);
  CHECK(status(gateway, kSecond).held == 3);
  static_cast<void>(gateway.sent(kInside));
  gateway.neighbour(kInside, "198.51.100.100", TestGateway::kPeer);
  gateway.settle();
  const auto arrived = gateway.sent(kInside);
  REQUIRE(arrived.size() == 3);
  for (std::uint16_t mark = 0; mark < 3; ++mark) CHECK(mark_of(arrived[mark]) == mark);
  CHECK(status(gateway, kSecond).released == 3);
}

TEST_CASE("TUN-11: no two workers give datagrams of one SA the same identification") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.spread = true; }, .workers = 4});
  std::set<std::uint16_t> ids;
  for (std::uint16_t round = 0; round < 10; ++round) {
    receive_flows(pair.sender(), 4, 70);
    pair.sender().settle();
    for (const PacketBytes& packet : pair.sender().sent(kOutside)) ids.insert(id_of(packet));
  }
  CHECK(ids.size() == 700);
}

TEST_CASE("DP-01: any worker sends by a spread SA, and no number is taken twice") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.spread = true; },
                .adjust_inbound = [](Sa& sa) { sa.replay_window = 1024; },
                .workers = 4});
  receive_flows(pair.sender(), 4, 350);
  pair.sender().settle();
  CHECK(given(pair.sender()) == 0);
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == 350);
  std::set<std::uint32_t> numbers;
  std::map<std::uint16_t, std::uint32_t> last;
  for (const PacketBytes& packet : wire) {
    numbers.insert(number_of(packet));
    const auto arrived = pair.in(packet);
    REQUIRE(arrived.size() == 1);
    CHECK(number_of(packet) > last[flow_of(arrived[0])]);
    last[flow_of(arrived[0])] = number_of(packet);
  }
  CHECK(numbers.size() == 350);
  CHECK(*numbers.rbegin() == 350);
  CHECK(pair.outbound_state().packets == 350);
}

TEST_CASE("ESP-16: dummies of a spread SA leave by the first worker") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.spread = true; }, .workers = 4});
  TestGateway& gateway = pair.sender();
  const DummyFlow flow{.policy = gateway.spd().id_of("tunnel").value(),
                       .rule = {.per_second = 10, .bytes = 64},
                       .ends = pair.outbound().sa->endpoints};
  gateway.control().set_dummies({&flow, 1}, gateway.clock().now());
  gateway.clock().advance(std::chrono::milliseconds(100));
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(status(gateway, kFirst).originated == 1);
}

TEST_CASE("ALG-20, ESP-10: a spread SA stops at its limit and goes on when it is raised") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.spread = true; }, .workers = 4});
  TestGateway& gateway = pair.sender();
  pair.outbound_state().sequence_limit = 100;
  receive_flows(gateway, 4, 180);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 100);
  CHECK(gateway.dropped(DropReason::SequenceExhausted) == 80);
  CHECK(pair.outbound_state().packets == 100);
  gateway.dataplane().sas().raise_sequence_limit(pair.outbound().slot, {150});
  receive_flows(gateway, 4, 60);
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  REQUIRE(wire.size() == 50);
  std::set<std::uint32_t> numbers;
  for (const PacketBytes& packet : wire) numbers.insert(number_of(packet));
  CHECK(numbers.size() == 50);
  CHECK(*numbers.begin() == 101);
}

TEST_CASE("DP-01: a spread SA sends as many packets as its hard lifetime allows") {
  EspPair pair({.adjust_outbound =
                    [](Sa& sa) {
                      sa.spread = true;
                      sa.hard.packets = 90;
                    },
                .workers = 4});
  receive_flows(pair.sender(), 4, 180);
  pair.sender().settle();
  CHECK(pair.sender().sent(kOutside).size() == 90);
  CHECK(pair.sender().dropped(DropReason::LifetimeExpired) == 90);
}

TEST_CASE(
    "hand-off: the packets of one worker for another keep their order; one alone has no rings") {
  need_eal();
  auto alone = HandOffRings::create(1, 0);
  REQUIRE(alone);
  HandOff only(kFirst, *alone);
  CHECK(only.alone());
  CHECK(only.sources() == 0);

  EspPair pair({.workers = 2});
  auto rings = HandOffRings::create(2, 0);
  REQUIRE(rings);
  HandOff from(kFirst, *rings);
  HandOff to(kSecond, *rings);
  rte_mempool* const pool = pair.sender().dataplane().parts().pool.get();
  Drops drops;
  for (std::uint16_t mark = 0; mark < 300; ++mark) {
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool);
    REQUIRE(mbuf != nullptr);
    Packet packet{};
    packet.mbuf = mbuf;
    packet.ingress = PortId{mark};
    from.give(packet, kSecond, {.purpose = Purpose::Open}, drops);
    if (mark % 37 == 0) from.flush(drops);
  }
  from.flush(drops);
  std::uint16_t expected = 0;
  PacketStore store;
  for (;;) {
    Burst burst;
    to.take(0, store, burst);
    if (burst.empty()) break;
    for (Packet* packet : burst) {
      CHECK(packet->ingress == PortId{expected++});
      CHECK(packet->hand_offs == 1);
      rte_pktmbuf_free(packet->mbuf);
    }
  }
  CHECK(expected == 300);
  CHECK(from.given.read() == 300);
  CHECK(to.taken.read() == 300);
}

}  // namespace sallyport::workers_test
