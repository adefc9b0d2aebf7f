// Workers on threads of their own, while control adds, moves and removes SAs under them: what must
// hold however they interleave. In a tree built with TSan these find data races.
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "dataplane/binding_table.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/populated_handles.h"
#include "tests/support/esp_pair.h"

namespace sallyport::threads_test {
namespace {

constexpr std::size_t kOuter = 20;
constexpr std::uint16_t kWorkers = 3;
constexpr std::uint16_t kFlows = 12;
constexpr auto kPatience = std::chrono::seconds(60);

PacketBytes inner(std::uint16_t flow, std::uint16_t mark) {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(flow, mark).filler(40).build();
}

std::uint32_t spi_of(const PacketBytes& esp) { return load_be<std::uint32_t>(esp.data() + kOuter); }
std::uint32_t number_of(const PacketBytes& esp) {
  return load_be<std::uint32_t>(esp.data() + kOuter + 4);
}
std::uint16_t flow_of(const PacketBytes& datagram) {
  return load_be<std::uint16_t>(datagram.data() + 20);
}
std::uint16_t mark_of(const PacketBytes& datagram) {
  return load_be<std::uint16_t>(datagram.data() + 22);
}

// A gateway whose workers run while frames are given to it, some at a time, as its ports and
// buffers allow. What it sent is collected.
class Running {
 public:
  explicit Running(TestGateway& gateway) : gateway_(gateway) {
    const auto started = gateway.dataplane().start();
    REQUIRE(started);
  }
  ~Running() { gateway_.dataplane().stop(); }

  // Frame i of `count` is what `give(i)` puts into a wire.
  void feed(unsigned count, const std::function<void(unsigned)>& give) {
    for (unsigned i = 0; i < count; ++i) {
      give(i);
      if (i % 64 == 63) drain();
    }
    drain();
  }
  // Waits until every frame has been taken and has come to its end, control's share included.
  void drain() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!quiet()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      control();
      std::this_thread::yield();
    }
  }
  void control() {
    gateway_.control().poll(gateway_.clock().now());
    gateway_.dataplane().poll();
    for (const PortId port : {kInside, kOutside})
      for (PacketBytes& packet : gateway_.sent(port))
        sent_[port.value].push_back(std::move(packet));
  }
  [[nodiscard]] std::vector<PacketBytes> take_sent(PortId port) {
    return std::exchange(sent_[port.value], {});
  }
  // Ends the workers; the account is checked.
  void finish() {
    drain();
    gateway_.dataplane().stop();
    gateway_.settle();
    control();
  }

 private:
  [[nodiscard]] bool quiet() const {
    if (!gateway_.all_received()) return false;
    const PacketAccount account = gateway_.dataplane().account();
    return account.handed_off == 0 && account.balance() == 0;
  }

  TestGateway& gateway_;
  std::array<std::vector<PacketBytes>, 2> sent_;
};

// Packet `i` of many, in flows that each come by one queue pair.
void give_flow_packet(TestGateway& gateway, unsigned i) {
  const auto flow = static_cast<std::uint16_t>(i % kFlows);
  gateway.receive_by(flow % kWorkers);
  gateway.receive_ip(kInside, inner(flow, static_cast<std::uint16_t>(i)));
}

}  // namespace

TEST_CASE("DP-01, ALG-20: numbers are unique and ascend in each flow, with workers at once",
          "[threads]") {
  const bool spread = GENERATE(false, true);
  CAPTURE(spread);
  EspPair pair({.adjust_outbound = [&](Sa& sa) { sa.spread = spread; },
                .adjust_inbound = [](Sa& sa) { sa.replay_window = 4096; },
                .workers = kWorkers});
  constexpr unsigned kPackets = 3000;
  Running running(pair.sender());
  running.feed(kPackets, [&](unsigned i) { give_flow_packet(pair.sender(), i); });
  running.finish();
  const auto wire = running.take_sent(kOutside);
  REQUIRE(wire.size() == kPackets);
  std::set<std::uint32_t> numbers;
  std::map<std::uint16_t, std::pair<std::uint32_t, std::uint16_t>> last;
  for (const PacketBytes& packet : wire) {
    numbers.insert(number_of(packet));
    const auto arrived = pair.in(packet);
    REQUIRE(arrived.size() == 1);
    const auto [place, first] = last.try_emplace(flow_of(arrived[0]));
    if (!first) {
      REQUIRE(number_of(packet) > place->second.first);
      REQUIRE(mark_of(arrived[0]) == place->second.second + kFlows);
    }
    place->second = {number_of(packet), mark_of(arrived[0])};
  }
  CHECK(numbers.size() == kPackets);
  CHECK(*numbers.begin() == 1);
  CHECK(*numbers.rbegin() == kPackets);
  CHECK(pair.outbound_state().packets == kPackets);
}

