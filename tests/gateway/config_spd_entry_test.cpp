// Every choice of an SPD entry that RFC 4301 appendix C writes down in ASN.1 (SPD-19), and the
// finest and coarsest entries (SPD-20).
#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "spd/spd.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_spd_entry_test {

using namespace test;

namespace {

Policy policy(const std::string& lines, const std::string& ports = kPorts) {
  const auto read = parse(ports + "[[policy]]\nname = \"p\"\n" + lines);
  INFO(lines << (read ? "" : to_string(read.error())));
  REQUIRE(read);
  REQUIRE(read->policies.size() == 1);
  return read->policies[0];
}

Policy discarding(const std::string& lines) { return policy("action = \"discard\"\n" + lines); }

// Everything of the entry stands on line 17 and after.
Policy protecting(const std::string& lines, const std::string& protect) {
  return policy("action = \"protect\"\n" + lines + "\nprotect = { " + protect + " }\n");
}

const std::string kTunnel =
    "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }, proposals = "
    "[\"aes256-gcm16\", \"aes128-cbc+hmac-sha256-128\"]";

PortSet ports(std::vector<PortRange> ranges) { return PortSet::of(std::move(ranges)).value(); }

}  // namespace

TEST_CASE("SPD-19: bypass and discard, outbound, inbound and both ways") {
  using enum PolicyDirection;
  CHECK(policy("action = \"bypass\"").action == PolicyAction::Bypass);
  CHECK(policy("action = \"bypass\"").direction == Both);
  CHECK(discarding("direction = \"out\"").direction == Outbound);
  CHECK(discarding("direction = \"in\"").direction == Inbound);
  CHECK(discarding("direction = \"both\"").direction == Both);
}

TEST_CASE("SPD-19: names of peers in their four forms, and of local users") {
  const std::string lines =
      "names = [\"dn:C=DE,O=Example,CN=gw\", \"fqdn:gw.example.com\", \"rfc822:gw@example.com\", "
      "\"key-id:00a1\", \"user:alice\"]\n";
  const std::string ports = replaced(kPorts, "name = \"lan\"", "name = \"lan\"\nuser = \"alice\"");
  const Policy read =
      policy("action = \"protect\"\n" + lines + "protect = { " + kTunnel + " }\n", ports);
  CHECK(read.names.size() == 5);
  CHECK(read.names[0] == "dn:C=DE,O=Example,CN=gw");
}

TEST_CASE("SPD-19: a PFP flag for each selector field") {
  for (const PopulatedField& field : kPopulatedFields) {
    CAPTURE(field.name);
    PopulateFromPacket expected;
    expected.*field.flag = true;
    const Policy read =
        protecting("protocol = \"tcp\"\npfp = \"" + std::string(field.name) + "\"", kTunnel);
    CHECK(read.pfp == expected);
  }
  const Policy all = protecting(
      "pfp = [\"local\", \"remote\", \"protocol\", \"local_port\", \"remote_port\"]", kTunnel);
  CHECK(names_of(all.pfp).size() == 5);
}

TEST_CASE("SPD-19: address lists of either family, and every kind of next layer") {
  const Policy v4 = discarding(
      "local = [\"10.0.0.1-10.0.0.9\", \"192.0.2.1\"]\nremote = \"198.51.100.0/24\"\n"
      "protocol = \"tcp\"\nlocal_port = \"any\"\nremote_port = [80, \"8000-8099\"]");
  const Selector& selector = v4.selectors[0];
  CHECK(selector.local.size() == 2);
  CHECK(selector.local_port.is_any());
  CHECK(selector.remote_port == ports({{80, 80}, {8000, 8099}}));
  CHECK(discarding("local = \"2001:db8::/32\"").selectors[0].family() == Family::V6);
  CHECK_FALSE(discarding("").selectors[0].protocol.has_value());   // anyProt
  CHECK(discarding("protocol = 89").selectors[0].protocol == 89);  // noNext
  const Policy one =
      discarding("protocol = \"icmp\"\nicmp = { send = \"8\", receive = \"0/0\" }");  // oneNext
  CHECK(one.selectors[0].local_port == ports({{0x800, 0x8ff}}));
  CHECK(one.selectors[0].remote_port == ports({{0, 0}}));
  CHECK(discarding("protocol = \"mobility\"\nmh_type = 5").selectors[0].local_port ==
        ports({{0x500, 0x500}}));
  const Policy two = discarding("protocol = \"udp\"\nlocal_port = \"opaque\"\nremote_port = 53");
  CHECK(two.selectors[0].local_port.is_opaque());
  CHECK(discarding("local = \"2001:db8::/32\"\nprotocol = \"opaque\"").selectors[0].protocol ==
        kProtocolOpaque);  // fragment
}

