// Home addresses by configuration payload (RFC 5026 5.3, 8.2; RFC 4877 9).
#include "ike/configuration.h"

#include <catch2/catch.hpp>

#include "tests/crypto/octets.h"
#include "tests/ike/movers.h"

namespace sallyport::ike::test {
namespace {

using enum ConfigurationAttribute;
using sallyport::test::octets;

AddressPool home(bool own_addresses) {
  AddressPool pool{.name = "home",
                   .addresses = AddressRange::parse("2001:db8:1::10-2001:db8:1::12").value(),
                   .dns = {address("2001:db8:1::53")},
                   .subnets = {},
                   .netmask = {},
                   .prefix_length = 64};
  if (own_addresses)
    pool.home_prefix = HomePrefix{.prefix = Prefix::parse("2001:db8:1::/64").value(),
                                  .lifetime = std::chrono::hours(1)};
  return pool;
}

struct Agent {
  explicit Agent(bool own_addresses) {
    pools.replace({home(own_addresses)});
    peer = psk_peer("user", "user.example.org", "ha.example.org", "secret");
    peer.pools = {"home"};
  }
  auto give(std::vector<AttributeValue> attributes) {
    return give_addresses({ConfigurationType::Request, std::move(attributes)}, peer,
                          Identity::parse("user.example.org").value(), pools);
  }
  AddressPools pools;
  Peer peer;
};

Octets first_home() { return octets("20010db800010000000000000000001040"); }

// Alice is a mobile node that knows neither home address nor prefix.
class BlankNode : public TwoPeers {
 public:
  explicit BlankNode(bool own_addresses) {
    alice.address = address("2001:db8:77::5");
    bob.address = address("2001:db8:1::1");
    Peer agent = psk_peer("agent", "ha.example.org", "user.example.org", "secret");
    agent.locator.remote = bob.address;
    agent.request_home_prefix = Offer::Yes;
    alice.set_peers({std::move(agent)});
    Peer user = psk_peer("user", "user.example.org", "ha.example.org", "secret");
    user.pools = {"home"};
    bob.set_peers({std::move(user)});
    alice.policies.clear();
    bob.policies.clear();
    bob.daemon->pools().replace({home(own_addresses)});
  }
};

}  // namespace

TEST_CASE("BOOT-03: an empty request is answered by home address and prefix length") {
  Agent agent(false);
  const auto given = agent.give({{InternalIp6Address, {}}});
  REQUIRE(given);
  CHECK(given->reply.attributes == std::vector<AttributeValue>{{InternalIp6Address, first_home()}});
  CHECK_FALSE(given->home_address_assigned);
}

TEST_CASE("BOOT-03: a suggestion is honoured, or replaced where it is taken") {
  Agent agent(false);
  const Octets wish = octets("20010db800010000000000000000001140");
  CHECK(agent.give({{InternalIp6Address, wish}})->leases == std::vector{address("2001:db8:1::11")});
  CHECK(agent.give({{InternalIp6Address, wish}})->leases != std::vector{address("2001:db8:1::11")});
}

TEST_CASE("BOOT-03: several attributes are several home addresses, with one answer to the rest") {
  Agent agent(false);
  const auto given =
      agent.give({{InternalIp6Address, {}}, {InternalIp6Address, {}}, {InternalIp6Dns, {}}});
  REQUIRE(given);
  CHECK(given->leases == std::vector{address("2001:db8:1::10"), address("2001:db8:1::11")});
  CHECK(given->reply.attributes.size() == 3);
  // As many as there are, and no more than a peer may have.
  CHECK(agent.give(std::vector<AttributeValue>(200, {InternalIp6Address, {}}))->leases.size() == 1);
  Agent large(false);
  AddressPool pool = home(false);
  pool.addresses = AddressRange::parse("2001:db8:1::/96").value();
  large.pools.replace({pool});
  CHECK(large.give(std::vector<AttributeValue>(200, {InternalIp6Address, {}}))->leases.size() ==
        kMostAddresses);
}

TEST_CASE("BOOT-04: the home prefix is told with its lifetime, in 21 octets") {
  Agent agent(true);
  const auto given = agent.give({{Mip6HomePrefix, {}}});
  REQUIRE(given);
  CHECK(given->leases.empty());
  CHECK_FALSE(given->home_address_assigned);
  CHECK(given->reply.attributes ==
        std::vector<AttributeValue>{
            {Mip6HomePrefix, octets("00000e1020010db800010000000000000000000040")}});
  CHECK(home_prefix_in(given->reply) == home(true).home_prefix);
}

TEST_CASE("BOOT-04: where nobody may form an address, one is assigned instead") {
  Agent agent(false);
  const auto given = agent.give({{Mip6HomePrefix, {}}});
  REQUIRE(given);
  CHECK(given->home_address_assigned);
  CHECK(given->reply.attributes == std::vector<AttributeValue>{{InternalIp6Address, first_home()}});
  // Who has asked for an address as well is not given two.
  CHECK(agent.give({{Mip6HomePrefix, {}}, {InternalIp6Address, {}}})->leases.size() == 1);
}

TEST_CASE("BOOT-04: a prefix of another length, or of no bits, is none") {
  const auto read = [](const Octets& value) {
    return home_prefix_in({ConfigurationType::Reply, {{Mip6HomePrefix, value}}});
  };
  CHECK(read(octets("00000e1020010db800010000000000000000000040")));
  CHECK_FALSE(read({}));
  CHECK_FALSE(read(octets("00000e1020010db8000100000000000000000000")));
  CHECK_FALSE(read(octets("00000e1020010db80001000000000000000000004000")));
  CHECK_FALSE(read(octets("00000e1020010db800010000000000000000000000")));
  CHECK_FALSE(read(octets("00000e1020010db800010000000000000000000081")));
  // Bits behind the prefix are nobody's.
  CHECK(read(octets("00000e1020010db800010000000000000000000940"))->prefix ==
        Prefix::parse("2001:db8:1::/64").value());
}

TEST_CASE("BOOT-04: a node without an address hears the home prefix in IKE_AUTH") {
  BlankNode two(true);
  REQUIRE(two.alice.daemon->initiate_alone("agent"));
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.alice.up().front()->home_prefix == home(true).home_prefix);
  CHECK(two.alice.up().front()->assigned.empty());
}

