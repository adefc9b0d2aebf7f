// Policies that are bound to mobility tunnels, and edits in place (RFC 4877 4.2, 4.3, 7.2.4).
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "spd/policy_names.h"
#include "tests/spd/named_policies.h"

namespace sallyport::tunnel_policies_test {

using namespace test;

namespace {

const Address kHome = Address::parse("2001:db8:1::10").value();
const Address kOther = Address::parse("2001:db8:1::11").value();

Policy bound(std::string name, std::string_view remote, const Address& tunnel) {
  Policy made = policy(std::move(name), remote, kDiscard);
  made.tunnel = tunnel;
  return made;
}

SelectorFields to(std::string_view remote) { return packet_to(remote); }

std::string met(const Spd& spd, const SelectorFields& fields,
                const std::optional<Address>& tunnel = std::nullopt) {
  const auto set = spd.snapshot();
  const PolicyScope scope = set->outbound(SpdId{0});
  const PolicyId id =
      tunnel ? set->match_in_tunnel(scope, *tunnel, fields) : set->match(scope, fields);
  const Policy* const found = spd.find(id);
  return found == nullptr ? "" : found->name;
}

Policy tunnel_mode(std::string name) {
  Policy made = policy(std::move(name), "2001:db8:1::10", kProtect);
  made.protect->mode = IpsecMode::Tunnel;
  made.protect->endpoints = {Address::parse("2001:db8:1::1").value(), kHome};
  made.protect->sas = {"out", "in"};
  return made;
}

}  // namespace

TEST_CASE("MSEC-19: only what goes through the tunnel meets a policy that is bound to one") {
  Spd spd(8, 1);
  REQUIRE(spd.insert(bound("payload", "2001:db8:1::10", kHome)));
  REQUIRE(spd.insert(policy("all", "", kBypass)));
  CHECK(met(spd, to("2001:db8:1::10")) == "all");
  CHECK(met(spd, to("2001:db8:1::10"), kHome) == "payload");
  CHECK(met(spd, to("2001:db8:2::1"), kHome) == "all");
  // Inbound likewise.
  const auto set = spd.snapshot();
  const PolicyScope inbound = set->inbound(SpdId{0});
  CHECK(set->match(inbound, to("2001:db8:1::10")) == spd.id_of("all"));
  CHECK(set->match_in_tunnel(inbound, kHome, to("2001:db8:1::10")) == spd.id_of("payload"));
  REQUIRE(spd.remove("payload"));
  CHECK(met(spd, to("2001:db8:1::10"), kHome) == "all");
}

TEST_CASE("MSEC-30: bound and other policies keep one order") {
  Spd spd(8, 1);
  REQUIRE(spd.insert(policy("first", "2001:db8:1::10", kBypass)));
  REQUIRE(spd.insert(bound("payload", "2001:db8:1::/64", kHome)));
  REQUIRE(spd.insert(policy("last", "", kBypass)));
  CHECK(met(spd, to("2001:db8:1::10"), kHome) == "first");
  CHECK(met(spd, to("2001:db8:1::11"), kHome) == "payload");
  CHECK(met(spd, to("2001:db8:1::11")) == "last");
  REQUIRE(spd.move("payload", 0));
  CHECK(met(spd, to("2001:db8:1::10"), kHome) == "payload");
}

TEST_CASE("MSEC-38: what names no address is told apart by the tunnel alone") {
  Spd spd(8, 1);
  REQUIRE(spd.insert(bound("one", "", kHome)));
  REQUIRE(spd.insert(policy("narrow", "2001:db8:1::/64", kBypass)));
  REQUIRE(spd.insert(bound("two", "", kOther)));
  REQUIRE(spd.insert(policy("last", "", kBypass)));
  CHECK(met(spd, to("fe80::1"), kHome) == "one");
  CHECK(met(spd, to("fe80::1"), kOther) == "two");
  CHECK(met(spd, to("fe80::1")) == "last");
  // In the order of the database.
  CHECK(met(spd, to("2001:db8:1::10"), kHome) == "one");
  CHECK(met(spd, to("2001:db8:1::10"), kOther) == "narrow");
  REQUIRE(spd.set_activity("one", Spd::Activity::Inactive));
  CHECK(met(spd, to("fe80::1"), kHome) == "last");
}

TEST_CASE("MAPI-08: an inactive policy is met by nothing and keeps its id and its place") {
  Spd spd(8, 1);
  REQUIRE(spd.insert(policy("first", "2001:db8:1::/64", kDiscard)));
  REQUIRE(spd.insert(policy("last", "", kBypass)));
  const PolicyId id = spd.id_of("first").value();
  const Cached before = ask(*spd.snapshot(), to("2001:db8:1::10"));
  REQUIRE(spd.set_activity("first", Spd::Activity::Inactive));
  CHECK(met(spd, to("2001:db8:1::10")) == "last");
  CHECK(before.stale(*spd.snapshot()));
  CHECK(spd.id_of("first") == id);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"first", "last"});
  CHECK_FALSE(is_met(*spd.find("first"), Direction::Outbound));
  CHECK(spd.take_removed().empty());
  // Others may come and go meanwhile.
  REQUIRE(spd.insert(policy("second", "2001:db8:1::10", kBypass), 1));
  CHECK(met(spd, to("2001:db8:1::10")) == "second");
  const Cached meanwhile = ask(*spd.snapshot(), to("2001:db8:1::10"));
  REQUIRE(spd.set_activity("first", Spd::Activity::Active));
  CHECK(met(spd, to("2001:db8:1::10")) == "first");
  CHECK(meanwhile.stale(*spd.snapshot()));
  REQUIRE(spd.set_activity("first", Spd::Activity::Active));
  CHECK_FALSE(spd.set_activity("nobody", Spd::Activity::Active));
  REQUIRE(spd.set_activity("first", Spd::Activity::Inactive));
  REQUIRE(spd.remove("first"));
  CHECK(met(spd, to("2001:db8:1::10")) == "second");
}

