// IKE in a whole gateway: a far peer speaks it over the wire, and the operator sees what comes of
// it.
#include "gateway/ike_service.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "ike/key_log.h"
#include "tests/gateway/config_support.h"
#include "tests/gateway/documented_fields.h"
#include "tests/gateway/wired_gateway.h"
#include "tests/ike/two_peers.h"

namespace sallyport::ike_service_test {

using namespace test;

namespace {

constexpr PortId kLan{0};
constexpr PortId kWan{1};
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kUdpBytes = 8;

std::string wired_ports() {
  std::string ports = replaced(kPorts, "net_af_packet0,iface=lan0", "wire0");
  return replaced(ports, "net_af_packet1,iface=wan0", "wire1");
}

const std::string kSite = R"(
[[route]]
to = "10.2.0.0/16"
via = "192.0.2.2"
[[neighbour]]
address = "192.0.2.2"
mac = "02:00:00:00:00:02"
port = "wan"
[[neighbour]]
address = "192.0.2.3"
mac = "02:00:00:00:00:03"
port = "wan"
[[policy]]
name = "site"
local = "10.1.0.0/24"
remote = "10.2.0.0/24"
action = "protect"
protect = { peer = "far", proposals = ["aes128-gcm16"] }
[[pool]]
name = "inner"
addresses = "10.3.0.1-10.3.0.9"
[[peer]]
name = "far"
remote = "192.0.2.2"
identities = ["far.example.org"]
local_id = "gateway.example.org"
psk = { text = "a key that both of them have" }
may_claim = ["10.2.0.0/24"]
pools = ["inner"]
)";

PacketBytes datagram_of(const ike::Path& path, ByteView message) {
  PacketBytes payload;
  if (path.remote.port == kIkeNatPort) payload.resize(4);  // where ESP has its SPI
  payload.insert(payload.end(), message.begin(), message.end());
  return PacketBuilder(path.local.address, path.remote.address)
      .udp(path.local.port, path.remote.port)
      .payload(std::move(payload))
      .build();
}

class World {
 public:
  explicit World(const std::string& more = {}, std::string secret = "a key that both of them have")
      : gateway(2, wired_ports(), more + kSite),
        far(gateway.running().clock(), Address::parse("192.0.2.2").value(), 7) {
    Peer peer =
        ike::test::psk_peer("gateway", "gateway.example.org", "far.example.org", std::move(secret));
    peer.locator.remote = Address::parse("192.0.2.1").value();
    peer.may_claim = {AddressRange::parse("10.1.0.0/24").value()};
    far.set_peers({std::move(peer)});
    Policy policy = ike::test::tunnel_policy("net", {}, "10.2.0.0/24", "10.1.0.0/24");
    policy.protect->peer = "gateway";
    far.add_policy(std::move(policy));
    far.start();
  }

  // Both sides' datagrams arrive, and jobs end, until it is so. The clock stands still.
  template <class Condition>
  void until(Condition is_so) {
    for (int turns = 0; turns < 20'000; ++turns) {
      exchange();
      if (is_so()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // for the pool's threads
    }
    FAIL("it does not come to be: " << rows("show.audit").dump(1));
  }
  void bring_up() {
    REQUIRE(far.daemon->initiate("net"));
    until([&] { return far.up().size() == 1 && told("child-up").is_object(); });
  }

  Json rows(const std::string& view) { return gateway.running().rows(view); }
  // The first record of the event, as `sallyportctl monitor` prints it; null before there is one.
  Json told(const std::string& event) {
    for (const Json& row : rows("show.audit"))
      if (row.at("event") == event) return row;
    return nullptr;
  }
  void command(const std::string& what, const Json& arguments) {
    const Json answer = gateway.running().ask(what, arguments);
    INFO(answer.dump());
    REQUIRE(answer.contains("ok"));
  }
  // Of so many packets through the tunnel, how many have left as ESP from this address.
  std::size_t esp_from(const std::string& source, unsigned packets) {
    for (unsigned i = 0; i < packets; ++i)
      gateway.receive(kLan, PacketBuilder("10.1.0.5", "10.2.0.9").udp(1, 2).filler(8).build());
    gateway.running().settle();
    const Address wanted = Address::parse(source).value();
    return static_cast<std::size_t>(
        std::ranges::count_if(gateway.sent_datagrams(kWan), [&](const PacketBytes& one) {
          return one[9] == kProtocolEsp &&
                 Address::v4(load_be<std::uint32_t>(one.data() + 12)) == wanted;
        }));
  }
  Json outbound_sa() {
    for (const Json& row : rows("show.sas"))
      if (row.at("direction") == "outbound") return row;
    return nullptr;
  }
  Json number() { return rows("show.ike-sas").at(0).at("number"); }

  WiredGateway gateway;
  ike::test::Node far;

 private:
  void exchange() {
    for (const ike::test::Datagram& one : std::exchange(far.sent, {}))
      gateway.receive(kWan, datagram_of(one.path, one.message));
    gateway.running().settle();
    for (const PacketBytes& datagram : gateway.sent_datagrams(kWan)) receive(datagram);
    far.daemon->poll();
  }
  void receive(ByteView datagram) {
    if (datagram.size() < kIpv4Bytes + kUdpBytes || datagram[9] != kProtocolUdp) return;
    const auto address = [&](std::size_t at) {
      return Address::v4(load_be<std::uint32_t>(datagram.data() + at));
    };
    const auto port = [&](std::size_t at) {
      return load_be<std::uint16_t>(datagram.data() + kIpv4Bytes + at);
    };
    ByteView message = datagram.subspan(kIpv4Bytes + kUdpBytes);
    if (port(2) == kIkeNatPort) message = message.subspan(4);
    far.daemon->receive({{address(16), port(2)}, {address(12), port(0)}}, message);
  }
};

// A line of the operator's: one of JSON, with what the documentation says and nothing else.
void check_event(const Json& row, const std::string& subject, const std::string& detail) {
  INFO(row.dump());
  REQUIRE(row.is_object());
  CHECK(row.dump().find('\n') == std::string::npos);
  std::set<std::string> fields;
  for (const auto& [name, value] : row.items()) fields.insert(name);
  CHECK(fields == std::set<std::string>{"time", "number", "event", "ike_spi", "peer", "subject",
                                        "local", "remote", "detail"});
  CHECK(row.at("peer") == "far");
  CHECK(row.at("subject").get<std::string>().find(subject) != std::string::npos);
  CHECK(row.at("detail").get<std::string>().find(detail) != std::string::npos);
  CHECK(row.at("local") == "192.0.2.1");
  CHECK(row.at("ike_spi").get<std::string>().size() == 16);
}

std::set<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line + '\n');
  return lines;
}

