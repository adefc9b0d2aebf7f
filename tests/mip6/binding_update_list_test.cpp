#include "mip6/binding_update_list.h"

#include <catch2/catch.hpp>

#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::binding_update_list_test {
namespace {

using std::chrono::seconds;

TEST_CASE("MN-15: an entry is of a peer and a home address, and keeps what was sent") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 4);
  BindingUpdateEntry& entry = **list.need(kCorrespondent, kHome, 7);
  CHECK(entry.sequence == 7);
  CHECK(list.find(kCorrespondent, kHome) == &entry);
  CHECK(list.find(kHomeAgent, kHome) == nullptr);
  CHECK(list.find(kCorrespondent, kCareOf) == nullptr);

  const Instant now = fakes.clock.now();
  entry.record({.sequence = 8, .lifetime = BindingLifetime{5}, .sent = now, .care_of = kCareOf});
  CHECK(entry.sequence == 8);
  CHECK(entry.lifetime_sent == BindingLifetime{5});
  CHECK(entry.sent == now);
  CHECK(*list.need(kCorrespondent, kHome, 99) == &entry);
  CHECK(entry.sequence == 8);
}

TEST_CASE("MN-15: lifetime left counts down to nothing") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 4);
  BindingUpdateEntry& entry = **list.need(kCorrespondent, kHome, 0);
  const Instant now = fakes.clock.now();
  CHECK(entry.left(now) == Duration{0});
  entry.ends = now + seconds{10};
  CHECK(entry.left(now + seconds{4}) == seconds{6});
  CHECK(entry.is_bound(now + seconds{9}));
  CHECK_FALSE(entry.is_bound(now + seconds{10}));
  CHECK(entry.left(now + seconds{11}) == Duration{0});
}

TEST_CASE("MN-15: updates that wait for an answer are eight at most, the newest") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 4);
  BindingUpdateEntry& entry = **list.need(kCorrespondent, kHome, 0);
  for (std::uint16_t sequence = 1; sequence <= 9; ++sequence)
    entry.record({.sequence = sequence, .care_of = kCareOf});
  CHECK(entry.find_outstanding(1) == nullptr);
  for (std::uint16_t sequence = 2; sequence <= 9; ++sequence)
    CHECK(entry.find_outstanding(sequence) != nullptr);
}

TEST_CASE("MN-15: the list has so many entries and no more") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 2);
  REQUIRE(list.need(kCorrespondent, kHome, 0));
  REQUIRE(list.need(kHomeAgent, kHome, 0));
  CHECK(list.need(kCareOf, kHome, 0).error().code == Error::Code::Exhausted);
  CHECK(list.need(kHomeAgent, kHome, 0));
  list.remove(kHomeAgent, kHome);
  CHECK(list.need(kCareOf, kHome, 0));
  CHECK(list.size() == 2);
}

TEST_CASE("MN-15: a visit may remove entries, also those to come") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 8);
  for (const Address& peer : {kCorrespondent, kHomeAgent, kCareOf})
    REQUIRE(list.need(peer, kHome, 0));
  int visits = 0;
  list.for_each([&](const BindingUpdateEntry&) {
    ++visits;
    for (const Address& peer : {kCorrespondent, kHomeAgent, kCareOf}) list.remove(peer, kHome);
  });
  CHECK(visits == 1);
  CHECK(list.size() == 0);
}

TEST_CASE("MN-15: an entry that goes takes its timers with it") {
  FakeSurroundings fakes;
  BindingUpdateList list(fakes.timers, 4);
  BindingUpdateEntry& entry = **list.need(kCorrespondent, kHome, 0);
  int called = 0;
  entry.retry.start({.first = seconds{1}, .most = seconds{1}}, [&] { ++called; });
  entry.expiry.set(seconds{1}, [&] { ++called; });
  list.remove(kCorrespondent, kHome);
  fakes.pass(seconds{5});
  CHECK(called == 1);
  CHECK(fakes.timers.size() == 0);
}

}  // namespace
}  // namespace sallyport::mip6::test::binding_update_list_test
