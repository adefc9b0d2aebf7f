#include "mip6/home_agent.h"

#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_test {
namespace {

using namespace std::chrono_literals;
using Status = BindingStatus;

TEST_CASE("HA-06, HA-08, HA-11: a node away registers: detection first, then all at once") {
  HomeAgentScene s;
  s.agent->receive(from_away(), home_update(5));
  // Nothing before the home link has been asked (RFC 6275 10.3.1).
  CHECK(s.around.sender.sent.empty());
  CHECK_FALSE(s.place());
  CHECK_FALSE(s.serves(kHome));
  REQUIRE(s.around.neighbours.pending.size() == 1);
  CHECK(s.around.neighbours.pending[0].first == FakeNeighbours::Key{kHomePort, kHome});
  s.around.neighbours.finish_detection();
  CHECK(s.answer() == BindingAcknowledgement{.sequence = 5, .lifetime = BindingLifetime{60}});
  CHECK(s.way().source == kHomeAgent);
  CHECK(s.way().destination == kHome);
  CHECK(s.way().destination_care_of == kCareOf);
  CHECK_FALSE(s.way().link_destination);
  CHECK(s.place() == kCareOf);
  CHECK(s.serves(kHome));
  CHECK(s.around.tunnels.ends_at[kHome] == kCareOf);
  CHECK(s.around.events.count(EventKind::Registered) == 1);
}

TEST_CASE("HA-08: the acknowledgement comes without the flag A too") {
  HomeAgentScene s;
  BindingUpdate update = home_update(5);
  update.flags = {UpdateFlag::HomeRegistration};
  CHECK(s.status(from_away(), update) == Status::Accepted);
}

TEST_CASE("HA-01: an update without IPsec is dropped without a word, and told of") {
  HomeAgentScene s;
  Arrival bare = from_away();
  bare.protection = Protection::None;
  CHECK_FALSE(s.ask(bare, home_update(5)));
  CHECK(s.around.neighbours.pending.empty());
  CHECK(s.cache.size() == 0);
  REQUIRE(s.around.events.count(EventKind::Refused) == 1);
  CHECK(s.around.events.events[0].home_address == kHome);
  CHECK(s.around.events.events[0].peer == kCareOf);
  // A tunnel without IPsec is no better, nor is one of many nodes; the node's own is (MSEC-35).
  bare.tunnel = OuterHeader{kCareOf, Protection::None};
  CHECK_FALSE(s.ask(bare, home_update(6)));
  bare.tunnel->protection = Protection::Ipsec;
  CHECK_FALSE(s.ask(bare, home_update(7)));
  bare.tunnel->names_source = true;
  CHECK(s.status(bare, home_update(8)) == Status::Accepted);
}

TEST_CASE("MSEC-35: an update whole in the tunnel of all traffic needs no Home Address option") {
  HomeAgentScene s;
  Arrival inside = from_home();
  inside.protection = Protection::None;
  inside.port = kElsewhere;
  inside.tunnel = OuterHeader{kOtherCareOf, Protection::Ipsec, true};
  CHECK(s.status(inside, home_update(1, kOtherCareOf)) == Status::Accepted);
  CHECK(s.place() == kOtherCareOf);
  CHECK(s.way().destination == kHome);
  CHECK_FALSE(s.way().destination_care_of);
}

TEST_CASE("HA-01, MAPI-03: what the operator allows unprotected moves no tunnel and no IKE SA") {
  HomeAgentConfig config = home_agent_config();
  config.unprotected = HomeAgentConfig::Unprotected::Allowed;
  HomeAgentScene s(config);
  s.around.ike.movable = true;
  Arrival bare = from_away();
  bare.protection = Protection::None;
  BindingUpdate update = with_flag(home_update(5), UpdateFlag::KeyManagementMobility);
  update.options = {};
  const auto answer = s.ask(bare, update);
  REQUIRE(answer);
  CHECK(answer->status == Status::Accepted);
  CHECK_FALSE(answer->flags.has(AcknowledgementFlag::KeyManagementMobility));
  CHECK(s.place() == kCareOf);
  CHECK(s.around.tunnels.moves.empty());
  CHECK(s.around.ike.moves.empty());
  CHECK(s.around.ike.drops.empty());
  CHECK(s.status(bare, deletion(6)) == Status::Accepted);
  CHECK(s.around.tunnels.deactivated.empty());
}

TEST_CASE("HA-02: a home address of another link is answered with 132, an unknown one with 129") {
  HomeAgentScene s;
  const auto from = [](std::string_view home) { return from_away(kCareOf, ip(home)); };
  CHECK(s.status(from("2001:db8:f::100"), home_update(1)) == Status::NotHomeSubnet);
  CHECK(s.status(from("2001:db8:b::999"), home_update(1)) == Status::Prohibited);
  CHECK(s.around.events.count(EventKind::Refused) == 2);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-02: with a whole prefix served, our own and the subnet's addresses are not") {
  HomeAgentConfig config = home_agent_config();
  config.nodes = {{.home_addresses = {kHome, 64}}};
  HomeAgentScene s(config);
  for (const char* const home :
       {"2001:db8:b::1", "2001:db8:b::", "2001:db8:b:0:fdff:ffff:ffff:fffe"})
    CHECK(s.status(from_away(kCareOf, ip(home)), home_update(1)) == Status::Prohibited);
  CHECK(s.status(from_away(kCareOf, ip("2001:db8:b::77")), home_update(1)) == Status::Accepted);
}

TEST_CASE("HA-02: a registration without Home Address option is dropped") {
  HomeAgentScene s;
  CHECK_FALSE(s.ask(from_home(), home_update(1)));
  CHECK(s.around.events.count(EventKind::Refused) == 1);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-03: a sequence number that is not newer is answered with 135 and the last one") {
  struct Row {
    std::uint16_t last;
    std::uint16_t next;
    Status status;
  };
  for (const Row row :
       {Row{15, 15, Status::SequenceOutOfWindow}, Row{15, 14, Status::SequenceOutOfWindow},
        Row{15, 0, Status::SequenceOutOfWindow}, Row{15, 32783, Status::SequenceOutOfWindow},
        Row{15, 65535, Status::SequenceOutOfWindow}, Row{15, 16, Status::Accepted},
        Row{15, 32782, Status::Accepted}, Row{65535, 0, Status::Accepted}}) {
    HomeAgentScene s;
    REQUIRE(s.status(from_away(), home_update(row.last)) == Status::Accepted);
    const auto answer = s.ask(from_away(kOtherCareOf), home_update(row.next, kOtherCareOf));
    CAPTURE(row.last, row.next);
    REQUIRE(answer);
    CHECK(answer->status == row.status);
    const bool accepted = row.status == Status::Accepted;
    CHECK(answer->sequence == (accepted ? row.next : row.last));
    CHECK(s.place() == (accepted ? kOtherCareOf : kCareOf));
    // To where the update came from, whatever the Binding Cache says.
    CHECK(s.way().destination_care_of == kOtherCareOf);
  }
}

TEST_CASE("HA-03: without a binding any sequence number is taken") {
  HomeAgentScene s;
  CHECK(s.status(from_away(), home_update(65000)) == Status::Accepted);
  s.around.pass(250s);
  CHECK(s.status(from_away(), home_update(3)) == Status::Accepted);
}

TEST_CASE("HA-03: a valid update that is refused uses up its sequence number nevertheless") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  CHECK(s.status(from_away(kOtherHome), home_update(9, kOtherHome)) ==
        Status::InvalidCareOfAddress);
  const auto answer = s.ask(from_away(), home_update(9));
  REQUIRE(answer);
  CHECK(answer->status == Status::SequenceOutOfWindow);
  CHECK(answer->sequence == 9);
}