TEST_CASE(
    "MAPI-08: of many policies each may come and go, and only answers about its own address are "
    "asked for anew") {
  constexpr unsigned kMany = 3000;
  Spd spd(kMany + 1, 1);
  const auto address = [](unsigned node) { return fmt::format("2001:db8:1::{:x}", node + 1); };
  std::vector<Policy> list;
  for (unsigned node = 0; node < kMany; ++node) {
    list.push_back(policy(fmt::format("node-{}", node), address(node), kDiscard));
    list.back().active = false;
  }
  list.push_back(policy("last", "", kBypass));
  REQUIRE(spd.check(list));
  spd.replace(list);
  const auto before = spd.snapshot();
  CHECK(met(spd, to(address(7))) == "last");
  REQUIRE(spd.set_activity("node-7", Spd::Activity::Active));
  const auto after = spd.snapshot();
  const Cached seven = ask(*after, to(address(7)));
  const Cached eight = ask(*after, to(address(8)));
  CHECK(seven.policy == spd.id_of("node-7"));
  CHECK(eight.policy == spd.id_of("last"));
  CHECK(ask(*before, to(address(7))).policy == spd.id_of("last"));  // a set is as it was
  REQUIRE(spd.set_activity("node-2999", Spd::Activity::Active));
  CHECK_FALSE(seven.stale(*spd.snapshot()));
  CHECK(eight.stale(*spd.snapshot()));  // "last" may have lost some of its packets
  CHECK(met(spd, to(address(2999))) == "node-2999");
  REQUIRE(spd.set_activity("node-7", Spd::Activity::Inactive));
  CHECK(seven.stale(*spd.snapshot()));
  CHECK(met(spd, to(address(7))) == "last");
  CHECK(met(spd, to(address(2999))) == "node-2999");
}

TEST_CASE("MAPI-01: a policy's tunnel gets other endpoints, and its answers stay good") {
  Spd spd(8, 1);
  REQUIRE(spd.insert(tunnel_mode("tunnel")));
  const PolicyId id = spd.id_of("tunnel").value();
  const Cached before = ask(*spd.snapshot(), to("2001:db8:1::10"));
  const Endpoints away{Address::parse("2001:db8:1::1").value(),
                       Address::parse("2001:db8:77::5").value()};
  REQUIRE(spd.set_endpoints("tunnel", away));
  CHECK(spd.find("tunnel")->protect->endpoints == away);
  CHECK(spd.id_of("tunnel") == id);
  CHECK_FALSE(before.stale(*spd.snapshot()));
  // What no tunnel has is refused, and changes nothing.
  CHECK_FALSE(spd.set_endpoints("tunnel", {away.local, Address::parse("192.0.2.1").value()}));
  CHECK(spd.find("tunnel")->protect->endpoints == away);
  REQUIRE(spd.insert(policy("transport", "2001:db8:1::11", kProtect)));
  CHECK_FALSE(spd.set_endpoints("transport", away));
}

TEST_CASE("MSEC-20: no tunnel goes to everybody") {
  Spd spd(8, 1);
  CHECK_FALSE(spd.insert(bound("bad", "", Address::any(Family::V6))));
  CHECK_FALSE(spd.insert(bound("bad", "", Address::parse("ff02::1").value())));
}

}  // namespace sallyport::tunnel_policies_test
