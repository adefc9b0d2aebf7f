// Anything at any time: a mobile node and a correspondent that hear every message from everybody,
// in every state. Sanitizers watch; what is bounded stays so.
#include <catch2/catch.hpp>

#include "mip6/correspondent.h"
#include "tests/mip6/mobile_node_scene.h"
#include "tests/mip6/sample_messages.h"

namespace sallyport::mip6::test::mobile_node_any_order_test {
namespace {

constexpr std::size_t kMostCorrespondents = 4;

template <class T>
const T& any_of(FixedRandom& random, const std::vector<T>& choices) {
  return choices[random.below(static_cast<std::uint32_t>(choices.size()))];
}

class AnyOrder {
 public:
  explicit AnyOrder(std::uint64_t seed) : random_(seed) {
    scene.fakes.ike.movable = random_.below(2) == 0;
    scene.node.on_home_address_lost([this] { lost = true; });
  }

  void step() {
    switch (random_.below(10)) {
      case 0:
        return scene.attach(any_of(random_, std::vector{kCareOf, kNewCareOf}));
      case 1:
        return random_.below(3) == 0 ? scene.go_home() : scene.node.detached();
      case 2:
        return finish_something();
      case 3:
      case 4:
        return scene.node.optimise(any_of(random_, peers_));
      case 5:
      case 6:
        return scene.pass(milliseconds{10} * random_.below(random_.below(10) == 0 ? 50'000 : 200));
      case 7:
        return scene.node.parameter_problem(any_of(random_, peers_),
                                            static_cast<std::uint8_t>(random_.below(4)));
      default:
        return hear();
    }
  }

  MobileNodeScene scene{[] {
    MobileNodeSettings settings = mobile_node_settings();
    settings.home_agents = {kHomeAgent, kOtherAgent};
    settings.most_correspondents = kMostCorrespondents;
    return settings;
  }()};
  bool lost{};

 private:
  void finish_something() {
    scene.fakes.neighbours.finish_detection();
    scene.fakes.discovery.finish_searches(kRouterMac);
    scene.fakes.ike.at_once = random_.below(4) != 0;
    scene.fakes.ike.finish(random_.below(3) == 0 ? fail(Error::Code::Refused, "no")
                                                 : Expected<void>{});
  }
  // Half of the messages answer something that was sent.
  void hear() {
    Arrival arrival{.source = any_of(random_, peers_),
                    .destination = any_of(random_, std::vector{kHome, kCareOf, kNewCareOf})};
    if (random_.below(2) == 0) arrival.protection = Protection::Ipsec;
    if (random_.below(2) == 0) arrival.destination_care_of = kCareOf;
    if (random_.below(2) == 0) arrival.tunnel = OuterHeader{.source = kHomeAgent};
    Message message = any_of(random_, sample_messages());
    const auto sent = scene.fakes.sender.take();
    if (!sent.empty() && random_.below(2) == 0) {
      const SentMessage& asked = any_of(random_, sent);
      arrival.source = asked.departure.destination;
      if (const auto known = asked.message()) answer(arrival, asked, *known, message);
    }
    scene.receive(arrival, message);
    static_cast<void>(scene.node.registered_care_of());
  }
  void answer(Arrival& arrival, const SentMessage& asked, const Message& known, Message& message) {
    arrival.destination = asked.departure.source;
    if (const auto* const test = std::get_if<HomeTestInit>(&known))
      message = HomeTest{.cookie = test->cookie};
    if (const auto* const test = std::get_if<CareOfTestInit>(&known))
      message = CareOfTest{.cookie = test->cookie};
    const auto* const update = std::get_if<BindingUpdate>(&known);
    if (update == nullptr) return;
    constexpr std::array kStatuses{0, 0, 0, 0, 1, 128, 129, 130, 133, 135, 136, 137, 138, 140};
    message = BindingAcknowledgement{
        .status = static_cast<BindingStatus>(
            kStatuses.at(random_.below(static_cast<std::uint32_t>(kStatuses.size())))),
        .sequence = update->sequence,
        .lifetime = BindingLifetime{static_cast<std::uint16_t>(random_.below(200))}};
  }

  FixedRandom random_;
  const std::vector<Address> peers_{
      kHomeAgent,          kOtherAgent,         kCorrespondent,      kHome,
      ip("2001:db8:c::3"), ip("2001:db8:c::4"), ip("2001:db8:c::5"), ip("2001:db8:c::6"),
      ip("ff0e::1")};
};

TEST_CASE(
    "MN-04, RR-09, MN-15: any message in any state crashes nothing, and no list grows beyond its "
    "bound") {
  std::size_t registrations = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    AnyOrder order(seed);
    std::size_t steps = 0;
    for (; steps < 1500 && !order.lost; ++steps) order.step();
    CHECK(steps > 1);
    registrations += order.scene.fakes.events.count(EventKind::Registered);
    CHECK(order.scene.node.correspondents().size() <= kMostCorrespondents);
    CHECK(order.scene.node.home_agents().size() <= 32);
    CHECK(order.scene.fakes.timers.size() < 100);
    // After all that a place is registered as ever, unless the home address is gone.
    if (order.lost) continue;
    order.scene.fakes.ike.at_once = true;
    order.scene.node.detached();
    order.scene.pass(seconds{700});
    order.scene.fakes.sender.sent.clear();
    order.scene.attach(kCareOf);
    CHECK_FALSE(only<BindingUpdate>(order.scene.fakes.sender.take()).empty());
  }
  CHECK(registrations > 100);  // it did get somewhere
}

TEST_CASE("RR-05: any message to a correspondent crashes nothing and makes no binding") {
  FakeSurroundings fakes;
  BindingCache cache({.clock = fakes.clock, .timers = fakes.timers, .random = fakes.random});
  Correspondent correspondent({.clock = fakes.clock,
                               .timers = fakes.timers,
                               .random = fakes.random,
                               .sender = fakes.sender,
                               .table = fakes.bindings,
                               .events = fakes.events,
                               .cache = cache,
                               .sha1 = kSha1},
                              {});
  FixedRandom random;
  const std::vector<Address> addresses{kHome,    kCareOf,       kCorrespondent,
                                       ip("::"), ip("ff0e::1"), ip("fe80::1")};
  const auto messages = sample_messages(all_options());
  for (int i = 0; i < 5000; ++i) {
    Arrival arrival{.source = any_of(random, addresses), .destination = any_of(random, addresses)};
    if (random.below(2) == 0) arrival.source_care_of = any_of(random, addresses);
    const Message& message = any_of(random, messages);
    const auto octets = build_message(message, arrival.source, arrival.destination);
    REQUIRE(octets);
    correspondent.receive(arrival, message, *octets);
    fakes.pass(milliseconds{100});
  }
  CHECK(cache.size() == 0);
  CHECK(fakes.bindings.bindings.empty());
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_node_any_order_test
