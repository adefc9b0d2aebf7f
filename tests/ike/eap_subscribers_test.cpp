// Whom EAP has authenticated decides what a peer may have, and nothing that it says of itself (RFC
// 4877 8; EAP-05, MDYN-14).
#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/ike/eap_peers.h"

namespace sallyport::ike::test::eap_subscribers_test {
namespace {

using namespace std::chrono_literals;

Address address(std::string_view text) { return Address::parse(text).value(); }

const std::string kAlicesHome = "2001:db8:1::a";
const std::string kCarolsHome = "2001:db8:1::c";

// A home agent with two subscribers, each of whom has a home address. The AAA knows them by other
// names than the PAD does. Who speaks by Alice's node is for the tests to say.
class Subscribers : public EapPeers {
 public:
  Subscribers() : EapPeers(at_home(), LocalUsers::IdentityRound::None) {
    aaa->add("carol", "open barley", "carol.example.org");
    two.bob.set_peers({entry("alice", "alice.example.org", kAlicesHome),
                       entry("carol", "carol.example.org", kCarolsHome)});
  }

  void logs_in(const std::string& user, const std::string& password, const std::string& identity) {
    change_peer(two.alice, [&](Peer& peer) {
      peer.local = login(user, password);
      peer.local_identity = Identity::parse(identity).value();
    });
  }
  // Asks for SAs for the registrations of this home address.
  void asks_for(const std::string& home_address) {
    two.alice.policies = {policy(home_address, two.alice)};
    REQUIRE(two.alice.daemon->initiate("binding"));
    two.settle();
  }
  [[nodiscard]] std::vector<std::string> homes() const {
    std::vector<std::string> homes;
    for (const auto& [name, sa] : two.bob.installer.sas)
      if (sa.direction == Direction::Outbound)
        homes.push_back(to_string(sa.selectors.front().remote.front().first));
    return homes;
  }

 private:
  static std::unique_ptr<TwoPeers> at_home() {
    auto two = std::make_unique<TwoPeers>();
    two->alice.address = address("2001:db8:77::5");
    two->bob.address = address("2001:db8:1::1");
    change_peer(two->alice, [&](Peer& peer) { peer.locator.remote = two->bob.address; });
    two->bob.policies = {policy(kAlicesHome, two->bob), policy(kCarolsHome, two->bob)};
    return two;
  }
  static PolicySource::Entry policy(const std::string& home_address, const Node& node) {
    const Address home = address(home_address);
    const bool agent = node.address == address("2001:db8:1::1");
    const Address at = address("2001:db8:1::1");
    Policy policy;
    policy.name = agent ? "binding of " + home_address : "binding";
    policy.action = PolicyAction::Protect;
    Selector selector{.local = {{home, home}}, .remote = {{at, at}}, .protocol = kProtocolMobility};
    if (agent) std::swap(selector.local, selector.remote);
    policy.selectors = {std::move(selector)};
    policy.protect.emplace();
    policy.protect->mode = IpsecMode::Transport;
    policy.protect->peer = agent ? "" : "bob";  // whose it is at home the PAD says
    policy.protect->proposals = {parse_transform("aes128-gcm16").value()};
    return std::make_shared<const Policy>(std::move(policy));
  }
};

const std::string& last_detail(const Node& node, EventKind kind) {
  REQUIRE(node.last(kind) != nullptr);
  return node.last(kind)->detail;
}

}  // namespace

TEST_CASE("MDYN-14: a mobile node has SAs for the home address of whom AAA has authenticated") {
  Subscribers subscribers;
  subscribers.asks_for(kAlicesHome);
  CHECK(subscribers.homes() == std::vector{kAlicesHome});
  CHECK(subscribers.two.bob.only().peer->name == "alice");

  Subscribers carol;
  carol.logs_in("carol", "open barley", "carol.example.org");
  carol.asks_for(kCarolsHome);
  CHECK(carol.homes() == std::vector{kCarolsHome});
  CHECK(carol.two.bob.only().peer->name == "carol");
}

TEST_CASE(
    "MDYN-14: IDi of another subscriber gets nothing of hers, least of all her home address") {
  Subscribers subscribers;
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kAlicesHome);
  const Node& bob = subscribers.two.bob;
  CHECK(subscribers.homes().empty());
  CHECK_THAT(last_detail(subscribers.two.alice, EventKind::ChildFailed),
             Catch::StartsWith("TS_UNACCEPTABLE"));
  // It is who AAA says that it is, in all that is shown and logged.
  CHECK(bob.only().peer->name == "carol");
  CHECK(to_string(bob.only().remote_identity) == "carol.example.org");
  REQUIRE(bob.last(EventKind::IkeUp) != nullptr);
  CHECK(bob.last(EventKind::IkeUp)->peer == "carol");
  CHECK(bob.last(EventKind::IkeUp)->subject == "carol.example.org");
  CHECK_THAT(last_detail(bob, EventKind::IkeUp),
             Catch::EndsWith(", EAP by aaa (IDi: alice.example.org)"));
  // And has what is its own: later, and at once.
  subscribers.asks_for(kCarolsHome);
  CHECK(subscribers.homes() == std::vector{kCarolsHome});
  Subscribers modest;
  modest.logs_in("carol", "open barley", "alice.example.org");
  modest.asks_for(kCarolsHome);
  CHECK(modest.homes() == std::vector{kCarolsHome});
}

