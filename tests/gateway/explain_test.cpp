// What `explain` tells of a packet, and of one that cannot be. Whether it is right is asked of the
// packets themselves in explained_packets_test.cpp.
#include "gateway/explain.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/five_ports.h"
#include "tests/gateway/wired_gateway.h"

namespace sallyport::explain_test {

using namespace test;

namespace {

std::string policy(const std::string& name, const std::string& action, const std::string& more) {
  return "[[policy]]\nname = \"" + name + "\"\naction = \"" + action + "\"\n" + more;
}

const std::string kTunnel =
    "protect = { endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }";

const std::string kPolicies =
    policy("ssh", "discard", "remote = \"10.3.0.0/16\"\nprotocol = \"tcp\"\nremote_port = 22\n") +
    policy("far", "bypass", "remote = \"192.168.0.0/16\"\n") +
    policy(
        "site", "protect",
        "local = \"10.1.0.0/24\"\nremote = \"10.3.0.0/16\"\n" + kTunnel + ", sas = [\"out\"] }\n") +
    policy("pending", "protect",
           "local = \"10.2.0.0/24\"\nremote = \"10.3.0.0/16\"\n" + kTunnel + " }\n") +
    policy("web", "bypass", "protocol = \"tcp\"\nremote_port = 443\n") +
    policy("rest", "discard", "remote = \"10.0.0.0/8\"\n") +
    policy("mobile", "bypass", "spd = \"other\"\nprotocol = \"mobility\"\nmh_type = 5\n") +
    policy("open", "bypass", "spd = \"other\"\nremote = \"10.4.0.0/16\"\n");

const std::string kConfiguration =
    kPolicies + kFiveWays + five_neighbours() + sa_text("out", "out", 0x1001);

Json explained(WiredGateway& gateway, Json arguments) {
  Json answer = gateway.running().ask("explain", arguments);
  INFO(arguments.dump() << " " << answer.dump());
  REQUIRE(answer.contains("ok"));
  return answer["ok"];
}

Json tcp(const std::string& from, const std::string& to, unsigned port) {
  return {{"from", from}, {"to", to}, {"protocol", "tcp"}, {"port", port}};
}

}  // namespace

TEST_CASE("explain names the policy that decides, its place, and the SA and routes that carry") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const Json told = explained(gateway, tcp("10.1.0.5", "10.3.0.7", 443));
  CHECK(told.at("verdict") == "protected");
  CHECK(told.at("direction") == "outbound");
  CHECK(told.at("in") == "lan");
  CHECK(told.at("out") == "wan");
  CHECK(told.at("crosses") == true);
  CHECK(told.at("route") ==
        Json{{"to", "10.3.0.0/16"}, {"kind", "gateway"}, {"via", "192.0.2.2"}, {"port", "wan"}});
  CHECK(told.at("packet").at("source_port") == 49152);
  REQUIRE(told.at("judged").size() == 1);
  const Json& judged = told["judged"][0];
  CHECK(judged.at("spd") == "default");
  CHECK(judged.at("policy") == "site");
  CHECK(judged.at("action") == "protect");
  CHECK(judged.at("cut_by").at("names").back() == "ssh");
  CHECK(judged.at("shadows").at("names") == Json{"web", "rest"});
  const Json rows = gateway.running().rows("show.policies");
  CHECK(rows.at(judged.at("position").get<std::size_t>()).at("name") == "site");
  REQUIRE(told.at("sas").size() == 1);
  const Json& sa = told["sas"][0];
  CHECK(sa.at("name") == "out");
  CHECK(sa.at("spi") == "0x00001001");
  CHECK(sa.at("mode") == "tunnel");
  CHECK(sa.at("remote") == "192.0.2.2");
  CHECK(sa.at("route").at("kind") == "on link");
  CHECK(sa.at("route").at("port") == "wan");
}

