#include "mip6/router_advertiser.h"

#include <catch2/catch.hpp>

#include "net/datagram.h"
#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::router_advertiser_test {
namespace {

using namespace std::chrono_literals;

const Instant kNow{std::chrono::hours{1}};

// What a receiver reads of it.
std::optional<RouterAdvertisement> received(const SentMessage& sent) {
  const Octets datagram = make_datagram({.source = sent.departure.source,
                                         .destination = sent.departure.destination,
                                         .protocol = sent.departure.protocol,
                                         .hop_limit = sent.departure.hop_limit},
                                        sent.octets);
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good) return std::nullopt;
  return parse_router_advertisement(datagram, summary);
}

TEST_CASE("NDX-01, NDX-03: our advertisement has H, our address with R, and our link address") {
  const AdvertisingSettings settings;
  REQUIRE(check(settings, home_link()));
  const RouterAdvertisement composed = compose_advertisement(settings, home_link(), kNow);
  CHECK(composed.flags == Flags{RouterFlag::HomeAgent});
  CHECK(composed.link_address == home_link().mac);
  CHECK(composed.lifetime == RouterLifetime{1800});
  REQUIRE(composed.prefixes.size() == 1);
  CHECK(composed.prefixes[0].prefix == Prefix{kHomeAgent, 64});
  CHECK(composed.prefixes[0].flags.has(PrefixFlag::RouterAddress));
  CHECK(build_router_advertisement(composed));
}

TEST_CASE("NDX-03: option 8 is there where it says more than defaults do, always with H") {
  AdvertisingSettings settings;
  CHECK_FALSE(compose_advertisement(settings, home_link(), kNow).home_agent);
  settings.preference = 5;
  const auto composed = compose_advertisement(settings, home_link(), kNow);
  CHECK(composed.home_agent ==
        HomeAgentInformation{.preference = 5, .lifetime = RouterLifetime{1800}});
  settings.preference = 0;
  settings.home_agent_lifetime = RouterLifetime{60};
  CHECK(compose_advertisement(settings, home_link(), kNow).home_agent ==
        HomeAgentInformation{.lifetime = RouterLifetime{60}});
  CHECK_FALSE(compose_farewell(settings, home_link(), kNow).home_agent);
}

TEST_CASE("NEMO-05: a home agent of routers says so in option 8") {
  AdvertisingSettings settings;
  settings.mobile_router = true;
  const auto composed = compose_advertisement(settings, home_link(), kNow);
  REQUIRE(composed.home_agent);
  CHECK(composed.home_agent->mobile_router);
}

