// Configuration payloads (CP-02, CP-04, CP-05, CP-06, CP-08).
#include "ike/configuration.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/crypto/octets.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::configuration_test {
namespace {

using enum ConfigurationAttribute;
using sallyport::test::octets;

Address address(std::string_view text) { return Address::parse(text).value(); }

AddressPool four() {
  return {.name = "four",
          .addresses = AddressRange::parse("10.0.0.1-10.0.0.2").value(),
          .dns = {address("10.0.0.53"), address("2001:db8::53"), address("10.0.0.54")},
          .subnets = {Prefix::parse("10.1.0.0/16").value(), Prefix::parse("0.0.0.0/0").value(),
                      Prefix::parse("2001:db8:1::/48").value()},
          .netmask = address("255.255.255.0")};
}
AddressPool six() {
  return {.name = "six",
          .addresses = AddressRange::parse("2001:db8::10-2001:db8::11").value(),
          .dns = {address("2001:db8::53")},
          .subnets = {Prefix::parse("2001:db8:1::/48").value()},
          .netmask = {},
          .prefix_length = 64};
}

struct Server {
  Server() {
    pools.replace({four(), six()});
    peer = psk_peer("alice", "alice.example.org", "bob.example.org", "secret");
    peer.pools = {"four", "six"};
  }
  auto give(std::vector<AttributeValue> attributes) {
    return give_addresses({ConfigurationType::Request, std::move(attributes)}, peer,
                          Identity::parse("alice.example.org").value(), pools);
  }
  AddressPools pools;
  Peer peer;
};

TEST_CASE("CP-02: each attribute that is asked for is answered, and no other") {
  Server server;
  const auto given = server.give({{InternalIp4Address, {}},
                                  {InternalIp4Netmask, {}},
                                  {InternalIp4Dns, {}},
                                  {InternalIp4Subnet, {}}});
  REQUIRE(given);
  CHECK(given->reply.type == ConfigurationType::Reply);
  CHECK(given->leases == std::vector{address("10.0.0.1")});
  CHECK(given->reply.attributes ==
        std::vector<AttributeValue>{{InternalIp4Address, octets("0a000001")},
                                    {InternalIp4Netmask, octets("ffffff00")},
                                    {InternalIp4Dns, octets("0a000035")},
                                    {InternalIp4Dns, octets("0a000036")},
                                    {InternalIp4Subnet, octets("0a010000ffff0000")},
                                    {InternalIp4Subnet, octets("0000000000000000")}});
  const auto bare = server.give({{InternalIp4Address, {}}});
  REQUIRE(bare);
  CHECK(bare->reply.attributes ==
        std::vector<AttributeValue>{{InternalIp4Address, octets("0a000002")}});
}

TEST_CASE("CP-02: an IPv6 address has its prefix length behind it") {
  Server server;
  const auto given =
      server.give({{InternalIp6Address, {}}, {InternalIp6Dns, {}}, {InternalIp6Subnet, {}}});
  REQUIRE(given);
  CHECK(given->reply.attributes ==
        std::vector<AttributeValue>{
            {InternalIp6Address, octets("20010db800000000000000000000001040")},
            {InternalIp6Dns, octets("20010db8000000000000000000000053")},
            {InternalIp6Subnet, octets("20010db800010000000000000000000030")}});
}

TEST_CASE("CP-02: what the peer wishes it gets, where that is free") {
  Server server;
  CHECK(server.give({{InternalIp4Address, octets("0a000002")}})->leases ==
        std::vector{address("10.0.0.2")});
  CHECK(server.give({{InternalIp6Address, octets("20010db800000000000000000000001140")}})->leases ==
        std::vector{address("2001:db8::11")});
  // A wish that is none of ours, or malformed, is no wish.
  CHECK(server.give({{InternalIp4Address, octets("00000000")}})->leases ==
        std::vector{address("10.0.0.1")});
  CHECK(server.give({{InternalIp6Address, octets("2001")}})->leases ==
        std::vector{address("2001:db8::10")});
}

TEST_CASE("CP-02: SUPPORTED_ATTRIBUTES is answered by the attributes that are supported") {
  Server server;
  const auto given = server.give({{InternalIp4Address, {}}, {SupportedAttributes, {}}});
  REQUIRE(given);
  const auto found =
      std::ranges::find(given->reply.attributes, SupportedAttributes, &AttributeValue::type);
  REQUIRE(found != given->reply.attributes.end());
  REQUIRE(found->value.size() % 2 == 0);
  std::vector<unsigned> supported;
  for (std::size_t at = 0; at < found->value.size(); at += 2)
    supported.push_back(load_be<std::uint16_t>(&found->value[at]));
  for (const auto type : {InternalIp4Address, InternalIp4Dns, InternalIp6Address})
    CHECK(std::ranges::find(supported, static_cast<unsigned>(type)) != supported.end());
}

TEST_CASE("CP-04: some but not all is a reply, nothing at all is a failure") {
  Server server;
  REQUIRE(server.give({{InternalIp4Address, {}}}));
  REQUIRE(server.give({{InternalIp4Address, {}}}));
  const auto part = server.give({{InternalIp4Address, {}}, {InternalIp6Address, {}}});
  REQUIRE(part);
  CHECK(part->leases == std::vector{address("2001:db8::10")});
  CHECK(part->reply.attributes.size() == 1);
  const auto nothing = server.give({{InternalIp4Address, {}}});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error() == NotifyType::InternalAddressFailure);
}

