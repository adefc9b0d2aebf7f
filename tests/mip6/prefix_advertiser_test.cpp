#include "mip6/prefix_advertiser.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::prefix_advertiser_test {
namespace {

using namespace std::chrono_literals;

struct Advertising {
  explicit Advertising(PrefixAdvertiser::Settings settings = {.prefixes = home_link().prefixes})
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}),
        advertiser({.clock = around.clock,
                    .timers = around.timers,
                    .random = around.random,
                    .sender = around.sender,
                    .cache = cache},
                   std::move(settings)) {}

  void bind(const Address& home = kHome, const Address& care_of = kCareOf) {
    REQUIRE(cache.put({.home_address = home, .own = kHomeAgent, .care_of = care_of}, 250'000s));
    advertiser.registered(*cache.home_registration(home));
  }
  // The seconds, from now on, in which something is sent.
  std::vector<int> sent_in(int seconds) {
    std::vector<int> at;
    for (int i = 1; i <= seconds; ++i) {
      around.pass(1s);
      if (!around.sender.take().empty()) at.push_back(i);
    }
    return at;
  }

  FakeSurroundings around;
  BindingCache cache;
  PrefixAdvertiser advertiser;
};

MobilePrefixAdvertisement message_of(const SentMessage& sent) {
  const auto message =
      parse_discovery_message(sent.octets, sent.departure.source, sent.departure.destination);
  REQUIRE(message);
  return std::get<MobilePrefixAdvertisement>(*message);
}

TEST_CASE("MPD-02: a solicitation is answered at once, with all prefixes and by a routing header") {
  Advertising a({.prefixes = home_link().prefixes, .managed = true, .other = true});
  a.advertiser.receive(from_away(), {.identifier = 77});
  REQUIRE(a.around.sender.sent.size() == 1);
  const SentMessage& sent = a.around.sender.sent[0];
  CHECK(sent.departure.source == kHomeAgent);
  CHECK(sent.departure.destination == kHome);
  CHECK(sent.departure.destination_care_of == kCareOf);
  CHECK(sent.departure.protocol == kProtocolIcmpv6);
  const auto message = message_of(sent);
  CHECK(message.identifier == 77);
  CHECK(message.managed);
  CHECK(message.other);
  REQUIRE(message.prefixes.size() == 1);
  CHECK(message.prefixes[0].prefix == Prefix{kHomeAgent, 64});
}

TEST_CASE("MPD-02: solicitations without IPsec or without Home Address option are not answered") {
  Advertising a;
  Arrival bare = from_away();
  bare.protection = Protection::None;
  a.advertiser.receive(bare, {});
  a.advertiser.receive(from_home(), {});
  CHECK(a.around.sender.sent.empty());
}

TEST_CASE("MPD-02: a node is answered once a second at most, whatever others ask") {
  Advertising a;
  for (int i = 0; i < 10; ++i) a.advertiser.receive(from_away(), {});
  CHECK(a.around.sender.take().size() == 1);
  a.advertiser.receive(from_away(kCareOf, kOtherHome), {});
  CHECK(a.around.sender.take().size() == 1);
  a.around.pass(1s);
  a.advertiser.receive(from_away(), {});
  CHECK(a.around.sender.take().size() == 1);
}

TEST_CASE("MPD-02: an advertisement that nobody has asked for is sent again after 3, 6 and 12 s") {
  Advertising a;
  a.bind();
  const std::vector<int> first = a.sent_in(86'400);
  REQUIRE(first.size() == 4);
  CHECK(first[0] >= 600);  // MinMobPfxAdvInterval
  CHECK(first[1] - first[0] == 3);
  CHECK(first[2] - first[1] == 6);
  CHECK(first[3] - first[2] == 12);
}

TEST_CASE("MPD-02: it goes where the node is by then, and a solicitation acknowledges it") {
  Advertising a;
  a.bind();
  a.bind(kHome, kOtherCareOf);
  while (a.around.sender.sent.empty()) a.around.pass(1s);
  const Departure way = a.around.sender.sent[0].departure;
  CHECK(way.source == kHomeAgent);
  CHECK(way.destination == kHome);
  CHECK(way.destination_care_of == kOtherCareOf);
  CHECK(message_of(a.around.sender.sent[0]).prefixes.size() == 1);
  a.advertiser.receive(from_away(), {.identifier = 1});
  a.around.sender.sent.clear();
  CHECK(a.sent_in(1000).empty());
}

TEST_CASE("MPD-02: a node that did not answer hears again with its next update") {
  Advertising a;
  a.bind();
  REQUIRE(a.sent_in(86'400).size() == 4);
  a.bind();
  CHECK(a.around.sender.take().size() == 1);
  CHECK(a.sent_in(30) == std::vector{3, 9, 21});
}

TEST_CASE("MPD-02: changed prefixes are told to each node within the schedule, and only changes") {
  Advertising a;
  a.bind();
  a.bind(kOtherHome);
  a.sent_in(86'400);
  a.advertiser.receive(from_away(), {});
  a.advertiser.receive(from_away(kCareOf, kOtherHome), {});
  a.around.sender.sent.clear();
  PrefixAdvertiser::Settings same{.prefixes = home_link().prefixes};
  a.advertiser.set(same);
  PrefixAdvertiser::Settings changed = same;
  changed.prefixes.push_back(
      {.prefix = {ip("2001:db8:b9::1"), 64}, .preferred = {.steady = PrefixLifetime{700}}});
  changed.shortest_wait = 10s;
  changed.longest_wait = 50s;
  a.advertiser.set(changed);
  std::map<Address, std::size_t> prefixes;
  for (int i = 0; i < 50; ++i) {
    a.around.pass(1s);
    for (const SentMessage& sent : a.around.sender.take())
      prefixes[sent.departure.destination] = message_of(sent).prefixes.size();
    if (i < 9) CHECK(prefixes.empty());
  }
  CHECK(prefixes == std::map<Address, std::size_t>{{kHome, 2}, {kOtherHome, 2}});
}

TEST_CASE("MPD-02: changes that come one after the other do not put it off") {
  Advertising a({.prefixes = home_link().prefixes, .longest_wait = 100s, .shortest_wait = 10s});
  a.bind();
  PrefixAdvertiser::Settings settings{
      .prefixes = home_link().prefixes, .longest_wait = 100s, .shortest_wait = 10s};
  std::size_t sent = 0;
  for (int i = 0; i < 200; ++i) {
    settings.managed = !settings.managed;
    a.advertiser.set(settings);
    a.around.pass(1s);
    sent += a.around.sender.take().size();
  }
  CHECK(sent > 0);
}

TEST_CASE("MPD-02: a flag that changes and changes back within three seconds is nobody's news") {
  PrefixAdvertiser::Settings settings{
      .prefixes = home_link().prefixes, .longest_wait = 86'400s, .shortest_wait = 10s};
  Advertising a(settings);
  a.bind();
  a.sent_in(86'400);
  a.advertiser.receive(from_away(), {});
  a.around.sender.sent.clear();
  const std::size_t timers = a.around.timers.size();
  for (int i = 0; i < 1000; ++i) {
    settings.managed = !settings.managed;
    a.advertiser.set(settings);
    CHECK(a.around.timers.size() <= timers + 1);
  }
  CHECK(a.sent_in(20'000).empty());
  // What is asked for says how it is at that moment.
  settings.managed = true;
  a.advertiser.set(settings);
  a.advertiser.receive(from_away(), {});
  REQUIRE(a.around.sender.sent.size() == 1);
  CHECK(message_of(a.around.sender.sent[0]).managed);
}

TEST_CASE("MPD-02: a change does not end what is sent again, which tells it as well") {
  PrefixAdvertiser::Settings settings{.prefixes = home_link().prefixes};
  Advertising a(settings);
  a.bind();
  while (a.around.sender.sent.empty()) a.around.pass(1s);
  a.around.sender.sent.clear();
  settings.managed = true;
  a.advertiser.set(settings);
  a.around.pass(4s);
  const std::vector<SentMessage> again = a.around.sender.take();
  REQUIRE(again.size() == 1);
  CHECK(message_of(again[0]).managed);
  CHECK(a.sent_in(20) == std::vector{5, 17});
}

TEST_CASE("MPD-02: to a node whose registration has ended nothing is sent") {
  Advertising a;
  a.bind();
  a.advertiser.ended(kHome);
  CHECK(a.sent_in(86'400).empty());
  a.bind(kOtherHome);
  while (a.around.sender.sent.empty()) a.around.pass(1s);
  a.around.sender.sent.clear();
  a.advertiser.ended(kOtherHome);
  CHECK(a.sent_in(100).empty());
}

TEST_CASE("MPD-02: the wait is no longer than the preferred lifetime of the node's prefix") {
  PrefixAdvertiser::Settings settings{.prefixes = home_link().prefixes};
  settings.prefixes[0].preferred.steady = PrefixLifetime{700};
  for (std::uint32_t i = 0; i < 20; ++i) {
    Advertising a(settings);
    for (std::uint32_t skip = 0; skip < i; ++skip) (void)a.around.random.u32();
    a.bind();
    const std::vector<int> at = a.sent_in(700);
    REQUIRE_FALSE(at.empty());
    CHECK(at[0] >= 600);
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::prefix_advertiser_test
