// What a miss leaves in the workers' caches, by what policy says (RFC 4301 5.1 step 3b; SPD-07),
// and which SPD a packet is judged by (ARCH-10, SPD-12).
#include <catch2/catch.hpp>

#include "dataplane/dataplane_parts.h"
#include "tests/support/esp_pair.h"

namespace sallyport::spd_cache_test {
namespace {

Selector between(const char* local, const char* remote) {
  Selector selector;
  selector.local = {AddressRange::parse(local).value()};
  selector.remote = {AddressRange::parse(remote).value()};
  return selector;
}

Policy policy(const char* name, PolicyAction action, const Selector& selector = {}) {
  return {.name = name, .selectors = {selector}, .action = action, .protect = {}};
}

struct Lookups {
  std::uint64_t hits;
  std::uint64_t misses;
  friend bool operator==(const Lookups&, const Lookups&) = default;
};

// Of all workers: of one flow each packet meets one of them at a time.
Lookups lookups(const TestGateway& gateway) {
  Lookups sum{};
  for (const WorkerStatus& worker : const_cast<TestGateway&>(gateway).dataplane().workers()) {
    sum.hits += worker.flow_hits;
    sum.misses += worker.flow_misses;
  }
  return sum;
}

// What looking up one more packet has been.
Lookups after(TestGateway& gateway, PortId port, const PacketBuilder& packet) {
  const Lookups before = lookups(gateway);
  gateway.receive_ip(port, packet.build());
  gateway.settle();
  const Lookups now = lookups(gateway);
  return {now.hits - before.hits, now.misses - before.misses};
}

constexpr Lookups kHit{1, 0};
constexpr Lookups kMiss{0, 1};

TestGateway::Settings one_worker(std::vector<Policy> policies) {
  auto settings = two_ports(std::move(policies));
  settings.workers = 1;
  return settings;
}

PacketBuilder out() { return PacketBuilder("198.51.100.2", "203.0.113.1").udp(1000, 2000); }
PacketBuilder back() { return PacketBuilder("203.0.113.1", "198.51.100.2").udp(2000, 1000); }

}  // namespace

TEST_CASE("SPD-07: a miss that policy lets by makes the line of the answers, too") {
  TestGateway gateway(one_worker({policy("all", PolicyAction::Bypass)}));
  settle_two_ports(gateway);
  CHECK(after(gateway, kOutside, back()) == kMiss);  // inbound alone: its own line
  CHECK(after(gateway, kInside, out()) == kMiss);
  CHECK(after(gateway, kInside, out()) == kHit);
  CHECK(after(gateway, kOutside, back()) == kHit);
  const auto other = [](int port) {
    return PacketBuilder("198.51.100.2", "203.0.113.1").udp(1000, static_cast<std::uint16_t>(port));
  };
  CHECK(after(gateway, kInside, other(1)) == kMiss);
  CHECK(after(gateway, kOutside, PacketBuilder("203.0.113.1", "198.51.100.2").udp(1, 1000)) ==
        kHit);
  // The value of ICMP is the sender's: of an answer nothing is known.
  CHECK(after(gateway, kInside, PacketBuilder("198.51.100.2", "203.0.113.1").icmp(8, 0)) == kMiss);
  CHECK(after(gateway, kOutside, PacketBuilder("203.0.113.1", "198.51.100.2").icmp(8, 0)) == kMiss);
}

TEST_CASE("SPD-07, SPD-02: what may go out and not come in leaves no line for its answers") {
  Policy out_only = policy("out", PolicyAction::Bypass);
  out_only.direction = PolicyDirection::Outbound;
  TestGateway gateway(one_worker({out_only}));
  settle_two_ports(gateway);
  CHECK(after(gateway, kInside, out()) == kMiss);
  CHECK(after(gateway, kInside, out()) == kHit);
  CHECK(after(gateway, kOutside, back()) == kMiss);
  CHECK(gateway.dropped(DropReason::NoPolicy) == 1);
  CHECK(gateway.sent(kOutside).size() == 2);
}

TEST_CASE("SPD-07: a miss that policy discards makes one line, of its own direction") {
  TestGateway gateway(one_worker({policy("none", PolicyAction::Discard)}));
  settle_two_ports(gateway);
  CHECK(after(gateway, kInside, out()) == kMiss);
  CHECK(after(gateway, kInside, out()) == kHit);
  CHECK(after(gateway, kOutside, back()) == kMiss);
  CHECK(after(gateway, kOutside, back()) == kHit);
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 4);
}

