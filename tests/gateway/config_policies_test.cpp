// [[policy]]: selectors, protection, and what is refused of them.
#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_policies_test {

using namespace test;

namespace {

// Policies with the given lines after the name and `action = "discard"`.
Expected<std::vector<Policy>> policies(std::string_view lines) {
  auto configuration =
      parse("[[policy]]\nname = \"p\"\naction = \"discard\"\n" + std::string(lines));
  if (!configuration) return std::unexpected(std::move(configuration).error());
  return std::move(configuration->policies);
}

Selector selector(std::string_view lines) {
  auto read = policies(lines);
  INFO(lines << (read ? "" : to_string(read.error())));
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  REQUIRE((*read)[0].selectors.size() == 1);
  return (*read)[0].selectors[0];
}

void check_refused(std::string_view lines, std::string_view where, std::string_view said) {
  const auto read = policies(lines);
  INFO(lines);
  REQUIRE_FALSE(read);
  const std::string text = to_string(read.error());
  INFO(text);
  CHECK_THAT(text, Catch::StartsWith("/etc/sallyport/gateway.toml:" + std::string(where) + ": "));
  CHECK_THAT(text, Catch::Contains(std::string(said)));
}

AddressRange range(std::string_view text) { return *AddressRange::parse(text); }
PortSet ports(std::vector<PortRange> ranges) { return *PortSet::of(std::move(ranges)); }

struct Refusal {
  std::string_view lines;
  std::string_view where;
  std::string_view said;
};

// A policy to protect over kPorts; the SAs are there. `protect` follows on line 19.
Expected<Configuration> protecting(std::string_view protect, std::string_view head = "") {
  return parse(std::string(head) + kPorts +
               "[[policy]]\nname = \"site\"\nlocal = \"10.1.0.0/24\"\nremote = \"10.2.0.0/24\"\n"
               "action = \"protect\"\n" +
               std::string(protect));
}

constexpr std::string_view kEndpoints =
    "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }";

std::string protect_with(std::string_view keys) {
  return "protect = { " + std::string(kEndpoints) + ", " + std::string(keys) + " }\n";
}

Protection protection(std::string_view keys) {
  const auto configuration = protecting(protect_with(keys));
  INFO(keys << (configuration ? "" : to_string(configuration.error())));
  REQUIRE(configuration);
  return *configuration->policies[0].protect;
}

}  // namespace

TEST_CASE("SEL-01: addresses are lists of prefixes, ranges and single addresses of one family") {
  const Selector none = selector("");
  CHECK(none.local.empty());
  CHECK(none.remote.empty());
  CHECK(selector("local = \"any\"").local.empty());
  CHECK(selector("local = \"10.0.0.0/8\"").local == std::vector{range("10.0.0.0/8")});
  CHECK(selector("remote = [\"10.0.0.3-10.0.0.9\", \"192.0.2.1\"]").remote ==
        std::vector{range("10.0.0.3-10.0.0.9"), range("192.0.2.1")});
  CHECK(selector("local = \"2001:db8::5-2001:db8::7\"").local ==
        std::vector{range("2001:db8::5-2001:db8::7")});

  check_refused("local = [\"10.0.0.0/8\", \"2001:db8::/32\"]", "1:1", "2001:db8::/32");
  check_refused("local = \"10.0.0.0/8\"\nremote = \"2001:db8::/32\"", "1:1", "2001:db8::/32");
  check_refused("local = \"10.0.0.9-10.0.0.3\"", "4:9", "runs backwards");
  check_refused("local = \"10.0.0.1-2001:db8::1\"", "4:9", "mixes IPv4 and IPv6");
  check_refused("local = \"10.0.0.1/8\"", "4:9", "bits behind its prefix (10.0.0.0/8)");
  check_refused("local = [\"10.0.0.0/8\", \"any\"]", "4:24", "\"any\" stands beside others");
  check_refused("local = []", "4:9", "the list is empty");
  check_refused("local = 10", "4:9", "10 is not text");
}

TEST_CASE("SEL-02: broadcast addresses may be selected, multicast ones may not") {
  CHECK(selector("remote = \"255.255.255.255\"").remote == std::vector{range("255.255.255.255")});
  check_refused("remote = \"224.0.0.0/4\"", "1:1", "multicast");
  check_refused("remote = \"ff02::/16\"", "1:1", "multicast");
}