std::string text_of(const SecretBytes& line) { return {line.view().begin(), line.view().end()}; }

}  // namespace

TEST_CASE("IKE-20: a gateway tells its operator what comes up, and shows it as it is documented") {
  World world;
  world.bring_up();
  check_event(world.told("ike-up"), "far.example.org", "aes128-gcm16");
  check_event(world.told("child-up"), "site/", "aes128-gcm16");
  for (const char* const view : {"show.ike-sas", "show.child-sas", "show.peers", "show.pools"})
    check_documented(view, world.rows(view));
  CHECK(world.rows("show.ike-sas").at(0).at("state") == "established");
  CHECK(world.rows("show.peers").at(0).at("ike_sas") == 1);
}

TEST_CASE("IKE-110, IKE-112: a gateway rekeys on its operator's word, and tells of it") {
  World world;
  world.bring_up();
  const std::string child = world.rows("show.child-sas").at(0).at("name");
  world.command("rekey", {{"child", child}});
  world.until([&] { return world.told("child-rekeyed").is_object(); });
  check_event(world.told("child-rekeyed"), child, "site/");
  const Json number = world.number();
  world.command("rekey", {{"ike", number}});
  world.until([&] {
    world.gateway.running().clock().advance(
        std::chrono::milliseconds(10));  // after the child's end
    return world.told("ike-rekeyed").is_object();
  });
  check_event(world.told("ike-rekeyed"), "far.example.org", "aes128-gcm16");
  CHECK(world.far.count(ike::EventKind::IkeRekeyed) +
            world.far.count(ike::EventKind::ChildRekeyed) ==
        2);
}

TEST_CASE("IKE-117: a gateway ends an IKE SA on its operator's word, and tells of it") {
  World world;
  world.bring_up();
  world.command("terminate", {{"ike", world.number()}});
  world.until([&] { return world.told("ike-down").is_object(); });
  check_event(world.told("child-down"), "site/", "by the operator");
  check_event(world.told("ike-down"), "far.example.org", "by the operator");
  CHECK(world.far.installer.sas.empty());
  CHECK(world.rows("show.ike-sas").empty());
}

TEST_CASE("PAD-16: a gateway tells its operator alone why a peer was refused") {
  World world({}, "another key than the gateway has");
  REQUIRE(world.far.daemon->initiate("net"));
  world.until([&] { return world.told("ike-failed").is_object(); });
  check_event(world.told("ike-failed"), "far.example.org", "AUTH does not fit");
}

TEST_CASE(
    "AUD-02: failures that strangers cause are told of at the audit log's rate, and counted") {
  World world("[audit]\nrate = 2\n", "another key than the gateway has");
  const auto fail_once = [&] {
    const std::size_t failed = world.far.count(ike::EventKind::IkeFailed);
    REQUIRE(world.far.daemon->initiate_anew("net"));
    world.until([&] { return world.far.count(ike::EventKind::IkeFailed) > failed; });
  };
  const auto told = [&] {
    std::vector<Json> rows;
    for (const Json& row : world.rows("show.audit"))
      if (row.at("event") == "ike-failed") rows.push_back(row);
    return rows;
  };
  for (int i = 0; i < 5; ++i) fail_once();
  CHECK(told().size() == 2);
  world.gateway.running().clock().advance(std::chrono::seconds(1));
  fail_once();
  REQUIRE(told().size() == 3);
  CHECK(told().back().at("suppressed") == 3);
}