TEST_CASE("MDYN-14, EAP-05: IDi may be a name for AAA alone, behind which everybody comes") {
  Subscribers subscribers;
  TwoPeers& two = subscribers.two;
  two.bob.set_peers({subscribers.entry("roaming", "@aaa.example.org", "2001:db8:1::ff"),
                     subscribers.entry("alice", "alice.example.org", kAlicesHome)});
  subscribers.logs_in("alice", "open sesame", "someone@aaa.example.org");
  subscribers.asks_for(kAlicesHome);
  CHECK(subscribers.homes() == std::vector{kAlicesHome});
  REQUIRE(subscribers.aaa->claimed.size() == 1);
  CHECK(to_string(subscribers.aaa->claimed.front()) == "someone@aaa.example.org");
  CHECK(two.bob.only().peer->name == "alice");
}

TEST_CASE("MDYN-14: whom AAA knows and the PAD does not is refused") {
  Subscribers subscribers;
  subscribers.two.bob.set_peers({subscribers.entry("alice", "alice.example.org", kAlicesHome)});
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kAlicesHome);
  CHECK(subscribers.homes().empty());
  CHECK(subscribers.two.bob.daemon->size() == 0);
  CHECK(last_detail(subscribers.two.bob, EventKind::IkeFailed) ==
        "no_entry: no entry for carol.example.org");
  CHECK(last_detail(subscribers.two.alice, EventKind::IkeFailed) ==
        "AUTHENTICATION_FAILED from the peer");
}

TEST_CASE("MDYN-14, PAD-07: an AAA speaks for entries that name it, and for no others") {
  for (const bool certificate : {true, false}) {
    CAPTURE(certificate);
    Subscribers subscribers;
    Peer other = subscribers.entry("carol", "carol.example.org", kCarolsHome);
    const TestAuthority authority = authority_of_today();
    other.remote = {certificate ? trust_in(authority)
                                : eap_by(std::make_shared<FakeAaa>("another"))};
    subscribers.two.bob.set_peers(
        {subscribers.entry("alice", "alice.example.org", kAlicesHome), other});
    subscribers.logs_in("carol", "open barley", "alice.example.org");
    subscribers.asks_for(kCarolsHome);
    CHECK(subscribers.homes().empty());
    CHECK(last_detail(subscribers.two.bob, EventKind::IkeFailed) ==
          "wrong_method: the entry carol does not have EAP by aaa");
  }
}

