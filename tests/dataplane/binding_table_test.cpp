// The bindings that workers read.
#include "dataplane/binding_table.h"

#include "tests/dataplane/mobility_scenes.h"

namespace sallyport::binding_table_test {
namespace {

const Binding kBinding{
    .use = BindingUse::HomeAgent, .home_address = kHome, .care_of = kCareOf, .peer = kHomeAgent};

std::unique_ptr<TestGateway> gateway() {
  return std::make_unique<TestGateway>(two_ports({MobileGateway::bypass("any")}));
}

Binding numbered(int number) {
  Binding binding = kBinding;
  binding.home_address.bytes[15] = static_cast<std::uint8_t>(number);
  return binding;
}

}  // namespace

TEST_CASE(
    "HA-21, MIPPKT-06: a binding is found by its use, home address and peer, and by no other") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  CHECK(table.find(BindingUse::HomeAgent, kHome) == kNoBinding);
  REQUIRE(table.set(kBinding).has_value());
  const BindingId id = table.find(BindingUse::HomeAgent, kHome);
  REQUIRE(id != kNoBinding);
  CHECK(table[id].care_of == kCareOf);
  CHECK(table.find(BindingUse::Correspondent, kHome) == kNoBinding);
  CHECK(table.find(BindingUse::HomeAgent, kElsewhere) == kNoBinding);
  Binding own = kBinding;
  own.use = BindingUse::MobileNode;
  own.peer = kCorrespondent;
  REQUIRE(table.set(own).has_value());
  CHECK(table.find(BindingUse::MobileNode, kHome, kHomeAgent) == kNoBinding);
  CHECK(table.find(BindingUse::MobileNode, kHome, kCorrespondent) != kNoBinding);
  CHECK(table.size() == 2);
  table.remove(BindingUse::MobileNode, kHome, kCorrespondent);
  table.remove(BindingUse::MobileNode, kHome, kCorrespondent);
  CHECK(table.find(BindingUse::MobileNode, kHome, kCorrespondent) == kNoBinding);
  CHECK(table.size() == 1);
}

TEST_CASE("HA-21: many bindings are found at once as each is alone") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  std::vector<Address> asked;
  for (int number = 0; number < 150; ++number) asked.push_back(numbered(number).home_address);
  std::vector<BindingId> found(asked.size(), BindingId{1});
  table.find(BindingUse::HomeAgent, asked, found);
  CHECK(std::ranges::count(found, kNoBinding) == 150);
  for (int number = 0; number < 150; number += 3) REQUIRE(table.set(numbered(number)).has_value());
  table.find(BindingUse::HomeAgent, asked, found);
  CHECK(std::ranges::count(found, kNoBinding) == 100);
  for (std::size_t i = 0; i < asked.size(); ++i)
    CHECK(found[i] == table.find(BindingUse::HomeAgent, asked[i]));
  table.find(BindingUse::HomeRegistration, asked, found);
  CHECK(std::ranges::count(found, kNoBinding) == 150);
}

TEST_CASE("RR-07: a correspondent's bindings are one for each address of ours, and end alone") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  Binding binding{.use = BindingUse::Correspondent,
                  .home_address = kHome,
                  .care_of = kCareOf,
                  .peer = kCorrespondent};
  REQUIRE(table.set(binding).has_value());
  binding.peer = kHomeAgent;
  binding.care_of = kElsewhere;
  REQUIRE(table.set(binding).has_value());
  CHECK(table.size() == 2);
  table.remove(BindingUse::Correspondent, kHome, kHomeAgent);
  CHECK(table.find(BindingUse::Correspondent, kHome, kHomeAgent) == kNoBinding);
  const BindingId other = table.find(BindingUse::Correspondent, kHome, kCorrespondent);
  REQUIRE(other != kNoBinding);
  CHECK(table[other].care_of == kCareOf);
}

TEST_CASE("HA-21: a binding takes the place of the one before, and what that was found by goes") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  Binding router = kBinding;
  router.link_local = ip6("fe80::100");
  router.networks = {Prefix::parse("2001:db8:77::/48").value(),
                     Prefix::parse("2001:db8:77:8::/61").value()};
  REQUIRE(table.set(router).has_value());
  const BindingId before = table.find(BindingUse::HomeAgent, kHome);
  CHECK(table.find_around(BindingUse::HomeAgent, ip6("2001:db8:77:9::1")) == before);
  CHECK(table.find_around(BindingUse::HomeAgent, ip6("2001:db8:77:99::1")) == before);
  CHECK(table.find_around(BindingUse::HomeAgent, ip6("2001:db8:78::1")) == kNoBinding);
  CHECK(table.find_around(BindingUse::HomeRegistration, ip6("2001:db8:77:9::1")) == kNoBinding);
  CHECK(table.find_link_local(ip6("fe80::100")) == before);
  router.care_of = kElsewhere;
  router.link_local.reset();
  router.networks.erase(router.networks.begin());
  REQUIRE(table.set(router).has_value());
  const BindingId after = table.find(BindingUse::HomeAgent, kHome);
  CHECK(after != before);
  CHECK(table[after].care_of == kElsewhere);
  CHECK(table[before].care_of == kCareOf);  // for who still reads it
  CHECK(table.find_around(BindingUse::HomeAgent, ip6("2001:db8:77:9::1")) == after);
  CHECK(table.find_around(BindingUse::HomeAgent, ip6("2001:db8:77:99::1")) == kNoBinding);
  CHECK(table.find_link_local(ip6("fe80::100")) == kNoBinding);
  CHECK(table.size() == 1);
}

TEST_CASE("HA-21: the table is bounded, and places come back when no worker reads them") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  int count = 0;
  while (table.set(numbered(count)).has_value()) ++count;
  CHECK(count == 64);
  CHECK(table.size() == 64);
  // Those that are there can move, as often as workers follow.
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(table.set(numbered(i % count)).has_value());
    owner->settle();
  }
  table.remove(BindingUse::HomeAgent, numbered(5).home_address, {});
  owner->settle();
  CHECK(table.set(numbered(200)).has_value());
  CHECK_FALSE(table.set(numbered(201)).has_value());
}

TEST_CASE("HA-21: what is no binding is refused") {
  const auto owner = gateway();
  BindingTable& table = owner->dataplane().bindings();
  const auto refused = [&](Address Binding::* field, const Address& address) {
    Binding binding = kBinding;
    binding.*field = address;
    CHECK_FALSE(table.set(binding).has_value());
  };
  for (const auto field : {&Binding::home_address, &Binding::care_of, &Binding::peer})
    for (const char* bad : {"::", "ff02::1", "192.0.2.1"}) refused(field, ip6(bad));
  Binding wide = kBinding;
  wide.networks.assign(BindingTable::kMostNetworks + 1, Prefix::parse("2001:db8::/48").value());
  CHECK_FALSE(table.set(wide).has_value());
  CHECK(table.size() == 0);
}

}  // namespace sallyport::binding_table_test