TEST_CASE("SPD-19: processing: ESN, fragments, lifetimes, algorithms, tunnel and transport") {
  const Policy tunnel =
      protecting("", kTunnel +
                         ", esn = false, fragments = \"stateful\", soft = { time = \"1h\" }, "
                         "hard = { time = \"2h\", bytes = \"1GiB\" }, df = \"clear\", dscp = { "
                         "46 = 10 }, ecn = \"compatibility\"");
  const Protection& protect = *tunnel.protect;
  CHECK_FALSE(protect.esn);
  CHECK(protect.fragments == FragmentChecks::Stateful);
  CHECK(protect.hard.bytes == std::uint64_t{1} << 30);
  CHECK(protect.hard.time == std::chrono::hours(2));
  CHECK(protect.header.df == DfRule::Clear);
  CHECK(protect.header.ecn == EcnRule::Compatibility);
  CHECK(protect.header.dscp.kind == DscpRule::Kind::Map);
  REQUIRE(protect.proposals.size() == 2);  // combined, and both; in falling preference
  CHECK(protect.proposals[0].cipher == Cipher::AesGcm16_256);
  CHECK(protect.proposals[1].integrity == Integrity::HmacSha256_128);
  const Policy v6 =
      protecting("",
                 "endpoints = { local = \"2001:db8:f::1\", remote = \"2001:db8:f::2\" "
                 "}, protocol = \"ah\", proposals = [\"hmac-sha256-128\"]");
  CHECK(v6.protect->protocol == IpsecProtocol::Ah);
  const Policy transport =
      protecting("local = \"192.0.2.1\"", "mode = \"transport\", proposals = [\"aes128-gcm16\"]");
  CHECK(transport.protect->mode == IpsecMode::Transport);
}

TEST_CASE("SPD-20: from everything down to one five-tuple, one ICMP type and one MH type") {
  Spd spd(10, 1);
  const auto add = [&](std::string name, const std::string& lines) {
    Policy read = discarding(lines);
    read.name = std::move(name);
    const auto inserted = spd.insert(std::move(read));
    REQUIRE(inserted);
  };
  add("tuple",
      "local = \"10.1.0.1\"\nremote = \"10.2.0.1\"\nprotocol = \"tcp\"\nlocal_port = 1000\n"
      "remote_port = 443");
  add("echo", "protocol = \"icmp\"\nicmp = \"8/0\"");
  add("binding update", "protocol = \"mobility\"\nmh_type = 5");
  add("everything", "");
  const auto set = spd.snapshot();
  const auto name = [&](SelectorFields fields) {
    return spd.find(set->match(SpdId{0}, fields))->name;
  };
  SelectorFields tcp{.local = Address::parse("10.1.0.1").value(),
                     .remote = Address::parse("10.2.0.1").value(),
                     .protocol = kProtocolTcp,
                     .local_port = 1000,
                     .remote_port = 443};
  CHECK(name(tcp) == "tuple");
  for (const auto change :
       {+[](SelectorFields& f) { f.local = Address::parse("10.1.0.2").value(); },
        +[](SelectorFields& f) { f.remote = Address::parse("10.2.0.2").value(); },
        +[](SelectorFields& f) { f.protocol = kProtocolUdp; },
        +[](SelectorFields& f) { ++f.local_port; }, +[](SelectorFields& f) { --f.remote_port; }}) {
    SelectorFields other = tcp;
    change(other);
    CHECK(name(other) == "everything");
  }
  SelectorFields icmp = tcp;
  icmp.protocol = kProtocolIcmp;
  icmp.local_port = 0x800;
  icmp.remote_port = kNotApplicable;
  CHECK(name(icmp) == "echo");
  icmp.local_port = 0x801;
  CHECK(name(icmp) == "everything");
  icmp.protocol = kProtocolMobility;
  icmp.local_port = 0x500;
  CHECK(name(icmp) == "binding update");
  icmp.local_port = 0x600;
  CHECK(name(icmp) == "everything");
}

}  // namespace sallyport::config_spd_entry_test
