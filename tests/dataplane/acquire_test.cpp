// Packets that policy protects and for which there is no SA yet: asked for once, held, let go
// (RFC 4301 5.1 step 3b; SPD-15, SPD-16).
#include "dataplane/acquire.h"

#include <catch2/catch.hpp>

#include "dataplane/populated_handles.h"
#include "tests/support/esp_pair.h"

namespace sallyport::acquire_test {
namespace {

struct Asked {
  RequestId id;
  SaMiss miss;
};

// The first of two gateways, without its SA and with somebody who writes down what is asked.
class Waiting {
 public:
  explicit Waiting(const PopulateFromPacket& pfp = {}, EspPair::Settings settings = {})
      : pair(with_pfp(std::move(settings), pfp)), pfp_(pfp) {
    lead(kNoSa);
    gateway().control().acquire_by(
        [this](RequestId id, const SaMiss& miss) { asked.push_back({id, miss}); });
  }
  ~Waiting() { gateway().control().acquire_by({}); }

  TestGateway& gateway() { return pair.sender(); }
  SaMisses& misses() { return gateway().control().sa_misses(); }
  void send(const PacketBuilder& packet, int times = 1) {
    for (int i = 0; i < times; ++i) gateway().receive_ip(kInside, packet.build());
    gateway().settle();
  }
  // What a key manager does, as far as the data plane goes.
  void provide(const Asked& request) {
    if (pfp_ != PopulateFromPacket{}) {
      const SaHandle handle{gateway().dataplane().first_populated_handle().value + next_++};
      gateway().dataplane().handles().assign(handle, pair.outbound().slot);
      REQUIRE(gateway().dataplane().populated().set(request.miss.key, handle));
    } else {
      lead(pair.outbound().slot);
    }
    REQUIRE(misses().answered(request.id));
    gateway().settle();
  }
  std::vector<PacketBytes> sent() { return gateway().sent(kOutside); }
  std::uint64_t dropped(DropReason reason) { return gateway().dropped(reason); }
  void wait(Duration time) {
    gateway().clock().advance(time);
    gateway().settle();
  }

  EspPair pair;
  std::vector<Asked> asked;

 private:
  static EspPair::Settings with_pfp(EspPair::Settings settings, const PopulateFromPacket& pfp) {
    settings.adjust_sender_policy = [pfp](Policy& policy) { policy.pfp = pfp; };
    return settings;
  }
  void lead(SaSlot slot) {
    const PolicyId id = gateway().spd().id_of("tunnel").value();
    gateway().dataplane().handles().assign(SaHandle{id.value}, slot);
  }