TEST_CASE("BOOT-04: USE_ASSIGNED_HoA has an address with it, and the IKE SA is up") {
  BlankNode two(false);
  REQUIRE(two.alice.daemon->initiate_alone("agent"));
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.alice.up().front()->assigned == std::vector{address("2001:db8:1::10")});
  CHECK_FALSE(two.alice.up().front()->home_prefix);
  CHECK(two.bob.up().front()->leases == std::vector{address("2001:db8:1::10")});
}

TEST_CASE("BOOT-06: the lease of a home address outlives rekeys, and ends with the IKE SA") {
  BlankNode two(false);
  REQUIRE(two.alice.daemon->initiate_alone("agent"));
  two.settle();
  REQUIRE(two.alice.daemon->rekey(two.alice.up().front()->number));
  two.settle();
  two.pass(std::chrono::seconds(40));
  REQUIRE(two.bob.up().size() == 1);
  CHECK(two.bob.up().front()->leases == std::vector{address("2001:db8:1::10")});
  CHECK(two.alice.up().front()->assigned == std::vector{address("2001:db8:1::10")});
  CHECK(two.bob.daemon->pools().usage().front().taken == 1);
  REQUIRE(two.alice.daemon->terminate(two.alice.up().front()->number));
  two.settle();
  CHECK(two.bob.daemon->pools().usage().front().taken == 0);
}

TEST_CASE("MDYN-11: nobody is begun with who is not in the PAD") {
  BlankNode two(false);
  CHECK_FALSE(two.alice.daemon->initiate_alone("nobody"));
  CHECK(two.alice.sent.empty());
}

}  // namespace sallyport::ike::test
