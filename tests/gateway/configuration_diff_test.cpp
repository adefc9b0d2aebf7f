// What a reload takes for the same SA, and what it cannot take over.
#include "gateway/configuration_diff.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/gateway/config_support.h"
#include "tests/sad/sample_sa.h"

namespace sallyport::configuration_diff_test {

TEST_CASE("SAD-01: an SA that differs in any parameter is another one, and a copy is the same") {
  const Sa sample = test::sample_sa(Direction::Outbound);
  CHECK(same_parameters(sample, sample.duplicate()));
  const std::vector<std::function<void(Sa&)>> changes{
      [](Sa& sa) { sa.name = "other"; },
      [](Sa& sa) { sa.direction = Direction::Inbound; },
      [](Sa& sa) { sa.spi = Spi{0x9999}; },
      [](Sa& sa) { sa.protocol = IpsecProtocol::Ah; },
      [](Sa& sa) { sa.mode = IpsecMode::Transport; },
      [](Sa& sa) { sa.endpoints.remote = test::address("198.51.100.9"); },
      [](Sa& sa) { sa.lookup = SaLookup::SpiDestination; },
      [](Sa& sa) { sa.transform.cipher = Cipher::AesGcm8_128; },
      [](Sa& sa) { sa.cipher_key = test::counting_key<32>(16, 9); },
      [](Sa& sa) { sa.salt = test::counting_key<4>(4, 9); },
      [](Sa& sa) { sa.integrity_key = test::counting_key<64>(20, 9); },
      [](Sa& sa) { sa.esn = false; },
      [](Sa& sa) { sa.replay_window = 128; },
      [](Sa& sa) { sa.encapsulation.emplace(); },
      [](Sa& sa) { sa.header.hop_limit = 9; },
      [](Sa& sa) { sa.fragments = FragmentChecks::Stateful; },
      [](Sa& sa) { sa.fragmentation = Fragmentation::Before; },
      [](Sa& sa) { sa.destination_options = DestinationOptions::Outside; },
      [](Sa& sa) { sa.ah_alignment = 8; },
      [](Sa& sa) { sa.dscp = {46}; },
      [](Sa& sa) { sa.spread = true; },
      [](Sa& sa) { sa.selectors.emplace_back(); },
      [](Sa& sa) { sa.soft.bytes = 1000; },
      [](Sa& sa) { sa.hard.packets = 1000; },
      [](Sa& sa) { sa.tfc_bytes = 1000; },
      [](Sa& sa) { sa.tfc_multiple = 64; },
      [](Sa& sa) { sa.dummies.per_second = 1; },
      [](Sa& sa) { sa.loop_back = true; },
      [](Sa& sa) { sa.follows_peer = true; },
      [](Sa& sa) { sa.unauthenticated_allowed = true; },
      [](Sa& sa) { sa.static_key = true; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Sa changed = sample.duplicate();
    changes[i](changed);
    CHECK_FALSE(same_parameters(sample, changed));
    // So that a copy that loses the member is seen.
    CHECK(same_parameters(changed, changed.duplicate()));
  }
  Sa counted = sample.duplicate();
  counted.last_sequence = {77};
  counted.used = {7, 700};
  CHECK(same_parameters(sample, counted));
  CHECK(counted.duplicate().last_sequence == SequenceNumber{77});
  CHECK(counted.duplicate().used == SaUsage{7, 700});
}

TEST_CASE("what needs a restart is refused by the name of its table") {
  const auto parsed = [](const std::string& text) { return test::parse(text).value(); };
  const Configuration running = parsed(test::kPorts + test::kPolicy + test::kSas);
  const auto refusal = [&](const std::string& text) {
    const auto allowed = check_without_restart(running, parsed(text));
    return allowed ? std::string() : allowed.error().what;
  };
  const std::string all = test::kPorts + test::kPolicy + test::kSas;
  CHECK(refusal(all) == "");
  CHECK(refusal(test::kPorts) == "");
  for (const auto& [text, table] :
       std::map<std::string, std::string>{{"[instance]\nname = \"other\"\n", "[instance]"},
                                          {"[limits]\nsas = 77\n", "[limits]"},
                                          {"[dataplane]\nworkers = 2\n", "[dataplane]"},
                                          {"[control]\nsocket = \"/tmp/other\"\n", "[control]"}})
    CHECK(refusal(text + all) == table + " cannot change while the gateway runs");
  CHECK(refusal(test::replaced(all, "side = \"protected\"", "side = \"protected\"\nmtu = 1400")) ==
        "[[port]] cannot change while the gateway runs");
  CHECK(refusal(test::replaced(all, "10.1.0.1/24", "10.1.0.3/24")) == "");
}

}  // namespace sallyport::configuration_diff_test