TEST_CASE("SAD-06: workers at once tell of a spread SA's limits, and stop at the hard one",
          "[threads]") {
  constexpr unsigned kHard = 2000;
  EspPair pair({.adjust_outbound =
                    [=](Sa& sa) {
                      sa.spread = true;
                      sa.soft.packets = 1000;
                      sa.hard.packets = kHard;
                    },
                .workers = kWorkers});
  constexpr unsigned kPackets = 3000;
  Running running(pair.sender());
  running.feed(kPackets, [&](unsigned i) { give_flow_packet(pair.sender(), i); });
  running.finish();
  CHECK(running.take_sent(kOutside).size() == kHard);
  CHECK(pair.sender().dropped(DropReason::LifetimeExpired) == kPackets - kHard);
  std::map<EventKind, int> told;
  for (const Event& event : pair.sender().events()) ++told[event.kind];
  for (const EventKind kind : {EventKind::SoftLifetime, EventKind::HardLifetime}) {
    CHECK(told[kind] >= 1);
    CHECK(told[kind] <= kWorkers);
  }
}

TEST_CASE("RPL-03: a packet that all workers have at once comes in once", "[threads]") {
  EspPair pair({.adjust_inbound = [](Sa& sa) { sa.replay_window = 1024; }, .workers = kWorkers});
  constexpr unsigned kPackets = 600;
  for (unsigned i = 0; i < kPackets; ++i) give_flow_packet(pair.sender(), i);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  REQUIRE(wire.size() == kPackets);
  Running running(pair.receiver());
  running.feed(kPackets * kWorkers, [&](unsigned i) {
    pair.receiver().receive_by(static_cast<std::uint16_t>(i % kWorkers));
    pair.receiver().receive_ip(kOutside, wire[i / kWorkers]);
  });
  running.finish();
  std::set<std::uint16_t> marks;
  const auto arrived = running.take_sent(kInside);
  for (const PacketBytes& packet : arrived) marks.insert(mark_of(packet));
  CHECK(arrived.size() == kPackets);
  CHECK(marks.size() == kPackets);
  CHECK(pair.receiver().dropped(DropReason::Replay) == kPackets * (kWorkers - 1));
  CHECK(pair.inbound_state().packets == kPackets);
}

TEST_CASE("DP-04: outbound SAs are replaced, moved and removed while workers send by them",
          "[threads]") {
  const bool spread = GENERATE(false, true);
  CAPTURE(spread);
  EspPair pair({.adjust_outbound = [&](Sa& sa) { sa.spread = spread; }, .workers = kWorkers});
  TestGateway& gateway = pair.sender();
  const SaHandle handle{gateway.spd().id_of("tunnel")->value};
  const Sa model = pair.outbound().sa->duplicate();
  constexpr unsigned kPackets = 3000;
  Running running(gateway);
  std::string name = "out";
  for (unsigned i = 0; i < kPackets; ++i) {
    give_flow_packet(gateway, i);
    if (i % 20 == 10) {  // make before break
      Sa next = model.duplicate();
      next.name = "out" + std::to_string(i);
      next.spi = Spi{0x2000 + i};
      const std::string gone = std::exchange(name, next.name);
      gateway.add_sa(std::move(next), "tunnel");
      gateway.remove_sa(gone);
    }
    if (i % 20 == 15)
      REQUIRE(gateway.sad().move_endpoints(name, model.endpoints, [&](SaSlot slot) {
        gateway.dataplane().handles().assign(handle, slot);
      }));
    if (i % 16 == 15) running.control();
    if (i % 256 == 255) running.drain();
  }
  running.finish();
  const auto wire = running.take_sent(kOutside);
  CHECK(wire.size() + gateway.dropped_in_all() == kPackets);
  CHECK(gateway.dropped_in_all() == gateway.dropped(DropReason::HandoffAstray));
  std::set<std::pair<std::uint32_t, std::uint32_t>> numbers;
  for (const PacketBytes& packet : wire) numbers.emplace(spi_of(packet), number_of(packet));
  CHECK(numbers.size() == wire.size());
}

TEST_CASE("DP-04: an inbound SA comes and goes while workers open by it", "[threads]") {
  EspPair pair({.workers = kWorkers});
  TestGateway& gateway = pair.receiver();
  constexpr unsigned kPackets = 900;
  for (unsigned i = 0; i < kPackets; ++i) give_flow_packet(pair.sender(), i);
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  const Sa model = pair.inbound().sa->duplicate();
  Running running(gateway);
  for (unsigned i = 0; i < kPackets; ++i) {
    gateway.receive_by(static_cast<std::uint16_t>(i % kWorkers));
    gateway.receive_ip(kOutside, wire[i]);
    if (i % 25 == 12) {
      gateway.remove_sa("in");
      if (i % 50 == 12) running.control();
      gateway.add_sa(model.duplicate());
    }
    if (i % 16 == 15) running.control();
    if (i % 256 == 255) running.drain();
  }
  running.finish();
  const auto arrived = running.take_sent(kInside);
  CHECK(arrived.size() + gateway.dropped_in_all() == kPackets);
  CHECK(gateway.dropped(DropReason::IcvFailure) == 0);
  CHECK(arrived.size() > kPackets / 4);
}

