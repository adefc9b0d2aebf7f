// What `explain` says of a packet, compared with what then becomes of that very packet.
#include "tests/gateway/explained_packets.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/five_ports.h"
#include "tests/gateway/random_network.h"
#include "tests/gateway/recorded_keys.h"

namespace sallyport::explained_packets_test {

using namespace test;

namespace {

void check_often(Verdicts& verdicts, std::initializer_list<const char*> wanted) {
  for (const char* verdict : wanted) {
    INFO(verdict << " " << verdicts[verdict]);
    CHECK(verdicts[verdict] >= 10);
  }
}

void load(WiredGateway& gateway, const std::string& text) {
  const auto loaded = gateway.running().reload(text);
  INFO((loaded ? "" : to_string(loaded.error())));
  REQUIRE(loaded);
}

}  // namespace

TEST_CASE("SPD-01, SPD-02, ARCH-10: what explain says of a packet then becomes of that packet") {
  constexpr unsigned kConfigurations = 60;
  constexpr unsigned kPackets = 60;
  FixedRandom random(20240611);
  WiredGateway gateway(kFivePortCount, kFivePorts, kFiveWays + five_neighbours());
  Verdicts verdicts;
  for (unsigned i = 0; i < kConfigurations; ++i) {
    const std::string text = random_configuration(random);
    INFO(text);
    load(gateway, text);
    for (unsigned j = 0; j < kPackets; ++j) compare(gateway, random, verdicts);
  }
  check_often(
      verdicts,
      {"forwarded", "protected", "delivered to this gateway", "opened by the SA that has its SPI",
       "discarded: policy_discard", "discarded: no_policy", "discarded: no_sa",
       "discarded: plaintext_protected", "discarded: blackhole", "discarded: no_route",
       "discarded: multicast", "discarded: bad_address", "discarded: link_protocol",
       "discarded: icmp_no_sa", "discarded: transport_forwarded", "discarded: family_not_allowed",
       "discarded: nesting_too_deep", "by several SAs", "by several SPDs"});
}

TEST_CASE("SPD-01: what explain says holds after policies were edited by hand") {
  FixedRandom random(7);
  WiredGateway gateway(kFivePortCount, kFivePorts, random_configuration(random));
  Verdicts verdicts;
  for (unsigned i = 0; i < 40; ++i) {
    const auto names = gateway.running().own_policies();
    const std::string& one = names[random.below(static_cast<std::uint32_t>(names.size()))];
    const std::string added = "[[policy]]\nname = \"e" + std::to_string(i) +
                              "\"\naction = \"bypass\"\nremote = \"10.3.0.7\"\n";
    const Json edits[] = {{{"do", "policy.move"}, {"args", {{"name", one}, {"last", true}}}},
                          {{"do", "policy.move"}, {"args", {{"name", one}, {"at", 8}}}},
                          {{"do", "policy.insert"}, {"args", {{"toml", added}, {"at", i % 8}}}},
                          {{"do", "policy.remove"}, {"args", {{"name", one}}}}};
    const Json& edit = edits[random.below(3 + (names.size() > 6))];
    static_cast<void>(gateway.running().ask(edit["do"], edit["args"]));
    for (unsigned j = 0; j < 10; ++j) compare(gateway, random, verdicts);
  }
  CHECK(verdicts.size() >= 5);
}

TEST_CASE("SPD-13, SPD-15: what explain says holds while SAs are asked for and made") {
  constexpr unsigned kConfigurations = 30;
  constexpr unsigned kPackets = 60;
  FixedRandom random(13);
  WiredGateway gateway(kFivePortCount, kFivePorts, kFiveWays + five_neighbours());
  RecordedKeys keys;
  gateway->acquire_by(keys);
  Verdicts verdicts;
  unsigned by_acquired = 0;
  for (unsigned i = 0; i < kConfigurations; ++i) {
    const std::string text = random_configuration(random);
    INFO(text);
    load(gateway, "[policy_changes]\nsas = \"delete\"\n" + text);
    for (unsigned j = 0; j < kPackets; ++j) {
      keys.requests.clear();
      const Json answer = compare(gateway, random, verdicts);
      const bool held = answer.at("verdict") == "held until an SA is negotiated";
      REQUIRE(keys.requests.size() == (held ? 1 : 0));
      for (const Json& sa : answer.at("sas"))
        by_acquired += sa.at("name").get<std::string>().starts_with("out-") ? 1 : 0;
      for (const RecordedKeys::Request& request : keys.requests) {
        const auto provided = gateway->provide_sas(request.id, keys.pair(request));
        INFO((provided ? "" : to_string(provided.error())));
        REQUIRE(provided);
      }
      quieten(gateway);
    }
  }
  CHECK(by_acquired >= 50);
  check_often(verdicts, {"held until an SA is negotiated", "protected"});
}

}  // namespace sallyport::explained_packets_test
