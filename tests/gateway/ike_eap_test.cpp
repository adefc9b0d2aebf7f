// EAP between two whole gateways, as their operators configure it (RFC 7296 2.16, RFC 4877 8).
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/gateway_pair.h"

namespace sallyport::ike_eap_test {

using namespace test;

namespace {

std::string policy(const std::string& peer, const std::string& local, const std::string& remote) {
  return "[[policy]]\nname = \"site\"\nlocal = \"" + local + "\"\nremote = \"" + remote +
         "\"\naction = \"protect\"\nprotect = { peer = \"" + peer +
         "\", proposals = [\"aes128-gcm16\"] }\n";
}

// IDi of the right one is a name for AAA; the subscriber is somebody else.
std::string left_text(const std::string& subscriber) {
  const auto peer = [](const std::string& name, const std::string& identities,
                       const std::string& claims) {
    return "[[peer]]\nname = \"" + name + "\"\nidentities = \"" + identities +
           "\"\nlocal_id = \"left.example.org\"\nauth = { eap = \"subscribers\" }\n"
           "local_auth = { credential = \"own\" }\n" +
           claims;
  };
  return "[[credential]]\nname = \"own\"\nkey = { file = \"keys/ed25519.pem\" }\n[[aaa]]\nname = "
         "\"subscribers\"\nusers = [{ name = \"box 7\", password = { text = "
         "\"correct horse battery\" }, identity = \"" +
         subscriber + "\" }]\n" + peer("roaming", "@aaa.example.org", "") +
         peer("right", "right.example.org", "may_claim = \"10.2.0.0/24\"\n") +
         peer("other", "other.example.org", "may_claim = \"10.9.0.0/24\"\n") +
         policy("right", "10.1.0.0/24", "10.2.0.0/24");
}

std::string right_text(const std::string& password) {
  return "[[peer]]\nname = \"left\"\nremote = \"192.0.2.1\"\nidentities = \"left.example.org\"\n"
         "local_id = \"anybody@aaa.example.org\"\nauth = { raw_keys = \"certificates/ed25519.pub\" "
         "}\nlocal_auth = { eap = { user = \"box 7\", password = { text = \"" +
         password + "\" } } }\nmay_claim = \"10.1.0.0/24\"\n" +
         policy("left", "10.2.0.0/24", "10.1.0.0/24");
}

bool has_event(WiredGateway& gateway, std::string_view event) {
  for (const Json& row : gateway.running().rows("show.audit"))
    if (row.at("event") == event) return true;
  return false;
}

}  // namespace

TEST_CASE("MDYN-14, EAP-01: a subscriber of [[aaa]] has what its own [[peer]] says, and no other") {
  GatewayPair pair(left_text("right.example.org"), right_text("correct horse battery"));
  CHECK(pair.cross(pair.right, Family::V4) == 0);
  pair.until([&] { return has_event(pair.left, "child-up") && has_event(pair.right, "child-up"); });
  CHECK(pair.cross(pair.right, Family::V4) >= 1);
  CHECK(pair.cross(pair.left, Family::V4) == 1);
  const Json row = pair.left.running().rows("show.ike-sas").at(0);
  CHECK(row.at("peer") == "right");
  CHECK(row.at("remote_id") == "right.example.org");

  GatewayPair other(left_text("other.example.org"), right_text("correct horse battery"));
  CHECK(other.cross(other.right, Family::V4) == 0);
  other.until([&] { return has_event(other.right, "child-failed"); });
  CHECK(other.left.running().rows("show.ike-sas").at(0).at("peer") == "other");
  CHECK(other.left.running().rows("show.child-sas").empty());
}

TEST_CASE("EAP-08: with a wrong password nothing comes up between two gateways") {
  GatewayPair pair(left_text("right.example.org"), right_text("a wrong password"));
  CHECK(pair.cross(pair.right, Family::V4) == 0);
  pair.until([&] { return has_event(pair.left, "ike-failed"); });
  pair.until([&] { return has_event(pair.right, "ike-failed"); });
  CHECK(pair.left.running().rows("show.ike-sas").empty());
  CHECK(pair.right.running().rows("show.ike-sas").empty());
}

}  // namespace sallyport::ike_eap_test