TEST_CASE("SEL-03: the protocol is one number, any, or opaque with IPv6") {
  CHECK_FALSE(selector("").protocol);
  CHECK_FALSE(selector("protocol = \"any\"").protocol);
  CHECK(selector("protocol = \"udp\"").protocol == kProtocolUdp);
  CHECK(selector("protocol = 89").protocol == 89);
  CHECK(selector("protocol = \"89\"").protocol == 89);
  CHECK(selector("protocol = \"opaque\"\nlocal = \"2001:db8::/32\"").protocol == kProtocolOpaque);

  check_refused("protocol = \"opaque\"\nlocal = \"10.0.0.0/8\"", "1:1", "IPv6 only");
  check_refused("protocol = 256", "4:12", "0 to 255");
  check_refused("protocol = \"tpc\"", "4:12", "\"tpc\" is not an IP protocol");
  check_refused("protocol = [\"tcp\", \"udp\"]", "4:12", "protocol: a list is not");
  check_refused("local_port = 80", "4:14", "local_port has no meaning for protocol any");
  check_refused("protocol = \"any\"\nicmp = 8", "5:8", "icmp has no meaning for protocol any");
  check_refused("local_port = \"opaque\"", "4:14", "local_port has no meaning for protocol any");
  CHECK(selector("local_port = \"any\"").local_port.is_any());
}

TEST_CASE("SEL-04: ports are lists of ranges for each protocol that has them") {
  const std::string protocol = GENERATE("tcp", "udp", "sctp", "dccp", "udplite");
  const Selector read = selector("protocol = \"" + protocol +
                                 "\"\nlocal_port = [80, \"443\", \"1000-2000\"]\nremote_port = 7");
  CHECK(read.local_port == ports({{80, 80}, {443, 443}, {1000, 2000}}));
  CHECK(read.remote_port == ports({{7, 7}}));
  check_refused("protocol = \"" + protocol + "\"\nlocal_port = 65536", "5:14", "local_port");
  check_refused("protocol = \"" + protocol + "\"\nremote_port = \"9-8\"", "5:15", "runs backwards");
  check_refused("protocol = \"" + protocol + "\"\nremote_port = \"http\"", "5:15",
                "\"http\" is not a");
  check_refused("protocol = \"" + protocol + "\"\nicmp = 8", "5:8",
                "icmp has no meaning for protocol");
}

TEST_CASE("SEL-05: any and opaque stand alone") {
  CHECK(selector("protocol = \"tcp\"\nlocal_port = \"any\"").local_port.is_any());
  CHECK(selector("protocol = \"tcp\"\nlocal_port = \"opaque\"").local_port.is_opaque());
  CHECK(selector("protocol = \"tcp\"\nlocal_port = [\"opaque\"]").local_port.is_opaque());
  check_refused("protocol = \"tcp\"\nlocal_port = [80, \"any\"]", "5:19", "stands beside others");
  check_refused("protocol = \"tcp\"\nlocal_port = [\"opaque\", 80]", "5:15",
                "stands beside others");
}

TEST_CASE("SEL-07: an ICMP type may stand with its code, alone, and in ranges") {
  const auto types = [](std::string_view icmp) {
    const Selector read = selector("protocol = \"icmp\"\nicmp = " + std::string(icmp));
    CHECK(read.local_port == read.remote_port);
    return read.local_port;
  };
  CHECK(types("8") == ports({{0x0800, 0x08ff}}));
  CHECK(types("\"8/0\"") == ports({{0x0800, 0x0800}}));
  CHECK(types("\"3/1-3/4\"") == ports({{0x0301, 0x0304}}));
  CHECK(types("[\"128-129\", \"1/255\"]") == ports({{0x01ff, 0x01ff}, {0x8000, 0x81ff}}));
  CHECK(types("\"any\"").is_any());
  check_refused("protocol = \"icmp\"\nicmp = 256", "5:8", "icmp");
  check_refused("protocol = \"icmp\"\nicmp = \"8/256\"", "5:8", "icmp");
  check_refused("protocol = \"icmp\"\nlocal_port = 8", "5:14",
                "local_port has no meaning for protocol icmp");
}

