#include "mip6/binding_cache.h"

#include <catch2/catch.hpp>

#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::binding_cache_test {
namespace {

using namespace std::chrono_literals;

struct Caching {
  explicit Caching(BindingCache::Limits limits = {})
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}, limits) {
    for (const BindingUse use : {BindingUse::HomeAgent, BindingUse::Correspondent})
      cache.on_end(use, [this](const BindingEntry& entry, BindingEnd why) {
        ended.emplace_back(entry, why);
      });
  }

  FakeSurroundings around;
  BindingCache cache;
  std::vector<std::pair<BindingEntry, BindingEnd>> ended;
};

BindingEntry entry_of(BindingUse use, const Address& home = kHome,
                      const Address& own = kHomeAgent) {
  return {.use = use, .home_address = home, .own = own, .care_of = kCareOf, .sequence = 7};
}

Address numbered(std::uint32_t number) {
  Address address = kHome;
  store_be<std::uint32_t>(&address.bytes[12], number);
  return address;
}

TEST_CASE("HA-21: an entry keeps what the RFC lists, and is found by its two addresses") {
  Caching c;
  BindingEntry entry = entry_of(BindingUse::HomeAgent);
  entry.flags = {UpdateFlag::HomeRegistration, UpdateFlag::MobileRouter};
  entry.protection = Protection::Ipsec;
  entry.networks = {Prefix{ip("2001:db8:d::"), 48}};
  REQUIRE(c.cache.put(entry, 60s));
  entry.ends = c.around.clock.now() + 60s;
  REQUIRE(c.cache.find(kHome, kHomeAgent) != nullptr);
  CHECK(*c.cache.find(kHome, kHomeAgent) == entry);
  CHECK(c.cache.home_registration(kHome) == c.cache.find(kHome, kHomeAgent));
  CHECK(c.cache.find(kHome, kCorrespondent) == nullptr);
  CHECK(c.cache.find(kCareOf, kHomeAgent) == nullptr);
  std::vector<BindingEntry> all;
  c.cache.for_each([&all](const BindingEntry& each) { all.push_back(each); });
  CHECK(all == std::vector{entry});
}

TEST_CASE("HA-07: an entry ends when its lifetime does, and not before") {
  Caching c;
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent), 60s));
  c.around.pass(59900ms);
  CHECK(c.cache.home_registration(kHome) != nullptr);
  CHECK(c.ended.empty());
  c.around.pass(200ms);
  CHECK(c.cache.home_registration(kHome) == nullptr);
  REQUIRE(c.ended.size() == 1);
  CHECK(c.ended[0].first.home_address == kHome);
  CHECK(c.ended[0].first.care_of == kCareOf);
  CHECK(c.ended[0].second == BindingEnd::Expired);
}

TEST_CASE("HA-07: a refreshed entry lives by its new lifetime alone") {
  Caching c;
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent), 60s));
  c.around.pass(50s);
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent), 60s));
  c.around.pass(50s);
  CHECK(c.cache.home_registration(kHome) != nullptr);
  c.cache.set_lifetime(kHome, kHomeAgent, 1s);
  c.around.pass(2s);
  CHECK(c.cache.size() == 0);
  CHECK(c.around.timers.size() == 0);
}

TEST_CASE("HA-07: correspondents' entries are so many: the one updated longest ago goes") {
  Caching c({.correspondents = 2});
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, numbered(1)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(2)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, numbered(3)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, numbered(1)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, numbered(4)), 60s));
  CHECK(c.cache.find(numbered(3), kHomeAgent) == nullptr);
  CHECK(c.cache.find(numbered(1), kHomeAgent) != nullptr);
  REQUIRE(c.ended.size() == 1);
  CHECK(c.ended[0].first.home_address == numbered(3));
  CHECK(c.ended[0].second == BindingEnd::Evicted);
  CHECK(c.cache.size() == 3);
}

TEST_CASE(
    "HA-07: home registrations are never given up: where there are so many no more is taken") {
  Caching c({.home_registrations = 2, .correspondents = 1});
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(1)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(2)), 60s));
  CHECK_FALSE(c.cache.has_room(entry_of(BindingUse::HomeAgent, numbered(3))));
  CHECK(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(3)), 60s).error().code ==
        Error::Code::Exhausted);
  CHECK(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(1)), 60s));
  CHECK(c.cache.put(entry_of(BindingUse::Correspondent, numbered(3)), 60s));
  CHECK(c.cache.size() == 3);
  CHECK(c.ended.empty());
}

TEST_CASE("HA-02, HA-07: strangers' entries take no place of a home registration") {
  Caching c({.home_registrations = 2, .correspondents = 3});
  for (std::uint32_t i = 10; i < 30; ++i)
    REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, numbered(i)), 60s));
  CHECK(c.cache.size() == 3);
  CHECK(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(1)), 60s));
  CHECK(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(2)), 60s));
  CHECK(c.cache.size() == 5);
}

