// What IKE negotiates for children, between two whole gateways with packets through them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/gateway_pair.h"

namespace sallyport::ike_children_test {

using namespace test;

namespace {

std::string peer_text(const std::string& name, const std::string& own, const std::string& more) {
  return "[[peer]]\nname = \"" + name + "\"\nidentities = [\"" + name +
         ".example.org\"]\nlocal_id = \"" + own +
         ".example.org\"\npsk = { text = \"a key that both of them have\" }\n" + more;
}

std::string policy(const std::string& name, const std::string& peer, const std::string& local,
                   const std::string& remote) {
  return "[[policy]]\nname = \"" + name + "\"\nlocal = \"" + local + "\"\nremote = \"" + remote +
         "\"\naction = \"protect\"\nprotect = { peer = \"" + peer +
         "\", proposals = [\"aes128-gcm16\"] }\n";
}

const std::string kLeftPeer = peer_text(
    "right", "left", "may_claim = [\"10.2.0.0/24\", \"2001:db8:2::/64\"]\nmobility = \"none\"\n");
const std::string kRightPeer =
    peer_text("left", "right",
              "remote = \"192.0.2.1\"\nmay_claim = [\"10.1.0.0/24\", \"2001:db8:1::/64\"]\n");

std::size_t children(WiredGateway& gateway) {
  return gateway.running().rows("show.child-sas").size();
}

// The right one has called, and packets go both ways.
void bring_up(GatewayPair& pair) {
  CHECK(pair.cross(pair.right, Family::V4) == 0);  // it asks for SAs, and waits for them
  pair.until([&] { return children(pair.left) == 1 && children(pair.right) == 1; });
  REQUIRE(pair.cross(pair.right, Family::V4) >= 1);
  REQUIRE(pair.cross(pair.left, Family::V4) == 1);
}

std::string remote_of(WiredGateway& gateway) {
  return gateway.running().rows("show.ike-sas").at(0).at("remote");
}

}  // namespace

TEST_CASE("NAT-06: a gateway follows the packets of a peer whose NAT gives it another mapping") {
  GatewayPair pair(kLeftPeer + policy("site", "right", "10.1.0.0/24", "10.2.0.0/24"),
                   kRightPeer + policy("site", "left", "10.2.0.0/24", "10.1.0.0/24"));
  pair.put_nat_before_right(77, 1024);
  bring_up(pair);
  CHECK(remote_of(pair.left) == "192.0.2.77:1025");
  // Traffic alone: the peer itself knows nothing of it.
  for (const auto& [host, port] : {std::pair{std::uint8_t{77}, std::uint16_t{3000}},
                                   std::pair{std::uint8_t{78}, std::uint16_t{4000}}}) {
    CAPTURE(int{host});
    pair.put_nat_before_right(host, port);
    pair.pass(std::chrono::seconds(2));
    CHECK(pair.cross(pair.left, Family::V4) == 0);  // it still goes to the old mapping
    CHECK(pair.cross(pair.right, Family::V4) == 1);
    CHECK(remote_of(pair.left) ==
          "192.0.2." + std::to_string(host) + ":" + std::to_string(port + 1));
    CHECK(pair.cross(pair.left, Family::V4) == 1);
  }
  const auto events = pair.left.running().rows("show.audit");
  CHECK(std::ranges::count_if(
            events, [](const Json& row) { return row.at("event") == "peer-moved"; }) == 2);
}

TEST_CASE("SPD-05: a child for both families leads the packets of a policy for each") {
  GatewayPair pair(kLeftPeer + policy("four", "right", "10.1.0.0/24", "10.2.0.0/24") +
                       policy("six", "right", "2001:db8:1::/64", "2001:db8:2::/64"),
                   kRightPeer +
                       "[[policy]]\nname = \"all\"\naction = \"protect\"\n"
                       "protect = { peer = \"left\", proposals = [\"aes128-gcm16\"] }\n");
  bring_up(pair);
  CHECK(pair.cross(pair.left, Family::V6) == 1);
  CHECK(pair.cross(pair.right, Family::V6) == 1);
  CHECK(children(pair.left) == 1);
  CHECK(children(pair.right) == 1);
  // Replaced as a whole.
  const auto name = [&] {
    return pair.left.running().rows("show.child-sas").at(0).at("name").get<std::string>();
  };
  const std::string before = name();
  REQUIRE(pair.left.running().ask("rekey", {{"child", before}}).contains("ok"));
  pair.until([&] {
    static_cast<void>(pair.cross(pair.right, Family::V4));
    pair.pass(std::chrono::milliseconds(500));
    return children(pair.left) == 1 && children(pair.right) == 1 && name() != before;
  });
  for (const Family family : {Family::V4, Family::V6}) {
    CHECK(pair.cross(pair.left, family) == 1);
    CHECK(pair.cross(pair.right, family) == 1);
  }
  CHECK(children(pair.left) == 1);
}

TEST_CASE("SPD-05: a policy that goes takes its share along, and the other one keeps its own") {
  const std::string four = policy("four", "right", "10.1.0.0/24", "10.2.0.0/24");
  const std::string six = policy("six", "right", "2001:db8:1::/64", "2001:db8:2::/64");
  GatewayPair pair(kLeftPeer + four + six,
                   kRightPeer +
                       "[[policy]]\nname = \"all\"\naction = \"protect\"\n"
                       "protect = { peer = \"left\", proposals = [\"aes128-gcm16\"] }\n");
  bring_up(pair);
  REQUIRE(pair.left.running().ask("policy.remove", {{"name", "six"}}).contains("ok"));
  CHECK(pair.cross(pair.left, Family::V6) == 0);
  pair.until([&] {
    static_cast<void>(pair.cross(pair.right, Family::V4));
    pair.pass(std::chrono::milliseconds(500));
    return pair.cross(pair.left, Family::V4) == 1;
  });
  CHECK(pair.cross(pair.left, Family::V6) == 0);
}

}  // namespace sallyport::ike_children_test