TEST_CASE("NDX-01: the interval is told where that is wished, 20 ms longer where it is brief") {
  AdvertisingSettings settings;
  CHECK_FALSE(compose_advertisement(settings, home_link(), kNow).advertisement_interval);
  settings.tells_interval = true;
  CHECK(compose_advertisement(settings, home_link(), kNow).advertisement_interval ==
        RouterInterval{600'000});
  settings.most = 199ms;
  CHECK(compose_advertisement(settings, home_link(), kNow).advertisement_interval ==
        RouterInterval{219});
  settings.most = 200ms;
  CHECK(compose_advertisement(settings, home_link(), kNow).advertisement_interval ==
        RouterInterval{200});
}

TEST_CASE("NDX-01: prefix lifetimes that run out are told as what is left") {
  HomeLink link = home_link();
  link.prefixes[0].valid.until = kNow + 90s;
  link.prefixes[0].preferred.until = kNow + 30s;
  const auto composed = compose_advertisement({}, link, kNow + 31s);
  CHECK(composed.prefixes[0].valid == PrefixLifetime{59});
  CHECK(composed.prefixes[0].preferred == PrefixLifetime{0});
}

TEST_CASE("NDX-02: intervals down to 30 and 70 ms may be set, and are no defaults") {
  AdvertisingSettings settings;
  CHECK(settings.least >= 3s);
  CHECK(settings.most >= 4s);
  settings.most = 70ms;
  settings.least = 30ms;
  settings.between = 30ms;
  CHECK(check(settings, home_link()));
  CHECK(router_lifetime(settings) == RouterLifetime{1});
  const auto refuses = [](auto change) {
    AdvertisingSettings changed;
    change(changed);
    return !check(changed, home_link());
  };
  CHECK(refuses([](auto& s) { s.most = 69ms, s.least = 30ms; }));
  CHECK(refuses([](auto& s) { s.most = 1801s; }));
  CHECK(refuses([](auto& s) { s.most = 80ms, s.least = 29ms; }));
  CHECK(refuses([](auto& s) { s.most = 4s, s.least = 3001ms; }));
  CHECK(refuses([](auto& s) { s.between = 29ms; }));
  CHECK(refuses([](auto& s) { s.lifetime = RouterLifetime{599}; }));
  CHECK(refuses([](auto& s) { s.lifetime = RouterLifetime{9001}; }));
  CHECK(refuses([](auto& s) { s.home_agent_lifetime = RouterLifetime{0}; }));
  CHECK(refuses([](auto& s) { s.lifetime = RouterLifetime{0}; }));  // and the home agent's so
}

TEST_CASE("NDX-03: a link without a prefix that bears our address is refused") {
  HomeLink link = home_link();
  link.prefixes[0].flags = {PrefixFlag::OnLink};
  CHECK_FALSE(check({}, link));
}

struct Advertising {
  explicit Advertising(AdvertisingSettings settings = {})
      : advertiser({.clock = around.clock,
                    .timers = around.timers,
                    .random = around.random,
                    .sender = around.sender},
                   settings, home_link()) {}

  FakeSurroundings around;
  RouterAdvertiser advertiser;
};

TEST_CASE("NDX-02: advertisements go out within the intervals, the first three sooner") {
  Advertising a;
  a.advertiser.start();
  CHECK(a.around.sender.sent.size() == 1);
  a.around.pass(33s);
  CHECK(a.around.sender.sent.size() == 3);
  a.around.sender.sent.clear();
  std::vector<Instant> at;
  for (int i = 0; i < 6000; ++i) {
    a.around.pass(1s);
    if (!a.around.sender.take().empty()) at.push_back(a.around.clock.now());
  }
  REQUIRE(at.size() >= 10);
  for (std::size_t i = 1; i < at.size(); ++i) {
    CHECK(at[i] - at[i - 1] >= 197s);
    CHECK(at[i] - at[i - 1] <= 602s);
  }
}

TEST_CASE("NDX-02: at the shortest intervals the mean time is some 50 ms") {
  Advertising a({.most = 70ms, .least = 30ms, .between = 30ms});
  a.advertiser.start();
  a.around.pass(10s);
  CHECK(a.around.sender.sent.size() > 150);
  CHECK(a.around.sender.sent.size() < 220);
}

TEST_CASE("NDX-01: what goes out reads as what was composed, on that link, to all nodes") {
  Advertising a({.managed = true, .preference = 3, .mtu = 1400});
  a.advertiser.start();
  REQUIRE(a.around.sender.sent.size() == 1);
  const Departure& way = a.around.sender.sent[0].departure;
  CHECK(way.port == kHomePort);
  CHECK(way.hop_limit == 255);
  CHECK(way.destination == ip("ff02::1"));
  const auto read = received(a.around.sender.sent[0]);
  REQUIRE(read);
  CHECK(read->flags == Flags{RouterFlag::Managed, RouterFlag::HomeAgent});
  CHECK(read->home_agent->preference == 3);
  CHECK(read->mtu == 1400);
}

TEST_CASE("NDX-02: a solicitation is answered soon, and not more often than is allowed") {
  Advertising a;
  a.advertiser.start();
  a.around.pass(100s);
  a.around.sender.sent.clear();
  for (int i = 0; i < 5; ++i) a.advertiser.solicited();
  a.around.pass(600ms);
  CHECK(a.around.sender.sent.size() == 1);
  for (int i = 0; i < 20; ++i) {
    a.advertiser.solicited();
    a.around.pass(100ms);
  }
  CHECK(a.around.sender.sent.size() == 1);
  a.around.pass(2s);
  CHECK(a.around.sender.sent.size() == 2);
}

TEST_CASE("DHAAD-03: who stops says so: no router, no home agent") {
  Advertising a;
  a.advertiser.start();
  a.around.sender.sent.clear();
  a.advertiser.stop();
  REQUIRE(a.around.sender.sent.size() == 1);
  const auto read = received(a.around.sender.sent[0]);
  REQUIRE(read);
  CHECK(read->lifetime == RouterLifetime{0});
  CHECK_FALSE(read->flags.has(RouterFlag::HomeAgent));
  a.around.pass(700s);
  a.advertiser.solicited();
  a.around.pass(700s);
  CHECK(a.around.sender.sent.size() == 1);
}

}  // namespace
}  // namespace sallyport::mip6::test::router_advertiser_test