TEST_CASE("MSEC-34: with manual keys the last sequence number outlives the binding and a restart") {
  HomeAgentConfig config = home_agent_config();
  config.nodes[0].services = {Service::ManualKeys};
  FakeStore disk;
  {
    HomeAgentScene s(config);
    REQUIRE(s.status(from_away(), home_update(700)) == Status::Accepted);
    REQUIRE(s.status(from_home(), deletion(701)) == Status::Accepted);
    disk = s.around.store;
  }
  HomeAgentScene restarted(config);
  restarted.around.store = disk;
  const auto replayed = restarted.ask(from_away(), home_update(700));
  REQUIRE(replayed);
  CHECK(replayed->status == Status::SequenceOutOfWindow);
  CHECK(replayed->sequence == 701);
  CHECK(restarted.status(from_away(), home_update(702)) == Status::Accepted);
}

TEST_CASE("MSEC-34: numbers of nodes with negotiated keys are not stored") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(700)) == Status::Accepted);
  CHECK(s.around.store.sequences.empty());
}

TEST_CASE("HA-04: a home registration of a correspondent's binding is answered with 139") {
  HomeAgentScene s;
  const BindingEntry correspondent{.use = BindingUse::Correspondent,
                                   .home_address = kHome,
                                   .own = kHomeAgent,
                                   .care_of = kOtherCareOf,
                                   .sequence = 1};
  REQUIRE(s.cache.put(correspondent, 60s));
  CHECK(s.status(from_away(), home_update(2)) == Status::TypeChangeDisallowed);
  const BindingEntry* const entry = s.cache.find(kHome, kHomeAgent);
  REQUIRE(entry != nullptr);
  CHECK(entry->use == BindingUse::Correspondent);
  CHECK(entry->care_of == kOtherCareOf);
  CHECK(entry->sequence == 1);
}