TEST_CASE("SPD-07: a miss that policy protects makes a line only once there is an SA") {
  EspPair pair({.workers = 1});
  TestGateway& gateway = pair.sender();
  const auto packet = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64);
  const auto sa = gateway.sad().find("out");
  const SaHandle handle{gateway.spd().id_of("tunnel").value().value};
  gateway.dataplane().handles().assign(handle, kNoSa);
  CHECK(after(gateway, kInside, packet) == kMiss);
  CHECK(after(gateway, kInside, packet) == kMiss);
  CHECK(gateway.dropped(DropReason::NoSa) == 2);
  gateway.dataplane().handles().assign(handle, sa->slot);
  CHECK(after(gateway, kInside, packet) == kMiss);
  CHECK(after(gateway, kInside, packet) == kHit);
  CHECK(gateway.sent(kOutside).size() == 2);
  // And none inbound, where it is dropped in clear (SPD-17).
  const auto clear = PacketBuilder("198.51.100.130", "198.51.100.2").udp(2000, 1000).filler(64);
  CHECK(after(gateway, kOutside, clear) == kMiss);
  CHECK(after(gateway, kOutside, clear) == kMiss);
  CHECK(gateway.dropped(DropReason::PlaintextProtected) == 2);
}

TEST_CASE("SPD-20: packets of a burst are counted with their own policies") {
  Selector near;
  near.remote = {AddressRange::of(*Prefix::parse("203.0.113.0/25"))};
  TestGateway gateway(one_worker(
      {policy("near", PolicyAction::Bypass, near), policy("all", PolicyAction::Bypass)}));
  settle_two_ports(gateway);
  const auto far = PacketBuilder("198.51.100.2", "203.0.113.200").udp(1000, 2000).filler(100);
  for (const PacketBuilder& packet : {out(), far, far, out(), out(), far})
    gateway.receive_ip(kInside, packet.build());
  gateway.settle();
  const auto traffic = [&](const char* name) {
    return gateway.dataplane().policy_traffic(gateway.spd().id_of(name).value());
  };
  CHECK(traffic("near").packets == 3);
  CHECK(traffic("near").bytes == 3 * out().build().size());
  CHECK(traffic("all").packets == 3);
  CHECK(traffic("all").bytes == 3 * far.build().size());
}

TEST_CASE("SPD-20: a policy's last packet is so long ago") {
  TestGateway gateway(one_worker({policy("all", PolicyAction::Bypass)}));
  settle_two_ports(gateway);
  const PolicyId id = gateway.spd().id_of("all").value();
  CHECK_FALSE(gateway.dataplane().policy_traffic(id).idle.has_value());
  CHECK(after(gateway, kInside, out()) == kMiss);
  gateway.clock().advance(std::chrono::seconds(5));
  CHECK(gateway.dataplane().policy_traffic(id).idle == std::chrono::seconds(5));
}

TEST_CASE("SPD-07: a line whose life is over asks the SPD again") {
  auto settings = one_worker({policy("all", PolicyAction::Bypass)});
  settings.flow_cache.life = std::chrono::seconds(2);
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  CHECK(after(gateway, kInside, out()) == kMiss);
  gateway.clock().advance(std::chrono::milliseconds(1500));
  CHECK(after(gateway, kInside, out()) == kHit);
  gateway.clock().advance(std::chrono::milliseconds(600));
  CHECK(after(gateway, kInside, out()) == kMiss);
  CHECK(after(gateway, kInside, out()) == kHit);
}

TEST_CASE("SPD-07: flows in use go on while 100 000 hostile ones a second come by their worker") {
  constexpr unsigned kOwnFlows = 100;
  constexpr unsigned kRounds = 10;
  constexpr unsigned kHostileOfRound = 10'000;
  constexpr unsigned kBurst = 50;
  auto settings =
      one_worker({policy("ours", PolicyAction::Bypass, between("198.51.100.2", "203.0.113.1"))});
  settings.flows = 16'384;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  std::uint16_t hostile = 0;
  const auto flood = [&](unsigned host) {
    for (unsigned i = 0; i < kHostileOfRound; i += kBurst) {
      for (unsigned j = 0; j < kBurst; ++j)
        gateway.receive_ip(kOutside,
                           PacketBuilder("203.0.113." + std::to_string(host), "198.51.100.9")
                               .udp(++hostile, 9)
                               .build());
      gateway.settle();
      gateway.clock().advance(std::chrono::microseconds(10) * kBurst);
    }
  };
  for (unsigned round = 0; round < kRounds; ++round) {
    for (unsigned flow = 0; flow < kOwnFlows; ++flow)
      gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.1")
                                      .udp(static_cast<std::uint16_t>(1000 + flow), 2000)
                                      .build());
    gateway.settle();
    CHECK(gateway.sent(kOutside).size() == kOwnFlows);
    flood(100 + round);
  }
  CHECK(gateway.dropped(DropReason::NoPolicy) == kRounds * kHostileOfRound);
  // Each asks once, and a few whose places the flood had first.
  const std::uint64_t own_misses = lookups(gateway).misses - kRounds * kHostileOfRound;
  CHECK(own_misses >= kOwnFlows);
  CHECK(own_misses < kOwnFlows + kOwnFlows / 4);
}