TEST_CASE("HA-07, HA-12: a deleted registration keeps nobody out, and those are so many as well") {
  Caching c({.home_registrations = 1});
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(1)), 60s));
  c.cache.invalidate(numbered(1), kHomeAgent);
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(2)), 60s));
  // The first one comes back too late.
  CHECK_FALSE(c.cache.has_room(entry_of(BindingUse::HomeAgent, numbered(1))));
  c.cache.invalidate(numbered(2), kHomeAgent);
  CHECK_FALSE(c.cache.has_room(entry_of(BindingUse::HomeAgent, numbered(3))));
  CHECK(c.cache.put(entry_of(BindingUse::HomeAgent, numbered(1)), 60s));
  CHECK(c.cache.home_registration(numbered(1))->valid);
}

TEST_CASE("HA-07: with lower limits correspondents' entries end, home registrations go on") {
  Caching c;
  for (std::uint32_t i = 1; i <= 4; ++i)
    REQUIRE(c.cache.put(
        entry_of(i % 2 == 0 ? BindingUse::HomeAgent : BindingUse::Correspondent, numbered(i)),
        60s));
  c.cache.set_limits({.home_registrations = 1, .correspondents = 1});
  CHECK(c.cache.find(numbered(1), kHomeAgent) == nullptr);
  CHECK(c.cache.size() == 3);
  REQUIRE(c.ended.size() == 1);
  CHECK(c.ended[0].second == BindingEnd::Evicted);
  CHECK_FALSE(c.cache.has_room(entry_of(BindingUse::HomeAgent, numbered(6))));
}

TEST_CASE("HA-21: a node has so many entries and no more, with as many addresses of ours") {
  Caching c({.each_home_address = 2});
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, kHome, numbered(1)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::Correspondent, kHome, numbered(2)), 60s));
  CHECK_FALSE(c.cache.put(entry_of(BindingUse::Correspondent, kHome, numbered(3)), 60s));
  CHECK(c.cache.put(entry_of(BindingUse::Correspondent, numbered(9), numbered(3)), 60s));
  c.cache.erase(kHome, numbered(1));
  CHECK(c.cache.put(entry_of(BindingUse::Correspondent, kHome, numbered(3)), 60s));
}

TEST_CASE("HA-21: a node is registered with one of a home agent's addresses at a time") {
  Caching c;
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, kHome, numbered(1)), 60s));
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent, kHome, numbered(2)), 60s));
  CHECK(c.cache.size() == 1);
  CHECK(c.cache.home_registration(kHome)->own == numbered(2));
}

TEST_CASE("HA-12: a deleted entry is kept ten seconds as an invalid one, and ends unheard") {
  Caching c;
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent), 600s));
  c.cache.invalidate(kHome, kHomeAgent);
  c.around.pass(9900ms);
  REQUIRE(c.cache.home_registration(kHome) != nullptr);
  CHECK_FALSE(c.cache.home_registration(kHome)->valid);
  CHECK(c.cache.home_registration(kHome)->sequence == 7);
  c.around.pass(200ms);
  CHECK(c.cache.home_registration(kHome) == nullptr);
  CHECK(c.ended.empty());
}

TEST_CASE("HA-03: the sequence number of an entry can be raised alone") {
  Caching c;
  c.cache.set_sequence(kHome, kHomeAgent, 8);
  CHECK(c.cache.size() == 0);
  REQUIRE(c.cache.put(entry_of(BindingUse::HomeAgent), 60s));
  c.cache.set_sequence(kHome, kHomeAgent, 8);
  CHECK(c.cache.home_registration(kHome)->sequence == 8);
}

TEST_CASE("HA-21: a hundred thousand entries come, are refreshed and go, each with its timer") {
  constexpr std::uint32_t kMany = 100'000;
  Caching c;
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t i = 0; i < kMany; ++i)
      REQUIRE(c.cache.put(
          entry_of(i % 2 == 0 ? BindingUse::HomeAgent : BindingUse::Correspondent, numbered(i)),
          60s));
  CHECK(c.cache.size() == kMany);
  CHECK(c.around.timers.size() == kMany);
  c.around.pass(61s);
  CHECK(c.cache.size() == 0);
  CHECK(c.ended.size() == kMany);
  CHECK(c.around.timers.size() == 0);
}

TEST_CASE("HA-21: a cache that goes leaves no timer behind") {
  FakeSurroundings around;
  {
    BindingCache cache({.clock = around.clock, .timers = around.timers, .random = around.random});
    REQUIRE(cache.put(entry_of(BindingUse::HomeAgent), 60s));
    CHECK(around.timers.size() == 1);
  }
  CHECK(around.timers.size() == 0);
}

}  // namespace
}  // namespace sallyport::mip6::test::binding_cache_test
