// Each field of the simple sections is read, has its default, and is refused where it is wrong.
#include <catch2/catch.hpp>

#include "gateway/policy_plan.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_sections_test {

using namespace test;

namespace {

Configuration good(std::string_view text) {
  auto configuration = parse(text);
  INFO((configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

struct Refusal {
  std::string_view text;
  std::string_view where;   // "line:column"
  std::string_view what;    // part of it
  std::string_view remedy;  // part of it
};

void check(const Refusal& refusal) {
  const auto configuration = parse(refusal.text);
  INFO(refusal.text);
  REQUIRE_FALSE(configuration);
  const Error& error = configuration.error();
  INFO(to_string(error));
  CHECK(error.where == std::string(kSampleName) + ":" + std::string(refusal.where));
  CHECK_THAT(error.what, Catch::Contains(std::string(refusal.what)));
  CHECK_THAT(error.remedy, Catch::Contains(std::string(refusal.remedy)));
  CHECK(error.what.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("an empty configuration has every default") {
  const Configuration configuration = good("");
  CHECK(configuration.instance.name == "sallyport");
  CHECK(configuration.instance.file_prefix == "sallyport");
  CHECK(configuration.instance.run_directory == "/run/sallyport/sallyport");
  CHECK(configuration.instance.state_directory == "/var/lib/sallyport/sallyport");
  CHECK_FALSE(configuration.instance.inline_secrets);
  CHECK(configuration.limits == LimitsConfig{});
  CHECK(configuration.dataplane == DataplaneConfig{});
  CHECK(configuration.crypto.allow.empty());
  CHECK(configuration.control.socket == "/run/sallyport/sallyport/control.sock");
  REQUIRE(configuration.spds.size() == 1);
  CHECK(configuration.spds[0] == SpdConfig{"default", true});
  CHECK(configuration.ports.empty());
  CHECK(configuration.warnings.empty());
}

TEST_CASE("[instance] is read") {
  const InstanceConfig instance = good(R"(
[instance]
name = "gate-a"
file_prefix = "ga"
run_directory = "run"
state_directory = "/srv/state"
inline_secrets = true
)")
                                      .instance;
  CHECK(instance == InstanceConfig{"gate-a", "ga", "/etc/sallyport/run", "/srv/state", true});
  const InstanceConfig named = good("[instance]\nname = \"gate-a\"\n").instance;
  CHECK(named.file_prefix == "sallyport-gate-a");
  CHECK(named.run_directory == "/run/sallyport/gate-a");
  CHECK(named.state_directory == "/var/lib/sallyport/gate-a");
}

TEST_CASE("[limits] is read") {
  const LimitsConfig limits = good(R"(
[limits]
sas = 100
policies = 101
flows = 102
routes = 103
neighbours = 104
neighbour_hold = 5
sa_hold = 6
mbufs = 2048
large_buffers = 20
reassembly_datagrams = 21
reassembly_time = "22s"
fragment_flows = 23
punt_ring = 256
punt_rate = 107
event_ring = 108
audit_rate = 109
)")
                                  .limits;
  CHECK(limits == LimitsConfig{100, 101, 102, 103, 104, 5, 6, 2048, 20, 21,
                               std::chrono::seconds{22}, 23, 256, 107, 108, 109});
}

TEST_CASE("[dataplane] is read") {
  const DataplaneConfig dataplane = good(R"(
[dataplane]
workers = 2
cores = [3, 5]
burst = 32
idle = "spin"
hugepages = "no"
skipped_headers = [0, 43, 44, 135]
flow_life = "2m"
flow_keep_active = "3s"
)")
                                        .dataplane;
  CHECK(dataplane == DataplaneConfig{2,
                                     {3, 5},
                                     32,
                                     IdleRule::Spin,
                                     HugepageUse::No,
                                     {0, 43, 44, 135},
                                     {std::chrono::minutes(2), std::chrono::seconds(3)}});
}

TEST_CASE("ALG-22: [crypto] allow is read, by any of an algorithm's names") {
  const Configuration configuration = good("[crypto]\nallow = [\"des-cbc\", \"md5\", \"null\"]\n");
  CHECK(configuration.crypto.allow == std::vector<std::string>{"des-cbc", "hmac-md5-96", "null"});
  CHECK(configuration.warnings.empty());
  const Configuration needless = good("[crypto]\nallow = \"aes128-gcm16\"\n");
  REQUIRE(needless.warnings.size() == 1);
  CHECK_THAT(needless.warnings[0],
             Catch::Contains("gateway.toml:2:9: allow: aes128-gcm16 needs no"));
}

TEST_CASE("ICMP-02: [icmp] is read, by name and number; path MTU messages are the default") {
  const IcmpAcceptance given = good(R"(
[icmp]
accept_unprotected = ["packet-too-big", "icmp/3/4", "icmp/11", "icmpv6/1/255"]
accept_protected = []
)")
                                   .icmp;
  CHECK(given.unprotected_side == std::vector<IcmpKind>{{Family::V6, 0x0200, 0x02ff},
                                                        {Family::V4, 0x0304, 0x0304},
                                                        {Family::V4, 0x0b00, 0x0bff},
                                                        {Family::V6, 0x01ff, 0x01ff}});
  CHECK(given.protected_side.empty());
  const IcmpAcceptance usual = good("").icmp;
  CHECK(usual.unprotected_side == path_mtu_messages());
  CHECK(usual.protected_side == path_mtu_messages());
}

TEST_CASE("PMTU-04, PMTU-05: [path_mtu] is read") {
  const PathMtuSettings given = good(R"(
[path_mtu]
floor_ipv4 = 600
floor_ipv6 = 1300
lifetime = "2m"
rate = 7
)")
                                    .path_mtu;
  CHECK(given == PathMtuSettings{600, 1300, std::chrono::minutes(2), 7});
  CHECK(good("").path_mtu == PathMtuSettings{576, 1280, std::chrono::minutes(10), 100});
}

TEST_CASE("[control] is read") {
  CHECK(good("[control]\nsocket = \"c.sock\"\n").control.socket == "/etc/sallyport/c.sock");
  CHECK(good("[instance]\nrun_directory = \"/r\"\n").control.socket == "/r/control.sock");
}

TEST_CASE("[[port]] is read") {
  const Configuration configuration = good(R"(
[[spd]]
name = "one"
[[spd]]
name = "two"
default_policies = false

[[port]]
name = "p0"
device = "0000:03:00.1"
side = "unprotected"
addresses = ["192.0.2.1/24", "2001:db8::1/64"]
mtu = 1400
vlan = 42
spd = "two"
mac = "02:00:00:00:00:01"
icmp_errors = { send = false, rate = 7 }
udp_zero_checksum_v6 = true

[[port]]
name = "apps"
device = "net_tap0,iface=apps"
kind = "local-stack"
addresses = "192.0.2.10/32"
)");
  CHECK(configuration.spds == std::vector{SpdConfig{"one", true}, SpdConfig{"two", false}});
  REQUIRE(configuration.ports.size() == 2);
  const PortConfig& port = configuration.ports[0];
  CHECK(port.name == "p0");
  CHECK(port.device == "0000:03:00.1");
  CHECK(port.side == PortSide::Unprotected);
  CHECK(port.kind == PortKind::Link);
  CHECK(port.addresses ==
        std::vector{*Prefix::parse("192.0.2.1/24"), *Prefix::parse("2001:db8::1/64")});
  CHECK(port.mtu == 1400);
  CHECK(port.vlan == 42);
  CHECK(port.spd == SpdId{1});
  CHECK(port.mac == *MacAddress::parse("02:00:00:00:00:01"));
  CHECK(port.icmp_errors == IcmpErrorRule{false, 7});
  CHECK(port.udp_zero_checksum_v6);
  const PortConfig& apps = configuration.ports[1];
  CHECK(apps.side == PortSide::Protected);
  CHECK(apps.kind == PortKind::LocalStack);
  CHECK(apps.mtu == 1500);
  CHECK_FALSE(apps.vlan);
  CHECK(apps.spd == SpdId{0});
  CHECK_FALSE(apps.mac);
  CHECK(apps.icmp_errors == IcmpErrorRule{});
  CHECK_FALSE(apps.udp_zero_checksum_v6);
}

TEST_CASE("[[route]] and [[neighbour]] are read") {
  const Configuration configuration = good(kPorts + R"(
[[route]]
to = "10.2.0.0/24"
via = "192.0.2.2"
[[route]]
to = "2001:db8:2::/64"
port = "wan"
[[route]]
to = "10.0.0.0/8"
action = "blackhole"
[[route]]
to = "::/0"
via = "fe80::1"
port = "wan"
[[neighbour]]
address = "192.0.2.2"
mac = "02:00:00:00:00:02"
port = "wan"
)");
  const auto prefix = [](std::string_view text) { return *Prefix::parse(text); };
  const auto address = [](std::string_view text) { return *Address::parse(text); };
  CHECK(
      configuration.routes ==
      std::vector{
          RouteConfig{prefix("10.2.0.0/24"), RouteAction::Forward, address("192.0.2.2"), PortId{1}},
          RouteConfig{prefix("2001:db8:2::/64"), RouteAction::Forward, std::nullopt, PortId{1}},
          RouteConfig{prefix("10.0.0.0/8"), RouteAction::Blackhole, std::nullopt, kNoPort},
          RouteConfig{prefix("::/0"), RouteAction::Forward, address("fe80::1"), PortId{1}}});
  CHECK(configuration.neighbours ==
        std::vector{NeighbourConfig{address("192.0.2.2"), *MacAddress::parse("02:00:00:00:00:02"),
                                    PortId{1}}});
}

TEST_CASE("what the simple sections refuse") {
  const auto refusal = GENERATE(values<Refusal>({
      {"nonsense = 1", "1:1", "unknown key \"nonsense\" in the configuration", "one of"},
      {"[instanc]", "1:2", "unknown key \"instanc\"", "did you mean \"instance\"?"},
      {"[instance", "1:10", "not TOML", "toml.io"},
      {"[metrics]\n", "1:1", "metrics in the configuration is not available in this version",
       "leave it out"},
      {"port = 3", "1:8", "port is a number, not a list of tables", "[[port]]"},
      {"[port]\n", "1:1", "port is a table, not a list of tables", "[[port]]"},
      {"limits = 3", "1:10", "[limits] is a number, not a table", ""},
      {"[instance]\nname = 3", "2:8", "name: 3 is not text", "text in quotes"},
      {"[instance]\nname = \"\"", "2:8", "name: the text is empty", ""},
      {"[instance]\nname = \"../x\"", "2:8", "name: \"../x\" is not a name", "letters"},
      {"[instance]\nname = \"a b\"", "2:8", "name: \"a b\" is not a name", "letters"},
      {"[instance]\nnam = \"a\"", "2:1", "unknown key \"nam\" in [instance]",
       "did you mean \"name\"?"},
      {"[instance]\ninline_secrets = \"yes\"", "2:18", "inline_secrets: \"yes\" is not a switch",
       "true or false"},
      {"[limits]\nsas = 0", "2:7", "sas: 0 is out of range", "1 to 1048576"},
      {"[limits]\nsas = -1", "2:7", "sas: -1 is out of range", "1 to 1048576"},
      {"[limits]\nmbufs = 1.5", "2:9", "mbufs: a fraction is not a whole number", "1024 to"},
      {"[limits]\nflows = \"64Ki\"", "2:9", "flows: \"64Ki\" is not a whole number",
       "without quotes"},
      {"[limits]\nreassembly_time = \"5m\"", "2:19", "reassembly_time: not from 1s to 120s", "30s"},
      {"[limits]\nlarge_buffers = 1", "2:17", "large_buffers", "16 to"},
      {"[limits]\npunt_ring = 100", "2:13", "punt_ring: 100 is no power of two", "128"},
      {"[icmp]\naccept_unprotected = \"icmp\"", "2:22",
       "accept_unprotected: \"icmp\" is no kind of ICMP message", "icmp/TYPE"},
      {"[icmp]\naccept_unprotected = [\"icmp/11\", \"tcp/1\"]", "2:34", "\"tcp/1\" is no kind", ""},
      {"[icmp]\naccept_protected = \"icmp/256\"", "2:20", "\"icmp/256\" is no kind", ""},
      {"[icmp]\naccept_protected = \"icmpv6/1/\"", "2:20", "\"icmpv6/1/\" is no kind", ""},
      {"[icmp]\naccept_protected = 3", "2:20", "accept_protected: 3", ""},
      {"[icmp]\naccept = []", "2:1", "unknown key \"accept\" in [icmp]", "accept_"},
      {"[path_mtu]\nfloor_ipv4 = 67", "2:14", "floor_ipv4: 67 is out of range", "68 to 9216"},
      {"[path_mtu]\nfloor_ipv6 = 1279", "2:14", "floor_ipv6: 1279 is out of range", "1280 to"},
      {"[path_mtu]\nlifetime = \"0s\"", "2:12", "lifetime: ", ""},
      {"[path_mtu]\nrate = 0", "2:8", "rate: 0 is out of range", "1 to 100000"},
      {"[dataplane]\nworkers = 0", "2:11", "workers: 0 is out of range", "1 to 64"},
      {"[dataplane]\nskipped_headers = [0, 50]", "2:19", "protocol 50 is not",
       "ESP (50) and AH (51) never"},
      {"[dataplane]\nworkers = 2\ncores = [1]", "3:9", "cores: 1 for 2 worker(s)",
       "one core for each"},
      {"[dataplane]\nworkers = 2\ncores = [1, 1]", "3:9", "cores: 1 stands twice", "of its own"},
      {"[dataplane]\ncores = []", "2:9", "cores: the list is empty", ""},
      {"[dataplane]\nburst = 65", "2:9", "burst: 65 is out of range", "1 to 64"},
      {"[dataplane]\nidle = \"slep\"", "2:8", "idle: \"slep\" is not known",
       "did you mean \"sleep\"?"},
      {"[dataplane]\nhugepages = true", "2:13", "hugepages: true is not known",
       "one of: auto, yes, no"},
      {"[crypto]\nallow = [\"rot13\"]", "2:10", "allow: \"rot13\" is no algorithm", "des-cbc"},
      {"[control]\nsocket = \"/a\\u0000b\"", "2:10", "socket: the text holds a zero", ""},
      {"[[spd]]\n", "1:1", "[[spd]] has no name", "what ports and policies call it"},
      {"[[spd]]\nname = \"a\"\n[[spd]]\nname = \"a\"", "4:8",
       "the name \"a\" is taken at /etc/sallyport/gateway.toml:2:8", "another"},
      {"[control]\nsocket = 2024-01-01", "2:10", "socket: a date is not text", ""},
  }));
  check(refusal);
}

TEST_CASE("a control socket's path has to fit") {
  const std::string text = "[control]\nsocket = \"/" + std::string(110, 'a') + "\"\n";
  check({text, "2:10", "the path of the control socket is too long", "107"});
}

namespace {

// The refusals of one port: the line that is wrong is the fifth one.
std::string port_with(std::string_view line) {
  return "[[port]]\nname = \"p\"\ndevice = \"net_tap0\"\nside = \"unprotected\"\n" +
         std::string(line);
}

}  // namespace

TEST_CASE("what a [[port]] refuses") {
  const auto refusal = GENERATE(values<Refusal>({
      {"addresses = \"10.0.0.1/33\"", "5:13", "is not a prefix", ""},
      {"addresses = \"10.0.0.0/24\"", "5:13", "the network's own or its broadcast", "between"},
      {"addresses = \"10.0.0.255/24\"", "5:13", "the network's own or its broadcast", "between"},
      {"addresses = \"224.0.0.1/24\"", "5:13", "cannot be the address of a port", "unicast"},
      {"addresses = [\"10.0.0.1/24\", \"::1/128\"]", "5:29", "cannot be the address of a port",
       "unicast"},
      {"addresses = [\"10.0.0.1/24\", \"10.0.0.1/32\"]", "5:13", "addresses: 10.0.0.1 stands twice",
       ""},
      {"mtu = 67", "5:7", "mtu: 67 is out of range", "68 to 9216"},
      {"mtu = 9217", "5:7", "mtu: 9217 is out of range", "68 to 9216"},
      {"mtu = 1279\naddresses = \"2001:db8::1/64\"", "5:7", "mtu: 1279 is too small for IPv6",
       "1280"},
      {"vlan = 0", "5:8", "vlan: 0 is out of range", "1 to 4094"},
      {"vlan = 4095", "5:8", "vlan: 4095 is out of range", "1 to 4094"},
      {"spd = \"defualt\"", "5:7", "there is no [[spd]] \"defualt\"", "did you mean \"default\"?"},
      {"mac = \"01:00:00:00:00:01\"", "5:7", "is a group address", "even"},
      {"mac = \"02:00:00\"", "5:7", "is not a MAC address", ""},
      {"kind = \"loopback\"", "5:8", "kind: \"loopback\" is not known", "link, local-stack"},
      {"icmp_errors = true", "5:15", "icmp_errors is true or false, not a table", ""},
      {"icmp_errors = { rate = 0 }", "5:24", "rate: 0 is out of range", "1 to 1000000"},
      {"icmp_errors = { burst = 1 }", "5:17", "unknown key \"burst\" in icmp_errors",
       "one of: send, rate"},
      {"kind = \"local-stack\"\naddresses = \"10.0.0.1/32\"", "4:8",
       "a local stack is on the protected side", "protected"},
  }));
  const std::string text = port_with(refusal.text);
  check({text, refusal.where, refusal.what, refusal.remedy});
}

TEST_CASE("what only several [[port]]s can get wrong") {
  const auto refusal = GENERATE(values<Refusal>({
      {"[[port]]\n", "", "", ""},
      {"[[port]]\nname = \"lan\"\ndevice = \"net_tap9\"\nside = \"protected\"", "15:8",
       "the name \"lan\" is taken", "another"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_af_packet0,iface=x\"\nside = \"protected\"", "16:10",
       "device: port \"lan\" has net_af_packet0", "of its own"},
      {"[[port]]\nname = \"x\"\ndevice = \"eth1\"\nside = \"protected\"", "16:10",
       "device: \"eth1\" is no device", "PCI address"},
      {"[[port]]\nname = \"x\"\ndevice = \"0000:03:00.8\"\nside = \"protected\"", "16:10",
       "is no device", "vdev string"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"", "14:1", "[[port]] has no side",
       "\"protected\" or"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"\nkind = \"local-stack\"", "14:1",
       "a local stack has no addresses", ""},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"\nside = \"protected\"\naddresses = "
       "\"10.1.0.1/32\"",
       "18:13", "10.1.0.1/32 of port \"x\" overlaps 10.1.0.1/24 of port \"lan\"", "of its own"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"\nside = \"protected\"\naddresses = "
       "\"10.1.0.129/25\"",
       "18:13", "overlaps 10.1.0.1/24 of port \"lan\"", "of its own"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"\nside = \"protected\"\naddresses = "
       "\"10.0.0.1/8\"",
       "18:13", "overlaps 10.1.0.1/24 of port \"lan\"", "of its own"},
      {"[[port]]\nname = \"x\"\ndevice = \"net_tap9\"\nkind = \"local-stack\"\naddresses = "
       "\"192.0.2.1/32\"",
       "18:13", "overlaps 192.0.2.1/24 of port \"wan\"", "of its own"},
  }));
  if (refusal.where.empty()) {  // several errors of one table are all told
    const auto several = parse(kPorts + std::string(refusal.text));
    REQUIRE_FALSE(several);
    CHECK_THAT(to_string(several.error()),
               Catch::Contains("has no name") &&
                   Catch::Contains("\n/etc/sallyport/gateway.toml:14:1: [[port]] has no device") &&
                   Catch::Contains("has no side"));
    return;
  }
  const std::string text = kPorts + std::string(refusal.text);
  check({text, refusal.where, refusal.what, refusal.remedy});
}

TEST_CASE("a local stack's addresses lie in the unprotected network") {
  const Configuration configuration = good(kPorts + R"(
[[port]]
name = "apps"
device = "net_tap0"
kind = "local-stack"
addresses = ["192.0.2.10/24", "2001:db8:f::10/64"]
)");
  CHECK(configuration.ports.size() == 3);
}

TEST_CASE("what a [[route]] refuses") {
  const auto refusal = GENERATE(values<Refusal>({
      {"via = \"192.0.2.2\"", "14:1", "[[route]] has no to", "the prefix"},
      {"to = \"10.2.0.1/24\"\nport = \"wan\"", "15:6", "has bits behind its prefix",
       "\"10.2.0.0/24\""},
      {"to = \"10.2.0.0/24\"", "15:6", "the route leads nowhere", "blackhole"},
      {"to = \"10.2.0.0/24\"\nvia = \"2001:db8:f::2\"", "16:7", "is of the other family", ""},
      {"to = \"10.2.0.0/24\"\nvia = \"198.51.100.1\"", "16:7", "is on no port's network", "reach"},
      {"to = \"10.2.0.0/24\"\nvia = \"192.0.2.2\"\nport = \"lan\"", "16:7",
       "is on no network of this port", ""},
      {"to = \"10.2.0.0/24\"\nvia = \"192.0.2.1\"", "16:7", "is an address of our own",
       "next gateway"},
      {"to = \"::/0\"\nvia = \"fe80::1\"", "16:7", "a link-local gateway needs its port", "port ="},
      {"to = \"10.2.0.0/24\"\nvia = \"224.0.0.1\"", "16:7", "is no gateway", "unicast"},
      {"to = \"10.2.0.0/24\"\nport = \"wna\"", "16:8", "there is no [[port]] \"wna\"",
       "did you mean \"wan\"?"},
      {"to = \"10.2.0.0/24\"\naction = \"blackhole\"\nport = \"wan\"", "16:10",
       "a blackhole route leads nowhere", "leave out"},
      {"to = \"10.2.0.0/24\"\naction = \"drop\"\nport = \"wan\"", "16:10",
       "action: \"drop\" is not known", "forward, blackhole"},
      {"to = \"10.2.0.0/24\"\nport = \"wan\"\n[[route]]\nto = \"10.2.0.0/24\"\nport = \"lan\"",
       "18:6", "10.2.0.0/24 has a route at", ""},
      {"to = \"10.2.0.0/24\"\ndev = \"wan\"\nport = \"wan\"", "16:1",
       "unknown key \"dev\" in [[route]]", "to, action, via, port"},
  }));
  const std::string text = kPorts + "[[route]]\n" + std::string(refusal.text);
  check({text, refusal.where, refusal.what, refusal.remedy});
}

TEST_CASE("what a [[neighbour]] refuses") {
  const auto refusal = GENERATE(values<Refusal>({
      {"address = \"192.0.2.2\"\nmac = \"02:00:00:00:00:02\"", "14:1", "[[neighbour]] has no port",
       "behind"},
      {"address = \"192.0.2.2\"\nport = \"wan\"", "14:1", "[[neighbour]] has no mac", "MAC"},
      {"mac = \"02:00:00:00:00:02\"\nport = \"wan\"", "14:1", "[[neighbour]] has no address", ""},
      {"address = \"ff02::1\"\nmac = \"02:00:00:00:00:02\"\nport = \"wan\"", "15:11",
       "is nobody's address", "unicast"},
      {"address = \"192.0.2\"\nmac = \"02:00:00:00:00:02\"\nport = \"wan\"", "15:11",
       "is not an address", ""},
      {"address = \"192.0.2.2\"\nmac = \"02:00:00:00:00:02\"\nport = "
       "\"wan\"\n[[neighbour]]\naddress = \"192.0.2.2\"\nmac = \"02:00:00:00:00:03\"\nport = "
       "\"wan\"",
       "19:11", "192.0.2.2 has an entry at", ""},
  }));
  const std::string text = kPorts + "[[neighbour]]\n" + std::string(refusal.text);
  check({text, refusal.where, refusal.what, refusal.remedy});
}

TEST_CASE("capacities hold what is configured") {
  const std::string text = "[limits]\nroutes = 16\n" + kPorts;
  std::string routes;
  for (int i = 0; i < 17; ++i) {
    routes += "[[route]]\nto = \"10.9." + std::to_string(i) + ".0/24\"\nport = \"lan\"\n";
  }
  check({text + routes, "2:10", "routes: 17 are configured, the limit is 16", "17 or more"});
}

TEST_CASE("all errors are told at once") {
  const auto configuration = parse("[limits]\nsas = 0\nflows = 1\n[dataplane]\nidle = \"x\"\n");
  REQUIRE_FALSE(configuration);
  CHECK(to_string(configuration.error()) ==
        "/etc/sallyport/gateway.toml:2:7: sas: 0 is out of range (1 to 1048576)\n"
        "/etc/sallyport/gateway.toml:3:9: flows: 1 is out of range (64 to 67108864)\n"
        "/etc/sallyport/gateway.toml:5:8: idle: \"x\" is not known (one of: spin, yield, sleep)");
}

TEST_CASE("the limit of policies holds for the shipped ones, too") {
  const std::size_t all = plan_policies(good(kPorts + kPolicy + kSas)).size();
  REQUIRE(all > 2);
  const auto limited = [&](std::size_t limit) {
    return "[limits]\npolicies = " + std::to_string(limit) + kPorts + kPolicy + kSas;
  };
  CHECK(parse(limited(all)));
  CHECK_THAT(to_string(parse(limited(all - 1)).error()),
             Catch::Contains("policies: " + std::to_string(all) + " are configured, the limit is " +
                             std::to_string(all - 1)));
}

}  // namespace sallyport::config_sections_test
