#include "spd/policy.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"

namespace sallyport::policy_test {
namespace {

Policy tunnel() {
  Policy policy{.name = "site-b", .action = PolicyAction::Protect};
  policy.selectors.resize(1);
  policy.selectors[0].remote = {AddressRange::parse("10.2.0.0/16").value()};
  policy.protect = Protection{};
  policy.protect->endpoints = {Address::parse("192.0.2.1").value(),
                               Address::parse("192.0.2.2").value()};
  return policy;
}

// What validate() says of the policy, which it must refuse, with where and how to mend it.
std::string refusal(const Policy& policy) {
  const auto verdict = validate(policy);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().code == Error::Code::Invalid);
  CHECK(verdict.error().where.starts_with("policy "));
  CHECK_FALSE(verdict.error().remedy.empty());
  return verdict.error().what;
}

// The refusal of tunnel() after `change`.
template <class Change>
std::string refused(Change change) {
  Policy policy = tunnel();
  change(policy);
  return refusal(policy);
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("SPD-09: every field of an entry is there, and none is like another") {
  const Policy original = tunnel();
  REQUIRE(validate(original));
  const auto changes = {
      +[](Policy& p) { p.name = "other"; },
      +[](Policy& p) { p.spd = SpdId{1}; },
      +[](Policy& p) { p.names = {"rfc822:mozart@foo.example.com", "fqdn:foo.example.com"}; },
      +[](Policy& p) { p.pfp.local = true; },
      +[](Policy& p) { p.pfp.remote = true; },
      +[](Policy& p) { p.pfp.protocol = true; },
      +[](Policy& p) { p.pfp = {.protocol = true, .local_port = true}; },
      +[](Policy& p) { p.pfp = {.protocol = true, .remote_port = true}; },
      +[](Policy& p) { p.selectors.push_back(p.selectors[0]); },
      +[](Policy& p) { p.selectors[0].protocol = kProtocolTcp; },
      +[](Policy& p) { p.protect->protocol = IpsecProtocol::Ah; },
      +[](Policy& p) { p.protect->endpoints.local = Address::v4(1); },
      +[](Policy& p) { p.protect->endpoints.remote = Address::v4(2); },
      +[](Policy& p) { p.protect->proposals = {{.cipher = Cipher::AesGcm16_128}}; },
      +[](Policy& p) { p.protect->esn = false; },
      +[](Policy& p) { p.protect->replay_window = 4096; },
      +[](Policy& p) { p.protect->fragments = FragmentChecks::Stateful; },
      +[](Policy& p) { p.protect->fragmentation = Fragmentation::Before; },
      +[](Policy& p) { p.protect->header.df = DfRule::Clear; },
      +[](Policy& p) { p.protect->header.ecn = EcnRule::Compatibility; },
      +[](Policy& p) { p.protect->header.dscp.kind = DscpRule::Kind::Fixed; },
      +[](Policy& p) { p.protect->header.dscp.fixed = 46; },
      +[](Policy& p) { p.protect->header.dscp.map.assign(64, 10); },
      +[](Policy& p) { p.protect->header.hop_limit = 1; },
      +[](Policy& p) { p.protect->header.flow_label = 0xfffff; },
      +[](Policy& p) { p.protect->header.dscp_from_outer = true; },
      +[](Policy& p) { p.protect->soft.bytes = 1; },
      +[](Policy& p) { p.protect->soft.packets = 1; },
      +[](Policy& p) { p.protect->soft.time = std::chrono::seconds(1); },
      +[](Policy& p) { p.protect->hard.bytes = 1; },
      +[](Policy& p) { p.protect->hard.packets = 1; },
      +[](Policy& p) { p.protect->hard.time = std::chrono::seconds(1); },
      +[](Policy& p) { p.protect->sas = {"site-b-out", "site-b-in"}; },
  };
  std::vector<Policy> seen{original};
  for (const auto change : changes) {
    Policy changed = original;
    change(changed);
    CHECK(validate(changed));
    CHECK(std::ranges::find(seen, changed) == seen.end());
    seen.push_back(std::move(changed));
  }
  for (const PolicyAction action : {PolicyAction::Bypass, PolicyAction::Discard}) {
    Policy plain = original;
    plain.action = action;
    plain.protect.reset();
    CHECK(validate(plain));
  }
}

TEST_CASE("SPD-09: an entry and its action agree") {
  CHECK_THAT(refused([](Policy& p) { p.name.clear(); }), Contains("name"));
  CHECK_THAT(refused([](Policy& p) { p.names = {""}; }), Contains("names nobody"));
  CHECK_THAT(refused([](Policy& p) { p.selectors.clear(); }), Contains("matches nothing"));
  CHECK_THAT(refused([](Policy& p) { p.protect.reset(); }), Contains("does not say how"));
  CHECK_THAT(refused([](Policy& p) { p.action = PolicyAction::Bypass; }), Contains("to bypass"));
  CHECK_THAT(refused([](Policy& p) { p.action = PolicyAction::Discard; }), Contains("to discard"));
}

TEST_CASE("SPD-09: endpoints belong to tunnels") {
  const auto mode = [](Policy& p, IpsecMode mode) { p.protect->mode = mode; };
  CHECK_THAT(refused([&](Policy& p) { mode(p, IpsecMode::Transport); }), Contains("transport"));
  Policy transport = tunnel();
  mode(transport, IpsecMode::Transport);
  transport.protect->endpoints = {};
  CHECK(validate(transport));
  CHECK_THAT(refused([](Policy& p) { p.protect->endpoints.local = {}; }), Contains("both"));
  CHECK_THAT(refused([](Policy& p) { p.protect->endpoints.remote = {}; }), Contains("both"));
  CHECK_THAT(refused([](Policy& p) {
               p.protect->endpoints.remote = Address::parse("2001:db8::1").value();
             }),
             Contains("different families"));
  CHECK_THAT(refused([](Policy& p) { p.protect->endpoints.local = Address::v4(0xe0000001); }),
             Contains("multicast"));
}

TEST_CASE("SPD-09, PAD-13: a tunnel to a peer that is named has both endpoints or none") {
  Policy named = tunnel();
  named.protect->peer = "branch";
  CHECK(validate(named));
  named.protect->endpoints = {};
  CHECK(validate(named));
  CHECK_THAT(refused([](Policy& p) {
               p.protect->peer = "branch";
               p.protect->endpoints.remote = {};
             }),
             Contains("both"));
  CHECK_THAT(refused([](Policy& p) { p.protect->endpoints = {}; }), Contains("both"));
}

TEST_CASE("SPD-09: numbers of a protection have limits") {
  CHECK_THAT(refused([](Policy& p) { p.protect->replay_window = 31; }), Contains("31 packets"));
  CHECK_THAT(refused([](Policy& p) { p.protect->replay_window = 65537; }), Contains("65537"));
  CHECK_THAT(refused([](Policy& p) { p.protect->header.hop_limit = 0; }), Contains("hop limit"));
  CHECK_THAT(refused([](Policy& p) { p.protect->header.flow_label = 1u << 20; }),
             Contains("0x100000"));
  CHECK_THAT(refused([](Policy& p) { p.protect->header.dscp.fixed = 64; }), Contains("six bits"));
  CHECK_THAT(refused([](Policy& p) { p.protect->header.dscp.map.assign(64, 64); }),
             Contains("six bits"));
  CHECK_THAT(refused([](Policy& p) {
               p.protect->header.dscp = {.kind = DscpRule::Kind::Map,
                                         .map = std::vector<std::uint8_t>(63)};
             }),
             Contains("63 entries"));
  CHECK_THAT(refused([](Policy& p) {
               p.protect->soft.time = std::chrono::seconds(2);
               p.protect->hard.time = std::chrono::seconds(1);
             }),
             Contains("soft lifetime"));
}

TEST_CASE("ESP-14: padding of traffic flow is for ESP tunnels, to a power of two") {
  Policy padded = tunnel();
  padded.protect->tfc_bytes = 1400;
  padded.protect->tfc_multiple = 64;
  CHECK(validate(padded));
  CHECK_THAT(refused([](Policy& p) { p.protect->tfc_multiple = 100; }),
             Contains("multiple of 100"));
  CHECK_THAT(refused([](Policy& p) {
               p.protect->tfc_bytes = 1400;
               p.protect->protocol = IpsecProtocol::Ah;
             }),
             Contains("ESP in tunnel mode"));
}

TEST_CASE("FRAG-02: an SA for later fragments has OPAQUE ports, a protocol, and IPv6 by consent") {
  const auto opaque = [](Policy& p) {
    p.selectors[0].protocol = kProtocolTcp;
    p.selectors[0].local_port = p.selectors[0].remote_port = PortSet::opaque();
    p.protect->fragments = FragmentChecks::Opaque;
  };
  Policy good = tunnel();
  opaque(good);
  CHECK(validate(good));
  using enum FragmentChecks;
  CHECK_THAT(refused([&](Policy& p) { p.protect->fragments = Opaque; }), Contains("OPAQUE ports"));
  CHECK_THAT(refused([&](Policy& p) {
               opaque(p);
               p.selectors[0].local_port = PortSet::any();
             }),
             Contains("on both sides"));
  CHECK_THAT(refused([&](Policy& p) {
               opaque(p);
               p.protect->fragments = Stateless;
             }),
             Contains("match later fragments alone"));
  const auto six = [&](Policy& p) {
    opaque(p);
    p.selectors[0].remote = {AddressRange::parse("2001:db8::/32").value()};
  };
  CHECK_THAT(refused(six), Contains("cannot be checked"));
  Policy consent = tunnel();
  six(consent);
  consent.protect->fragments = OpaqueIpv6;
  CHECK(validate(consent));
}

TEST_CASE("ARCH-07: a transport-mode policy has no rule for fragments") {
  const auto transport = [](Policy& p) {
    p.protect->mode = IpsecMode::Transport;
    p.protect->endpoints = {};
  };
  CHECK_THAT(refused([&](Policy& p) {
               transport(p);
               p.protect->fragments = FragmentChecks::Stateful;
             }),
             Contains("carries no fragments"));
  CHECK_THAT(refused([&](Policy& p) {
               transport(p);
               p.protect->fragmentation = Fragmentation::Before;
             }),
             Contains("carries no fragments"));
}

TEST_CASE("SPD-10: several selector sets to protect draw a warning") {
  Policy policy = tunnel();
  CHECK(warnings(policy).empty());
  policy.selectors.push_back(policy.selectors[0]);
  policy.selectors[1].remote = {AddressRange::parse("10.3.0.0/16").value()};
  CHECK(validate(policy));
  REQUIRE(warnings(policy).size() == 1);
  CHECK_THAT(warnings(policy)[0],
             Contains("site-b") && Contains("2 selector sets") && Contains("every remote one"));
  // Nobody negotiates a bypass.
  policy.action = PolicyAction::Bypass;
  policy.protect.reset();
  CHECK(warnings(policy).empty());
}

TEST_CASE("SPD-14: populate-from-packet of what cannot be seen is refused") {
  const auto opaque = [](Policy& p) {
    p.selectors[0].protocol = kProtocolTcp;
    p.selectors[0].remote_port = PortSet::opaque();
  };
  CHECK_THAT(refused([&](Policy& p) {
               opaque(p);
               p.pfp.remote_port = true;
             }),
             Contains("OPAQUE"));
  Policy other_side = tunnel();
  opaque(other_side);
  other_side.pfp.local_port = true;
  CHECK(validate(other_side));
  CHECK_THAT(refused([](Policy& p) {
               p.action = PolicyAction::Bypass;
               p.protect.reset();
               p.pfp.local = true;
             }),
             Contains("bypass"));
}

TEST_CASE("SEL-01: an entry is of one family") {
  const auto v6 = [](Policy& p) {
    p.selectors.emplace_back();
    p.selectors[1].local = {AddressRange::parse("2001:db8::/32").value()};
  };
  CHECK_THAT(refused(v6), Contains("mix IPv4 and IPv6"));
  Policy pure = tunnel();
  v6(pure);
  pure.selectors.erase(pure.selectors.begin());
  pure.selectors.emplace_back();  // names no family
  CHECK(validate(pure));
}

TEST_CASE("SEL-03: the fault of one selector among several is found and named") {
  Policy policy = tunnel();
  policy.selectors.push_back(policy.selectors[0]);
  policy.selectors[1].local_port = PortSet::opaque();  // of protocol any
  const auto verdict = validate(policy);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().where == "policy site-b, selector 2");
}

TEST_CASE("actions have the names of the configuration") {
  CHECK(to_string(PolicyAction::Discard) == "discard");
  CHECK(to_string(PolicyAction::Bypass) == "bypass");
  CHECK(to_string(PolicyAction::Protect) == "protect");
}

}  // namespace sallyport::policy_test
