// Home addresses by configuration payload (RFC 5026 5.3, 8.2; RFC 4877 9).
#include "ike/configuration.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/crypto/octets.h"
#include "tests/ike/movers.h"

namespace sallyport::ike::test::home_addresses_test {
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

// The prefix that all of home() is in, and an address of it that Alice forms.
const AddressRange kHomeLink = AddressRange::parse("2001:db8:1::/64").value();
const Address kFormed = address("2001:db8:1::5:5");

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
  // The IKE SA that Alice asks by, once it is up.
  const IkeSa& ask(const HomeAddressWish& wish) {
    const auto number = alice.daemon->initiate_alone("agent", wish);
    REQUIRE(number);
    settle();
    REQUIRE(alice.up().size() == 1);
    CHECK(alice.up().front()->number == *number);
    return *alice.up().front();
  }
  // For registrations of this home address.
  void add_policy(Node& node, const Address& home_address) {
    Policy policy;
    policy.name = "binding";
    policy.action = PolicyAction::Protect;
    Selector selector{.local = {{home_address, home_address}},
                      .remote = {{bob.address, bob.address}},
                      .protocol = kProtocolMobility};
    if (&node == &bob) std::swap(selector.local, selector.remote);
    policy.selectors = {std::move(selector)};
    policy.protect.emplace();
    policy.protect->mode = IpsecMode::Transport;
    policy.protect->peer = &node == &bob ? "user" : "agent";
    policy.protect->proposals = {parse_transform("aes128-gcm16").value()};
    node.add_policy(std::move(policy));
  }
};

using Kind = HomeAddressWish::Kind;

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
  CHECK(two.alice.up().front()->home->prefix == home(true).home_prefix);
  CHECK(two.alice.up().front()->assigned.empty());
}

TEST_CASE("BOOT-04: USE_ASSIGNED_HoA has an address with it, and the IKE SA is up") {
  BlankNode two(false);
  REQUIRE(two.alice.daemon->initiate_alone("agent"));
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.alice.up().front()->assigned == std::vector{address("2001:db8:1::10")});
  CHECK_FALSE(two.alice.up().front()->home->prefix);
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

TEST_CASE("BOOT-03: an IKE SA of its own asks for an address, and hears the prefix length") {
  BlankNode two(false);
  change_peer(two.alice, [](Peer& peer) { peer.request_home_prefix = Offer::No; });
  const IkeSa& sa = two.ask({.kind = Kind::Address});
  CHECK(sa.home->addresses == std::vector{Prefix{address("2001:db8:1::10"), 64}});
  CHECK(sa.children.empty());
}

TEST_CASE("BOOT-03: the address that a node had is suggested, and honoured") {
  BlankNode two(false);
  const IkeSa& sa = two.ask({.kind = Kind::Address, .suggestion = address("2001:db8:1::12")});
  CHECK(sa.assigned == std::vector{address("2001:db8:1::12")});
  CHECK_FALSE(sa.home->prefix);
}

TEST_CASE("BOOT-03: attributes of another length are no home addresses, others are") {
  const auto read = [](Octets value) {
    return home_addresses_in({ConfigurationType::Reply, {{InternalIp6Address, std::move(value)}}});
  };
  CHECK(read(first_home()) == std::vector{Prefix{address("2001:db8:1::10"), 64}});
  CHECK(read({}).empty());
  CHECK(read(octets("20010db8000100000000000000000010")).empty());
  CHECK(read(octets("20010db800010000000000000000001000")).empty());
  CHECK(read(octets("20010db800010000000000000000001081")).empty());
}

TEST_CASE("BOOT-05: where no address is free the IKE SA is up, with neither address nor prefix") {
  BlankNode two(false);
  const auto party = Identity::parse("other.example.org").value();
  const std::vector<std::string> pools{"home"};
  while (two.bob.daemon->pools().lease(pools, party, Family::V6, std::nullopt)) {
  }
  const IkeSa& sa = two.ask({.kind = Kind::Address});
  CHECK(sa.assigned.empty());
  CHECK(sa.home->addresses.empty());
  CHECK_FALSE(sa.home->prefix);
  // The next one asks for a prefix, and there is none: nor is there an address instead of it.
  REQUIRE(two.alice.daemon->terminate(sa.number));
  two.settle();
  const IkeSa& next = two.ask({.kind = Kind::Prefix});
  CHECK(next.assigned.empty());
  CHECK_FALSE(next.home->prefix);
}

TEST_CASE("BOOT-07: the PAD ties what was given to who was given it, as long as the IKE SA lasts") {
  BlankNode two(false);
  const IkeSa& sa = two.ask({.kind = Kind::Address});
  const Address given = sa.assigned.front();
  const Address other = address("2001:db8:1::11");
  const bool own = GENERATE(true, false);
  for (Node* const node : {&two.alice, &two.bob}) two.add_policy(*node, own ? given : other);
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(two.alice.only().children.size() == (own ? 1 : 0));
  CHECK(two.bob.only().children.size() == (own ? 1 : 0));
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.settle();
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.bob.daemon->pools().usage().front().taken == 0);
}

TEST_CASE("BOOT-04: SAs of an address of the node's own are had when its policies are there") {
  BlankNode two(true);
  change_peer(two.bob, [](Peer& peer) { peer.may_claim = {kHomeLink}; });
  std::vector<Address> formed;
  two.bob.forms_addresses = [&](std::string_view peer, const Address& home_address) {
    CHECK(peer == "user");
    formed.push_back(home_address);
    return true;
  };
  REQUIRE(two.ask({.kind = Kind::Prefix}).home->prefix == home(true).home_prefix);
  two.add_policy(two.alice, kFormed);
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(formed == std::vector{kFormed});
  CHECK(two.alice.only().children.empty());
  two.add_policy(two.bob, kFormed);
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(two.alice.only().children.size() == 1);
  CHECK(two.bob.only().children.size() == 1);
  CHECK(two.alice.count(EventKind::IkeUp) == 1);
}

TEST_CASE("BOOT-04: an address that the PAD does not let a node claim is not even asked about") {
  BlankNode two(true);
  change_peer(two.bob, [](Peer& peer) { peer.may_claim = {kHomeLink}; });
  bool asked = false;
  two.bob.forms_addresses = [&](std::string_view, const Address&) { return asked = true; };
  two.ask({.kind = Kind::Prefix});
  two.add_policy(two.alice, address("2001:db8:2::5"));
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK_FALSE(asked);
  CHECK(two.alice.only().children.empty());
}

TEST_CASE("MDYN-11: nobody is begun with who is not in the PAD") {
  BlankNode two(false);
  CHECK_FALSE(two.alice.daemon->initiate_alone("nobody"));
  CHECK(two.alice.sent.empty());
}

}  // namespace sallyport::ike::test::home_addresses_test