TEST_CASE("CP-04: a family that no pool has is ignored beside another") {
  Server server;
  server.peer.pools = {"six"};
  const auto given = server.give({{InternalIp4Address, {}}, {InternalIp6Address, {}}});
  REQUIRE(given);
  CHECK(given->leases == std::vector{address("2001:db8::10")});
  server.peer.pools.clear();
  CHECK_FALSE(server.give({{InternalIp4Address, {}}}));
}

TEST_CASE("CP-05, CP-08, IKE-123: what is unknown is ignored, and the version says nothing") {
  Server server;
  const auto given = server.give({{ConfigurationAttribute{5}, octets("01020304")},
                                  {ConfigurationAttribute{0x7abc}, {}},
                                  {ApplicationVersion, {}}});
  REQUIRE(given);
  CHECK(given->leases.empty());
  CHECK(given->reply.attributes == std::vector<AttributeValue>{{ApplicationVersion, {}}});
  CHECK(server.give({})->reply.attributes.empty());
}

TEST_CASE("CP-07: a link with prefixes of its own is not given; an address beside it is") {
  Server server;
  const AttributeValue link{InternalIp6Link, octets("0200000000000001")};
  const AttributeValue prefix{InternalIp6Prefix, octets("0000000000000000000000000000000040")};
  const auto both = server.give({link, prefix, {InternalIp6Address, {}}});
  REQUIRE(both);
  CHECK(both->leases == std::vector{address("2001:db8::10")});
  CHECK(both->reply.attributes.size() == 1);
  const auto alone = server.give({link, prefix, {InternalIp6Link, octets("00")}});
  REQUIRE(alone);
  CHECK(alone->leases.empty());
  CHECK(alone->reply.attributes.empty());
}

TEST_CASE("CP-08: a request for access asks for addresses, all its attributes empty") {
  const std::vector families{Family::V4, Family::V6};
  const ConfigurationPayload request = ask_for_addresses(families);
  CHECK(request.type == ConfigurationType::Request);
  CHECK(request.attributes == std::vector<AttributeValue>{{InternalIp4Address, {}},
                                                          {InternalIp4Dns, {}},
                                                          {InternalIp4Subnet, {}},
                                                          {InternalIp6Address, {}},
                                                          {InternalIp6Dns, {}},
                                                          {InternalIp6Subnet, {}}});
  CHECK(ask_for_addresses({}).attributes.empty());
}

TEST_CASE("CP-05: addresses are read from a reply, whatever else is there") {
  CHECK(addresses_in({ConfigurationType::Reply,
                      {{InternalIp4Dns, octets("0a000035")},
                       {InternalIp4Address, octets("0a000001")},
                       {ConfigurationAttribute{5}, octets("01020304")},
                       {InternalIp4Address, octets("0a0000")},
                       {InternalIp4Address, {}},
                       {InternalIp6Address, octets("20010db800000000000000000000001040")},
                       {InternalIp6Address, octets("2001")}}}) ==
        std::vector{address("10.0.0.1"), address("2001:db8::10")});
  CHECK(addresses_in({ConfigurationType::Reply, {}}).empty());
}

// Alice asks, Bob gives.
struct AccessPeers : TwoPeers {
  explicit AccessPeers(std::vector<std::string> pools) {
    Peer to_bob = psk_peer("bob", "bob.example.org", "alice.example.org", "shared secret");
    to_bob.locator.remote = bob.address;
    to_bob.may_claim = {AddressRange::parse("198.51.100.0/24").value()};
    to_bob.request_addresses = {Family::V4};
    alice.set_peers({std::move(to_bob)});
    Peer to_alice = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
    to_alice.pools = std::move(pools);
    bob.set_peers({std::move(to_alice)});
    alice.start();
    bob.start();
    bob.daemon->pools().replace({four()});
  }
};

TEST_CASE("CP-02, CP-05, CP-08: an address is asked for, given, and free again at the end") {
  AccessPeers two({"four"});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.alice.only().assigned == std::vector{address("10.0.0.1")});
  CHECK(two.bob.only().leases == std::vector{address("10.0.0.1")});
  REQUIRE(two.bob.daemon->pools().usage().size() == 1);
  CHECK(two.bob.daemon->pools().usage()[0].taken == 1);
  // The lease survives a rekey of the IKE SA.
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  two.settle();
  two.poll();
  CHECK(two.bob.daemon->pools().usage()[0].taken == 1);
  CHECK(two.bob.only().leases == std::vector{address("10.0.0.1")});
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.settle();
  two.poll();
  CHECK(two.bob.daemon->pools().usage()[0].taken == 0);
}