TEST_CASE("HA-04: a home registration with nonce indices is dropped") {
  HomeAgentScene s;
  BindingUpdate update = home_update(1);
  update.options.nonce_indices = NonceIndices{.home = 1, .care_of = 2};
  CHECK_FALSE(s.ask(from_away(), update));
  CHECK(s.cache.size() == 0);
  CHECK(s.around.events.count(EventKind::Refused) == 1);
}

TEST_CASE("HA-05: the Alternate Care-of Address is the care-of address") {
  HomeAgentScene s;
  CHECK(s.status(from_away(), home_update(1, kOtherCareOf)) == Status::Accepted);
  CHECK(s.place() == kOtherCareOf);
  CHECK(s.way().destination_care_of == kCareOf);  // where it came from
}

TEST_CASE("HA-05: a protected registration without the option is refused, a deletion is not") {
  HomeAgentScene s;
  BindingUpdate update = home_update(1);
  update.options.alternate_care_of.reset();
  CHECK(s.status(from_away(), update) == Status::Prohibited);
  CHECK_FALSE(s.place());
  update.sequence = 2;
  update.options.binding_identifiers = {{.id = 1, .care_of = kOtherCareOf}};
  CHECK(s.status(from_away(), update) == Status::Accepted);
  CHECK(s.place() == kOtherCareOf);
  CHECK(s.status(from_away(), deletion(3)) == Status::Accepted);
}

TEST_CASE("HA-05: behind AH, which covers where it came from, it needs no option") {
  HomeAgentConfig config = home_agent_config();
  config.nodes[0].services = {Service::CoveredSource};
  HomeAgentScene s(std::move(config));
  BindingUpdate update = home_update(1);
  update.options.alternate_care_of.reset();
  CHECK(s.status(from_away(), update) == Status::Accepted);
  CHECK(s.place() == kCareOf);
}

TEST_CASE(
    "HA-05: AH does not cover the outer header of an ESP tunnel: there the option is needed") {
  HomeAgentConfig config = home_agent_config();
  config.nodes[0].services = {Service::CoveredSource};
  HomeAgentScene s(std::move(config));
  Arrival inside = from_home();
  inside.protection = Protection::None;
  inside.port = kElsewhere;
  inside.tunnel = OuterHeader{kOtherCareOf, Protection::Ipsec, true};
  BindingUpdate update = home_update(1);
  update.options.alternate_care_of.reset();
  CHECK(s.status(inside, update) == Status::Prohibited);
  CHECK_FALSE(s.place());
}

TEST_CASE("HA-05: a care-of address that is not unicast and routable is dropped without a word") {
  HomeAgentScene s;
  std::uint16_t sequence = 0;
  for (const char* const place :
       {"::", "::1", "fe80::5", "ff02::1", "ff0e::1", "::ffff:192.0.2.1"}) {
    CAPTURE(place);
    CHECK_FALSE(s.ask(from_away(), home_update(++sequence, ip(place))));
  }
  CHECK(s.around.events.count(EventKind::Refused) == 6);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-05: a home address that is not unicast and routable is dropped without a word") {
  HomeAgentScene s;
  for (const char* const home : {"::", "::1", "fe80::5", "ff0e::1"})
    CHECK_FALSE(s.ask(from_away(kCareOf, ip(home)), home_update(1)));
  CHECK(s.around.events.count(EventKind::Refused) == 4);
}

TEST_CASE(
    "HA-05: served home addresses, our own and the node's own are no care-of addresses: 174") {
  HomeAgentScene s;
  std::uint16_t sequence = 0;
  for (const Address& place :
       {kOtherHome, kHomeAgent, kHome, ip("2001:db8:b:0:fdff:ffff:ffff:fffe")}) {
    CAPTURE(to_string(place));
    CHECK(s.status(from_away(place), home_update(++sequence, place)) ==
          Status::InvalidCareOfAddress);
  }
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-05: a registered home address of a served prefix is no care-of address: 174") {
  HomeAgentConfig config = home_agent_config();
  config.nodes = {{.home_addresses = {kHome, 64}}};
  HomeAgentScene s(config);
  REQUIRE(s.status(from_away(kCareOf, kOtherHome), home_update(1)) == Status::Accepted);
  CHECK(s.status(from_away(), home_update(1, kOtherHome)) == Status::InvalidCareOfAddress);
  // An address of the home link that nobody has registered is one like any other.
  CHECK(s.status(from_away(), home_update(2, ip("2001:db8:b::abc"))) == Status::Accepted);
}

TEST_CASE("HA-06: an address that somebody has on the home link is answered with 134") {
  HomeAgentScene s;
  s.around.neighbours.taken = {kHome};
  CHECK(s.status(from_away(), home_update(1)) == Status::DuplicateAddress);
  CHECK_FALSE(s.place());
  CHECK_FALSE(s.serves(kHome));
  CHECK(s.cache.size() == 0);
  CHECK(s.around.events.count(EventKind::Refused) == 1);
}