TEST_CASE("MOBIKE-02: a gateway tells its operator where a peer has moved to") {
  World world;
  world.bring_up();
  world.far.address = Address::parse("192.0.2.3").value();
  world.far.daemon->follow_addresses();
  world.until([&] { return world.told("peer-moved").is_object(); });
  check_event(world.told("peer-moved"), "far.example.org", "192.0.2.3");
  CHECK(world.told("peer-moved").at("remote") == "192.0.2.3");
  CHECK(world.rows("show.ike-sas").at(0).at("remote") == "192.0.2.3:4500");
}

TEST_CASE("MOBIKE-02: a reload that changes its address moves a gateway's IKE SAs and their SAs") {
  for (const bool begun_by_gateway : {true, false}) {
    World world;
    if (begun_by_gateway) world.command("initiate", {{"policy", "site"}});
    if (!begun_by_gateway) REQUIRE(world.far.daemon->initiate("net"));
    world.until([&] { return world.far.up().size() == 1 && world.told("child-up").is_object(); });
    CHECK(world.esp_from("192.0.2.1", 3) == 3);
    const Json before = world.outbound_sa();
    REQUIRE(before.at("sequence") == 3);

    REQUIRE(world.gateway.reload(replaced(wired_ports(), "192.0.2.1/24", "192.0.2.7/24"), kSite));
    const Address moved = Address::parse("192.0.2.7").value();
    world.until([&] {
      return world.far.only().path.remote.address == moved &&
             world.far.installer.outbound("net")->endpoints.remote == moved &&
             world.far.sent.empty();
    });
    CHECK(world.rows("show.ike-sas").at(0).at("local") == "192.0.2.7:4500");
    CHECK(world.rows("show.ports").at(1).at("addresses").at(0) == "192.0.2.7/24");
    CHECK(world.esp_from("192.0.2.7", 2) == 2);
    CHECK(world.esp_from("192.0.2.1", 1) == 0);
    const Json after = world.outbound_sa();
    CHECK(after.at("spi") == before.at("spi"));
    CHECK(after.at("local") == "192.0.2.7");
    CHECK(after.at("sequence") == 6);
    CHECK(world.rows("show.ike-sas").size() == 1);
    CHECK(world.told("ike-down").is_null());
  }
}

TEST_CASE("MOBIKE-07: without MOBIKE a reload that changes its address ends a gateway's IKE SAs") {
  World world;
  const std::string still = kSite + "mobility = \"none\"\n";
  REQUIRE(world.gateway.running().reload(still));
  world.bring_up();
  REQUIRE(world.gateway.reload(replaced(wired_ports(), "192.0.2.1/24", "192.0.2.7/24"), still));
  CHECK(world.rows("show.ike-sas").empty());
  CHECK(world.rows("show.sas").empty());
  CHECK(world.told("ike-down").at("detail") == "our address is gone");
}

TEST_CASE(
    "IKE-83, SAD-12: the key log has every key where it is configured, and no other log has any") {
  const auto directory =
      std::filesystem::temp_directory_path() / ("ike-keys-" + std::to_string(getpid()));
  std::filesystem::remove_all(directory);
  {
    World world("[ike]\nkey_log_directory = \"" + directory.native() + "\"\n");
    world.bring_up();
    std::set<std::string> expected;
    for (const auto& [name, sa] : world.far.installer.sas)
      expected.insert(text_of(*ike::esp_key_line(sa)));
    REQUIRE(expected.size() == 2);
    const auto& ike = world.far.key_lines;
    world.until([&] {
      return lines_of(directory / "esp_sa") == expected &&
             lines_of(directory / "ikev2_decryption_table") ==
                 std::set<std::string>(ike.begin(), ike.end());
    });
    for (const char* const name : {"esp_sa", "ikev2_decryption_table"}) {
      struct stat facts{};
      REQUIRE(::stat((directory / name).c_str(), &facts) == 0);
      CHECK((facts.st_mode & 0777) == 0600);
    }
    std::string key;
    for (const std::uint8_t octet : world.far.installer.outbound("net")->cipher_key.view())
      key += fmt::format("{:02x}", octet);
    CHECK(std::ranges::any_of(
        expected, [&](const std::string& line) { return line.find(key) != std::string::npos; }));
    for (const char* const view : {"show.audit", "show.ike-sas", "show.child-sas", "show.sas"})
      CHECK(world.rows(view).dump().find(key) == std::string::npos);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace sallyport::ike_service_test