TEST_CASE("explain says with whom an SA would be negotiated where there is none") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const Json told = explained(gateway, tcp("10.2.0.5", "10.3.0.7", 80));
  CHECK(told.at("verdict") == "discarded: no_sa");
  CHECK(told.at("reason") == "no_sa");
  CHECK(told.at("negotiate_with") == "192.0.2.2");
  CHECK(told.at("sas").empty());
  CHECK_FALSE(told.contains("out"));
}

TEST_CASE("explain names drop reasons as they are counted") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const auto verdict = [&](const Json& arguments) {
    return explained(gateway, arguments).at("verdict").get<std::string>();
  };
  CHECK(verdict(tcp("10.1.0.5", "10.3.0.7", 22)) == "discarded: policy_discard");
  CHECK(verdict(tcp("2001:db8:1::5", "2001:db8:3::7", 22)) == "discarded: no_policy");
  CHECK(verdict(tcp("10.1.0.5", "10.5.0.7", 22)) == "discarded: blackhole");
  CHECK(verdict(tcp("10.1.0.5", "172.16.0.1", 22)) == "discarded: no_route");
  CHECK(verdict(tcp("10.1.0.5", "224.1.1.1", 22)) == "discarded: multicast");
  CHECK(verdict(tcp("127.0.0.1", "10.3.0.7", 22)) == "discarded: bad_address");
  CHECK(verdict({{"from", "2001:db8:1::5"}, {"to", "2001:db8:3::7"}, {"icmp", "133"}}) ==
        "discarded: link_protocol");
  CHECK(verdict({{"from", "2001:db8:1::5"}, {"to", "2001:db8:3::7"}, {"icmp", "1/4"}}) ==
        "discarded: icmp_no_sa");
  Json inbound = tcp("10.3.0.7", "10.1.0.5", 80);
  inbound["inbound"] = true;
  CHECK(verdict(inbound) == "discarded: plaintext_protected");
}

TEST_CASE("traffic between protected ports crosses no boundary, what is for us ends here") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const Json across = explained(gateway, tcp("10.1.0.5", "10.2.0.5", 80));
  CHECK(across.at("verdict") == "forwarded");
  CHECK(across.at("crosses") == false);
  CHECK(across.at("judged").empty());
  CHECK(across.at("out") == "dmz");
  const Json own = explained(gateway, {{"from", "10.1.0.5"}, {"to", "10.1.0.1"}});
  CHECK(own.at("verdict") == "delivered to this gateway");
  CHECK(own.at("packet").at("icmp") == "8/0");
  const Json made = explained(gateway, tcp("192.0.2.1", "10.4.0.7", 80));
  CHECK(made.at("in") == "");
  CHECK(made.at("verdict") == "forwarded");
}

TEST_CASE("explain --inbound asks the SPD of the port that the packet comes in by") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  Json packet = tcp("10.4.0.7", "10.1.0.5", 80);
  packet["inbound"] = true;
  const Json by_route = explained(gateway, packet);
  CHECK(by_route.at("direction") == "inbound");
  CHECK(by_route.at("in") == "net");
  CHECK(by_route.at("judged").at(0).at("policy") == "open");
  CHECK(by_route.at("verdict") == "forwarded");
  CHECK(by_route.at("out") == "lan");
  packet["in"] = "wan";
  const Json by_name = explained(gateway, packet);
  CHECK(by_name.at("judged").at(0).at("policy") == "rest");
  CHECK(by_name.at("verdict") == "discarded: policy_discard");
  // By its port alone it is inbound already.
  packet.erase("inbound");
  CHECK(explained(gateway, packet) == by_name);
}

TEST_CASE("ARCH-10: one header meets the policies of the port that it leaves by") {
  WiredGateway gateway(kFivePortCount, kFivePorts,
                       policy("a", "bypass", "local = \"10.1.0.0/24\"\n") +
                           policy("b", "discard", "spd = \"other\"\nlocal = \"10.1.0.0/24\"\n") +
                           kFiveWays + five_neighbours());
  const Json wan = explained(gateway, tcp("10.1.0.5", "10.3.0.7", 80));
  const Json net = explained(gateway, tcp("10.1.0.5", "10.4.0.7", 80));
  CHECK(wan.at("judged").at(0).at("spd") == "default");
  CHECK(wan.at("verdict") == "forwarded");
  CHECK(net.at("judged").at(0).at("spd") == "other");
  CHECK(net.at("verdict") == "discarded: policy_discard");
}