ConfigurationPayload set_address() {
  return {ConfigurationType::Set, {{InternalIp4Address, octets("0a000001")}}};
}

TEST_CASE("CP-06: a SET beside a child is passed over: no acknowledgement, no address") {
  AccessPeers two({"four"});
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  deliver_altered(two, two.alice, [](Message& message) { message.configuration = set_address(); });
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(response.authentication);
  CHECK_FALSE(response.configuration);
  CHECK(two.bob.only().leases.empty());
  CHECK(two.bob.daemon->pools().usage()[0].taken == 0);
}

TEST_CASE("CP-06: a SET of an established peer changes nothing, and neither does an ACK") {
  AccessPeers two({"four"});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  const auto assigned = two.alice.only().assigned;
  for (const auto type : {ConfigurationType::Set, ConfigurationType::Ack}) {
    PayloadChain payloads;
    ConfigurationPayload configuration = set_address();
    configuration.type = type;
    payloads.configuration(configuration);
    const MessageId id = type == ConfigurationType::Set ? 0 : 1;
    two.deliver(two.bob,
                Impostor(two.bob.only())
                    .says(ExchangeType::Informational, Way::Request, id, words_of(payloads)));
    REQUIRE(two.alice.sent.size() == 1);
    const Message response = opened(two.alice, two.alice.sent.front());
    CHECK_FALSE(response.configuration);
    CHECK(response.error() == nullptr);
    CHECK(two.alice.only().assigned == assigned);
    two.alice.sent.clear();
  }
}

TEST_CASE("CP-06, CP-08: what an answer sets or acknowledges is not taken for a reply") {
  AccessPeers two({"four"});
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.deliver(two.alice));
  deliver_altered(two, two.bob, [](Message& message) { message.configuration = set_address(); });
  CHECK(two.alice.only().assigned.empty());
  CHECK(two.alice.installer.sas.empty());
  two.settle();
  CHECK(two.bob.installer.sas.empty());
}

// Alice's request for a child with these addresses of hers; what Bob makes of it.
const Notify* refused_claim(TwoPeers& two, std::string_view claim) {
  two.alice.policies = {std::make_shared<const Policy>(tunnel_policy(
      "net", {two.alice.address, two.bob.address}, std::string(claim), "198.51.100.0/24"))};
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.sent.size() == 1);
  static Message response;
  response = opened(two.bob, two.bob.sent.front());
  two.settle();
  return response.error();
}

TEST_CASE("PAD-14: what a peer was given is all that it may claim, and nobody else may") {
  AccessPeers two({"four"});
  two.bob.policies = {std::make_shared<const Policy>(
      tunnel_policy("net", {two.bob.address, two.alice.address}, "198.51.100.0/24", "0.0.0.0/0"))};
  // Somebody else has the first address; the whole pool is Alice's to claim by configuration.
  Peer entry = *two.bob.pad().entries().front();
  entry.may_claim = {AddressRange::parse("10.0.0.1-10.0.0.2").value()};
  two.bob.set_peers({entry});
  const auto other = two.bob.daemon->pools().lease(
      entry.pools, Identity::parse("carol.example.org").value(), Family::V4, {});
  REQUIRE(other);
  REQUIRE(to_string(other->address) == "10.0.0.1");
  two.alice.policies = {std::make_shared<const Policy>(
      tunnel_policy("net", {two.alice.address, two.bob.address}, "0.0.0.0/0", "198.51.100.0/24"))};
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.bob.only().leases == std::vector{address("10.0.0.2")});
  REQUIRE(two.bob.only().children.size() == 1);
  CHECK(to_string(two.bob.only().children.front()->selectors.remote) == "10.0.0.2");
  const Notify* const refused = refused_claim(two, "10.0.0.1");
  REQUIRE(refused != nullptr);
  CHECK(refused->type == NotifyType::TsUnacceptable);
  CHECK(refused_claim(two, "10.0.0.2") == nullptr);
  // The entry goes with the IKE SA.
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.settle();
  CHECK(two.bob.daemon->pools().usage()[0].taken == 1);
  // And the other one's with its own: then it is any claimant's again.
  two.bob.daemon->pools().release(other->address);
  CHECK_FALSE(two.bob.daemon->pools().is_anothers({other->address, other->address}, {}));
}

TEST_CASE("CP-04, IKE-100: without an address there is no child, and the IKE SA stays") {
  AccessPeers two({});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.bob.up().size() == 1);
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.last(EventKind::ChildFailed)->detail == "INTERNAL_ADDRESS_FAILURE from the peer");
}

}  // namespace
}  // namespace sallyport::ike::test::configuration_test