  PopulateFromPacket pfp_;
  std::uint32_t next_{};
};

PacketBuilder packet(int port = 1000, const char* from = "198.51.100.2") {
  return PacketBuilder(from, "198.51.100.130")
      .udp(static_cast<std::uint16_t>(port), 2000)
      .filler(64);
}

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("SPD-15: ten thousand packets at once ask for one SA, and wait as far as there is room") {
  Waiting waiting;
  for (int i = 0; i < 20; ++i) waiting.send(packet(i), 500);
  REQUIRE(waiting.asked.size() == 1);
  const SaMiss& miss = waiting.asked[0].miss;
  CHECK(miss.key.policy == waiting.gateway().spd().id_of("tunnel"));
  CHECK(miss.packet.remote == Address::parse("198.51.100.130").value());
  CHECK(miss.packet.local_port == 0);
  CHECK(waiting.misses().held() == 8);
  CHECK(waiting.gateway().dataplane().account().held == 8);
  CHECK(waiting.dropped(DropReason::HoldFull) == 10'000 - 8);
  CHECK(waiting.sent().empty());

  waiting.provide(waiting.asked[0]);
  const auto sent = waiting.sent();
  REQUIRE(sent.size() == 8);
  CHECK(waiting.misses().held() == 0);
  CHECK(waiting.dropped(DropReason::HoldFull) == 10'000 - 8);
  // Each once through forwarding: one off the hop limit, and none twice.
  for (const PacketBytes& wire : sent) {
    const auto inside = waiting.pair.in(wire);
    REQUIRE(inside.size() == 1);
    CHECK(inside[0][8] == 62);
  }
  waiting.send(packet());
  CHECK(waiting.sent().size() == 1);
  CHECK(waiting.asked.size() == 1);
}

TEST_CASE("SPD-15: who waits is asked for once for each set of populated values (SPD-13)") {
  Waiting waiting({.local = true});
  for (int i = 0; i < 10; ++i) {
    waiting.send(packet(i, "198.51.100.2"));
    waiting.send(packet(i, "198.51.100.3"));
  }
  REQUIRE(waiting.asked.size() == 2);
  waiting.provide(waiting.asked[1]);
  auto sent = waiting.sent();
  REQUIRE(sent.size() == 8);
  for (const PacketBytes& wire : sent) {
    const auto inside = waiting.pair.in(wire);
    REQUIRE(inside.size() == 1);
    CHECK(inside[0][15] == 3);
  }
  waiting.send(packet(77, "198.51.100.3"));
  CHECK(waiting.sent().size() == 1);
  waiting.send(packet(77, "198.51.100.4"));
  CHECK(waiting.sent().empty());
  CHECK(waiting.asked.size() == 3);
}

TEST_CASE("SPD-13: what does not show a populated field is dropped and asks for nothing") {
  Waiting waiting({.protocol = true, .remote_port = true});
  waiting.send(PacketBuilder("198.51.100.2", "198.51.100.130").protocol(50).filler(64));
  CHECK(waiting.asked.empty());
  CHECK(waiting.dropped(DropReason::FieldHidden) == 1);
}

TEST_CASE("SPD-15: what nobody answers in time is dropped, and may be asked for again") {
  Waiting waiting;
  waiting.send(packet(), 3);
  REQUIRE(waiting.asked.size() == 1);
  waiting.wait(29s);
  CHECK(waiting.misses().held() == 3);
  waiting.wait(2s);
  CHECK(waiting.misses().held() == 0);
  CHECK(waiting.dropped(DropReason::HoldTimeout) == 3);
  CHECK_FALSE(waiting.misses().answered(waiting.asked[0].id));
  waiting.send(packet());
  REQUIRE(waiting.asked.size() == 2);
  CHECK(waiting.asked[1].id != waiting.asked[0].id);
}

TEST_CASE("SPD-15: a refusal drops what waits, and for a while what comes") {
  Waiting waiting;
  waiting.send(packet(), 3);
  REQUIRE(waiting.misses().refused(waiting.asked[0].id, waiting.gateway().clock().now()));
  waiting.gateway().settle();
  CHECK(waiting.dropped(DropReason::AcquireRefused) == 3);
  waiting.send(packet());
  CHECK(waiting.dropped(DropReason::AcquireRefused) == 4);
  CHECK(waiting.asked.size() == 1);
  CHECK_FALSE(waiting.misses().refused(waiting.asked[0].id, waiting.gateway().clock().now()));
  CHECK_FALSE(waiting.misses().answered(waiting.asked[0].id));
  waiting.wait(1500ms);
  waiting.send(packet());
  CHECK(waiting.asked.size() == 2);
}

TEST_CASE("SPD-15: hostile flows fill what may be under way, and no more") {
  EspPair::Settings settings;
  settings.adjust_gateways = [](TestGateway::Settings& gateway) { gateway.mbufs = 8192; };
  Waiting waiting({.protocol = true, .local_port = true}, settings);
  for (int port = 1; port <= 3000; ++port) {
    waiting.gateway().receive_ip(kInside, packet(port).build());
    if (port % 500 == 0) waiting.gateway().settle();
  }
  CHECK(waiting.asked.size() == 256);
  CHECK(waiting.misses().under_way() == 256);
  CHECK(waiting.misses().held() == 256);
  CHECK(waiting.dropped(DropReason::HoldFull) == 3000 - 256);
  // Another policy's packets find room all the same.
  waiting.misses().want({.key = {.policy = PolicyId{77}}, .packet = {}},
                        waiting.gateway().clock().now());
  CHECK(waiting.misses().under_way() == 257);
  waiting.misses().abandon([](PolicyId id) { return id == PolicyId{77}; });
  waiting.provide(waiting.asked[200]);
  CHECK(waiting.sent().size() == 1);
}

TEST_CASE("SPD-15: fragments wait and go on like whole packets, and ask once") {
  for (const bool populated : {false, true}) {
    CAPTURE(populated);
    EspPair::Settings settings;
    settings.adjust_gateways = [](TestGateway::Settings& gateway) {
      // One that checks fragments, so that verdicts are kept.
      Policy web{.name = "web", .action = PolicyAction::Bypass};
      web.selectors.emplace_back().protocol = kProtocolTcp;
      web.selectors[0].remote = {AddressRange::parse("203.0.113.7").value()};
      web.selectors[0].remote_port = PortSet::of({{80, 80}}).value();
      gateway.policies.insert(gateway.policies.begin(), web);
    };
    Waiting waiting({.local = populated}, settings);
    const auto fragment = [](std::uint16_t offset, bool more) {
      return PacketBuilder("198.51.100.2", "198.51.100.130")
          .fragment({.offset = offset, .more = more, .id = 9})
          .protocol(17)
          .filler(64);
    };
    waiting.send(fragment(0, true));
    waiting.send(fragment(64, true));
    waiting.send(fragment(128, false));
    REQUIRE(waiting.asked.size() == 1);
    waiting.provide(waiting.asked[0]);
    waiting.wait(100ms);
    CHECK(waiting.sent().size() == 3);
    CHECK(waiting.asked.size() == 1);
    waiting.send(fragment(192, false));
    CHECK(waiting.sent().size() == 1);
    CHECK(waiting.asked.size() == 1);
  }
}

TEST_CASE("SPD-15: a packet on its way to wait when the SA comes does not ask again") {
  Waiting waiting;
  waiting.send(packet());
  waiting.gateway().receive_ip(kInside, packet(2).build());
  for (std::uint16_t worker = 0; worker < test_workers(); ++worker)
    waiting.gateway().turn(WorkerId{worker});
  waiting.provide(waiting.asked.at(0));
  CHECK(waiting.sent().size() == 2);
  CHECK(waiting.asked.size() == 1);
}

TEST_CASE("SPD-13: a flow finds the SA that came after the one that it knew had gone") {
  Waiting waiting({.local = true});
  waiting.send(packet());
  waiting.provide(waiting.asked.at(0));
  waiting.send(packet());
  CHECK(waiting.sent().size() == 2);
  waiting.gateway().dataplane().handles().assign(
      waiting.gateway().dataplane().first_populated_handle(), kNoSa);
  waiting.gateway().dataplane().populated().remove(waiting.asked[0].miss.key);
  waiting.send(packet());
  REQUIRE(waiting.asked.size() == 2);
  waiting.provide(waiting.asked[1]);
  waiting.send(packet());
  CHECK(waiting.sent().size() == 2);
  CHECK(waiting.asked.size() == 2);
}

TEST_CASE("SPD-06, SPD-15: what waits is judged by the policy of the day when it goes on") {
  Waiting waiting;
  waiting.send(packet(), 2);
  Policy no{.name = "no", .selectors = {Selector{}}, .action = PolicyAction::Discard};
  REQUIRE(waiting.gateway().spd().insert(no, 0));
  waiting.gateway().publish();
  waiting.provide(waiting.asked[0]);
  CHECK(waiting.sent().empty());
  CHECK(waiting.dropped(DropReason::PolicyDiscard) == 2);
}

TEST_CASE("SPD-15: a policy that is gone is asked for no more; what waits is judged anew") {
  Waiting waiting;
  waiting.send(packet(), 2);
  REQUIRE(waiting.gateway().spd().remove("tunnel"));
  waiting.gateway().publish();
  waiting.misses().abandon([](PolicyId) { return true; });
  waiting.gateway().settle();
  CHECK(waiting.misses().under_way() == 0);
  CHECK(waiting.dropped(DropReason::NoPolicy) == 2);
  CHECK_FALSE(waiting.misses().answered(waiting.asked[0].id));
}

TEST_CASE("SPD-16: without a key manager, and where policy names its SAs, the drop is audited") {
  Waiting waiting;
  waiting.gateway().control().acquire_by({});
  waiting.send(packet());
  CHECK(waiting.dropped(DropReason::NoSa) == 1);
  const auto events = waiting.gateway().events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].reason == DropReason::NoSa);
  CHECK(events[0].policy == waiting.gateway().spd().id_of("tunnel"));

  EspPair::Settings settings;
  settings.adjust_gateways = [](TestGateway::Settings& gateway) {
    for (Policy& policy : gateway.policies)
      if (policy.protect) policy.protect->sas = {"out"};
  };
  Waiting manual({}, settings);
  manual.send(packet());
  CHECK(manual.asked.empty());
  CHECK(manual.dropped(DropReason::NoSa) == 1);
}

TEST_CASE("SPD-17: what comes in in clear asks for nothing") {
  Waiting waiting;
  waiting.gateway().receive_ip(
      kOutside, PacketBuilder("198.51.100.130", "198.51.100.2").udp(2000, 1000).build());
  waiting.gateway().settle();
  CHECK(waiting.asked.empty());
  CHECK(waiting.dropped(DropReason::PlaintextProtected) == 1);
}

}  // namespace sallyport::acquire_test