TEST_CASE("SEL-08, SEL-09: types that are sent and types that are received may differ") {
  const Selector mobility =
      selector("protocol = \"mobility\"\nmh_type = { send = 5, receive = \"6-7\" }");
  CHECK(mobility.local_port == ports({{0x0500, 0x0500}}));
  CHECK(mobility.remote_port == ports({{0x0600, 0x0700}}));
  const Selector one_way = selector("protocol = 58\nicmp = { send = 128, receive = \"opaque\" }");
  CHECK(one_way.local_port == ports({{0x8000, 0x80ff}}));
  CHECK(one_way.remote_port.is_opaque());
  check_refused("protocol = \"mobility\"\nmh_type = { send = 5 }", "5:11",
                "mh_type has no receive");
  check_refused("protocol = \"mobility\"\nmh_type = { send = 5, recieve = 6 }", "5:11",
                "did you mean \"receive\"?");
  check_refused("protocol = \"mobility\"\nmh_type = \"5/1\"", "5:11", "mh_type");
}

TEST_CASE("SEL-10: a protocol without ports has opaque port selectors") {
  const std::string protocol = GENERATE("\"esp\"", "50", "\"ah\"", "47");
  const Selector read = selector("protocol = " + protocol);
  CHECK(read.local_port.is_opaque());
  CHECK(read.remote_port.is_opaque());
  check_refused("protocol = " + protocol + "\nlocal_port = 1", "5:14", "has no meaning");
}

TEST_CASE("SEL-12: all five selector slots are in a policy and in an SA") {
  const std::string slots =
      R"({ local = "10.1.0.5", remote = "10.2.0.0/16", protocol = "tcp", local_port = 80, remote_port = "1024-65535" })";
  const Selector of_policy = selector(
      "local = \"10.1.0.5\"\nremote = \"10.2.0.0/16\"\nprotocol = \"tcp\"\nlocal_port = 80\n"
      "remote_port = \"1024-65535\"\n");
  CHECK(to_string(of_policy) == "10.1.0.5 <-> 10.2.0.0/16 tcp 80 <-> 1024-65535");
  CHECK(selector("selectors = " + slots) == of_policy);
  const auto configuration =
      parse(kPorts + kPolicy +
            replaced(kSas, "name = \"in\"\n", "name = \"in\"\nselectors = [" + slots + "]\n"));
  REQUIRE(configuration);
  CHECK(configuration->sas[1].selectors == std::vector{of_policy});
  CHECK(configuration->sas[0].selectors == configuration->policies[0].selectors);
}

TEST_CASE("SPD-10: several selector sets in one entry are read and draw a warning") {
  const std::string sets =
      "selectors = [{ local = \"10.1.0.0/25\", remote = \"10.2.0.0/24\" }, "
      "{ local = \"10.1.0.128/25\", remote = \"10.3.0.0/24\" }]\n";
  const auto configuration =
      parse(kPorts +
            replaced(kPolicy, "local = \"10.1.0.0/24\"\nremote = \"10.2.0.0/24\"\n", sets) + kSas);
  REQUIRE(configuration);
  REQUIRE(configuration->policies[0].selectors.size() == 2);
  CHECK(configuration->policies[0].selectors[1].local == std::vector{range("10.1.0.128/25")});
  const auto& warnings = configuration->warnings;
  CHECK(std::ranges::any_of(warnings, [](const std::string& warning) {
    return warning.starts_with("/etc/sallyport/gateway.toml:15:1: ") &&
           warning.find("sets, not as pairs") != warning.npos;
  }));
}