TEST_CASE("MDYN-14: an entry that does not allow the suite is none, whatever IDi's would have") {
  Subscribers subscribers;
  Peer strict = subscribers.entry("carol", "carol.example.org", kCarolsHome);
  strict.proposals = {parse_ike_proposal("aes256-gcm16+prf-hmac-sha512+ecp384").value()};
  subscribers.two.bob.set_peers(
      {subscribers.entry("alice", "alice.example.org", kAlicesHome), strict});
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kCarolsHome);
  CHECK(subscribers.two.bob.daemon->size() == 0);
  CHECK_THAT(last_detail(subscribers.two.bob, EventKind::IkeFailed),
             Catch::Contains("does not allow"));
}

TEST_CASE("MDYN-14, IKE-102: INITIAL_CONTACT ends IKE SAs of whom AAA has authenticated") {
  Subscribers subscribers;
  TwoPeers& two = subscribers.two;
  subscribers.asks_for(kAlicesHome);
  REQUIRE(two.bob.up().size() == 1);
  two.clock.advance(1s);
  // A node that knows of nothing says that it is Alice, and logs in as Carol.
  two.alice.start();
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kCarolsHome);
  REQUIRE(two.bob.up().size() == 2);
  CHECK(subscribers.homes().size() == 2);
  two.clock.advance(1s);
  // And another time, by a third name.
  two.alice.start();
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kCarolsHome);
  REQUIRE(two.bob.up().size() == 2);
  std::vector<std::string> peers;
  for (const IkeSa* const sa : two.bob.up()) peers.push_back(sa->peer->name);
  std::ranges::sort(peers);
  CHECK(peers == std::vector<std::string>{"alice", "carol"});
}

TEST_CASE("MDYN-14: limits are those of the entry that authorises") {
  for (const std::string limited : {"alice", "carol"}) {
    CAPTURE(limited);
    Subscribers subscribers;
    TwoPeers& two = subscribers.two;
    std::vector<Peer> peers{subscribers.entry("alice", "alice.example.org", kAlicesHome),
                            subscribers.entry("carol", "carol.example.org", kCarolsHome)};
    for (Peer& peer : peers)
      if (peer.name == limited) peer.limits.ike_sas = 1;
    two.bob.set_peers(std::move(peers));
    change_peer(two.alice, [](Peer& peer) { peer.initial_contact = false; });
    subscribers.logs_in("carol", "open barley", "alice.example.org");
    subscribers.asks_for(kCarolsHome);
    two.alice.start();
    subscribers.asks_for(kCarolsHome);
    CHECK(two.bob.up().size() == (limited == "carol" ? 1u : 2u));
  }
}

TEST_CASE("MDYN-14, CP-02: an inner address is of the pools of whom AAA has authenticated") {
  Subscribers subscribers;
  TwoPeers& two = subscribers.two;
  const auto pool = [](const std::string& name, const std::string& addresses) {
    return AddressPool{.name = name,
                       .addresses = AddressRange::parse(addresses).value(),
                       .dns = {},
                       .subnets = {},
                       .netmask = {},
                       .prefix_length = 64};
  };
  two.bob.daemon->pools().replace({pool("alices", "2001:db8:2::a-2001:db8:2::b"),
                                   pool("carols", "2001:db8:3::c-2001:db8:3::d")});
  Peer alice = subscribers.entry("alice", "alice.example.org", kAlicesHome);
  Peer carol = subscribers.entry("carol", "carol.example.org", kCarolsHome);
  alice.pools = {"alices"};
  carol.pools = {"carols"};
  two.bob.set_peers({alice, carol});
  change_peer(two.alice, [](Peer& peer) { peer.request_addresses = {Family::V6}; });
  subscribers.logs_in("carol", "open barley", "alice.example.org");
  subscribers.asks_for(kCarolsHome);
  CHECK(two.alice.only().assigned == std::vector{address("2001:db8:3::c")});
}

}  // namespace sallyport::ike::test::eap_subscribers_test