TEST_CASE("an edit by hand is explained at once") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  REQUIRE(gateway.running()
              .ask("policy.insert", {{"toml", policy("first", "bypass", "remote = \"10.3.0.7\"\n")},
                                     {"before", "ssh"}})
              .contains("ok"));
  const Json told = explained(gateway, tcp("10.1.0.5", "10.3.0.7", 22));
  CHECK(told.at("judged").at(0).at("policy") == "first");
  CHECK(told.at("judged").at(0).at("shadows").at("names") == Json{"ssh", "site", "rest"});
}

TEST_CASE("many policies are told by the first of them and their number") {
  std::string many;
  for (unsigned i = 0; i < 30; ++i)
    many += policy("p" + std::to_string(i), "bypass", "remote = \"10.3.0.0/16\"\n");
  WiredGateway gateway(kFivePortCount, kFivePorts, many + kFiveWays + five_neighbours());
  const Json told = explained(gateway, tcp("10.1.0.5", "10.3.0.7", 22));
  CHECK(told.at("judged").at(0).at("shadows").at("count") == 29);
  CHECK(told.at("judged").at(0).at("shadows").at("names").size() == Explanation::Names::kMost);
}

TEST_CASE("a question about what no packet is is refused with what would be right") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const Json good = tcp("10.1.0.5", "10.3.0.7", 80);
  const auto with = [&](const std::string& name, const Json& value) {
    Json arguments = good;
    arguments[name] = value;
    return arguments;
  };
  const auto without = [&](const std::string& name) {
    Json arguments = good;
    arguments.erase(name);
    return arguments;
  };
  for (const Json& arguments :
       {without("from"),
        without("to"),
        without("port"),
        without("protocol"),
        with("from", "10.1.0"),
        with("to", "2001:db8::1"),
        with("protocol", "tpc"),
        with("port", 65536),
        with("port", "80"),
        with("source_port", -1),
        with("dscp", 64),
        with("icmp", "8"),
        with("mh_type", 1),
        with("in", "nowhere"),
        with("inbound", 1),
        Json{{"from", "10.1.0.5"}, {"to", "10.3.0.7"}, {"protocol", "mobility"}},
        Json{{"from", "10.1.0.5"}, {"to", "10.3.0.7"}, {"mh_type", 256}},
        Json{{"from", "10.1.0.5"}, {"to", "10.3.0.7"}, {"icmp", "8-9"}},
        Json{{"from", "10.1.0.5"}, {"to", "10.3.0.7"}, {"icmp", "8/256"}},
        Json{{"from", "10.1.0.5"}, {"to", "10.3.0.7"}, {"inbound", true}, {"in", "lan"}},
        Json{{"from", "2001:db8:1::5"}, {"to", "2001:db8:3::7"}, {"protocol", "60"}}}) {
    const Json answer = gateway.running().ask("explain", arguments);
    INFO(arguments.dump() << " " << answer.dump());
    REQUIRE(answer.contains("error"));
    const std::string code = answer["error"].at("code");
    CHECK(code == (arguments.value("in", "") == "nowhere" ? "not_found" : "invalid"));
    CHECK_FALSE(answer["error"].at("remedy").get<std::string>().empty());
  }
}

TEST_CASE("a question counts nothing") {
  WiredGateway gateway(kFivePortCount, kFivePorts, kConfiguration);
  const Json before = gateway.running().everything();
  static_cast<void>(explained(gateway, tcp("10.1.0.5", "10.3.0.7", 443)));
  static_cast<void>(explained(gateway, tcp("10.1.0.5", "10.3.0.7", 22)));
  CHECK(gateway.running().everything() == before);
  CHECK(gateway.running().rows("show.drops").empty());
}

}  // namespace sallyport::explain_test