TEST_CASE("SPD-06: policies and routes are published while workers decide by them", "[threads]") {
  EspPair pair({.workers = kWorkers});
  TestGateway& gateway = pair.sender();
  Running running(gateway);
  constexpr unsigned kPackets = 1500;
  for (unsigned i = 0; i < kPackets; ++i) {
    give_flow_packet(gateway, i);
    if (i % 30 == 29) {
      REQUIRE(gateway.spd().insert({.name = "more" + std::to_string(i),
                                    .selectors = {Selector{}},
                                    .action = PolicyAction::Discard,
                                    .protect = {}}));
      gateway.publish();
    }
    if (i % 16 == 15) running.control();
    if (i % 256 == 255) running.drain();
  }
  running.finish();
  CHECK(running.take_sent(kOutside).size() == kPackets);
  CHECK(gateway.dataplane().policy_traffic(*gateway.spd().id_of("tunnel")).packets == kPackets);
}

TEST_CASE("SPD-15: workers at once miss one SA: asked for once, each packet leaves or is counted",
          "[threads]") {
  const bool populated = GENERATE(false, true);
  CAPTURE(populated);
  EspPair pair({.adjust_sender_policy = [&](Policy& policy) { policy.pfp.local = populated; },
                .workers = kWorkers});
  TestGateway& gateway = pair.sender();
  const SaHandle own{gateway.spd().id_of("tunnel")->value};
  gateway.dataplane().handles().assign(own, kNoSa);
  std::vector<std::pair<RequestId, SaMiss>> asked;
  gateway.control().acquire_by(
      [&](RequestId id, const SaMiss& miss) { asked.emplace_back(id, miss); });
  constexpr unsigned kPackets = 3000;
  Running running(gateway);
  for (unsigned i = 0; i < kPackets; ++i) {
    give_flow_packet(gateway, i);
    if (i % 16 == 15) running.control();
    if (i % 256 == 255) running.drain();
    if (i != kPackets / 2) continue;
    REQUIRE(asked.size() == 1);
    const SaHandle handle = populated ? gateway.dataplane().first_populated_handle() : own;
    gateway.dataplane().handles().assign(handle, pair.outbound().slot);
    if (populated) REQUIRE(gateway.dataplane().populated().set(asked[0].second.key, handle));
    REQUIRE(gateway.control().sa_misses().answered(asked[0].first));
  }
  running.finish();
  gateway.control().acquire_by({});
  CHECK(asked.size() == 1);
  const auto wire = running.take_sent(kOutside);
  CHECK(wire.size() + gateway.dropped(DropReason::HoldFull) == kPackets);
  CHECK(wire.size() >= kPackets / 2);
  CHECK(gateway.dropped_in_all() == gateway.dropped(DropReason::HoldFull));
}

TEST_CASE("HA-21: bindings come, move and go under workers that are led by them", "[threads]") {
  TestGateway::Settings settings = two_ports({{.name = "any",
                                               .selectors = {Selector{}},
                                               .action = PolicyAction::Bypass,
                                               .protect = std::nullopt}});
  settings.workers = kWorkers;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  gateway.dataplane().set_mobility(MobilityFacts{});
  const Address home = Address::parse("2001:db8:b::100").value();
  Binding binding{.use = BindingUse::HomeAgent,
                  .home_address = home,
                  .care_of = Address::parse("2001:db8:a::").value(),
                  .peer = Address::parse("2001:db8::1").value()};
  BindingTable& table = gateway.dataplane().bindings();
  const auto plain = PacketBuilder("2001:db8:1::2", "2001:db8:b::100").udp(1, 2).build();
  constexpr unsigned kPackets = 6000;
  Running running(gateway);
  running.feed(kPackets, [&](unsigned i) {
    gateway.receive_by(static_cast<std::uint16_t>(i % kWorkers));
    gateway.receive_ip(kInside, plain);
    binding.care_of.bytes[15] = static_cast<std::uint8_t>(1 + i % 200);
    if (i % 7 == 0)
      table.remove(BindingUse::HomeAgent, home, {});
    else
      static_cast<void>(table.set(binding));  // all places may wait for workers
    gateway.dataplane().poll();
  });
  running.finish();
  const auto sent = running.take_sent(kOutside);
  CHECK(sent.size() == kPackets);
  unsigned tunnelled = 0;
  for (const PacketBytes& packet : sent) {
    PacketSummary summary;
    REQUIRE(summarize(packet, summary) == ParseVerdict::Good);
    const bool inside = summary.protocol == kProtocolIpv6;
    tunnelled += inside ? 1 : 0;
    REQUIRE(std::equal(packet.end() - static_cast<std::ptrdiff_t>(plain.size()) + 8, packet.end(),
                       plain.begin() + 8));
    if (inside) {
      const std::uint8_t last = summary.destination[15];
      REQUIRE((last >= 1 && last <= 200));
    }
  }
  CHECK(tunnelled != 0);
  CHECK(tunnelled != kPackets);
}

}  // namespace sallyport::threads_test