TEST_CASE("SPD-06: an edit makes stale what it touches, and answers as well as packets") {
  TestGateway gateway(one_worker(
      {policy("here", PolicyAction::Bypass, between("198.51.100.0/25", "203.0.113.0/25")),
       policy("there", PolicyAction::Bypass, between("198.51.100.0/25", "203.0.113.128/25"))}));
  settle_two_ports(gateway);
  const auto there = PacketBuilder("198.51.100.2", "203.0.113.200").udp(1000, 2000);
  CHECK(after(gateway, kInside, out()) == kMiss);
  CHECK(after(gateway, kInside, there) == kMiss);
  REQUIRE(gateway.spd().insert(
      policy("no", PolicyAction::Discard, between("198.51.100.2", "203.0.113.1")), 0));
  gateway.publish();
  CHECK(after(gateway, kInside, there) == kHit);
  CHECK(after(gateway, kOutside, back()) == Lookups{0, 0});  // stale: neither
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 1);
  CHECK(after(gateway, kInside, out()) == Lookups{0, 0});
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 2);
}

TEST_CASE("ARCH-10: ports of different SPDs judge the same header differently, both ways") {
  auto settings = two_ports({policy("open", PolicyAction::Bypass)});
  Policy closed = policy("closed", PolicyAction::Discard);
  closed.spd = SpdId{1};
  settings.policies.push_back(closed);
  PortSettings second = settings.ports[kOutside.value];
  second.name = "second";
  second.addresses = {Prefix::parse("192.0.2.129/25").value()};
  settings.ports[kOutside.value].addresses = {Prefix::parse("192.0.2.1/25").value()};
  second.spd = SpdId{1};
  second.mac.reset();
  settings.ports.push_back(second);
  constexpr PortId kSecond{2};
  settings.routes = {{Prefix::parse("203.0.113.0/24").value(),
                      {NextHop::Kind::Gateway, kOutside, Address::parse("192.0.2.2").value()}},
                     {Prefix::parse("203.0.114.0/24").value(),
                      {NextHop::Kind::Gateway, kSecond, Address::parse("192.0.2.130").value()}}};
  TestGateway gateway(std::move(settings));
  gateway.neighbour(kInside, "198.51.100.2", TestGateway::kPeer);
  gateway.neighbour(kOutside, "192.0.2.2", TestGateway::kPeer);
  gateway.neighbour(kSecond, "192.0.2.130", TestGateway::kPeer);
  gateway.settle();
  // Outbound the egress port decides.
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build());
  gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "203.0.114.1").udp(1, 2).build());
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.sent(kSecond).empty());
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 1);
  static_cast<void>(gateway.sent(kInside));
  // Inbound the port of arrival: the same packet by either.
  const auto in = PacketBuilder("203.0.113.7", "198.51.100.2").udp(7, 8).build();
  gateway.receive_ip(kOutside, in);
  gateway.receive_ip(kSecond, in);
  gateway.settle();
  CHECK(gateway.sent(kInside).size() == 1);
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 2);
}

TEST_CASE("SPD-12: a local user's entries are for what comes in by that user's port") {
  Policy alices = policy("alices", PolicyAction::Bypass);
  alices.names = {"user:alice"};
  auto settings = two_ports({alices});
  PortSettings lab = settings.ports[kInside.value];
  lab.name = "lab";
  lab.addresses = {Prefix::parse("10.9.0.1/24").value()};
  lab.mac.reset();
  lab.user = UserId{2};
  settings.ports.push_back(lab);
  settings.ports[kInside.value].user = UserId{1};
  settings.users = {"alice", "bob"};
  constexpr PortId kLab{2};
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  // The same header by her port, by another user's, and by nobody's: inbound there is no user.
  const auto packet = PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).build();
  gateway.receive_ip(kInside, packet);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  gateway.receive_ip(kLab, packet);
  gateway.receive_ip(kLab, packet);
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::NoPolicy) == 2);
  gateway.receive_ip(kOutside, back().udp(2, 1).build());
  gateway.settle();
  CHECK(gateway.dropped(DropReason::NoPolicy) == 3);
}

}  // namespace sallyport::spd_cache_test