TEST_CASE("SPD-09: every part of a protection is read") {
  const Protection read = protection(
      "protocol = \"esp\", mode = \"tunnel\", proposals = [\"aes256-gcm16\", \"VPN-B\"], esn = "
      "false, "
      "replay_window = 1024, df = \"set\", dscp = 46, ecn = \"compatibility\", hop_limit = 17, "
      "flow_label = 0xabcde, dscp_from_outer = true, "
      "soft = { bytes = \"1GiB\", packets = 1000, time = \"7h\" }, "
      "hard = { bytes = \"2GB\", packets = 2000, time = \"8h\" }");
  CHECK(read.protocol == IpsecProtocol::Esp);
  CHECK(read.mode == IpsecMode::Tunnel);
  CHECK(read.endpoints == Endpoints{*Address::parse("192.0.2.1"), *Address::parse("192.0.2.2")});
  CHECK(read.proposals == std::vector{Transform{Cipher::AesGcm16_256, Integrity::None},
                                      Transform{Cipher::AesCbc128, Integrity::AesXcbc_96}});
  CHECK_FALSE(read.esn);
  CHECK(read.replay_window == 1024);
  CHECK(read.header.df == DfRule::Set);
  CHECK(read.header.dscp == DscpRule{DscpRule::Kind::Fixed, 46, {}});
  CHECK(read.header.ecn == EcnRule::Compatibility);
  CHECK(read.header.hop_limit == 17);
  CHECK(read.header.flow_label == 0xabcde);
  CHECK(read.header.dscp_from_outer);
  CHECK(read.soft == Lifetime{1ull << 30, 1000, std::chrono::hours(7)});
  CHECK(read.hard == Lifetime{2'000'000'000, 2000, std::chrono::hours(8)});
}

TEST_CASE("SPD-09: what a protection has where nothing is said") {
  const auto configuration = protecting("protect = { " + std::string(kEndpoints) + " }\n");
  REQUIRE(configuration);
  Protection expected;
  expected.endpoints = {*Address::parse("192.0.2.1"), *Address::parse("192.0.2.2")};
  CHECK(configuration->policies[0].protect == expected);
  CHECK(expected.esn);
  CHECK(expected.replay_window == 64);
}

TEST_CASE("TUN-04: a DSCP map names the classes that change") {
  const DscpRule rule = protection("dscp = { \"10\" = 46, \"0\" = 1 }").header.dscp;
  REQUIRE(rule.kind == DscpRule::Kind::Map);
  REQUIRE(rule.map.size() == 64);
  for (std::size_t inner = 0; inner < 64; ++inner) {
    CHECK(rule.map[inner] == (inner == 10 ? 46 : inner == 0 ? 1 : inner));
  }
  CHECK(protection("dscp = \"copy\"").header.dscp == DscpRule{});
}

TEST_CASE("SUITE-01..06: a suite's name stands for its transforms") {
  const auto proposals = [](std::string_view suite) {
    const auto configuration =
        protecting(protect_with("proposals = [\"" + std::string(suite) + "\"]"),
                   "[crypto]\nallow = [\"3des-cbc\"]\n");
    REQUIRE(configuration);
    return configuration->policies[0].protect->proposals;
  };
  using T = std::vector<Transform>;
  CHECK(proposals("VPN-A") == T{{Cipher::TripleDesCbc, Integrity::HmacSha1_96}});
  CHECK(proposals("VPN-B") == T{{Cipher::AesCbc128, Integrity::AesXcbc_96}});
  CHECK(proposals("Suite-B-GCM-128") == T{{Cipher::AesGcm16_128, Integrity::None}});
  CHECK(proposals("Suite-B-GCM-256") == T{{Cipher::AesGcm16_256, Integrity::None}});
  CHECK(proposals("Suite-B-GMAC-128") == T{{Cipher::AesGmac128, Integrity::None}});
  CHECK(proposals("Suite-B-GMAC-256") == T{{Cipher::AesGmac256, Integrity::None}});
}

TEST_CASE("SUITE-01: VPN-A is off unless 3DES is allowed") {
  const auto configuration = protecting(protect_with("proposals = [\"VPN-A\"]"));
  REQUIRE_FALSE(configuration);
  CHECK_THAT(to_string(configuration.error()),
             Catch::Contains("3des-cbc is weak or unusual") && Catch::Contains("[crypto] allow"));
}

TEST_CASE("what a protection refuses") {
  const auto refusal = GENERATE(values<Refusal>({
      {"mode = \"tunel\"", "", "did you mean \"tunnel\"?"},
      {"fragments = \"some\"", "", "stateless, opaque, opaque-ipv6, stateful"},
      {"fragmentation = \"never\"", "", "before, after"},
      {"proposals = [\"aes128-cbc+none\"]", "", "aes128-cbc+none has no integrity"},
      {"proposals = [\"aes128gcm17\"]", "", "aes128gcm17"},
      {"proposals = [\"des-cbc+hmac-sha1-96\"]", "", "des-cbc is weak or unusual"},
      {"proposals = [\"aes128-cbc+hmac-md5-96\"]", "", "hmac-md5-96 is weak or unusual"},
      {"replay_window = 31", "", "replay_window: 31 is too small a window"},
      {"replay_window = 65537", "", "replay_window: 65537 is out of range"},
      {"replay_window = 0", "", "replay_window: ESN needs a window"},
      {"df = \"keep\"", "", "copy, set, clear"},
      {"dscp = 64", "", "dscp: 64 is no rule for the DSCP"},
      {"dscp = { x = 1 }", "", "the inner class is not a DSCP"},
      {"dscp = { \"64\" = 1 }", "", "the inner class is not a DSCP"},
      {"dscp = { \"1\" = 64 }", "", "64 is out of range (0 to 63)"},
      {"ecn = \"full\"", "", "normal, compatibility"},
      {"hop_limit = 0", "", "hop_limit: 0 is out of range"},
      {"flow_label = 0x100000", "", "flow_label: 1048576 is out of range"},
      {"soft = { bytes = 1000 }", "", "bytes: 1000 has no unit (a whole number and its unit"},
      {"soft = { bytes = \"1000\" }", "", "bytes: \"1000\" has no unit"},
      {"soft = { bytes = \"1Kb\" }", "", "bytes: \"1Kb\" has an unknown unit"},
      {"soft = { bytes = \"0B\" }", "", "bytes: \"0B\" is nothing"},
      {"soft = { bytes = \"9000000TiB\" }", "", "is too large"},
      {"soft = { bytes = \"-1B\" }", "", "is not a quantity"},
      {"soft = { time = 8 }", "",
       "time: 8 has no unit (a whole number and its unit, as in \"8h\")"},
      {"soft = { time = \"8 weeks\" }", "", "has an unknown unit"},
      {"soft = { packets = 0 }", "", "packets: 0 is out of range"},
      {"soft = { time = \"9h\" }, hard = { time = \"8h\" }", "", "soft: ends after hard"},
      {"soft = { bytes = \"2kB\" }, hard = { bytes = \"1kB\" }", "", "soft: ends after hard"},
      {"soft = { packets = 2 }, hard = { packets = 1 }", "", "soft: ends after hard"},
      {"lifetime = \"8h\"", "", "unknown key \"lifetime\" in protect"},
      {"sas = [\"a\", \"a\"]", "", "\"a\" stands twice"},
      {"sas = [\"missing\"]", "", "sas: there is no [[sa]] \"missing\""},
  }));
  INFO(refusal.lines);
  const auto configuration = protecting(protect_with(refusal.lines));
  REQUIRE_FALSE(configuration);
  const std::string text = to_string(configuration.error());
  INFO(text);
  CHECK_THAT(text, Catch::StartsWith("/etc/sallyport/gateway.toml:19:"));
  CHECK_THAT(text, Catch::Contains(std::string(refusal.said)));
}

TEST_CASE("what endpoints refuse") {
  const auto refusal = GENERATE(values<Refusal>({
      {"protect = { endpoints = { local = \"192.0.2.1\" } }", "19:25", "endpoints has no remote"},
      {"protect = { endpoints = { local = \"192.0.2.1\", remote = \"2001:db8::1\" } }", "19:25",
       "different families"},
      {"protect = { endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.1\" } }", "19:25",
       "the same address"},
      {"protect = { endpoints = { local = \"192.0.2.1\", remote = \"0.0.0.0\" } }", "19:25",
       "not two usable addresses"},
      {"protect = { endpoints = { local = \"224.0.0.1\", remote = \"192.0.2.2\" } }", "19:25",
       "not two usable addresses"},
      {"protect = { endpoints = { local = \"192.0.2.300\", remote = \"192.0.2.2\" } }", "19:35",
       "is not an address"},
      {"protect = { }", "14:1", "a tunnel needs both endpoints"},
      {"", "14:1", "does not say how"},
  }));
  const auto configuration = protecting(refusal.lines);
  REQUIRE_FALSE(configuration);
  const std::string text = to_string(configuration.error());
  INFO(text);
  CHECK_THAT(text,
             Catch::StartsWith("/etc/sallyport/gateway.toml:" + std::string(refusal.where) + ": "));
  CHECK_THAT(text, Catch::Contains(std::string(refusal.said)));
}

TEST_CASE("what a [[policy]] refuses") {
  check_refused("pfp = [\"local\"]", "1:1", "populate-from-packet has no meaning for discard");
  check_refused("pfp = [\"port\"]", "4:7", "\"port\" is no selector field");
  check_refused("names = [\"a\"]", "4:10", "\"a\" names nobody");
  check_refused("names = \"user:carol\"", "4:9", "no port has the user \"carol\"");
  check_refused("direction = \"up\"", "4:13", "\"up\" is not known");
  check_refused("interface = \"t0\"", "4:13", "no virtual interface");
  check_refused("protect = { mode = \"transport\" }", "1:1",
                "a policy to discard has a protection");
  check_refused("selectors = []", "4:13", "selectors: the list is empty");
  check_refused("selectors = [{}]\nlocal = \"10.0.0.0/8\"", "5:9", "local stands beside selectors");
  check_refused("selectors = [{ pfp = true }]", "4:16", "unknown key \"pfp\" in selectors");
  check_refused("spd = \"other\"", "4:7", "there is no [[spd]] \"other\"");
  check_refused("remtoe = \"any\"", "4:1", "did you mean \"remote\"?");
  check_refused("[[policy]]\nname = \"p\"\naction = \"bypass\"", "5:8",
                "the name \"p\" is taken at");
  check_refused("[[policy]]\nname = \"default-ike\"\naction = \"bypass\"", "5:8",
                "a name for the default policies");
  check_refused("[[policy]]\nname = \"q\"", "4:1", "[[policy]] has no action");
  check_refused("[[policy]]\nname = \"q\"\naction = \"drop\"", "6:10", "protect, bypass, discard");
}

TEST_CASE("policies keep their order and know their database") {
  const auto configuration = parse(R"(
[[spd]]
name = "one"
[[spd]]
name = "two"
[[policy]]
name = "z"
action = "bypass"
spd = "two"
[[policy]]
name = "a"
action = "discard"
)");
  REQUIRE(configuration);
  REQUIRE(configuration->policies.size() == 2);
  CHECK(configuration->policies[0].name == "z");
  CHECK(configuration->policies[0].spd == SpdId{1});
  CHECK(configuration->policies[0].action == PolicyAction::Bypass);
  CHECK(configuration->policies[1].name == "a");
  CHECK(configuration->policies[1].spd == SpdId{0});
  CHECK(configuration->policies[1].action == PolicyAction::Discard);
}

TEST_CASE("ARCH-03: transport mode is refused for traffic that is not the gateway's own") {
  const auto with_local = [](std::string_view local) {
    return parse(
        kPorts + "[[policy]]\nname = \"t\"\nlocal = " + std::string(local) +
        "\nremote = \"192.0.2.2\"\naction = \"protect\"\nprotect = { mode = \"transport\" }\n");
  };
  for (const std::string_view own : {"\"192.0.2.1\"", "[\"192.0.2.1\", \"10.1.0.1\"]"}) {
    const auto configuration = with_local(own);
    INFO((configuration ? "" : to_string(configuration.error())));
    CHECK(configuration);
  }
  for (const std::string_view foreign :
       {"\"any\"", "\"10.1.0.0/24\"", "\"192.0.2.0-192.0.2.1\"", "\"192.0.2.1-192.0.2.2\"",
        "[\"192.0.2.1\", \"10.1.0.2\"]"}) {
    const auto configuration = with_local(foreign);
    INFO(foreign);
    REQUIRE_FALSE(configuration);
    CHECK_THAT(to_string(configuration.error()),
               Catch::StartsWith(
                   "/etc/sallyport/gateway.toml:16:9: local: policy \"t\" is in transport mode") &&
                   Catch::Contains("mode = \"tunnel\""));
  }
}

TEST_CASE("a policy without SAs draws a warning for each direction") {
  const auto configuration = protecting("protect = { " + std::string(kEndpoints) + " }\n");
  REQUIRE(configuration);
  CHECK(configuration->warnings ==
        std::vector<std::string>{"/etc/sallyport/gateway.toml:19:11: policy \"site\" has no "
                                 "outbound SA (what it protects is not sent)",
                                 "/etc/sallyport/gateway.toml:19:11: policy \"site\" has no "
                                 "inbound SA (what the peer protects is not heard)"});
}

}  // namespace sallyport::config_policies_test
