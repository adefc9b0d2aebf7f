// The link-local addresses that a home agent defends with the flag L (RFC 6275 10.3.1).
#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_link_local_test {
namespace {

using Status = BindingStatus;

const Address kSame = ip("2001:db8:b9::100");  // as kHome in another home prefix
const Address kLinkLocal = ip("fe80::100");

// `kSame` is of the node that has kHome, or of one of its own.
enum class Owner : std::uint8_t { Same, Another };
HomeAgentConfig two_prefixes(Owner owner) {
  HomeAgentConfig config = home_agent_config();
  config.link.prefixes.push_back({.prefix = {ip("2001:db8:b9::1"), 64}});
  config.nodes[0].node = 0;
  config.nodes.push_back({.home_addresses = {kSame, 128}, .node = owner == Owner::Same ? 0u : 9u});
  return config;
}

BindingUpdate with_link_local(std::uint16_t sequence) {
  return with_flag(home_update(sequence), UpdateFlag::LinkLocalCompatible);
}

}  // namespace

TEST_CASE("HA-06: our own link-local address is no node's: 134") {
  HomeAgentConfig config = home_agent_config();
  config.link.link_local = kLinkLocal;
  HomeAgentScene s(std::move(config));
  CHECK(s.status(from_away(), with_link_local(1)) == Status::DuplicateAddress);
  CHECK_FALSE(s.serves(kLinkLocal));
  CHECK(s.status(from_away(), home_update(2)) == Status::Accepted);
}

TEST_CASE("HA-06: a link-local address that another node was promised is refused with 134") {
  HomeAgentScene s(two_prefixes(Owner::Another));
  REQUIRE(s.status(from_away(), with_link_local(1)) == Status::Accepted);
  CHECK(s.status(from_away(kOtherCareOf, kSame), with_link_local(1)) == Status::DuplicateAddress);
  CHECK(s.status(from_away(kOtherCareOf, kSame), home_update(2, kOtherCareOf)) == Status::Accepted);
  // The end of its own binding is not that of the address.
  CHECK(s.status(from_away(kOtherCareOf, kSame), deletion(3)) == Status::Accepted);
  CHECK(s.serves(kLinkLocal));
  CHECK(s.status(from_away(), deletion(2)) == Status::Accepted);
  CHECK_FALSE(s.serves(kLinkLocal));
  CHECK(s.status(from_away(kOtherCareOf, kSame), with_link_local(4)) == Status::Accepted);
  CHECK(s.serves(kLinkLocal));
}

TEST_CASE("HA-06: of two nodes that ask for it at one time the first has it") {
  HomeAgentScene s(two_prefixes(Owner::Another));
  s.agent->receive(from_away(), with_link_local(1));
  s.agent->receive(from_away(kOtherCareOf, kSame), with_link_local(1));
  s.around.neighbours.finish_detection();
  CHECK(s.place() == kCareOf);
  CHECK_FALSE(s.place(kSame));
  CHECK(s.answer()->status == Status::DuplicateAddress);
}

TEST_CASE("HA-14: two home addresses of one node share it, until the last of them ends") {
  HomeAgentScene s(two_prefixes(Owner::Same));
  REQUIRE(s.status(from_away(), with_link_local(1)) == Status::Accepted);
  s.around.pass(std::chrono::seconds(1));
  s.agent->receive(from_away(kOtherCareOf, kSame), with_link_local(1));
  // Only what nobody holds yet is looked for.
  REQUIRE(s.around.neighbours.pending.size() == 1);
  CHECK(s.around.neighbours.pending[0].first.second == kSame);
  s.around.neighbours.finish_detection();
  REQUIRE(s.place(kSame));
  const bool by_deletion = GENERATE(true, false);
  if (by_deletion)
    REQUIRE(s.status(from_away(kOtherCareOf, kSame), deletion(2)) == Status::Accepted);
  else  // or by an update without the flag
    REQUIRE(s.status(from_away(kOtherCareOf, kSame), home_update(2, kOtherCareOf)) ==
            Status::Accepted);
  CHECK(s.serves(kLinkLocal));
  // Workers have it with the one that is left.
  CHECK(s.around.bindings.link_locals == std::map<Address, Address>{{kLinkLocal, kHome}});
  REQUIRE(s.status(from_away(), deletion(2)) == Status::Accepted);
  CHECK_FALSE(s.serves(kLinkLocal));
  CHECK(s.around.bindings.link_locals.empty());
}

TEST_CASE("HA-06: a home agent that takes over the bindings of another knows whose it is") {
  HomeAgentScene s(two_prefixes(Owner::Another));
  REQUIRE(s.status(from_away(), with_link_local(1)) == Status::Accepted);
  s.agent.reset();
  s.agent =
      HomeAgent::create(two_prefixes(Owner::Another), surroundings(s.around, s.cache)).value();
  CHECK(s.status(from_away(kOtherCareOf, kSame), with_link_local(1)) == Status::DuplicateAddress);
  BindingEntry entry = *s.cache.home_registration(kHome);
  entry.home_address = kSame;
  CHECK(s.agent->adopt(entry, std::chrono::seconds(60)).error().code == Error::Code::Refused);
}

}  // namespace sallyport::mip6::test::home_agent_link_local_test