TEST_CASE("HA-06: with the flag L the link-local address is looked for as well") {
  HomeAgentScene s;
  const Address link_local = ip("fe80::100");
  const BindingUpdate update = with_flag(home_update(1), UpdateFlag::LinkLocalCompatible);
  s.around.neighbours.taken = {link_local};
  CHECK(s.status(from_away(), update) == Status::DuplicateAddress);
  CHECK_FALSE(s.serves(kHome));
  s.around.neighbours.taken = {};
  CHECK(s.status(from_away(), update) == Status::Accepted);
  CHECK(s.serves(kHome));
  CHECK(s.serves(link_local));
}

TEST_CASE("HA-06: an existing binding needs no detection, but for a link-local address anew") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  s.agent->receive(from_away(), home_update(2));
  CHECK(s.around.neighbours.pending.empty());
  CHECK(s.answer()->sequence == 2);
  s.around.pass(2s);
  s.agent->receive(from_away(), with_flag(home_update(3), UpdateFlag::LinkLocalCompatible));
  REQUIRE(s.around.neighbours.pending.size() == 1);
  CHECK(s.around.neighbours.pending[0].first.second == ip("fe80::100"));
  s.around.neighbours.finish_detection();
  CHECK(s.answer()->sequence == 3);
  CHECK(s.serves(ip("fe80::100")));
  // And without the flag no longer.
  CHECK(s.status(from_away(), home_update(4)) == Status::Accepted);
  CHECK_FALSE(s.serves(ip("fe80::100")));
  CHECK(s.serves(kHome));
}

TEST_CASE("HA-06: updates that come meanwhile do not begin anew: the newest is answered") {
  HomeAgentScene s;
  s.agent->receive(from_away(), home_update(1));
  s.agent->receive(from_away(kOtherCareOf), home_update(2, kOtherCareOf));
  s.agent->receive(from_away(), home_update(1));  // late
  CHECK(s.around.neighbours.pending.size() == 1);
  CHECK(s.answer()->status == Status::SequenceOutOfWindow);
  s.around.sender.sent.clear();
  s.around.neighbours.finish_detection();
  CHECK(s.around.sender.sent.size() == 1);
  CHECK(s.answer()->sequence == 2);
  CHECK(s.place() == kOtherCareOf);
}

TEST_CASE(
    "HA-03, HA-12: a late deletion does not undo the newer update that is being decided: 135") {
  HomeAgentScene s;
  s.agent->receive(from_away(), home_update(5));
  s.agent->receive(from_home(), deletion(3));
  CHECK(s.answer()->status == Status::SequenceOutOfWindow);
  CHECK(s.answer()->sequence == 5);
  s.around.neighbours.finish_detection();
  CHECK(s.answer()->status == Status::Accepted);
  CHECK(s.place() == kCareOf);
}

TEST_CASE("HA-03, HA-12: neither does one of a node that was deleted a moment ago") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_home(), deletion(2)) == Status::Accepted);
  s.around.pass(1s);
  s.agent->receive(from_away(), home_update(9));
  s.agent->receive(from_home(), deletion(8));
  CHECK(s.answer()->status == Status::SequenceOutOfWindow);
  CHECK(s.answer()->sequence == 9);
  s.around.neighbours.finish_detection();
  CHECK(s.place() == kCareOf);
}

TEST_CASE("HA-06: detections are so many at one time and no more: 130") {
  HomeAgentConfig config = home_agent_config();
  config.most_detections = 1;
  HomeAgentScene s(config);
  s.agent->receive(from_away(), home_update(1));
  s.agent->receive(from_away(kOtherCareOf, kOtherHome), home_update(1, kOtherCareOf));
  CHECK(s.answer()->status == Status::InsufficientResources);
  CHECK(s.agent->detections() == 1);
  s.around.neighbours.finish_detection();
  CHECK(s.agent->detections() == 0);
  CHECK(s.place() == kCareOf);
  CHECK_FALSE(s.place(kOtherHome));
}

TEST_CASE("HA-06: a node that comes home meanwhile is not registered") {
  HomeAgentScene s;
  s.agent->receive(from_away(), home_update(1));
  s.agent->receive(from_home(), deletion(2));
  CHECK(s.answer()->status == Status::NotHomeAgent);
  s.around.neighbours.finish_detection();
  CHECK_FALSE(s.place());
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-06: a detection that ends after its home agent does is nobody's") {
  FakeNeighbours::Detected late;
  {
    HomeAgentScene s;
    s.agent->receive(from_away(), home_update(1));
    late = s.around.neighbours.pending.at(0).second;
  }
  CHECK_NOTHROW(late(NeighbourProxy::Uniqueness::Unique));
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_test
