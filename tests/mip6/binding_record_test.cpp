#include "mip6/binding_record.h"

#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::binding_record_test {
namespace {

using namespace std::chrono_literals;

CarriedBinding full() {
  return {.entry = {.home_address = kRouterHome,
                    .own = kHomeAgent,
                    .care_of = kCareOf,
                    .sequence = 0xfedc,
                    .flags = {UpdateFlag::HomeRegistration, UpdateFlag::MobileRouter},
                    .protection = Protection::Ipsec,
                    .networks = {kNetwork, kOtherNetwork}},
          .left = 12345ms};
}
bool is_read(const CarriedBinding& binding) {
  return read_record(write_record(binding)).has_value();
}

TEST_CASE("HA-21: a record of a binding carries every field, and its own record is the same") {
  const Octets record = write_record(full());
  const auto read = read_record(record);
  REQUIRE(read);
  CHECK(read->entry == full().entry);
  CHECK(read->left == 12345ms);
  CHECK(write_record(*read) == record);
  CarriedBinding kept = full();
  kept.entry.valid = false;
  kept.entry.use = BindingUse::Correspondent;
  kept.entry.protection = Protection::None;
  CHECK(read_record(write_record(kept))->entry == kept.entry);
}

TEST_CASE("HA-21: a record cut short anywhere, or continued, is refused") {
  Octets record = write_record(full());
  for (std::size_t size = 0; size < record.size(); ++size)
    CHECK_FALSE(on_exact_copy(ByteView(record).first(size),
                              [](ByteView cut) { return read_record(cut).has_value(); }));
  record.push_back(0);
  CHECK_FALSE(read_record(record));
}

TEST_CASE("HA-21: the record of something else, or of an unknown version, is refused") {
  Octets record = write_record(full());
  record[0] ^= 1;
  CHECK(read_record(record).error().what ==
        "this is not the record of an entry of the Binding Cache");
  record[0] ^= 1;
  record[5] = 2;
  CHECK(read_record(record).error().what == "version 2 of the record is unknown, 1 is known");
}

TEST_CASE("HA-21: what no binding can be is not read from a record") {
  const auto refused = [](void (*change)(CarriedBinding&)) {
    CarriedBinding binding = full();
    change(binding);
    return !is_read(binding);
  };
  CHECK_FALSE(refused([](CarriedBinding&) {}));
  CHECK(refused([](auto& binding) { binding.entry.home_address = ip("ff02::1"); }));
  CHECK(refused([](auto& binding) { binding.entry.care_of = ip("fe80::1"); }));
  CHECK(refused([](auto& binding) { binding.entry.own = ip("192.0.2.1"); }));
  CHECK(refused([](auto& binding) { binding.entry.flags = {UpdateFlag::HomeRegistration}; }));
  CHECK(refused([](auto& binding) { binding.entry.networks[0].length = 0; }));
  CHECK(refused([](auto& binding) { binding.entry.networks[0].length = 129; }));
  CHECK(refused([](auto& binding) { binding.entry.networks[0].address = kHome; }));
  CHECK(refused([](auto& binding) { binding.left = 262'141s; }));
  CHECK(refused([](auto& binding) { binding.entry.use = BindingUse::MobileNode; }));
}

TEST_CASE("HA-21: an altered record is refused, or is of a binding that can be") {
  const Octets record = write_record(full());
  FixedRandom random(21);
  int taken = 0;
  for (int i = 0; i < 5000; ++i) {
    Octets altered = record;
    for (std::uint32_t count = random.below(3) + 1; count > 0; --count)
      altered[random.below(static_cast<std::uint32_t>(altered.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    const auto read = on_exact_copy(altered, [](ByteView copy) { return read_record(copy); });
    if (!read) continue;
    ++taken;
    REQUIRE(write_record(*read) == altered);
  }
  CHECK(taken > 0);
  CHECK(taken < 5000);
}

TEST_CASE("HA-21: a binding goes on at another home agent as it was, its time too") {
  HomeAgentScene first;
  REQUIRE(first.status(from_away(), with_flag(home_update(9), UpdateFlag::LinkLocalCompatible)) ==
          BindingStatus::Accepted);
  first.around.pass(40s);
  const Octets record =
      write_record(carried(*first.cache.home_registration(kHome), first.around.clock.now()));

  HomeAgentScene second;
  const auto read = read_record(record);
  REQUIRE(read);
  REQUIRE(second.agent->adopt(read->entry, read->left));
  CHECK(second.around.neighbours.pending.empty());
  CHECK(second.place() == kCareOf);
  CHECK(second.serves(kHome));
  CHECK(second.serves(ip("fe80::100")));
  CHECK(second.around.tunnels.ends_at[kHome] == kCareOf);
  CHECK(second.status(from_away(), home_update(9)) == BindingStatus::SequenceOutOfWindow);
  const Octets again =
      write_record(carried(*second.cache.home_registration(kHome), second.around.clock.now() - 1s));
  CHECK(again == record);
  second.around.pass(198s);
  CHECK(second.place() == kCareOf);
  second.around.pass(2s);
  CHECK_FALSE(second.place());
}

TEST_CASE(
    "HA-21: a home agent adopts nobody whom it does not serve, and no more than it has room for") {
  HomeAgentScene s(home_agent_config(), {.home_registrations = 1});
  BindingEntry entry = full().entry;
  entry.home_address = ip("2001:db8:b::999");
  CHECK(s.agent->adopt(entry, 60s).error().code == Error::Code::Refused);
  CHECK_FALSE(s.place(entry.home_address));
  entry = full().entry;
  entry.own = kCorrespondent;
  CHECK(s.agent->adopt(entry, 60s).error().code == Error::Code::Refused);
  entry = full().entry;
  REQUIRE(s.agent->adopt(entry, 60s));
  entry.home_address = kHome;
  CHECK(s.agent->adopt(entry, 60s).error().code == Error::Code::Refused);  // it is no router
  entry.flags = {UpdateFlag::HomeRegistration};
  entry.networks.clear();
  CHECK(s.agent->adopt(entry, 60s).error().code == Error::Code::Exhausted);
  CHECK_FALSE(s.place());
}

}  // namespace
}  // namespace sallyport::mip6::test::binding_record_test
