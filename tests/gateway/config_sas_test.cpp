// [[sa]]: fields, keys, what an SA takes over from its policy, and what is refused.
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_sas_test {

using namespace test;

namespace {

Configuration good(std::string_view text, const MemoryFiles& files = sample_files()) {
  auto configuration = parse(text, files);
  INFO((configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

// kPolicy with one inbound SA of its own, whose last lines are given; line 26 is the first of them.
std::string inbound_with(std::string_view lines, std::string_view head = "") {
  return std::string(head) + kPorts + replaced(kPolicy, "\"out\", ", "") +
         "[[sa]]\nname = \"in\"\ndirection = \"in\"\nspi = 0x1002\n" + std::string(lines);
}
std::string outbound_with(std::string_view lines) {
  return kPorts + replaced(kPolicy, ", \"in\"", "") +
         "[[sa]]\nname = \"out\"\ndirection = \"out\"\nspi = 0x1001\n" + std::string(lines);
}

constexpr std::string_view kCbc =
    "transform = \"aes128-cbc+hmac-sha1-96\"\nkey = { file = \"keys/16\" }\n"
    "integrity_key = { file = \"keys/20\" }\n";

std::string said(const Expected<Configuration>& configuration) {
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

bool warned(const Configuration& configuration, std::string_view what) {
  return std::ranges::any_of(configuration.warnings, [what](const std::string& warning) {
    return warning.find(what) != warning.npos;
  });
}

std::vector<std::uint8_t> octets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("ARCH-13: an SA takes over what the policy that names it says") {
  const Configuration configuration =
      good(kPorts +
           replaced(kPolicy, "sas =",
                    "esn = false, replay_window = 128, df = \"set\", dscp = 46, hop_limit = 9, "
                    "soft = { time = \"1h\" }, hard = { time = \"2h\" }, sas =") +
           kSas);
  REQUIRE(configuration.sas.size() == 2);
  const Policy& policy = configuration.policies[0];
  for (const Sa& sa : configuration.sas) {
    CHECK(sa.mode == IpsecMode::Tunnel);
    CHECK(sa.protocol == IpsecProtocol::Esp);
    CHECK(sa.endpoints == policy.protect->endpoints);
    CHECK_FALSE(sa.esn);
    CHECK(sa.replay_window == 128);
    CHECK(sa.header == policy.protect->header);
    CHECK(sa.header.hop_limit == 9);
    CHECK(sa.soft.time == std::chrono::hours(1));
    CHECK(sa.hard.time == std::chrono::hours(2));
    CHECK(sa.selectors == policy.selectors);
    CHECK(sa.static_key);
  }
  CHECK(configuration.sas[0].direction == Direction::Outbound);
  CHECK(configuration.sas[1].direction == Direction::Inbound);
  CHECK(configuration.sas[0].spi == Spi{0x1001});
}

TEST_CASE("MAN-01: every field of an SA is read") {
  const Sa sa = std::move(
      good(inbound_with(
               "mode = \"tunnel\"\nendpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }\n"
               "esn = true\nreplay_window = 4096\nlookup = \"spi+destination+source\"\n"
               "encapsulation = { local_port = 4500, remote_port = 4502 }\n"
               "destination_options = \"outside\"\ndf = \"clear\"\ndscp = \"copy\"\necn = "
               "\"compatibility\"\n"
               "hop_limit = 3\nflow_label = 5\ndscp_from_outer = true\n"
               "soft = { packets = 5 }\nhard = { bytes = \"3MiB\" }\nselectors = { local = "
               "\"10.1.0.7\" }\n" +
               std::string(kCbc)))
          .sas[0]);
  CHECK(sa.name == "in");
  CHECK(sa.lookup == SaLookup::SpiDestinationSource);
  CHECK(sa.replay_window == 4096);
  CHECK(sa.esn);
  CHECK(sa.encapsulation == UdpEncapsulation{4500, 4502});
  CHECK(sa.destination_options == DestinationOptions::Outside);
  CHECK(sa.header.df == DfRule::Clear);
  CHECK(sa.header.ecn == EcnRule::Compatibility);
  CHECK(sa.header.hop_limit == 3);
  CHECK(sa.header.flow_label == 5);
  CHECK(sa.header.dscp_from_outer);
  CHECK(sa.soft == Lifetime{std::nullopt, 5, std::nullopt});
  CHECK(sa.hard == Lifetime{3u << 20, std::nullopt, std::nullopt});
  REQUIRE(sa.selectors.size() == 1);
  CHECK(to_string(sa.selectors[0].local[0]) == "10.1.0.7");
  CHECK(sa.transform == Transform{Cipher::AesCbc128, Integrity::HmacSha1_96});
  CHECK(octets(sa.cipher_key.view()).front() == 1);
  CHECK(sa.integrity_key.size() == 20);
}

TEST_CASE("ARCH-05: an outbound SA may carry some traffic classes only") {
  const Configuration configuration =
      good(outbound_with("dscp_classes = [10, 46]\nencapsulation = {}\n" + std::string(kCbc)));
  CHECK(configuration.sas[0].dscp == std::vector<std::uint8_t>{10, 46});
  CHECK(configuration.sas[0].encapsulation == UdpEncapsulation{});
}

TEST_CASE("DP-01: an outbound SA may be spread over the workers") {
  CHECK(good(outbound_with("spread = true\n" + std::string(kCbc))).sas[0].spread);
  CHECK_FALSE(good(outbound_with(kCbc)).sas[0].spread);
}

TEST_CASE("an SPI is a number or hexadecimal text") {
  for (const std::string_view spi : {"4098", "0x1002", "\"0x1002\""}) {
    CHECK(good(replaced(inbound_with(kCbc), "0x1002", spi)).sas[0].spi == Spi{0x1002});
  }
  for (const std::string_view spi :
       {"255", "0", "-1", "4294967296", "\"0xff\"", "\"1002\"", "\"0x\"", "\"0x1g\""}) {
    CHECK_THAT(said(parse(replaced(inbound_with(kCbc), "0x1002", spi))),
               Catch::StartsWith("/etc/sallyport/gateway.toml:24:7: spi: ") &&
                   Catch::Contains("is no SPI (256 to 4294967295"));
  }
}

TEST_CASE("the salt stands behind the key or apart") {
  const std::string gcm = "transform = \"aes128-gcm16\"\nunsafe_static_key = true\n";
  const Configuration behind = good(inbound_with(gcm + "key = { file = \"keys/20\" }\n"));
  const Configuration apart =
      good(inbound_with(gcm + "key = { file = \"keys/16\" }\nsalt = { file = \"keys/4\" }\n"));
  CHECK(octets(behind.sas[0].cipher_key.view()) == octets(apart.sas[0].cipher_key.view()));
  CHECK(octets(behind.sas[0].salt.view()) == std::vector<std::uint8_t>{17, 18, 19, 20});
  CHECK(octets(apart.sas[0].salt.view()) == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(behind.key_files.at("in") == KeyFiles{"/etc/sallyport/keys/20", {}, {}});
  CHECK(apart.key_files.at("in") ==
        KeyFiles{"/etc/sallyport/keys/16", "/etc/sallyport/keys/4", {}});
}

TEST_CASE("ALG-03: every algorithm takes the keys of its table row and no others") {
  std::string allow = "[crypto]\nallow = [\"hmac-md5-96\"";
  for (const CipherFacts& row : all_ciphers()) {
    if (row.needs_consent) allow += ", \"" + std::string(row.name) + "\"";
  }
  allow += "]\n";
  for (const CipherFacts& row : all_ciphers()) {
    const bool combined = row.combined();
    const std::size_t length = row.key_bytes + row.salt_bytes;
    MemoryFiles files;
    files.keys["/etc/sallyport/k"] = hex_key(length, 3);
    files.keys["/etc/sallyport/long"] = hex_key(length + 1, 3);
    files.keys["/etc/sallyport/i"] = hex_key(20);
    std::string lines = "unsafe_static_key = true\ntransform = \"" + std::string(row.name) +
                        (combined ? "\"\n" : "+hmac-sha1-96\"\nintegrity_key = { file = \"i\" }\n");
    INFO(row.name);
    if (length == 0) {
      CHECK(good(inbound_with(lines, allow), files).sas[0].cipher_key.empty());
      CHECK_THAT(said(parse(inbound_with(lines + "key = { file = \"i\" }\n", allow), files)),
                 Catch::Contains("key: null takes none (leave it out)"));
      continue;
    }
    const Configuration configuration =
        good(inbound_with(lines + "key = { file = \"k\" }\n", allow), files);
    CHECK(configuration.sas[0].cipher_key.size() == row.key_bytes);
    CHECK(configuration.sas[0].salt.size() == row.salt_bytes);
    CHECK_THAT(
        said(parse(inbound_with(lines + "key = { file = \"long\" }\n", allow), files)),
        Catch::Contains("key: " + std::to_string(length + 1) + " octets are not what " +
                        std::string(row.name) + " takes (" + std::to_string(length) + " octets"));
    CHECK_THAT(said(parse(inbound_with(lines, allow), files)), Catch::Contains("key is missing"));
  }
  for (const IntegrityFacts& row : all_integrities()) {
    if (row.id == Integrity::None || row.ah_only()) continue;
    MemoryFiles files;
    files.keys["/etc/sallyport/k"] = hex_key(16);
    files.keys["/etc/sallyport/i"] = hex_key(row.key_bytes);
    files.keys["/etc/sallyport/short"] = hex_key(row.key_bytes - 1u);
    const std::string lines =
        "key = { file = \"k\" }\ntransform = \"aes128-cbc+" + std::string(row.name) + "\"\n";
    INFO(row.name);
    const Configuration configuration =
        good(inbound_with(lines + "integrity_key = { file = \"i\" }\n", allow), files);
    CHECK(configuration.sas[0].integrity_key.size() == row.key_bytes);
    CHECK_THAT(
        said(parse(inbound_with(lines + "integrity_key = { file = \"short\" }\n", allow), files)),
        Catch::Contains("integrity_key: " + std::to_string(row.key_bytes - 1) + " octets"));
    CHECK_THAT(said(parse(inbound_with(lines, allow), files)),
               Catch::Contains("integrity_key is missing"));
  }
}

TEST_CASE("MAN-02: counter-based algorithms need unsafe_static_key") {
  for (const CipherFacts& row : all_ciphers()) {
    if (!row.counter_based()) continue;
    MemoryFiles files;
    files.keys["/etc/sallyport/k"] = hex_key(row.key_bytes + row.salt_bytes);
    files.keys["/etc/sallyport/i"] = hex_key(20);
    const std::string lines =
        "key = { file = \"k\" }\ntransform = \"" + std::string(row.name) +
        (row.combined() ? "\"\n" : "+hmac-sha1-96\"\nintegrity_key = { file = \"i\" }\n");
    INFO(row.name);
    CHECK_THAT(said(parse(inbound_with(lines), files)),
               Catch::Contains("breaks where a nonce repeats") &&
                   Catch::Contains("unsafe_static_key = true"));
    CHECK_THAT(said(parse(inbound_with("unsafe_static_key = false\n" + lines), files)),
               Catch::Contains("breaks where a nonce repeats"));
    CHECK(parse(inbound_with("unsafe_static_key = true\n" + lines), files));
  }
  CHECK(parse(inbound_with(kCbc)));
}

TEST_CASE("MAN-02: ESN and anti-replay under configured keys draw warnings") {
  CHECK(warned(good(inbound_with(kCbc)), "extended sequence numbers are on without negotiation"));
  CHECK(warned(good(inbound_with(kCbc)), "the replay window is on under a configured key"));
  const Configuration off =
      good(inbound_with("esn = false\nreplay_window = 0\n" + std::string(kCbc)));
  CHECK_FALSE(warned(off, "without negotiation"));
  CHECK_FALSE(warned(off, "under a configured key"));
}

TEST_CASE("MAN-03: identical keys in both directions draw a warning, different ones none") {
  CHECK_FALSE(warned(good(kPorts + kPolicy + kSas), "both directions have the same key"));
  CHECK(warned(good(kPorts + kPolicy + replaced(kSas, "keys/other-20", "keys/20")),
               "both directions have the same key"));
}

TEST_CASE(
    "MAN-02, ALG-20: two senders under one key draw a warning, or an error where nonces meet") {
  const auto with_second = [](std::string sas) {
    sas = sas.substr(0, sas.find("[[sa]]\nname = \"in\""));
    return kPorts + replaced(kPolicy, "\"out\", \"in\"", "\"out\", \"out2\"") + sas +
           replaced(replaced(sas, "\"out\"", "\"out2\""), "0x1001", "0x1003");
  };
  CHECK_THAT(said(parse(with_second(kSas))),
             Catch::Contains("outbound SAs \"out\" and \"out2\" have the same key and send the "
                             "same nonces (a key of its own for each)"));
  // Another salt makes other nonces.
  CHECK(warned(good(replaced(with_second(replaced(kSas, "keys/20\" }",
                                                  "keys/16\" }\nsalt = "
                                                  "{ file = \"keys/4\" }")),
                             "0x1003\ntransform = \"aes128-gcm16\"\nunsafe_static_key = true\n"
                             "key = { file = \"keys/16\" }\nsalt = { file = \"keys/4\" }",
                             "0x1003\ntransform = \"aes128-gcm16\"\nunsafe_static_key = true\n"
                             "key = { file = \"keys/16\" }\nsalt = { file = \"keys/other-4\" }")),
               "outbound SAs \"out\" and \"out2\" have the same key"));
  const std::string cbc =
      "transform = \"aes128-cbc+hmac-sha1-96\"\nkey = { file = \"keys/16\" }\n"
      "integrity_key = { file = \"keys/20\" }\n";
  CHECK(warned(good(with_second(replaced(kSas,
                                         "transform = \"aes128-gcm16\"\nunsafe_static_key = true\n"
                                         "key = { file = \"keys/20\" }\n",
                                         cbc))),
               "outbound SAs \"out\" and \"out2\" have the same key"));
}

TEST_CASE("ALG-22: weak and unusual algorithms must be allowed by name") {
  const std::string null =
      "transform = \"null+hmac-sha1-96\"\nintegrity_key = { file = \"keys/20\" }\n";
  CHECK_THAT(
      said(parse(inbound_with(null))),
      Catch::Contains("transform: null is weak or unusual and not allowed (another algorithm, "
                      "or [crypto] allow = [\"null\"])"));
  CHECK(parse(inbound_with(null, "[crypto]\nallow = \"null\"\n")));
  for (const CipherFacts& row : all_ciphers()) {
    const bool weak = row.standing == Standing::ShouldNot || row.standing == Standing::MustNot;
    CHECK((!weak || row.needs_consent));
  }
}

TEST_CASE(
    "ESP-06: encryption without integrity is off unless allowed, and never without encryption") {
  const std::string cbc =
      "transform = \"aes128-cbc+none\"\nkey = { file = \"keys/16\" }\n"
      "esn = false\nreplay_window = 0\n";
  CHECK_THAT(said(parse(inbound_with(cbc))), Catch::Contains("lets anyone alter packets") &&
                                                 Catch::Contains("allow_unauthenticated = true"));
  const Configuration allowed = good(inbound_with("allow_unauthenticated = true\n" + cbc));
  CHECK(allowed.sas[0].transform == Transform{Cipher::AesCbc128, Integrity::None});
  CHECK_THAT(said(parse(inbound_with("allow_unauthenticated = true\ntransform = \"null+none\"\n",
                                     "[crypto]\nallow = \"null\"\n"))),
             Catch::Contains("neither encryption nor integrity"));
}

TEST_CASE("RPL-01: anti-replay is on by default, may be off, and is refused without integrity") {
  CHECK(good(inbound_with(kCbc)).sas[0].replay_window == 64);
  CHECK(good(inbound_with("esn = false\nreplay_window = 0\n" + std::string(kCbc)))
            .sas[0]
            .replay_window == 0);
  CHECK(good(inbound_with("replay_window = 32\n" + std::string(kCbc))).sas[0].replay_window == 32);
  CHECK_THAT(said(parse(inbound_with("replay_window = 31\n" + std::string(kCbc)))),
             Catch::Contains("too small"));
  CHECK_THAT(
      said(parse(inbound_with("allow_unauthenticated = true\nesn = false\n"
                              "transform = \"aes128-cbc+none\"\nkey = { file = \"keys/16\" }\n"))),
      Catch::Contains("anti-replay needs integrity"));
}

TEST_CASE("RPL-06: ESN without a replay window is refused at the receiver") {
  CHECK_THAT(said(parse(inbound_with("esn = true\nreplay_window = 0\n" + std::string(kCbc)))),
             Catch::Contains("esn: ESN needs a replay window"));
  CHECK(parse(outbound_with("esn = true\nreplay_window = 0\n" + std::string(kCbc))));
}

TEST_CASE("SAD-04: inbound SAs differ in what their look-up compares") {
  const auto two = [](std::string_view first, std::string_view second) {
    const std::string ports =
        replaced(kPorts, "\"192.0.2.1/24\"", "\"192.0.2.1/24\", \"192.0.2.7/24\"");
    const std::string sa =
        "direction = \"in\"\nspi = 0x1002\nselectors = { local = \"any\" }\n" + std::string(kCbc);
    return parse(ports + "[[sa]]\nname = \"a\"\n" + std::string(first) + sa +
                 "[[sa]]\nname = \"b\"\n" + std::string(second) + sa);
  };
  constexpr std::string_view one =
      "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }\n";
  constexpr std::string_view other =
      "endpoints = { local = \"192.0.2.7\", remote = \"192.0.2.3\" }\n";
  constexpr std::string_view by_destination = "lookup = \"spi+destination\"\n";
  constexpr std::string_view by_source = "lookup = \"spi+destination+source\"\n";
  const auto both = [](std::string_view left, std::string_view right) {
    return std::string(left) + std::string(right);
  };
  CHECK_THAT(said(two(one, other)),
             Catch::StartsWith(
                 "/etc/sallyport/gateway.toml:27:7: spi: inbound SA \"b\" has the look-up key of "
                 "\"a\" at /etc/sallyport/gateway.toml:18:7 (another SPI"));
  CHECK(two(both(one, by_destination), both(other, by_destination)));
  CHECK_THAT(said(two(both(one, by_destination), both(one, by_destination))),
             Catch::Contains("has the look-up key of"));
  CHECK(two(both(one, by_destination), both(one, by_source)));
  CHECK_THAT(said(two(both(one, by_source), both(one, by_source))),
             Catch::Contains("has the look-up key of"));
  CHECK(two(both(one, by_source),
            "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.3\" }\nlookup = "
            "\"spi+destination+source\"\n"));
}

TEST_CASE("transport mode takes its hosts from selectors of one address each") {
  const std::string policy = R"(
[[policy]]
name = "host"
local = "192.0.2.1"
remote = "192.0.2.9"
action = "protect"
protect = { mode = "transport", sas = ["out", "in"] }
)";
  const Configuration configuration = good(kPorts + policy + kSas);
  const Endpoints hosts{*Address::parse("192.0.2.1"), *Address::parse("192.0.2.9")};
  for (const Sa& sa : configuration.sas) {
    CHECK(sa.mode == IpsecMode::Transport);
    CHECK(sa.endpoints == hosts);
  }
  const Configuration wide = good(kPorts + replaced(policy, "192.0.2.9", "192.0.2.8/30") + kSas);
  CHECK(wide.sas[0].endpoints == Endpoints{});
}

TEST_CASE("an SA differs from its policy at its own risk") {
  const auto with = [](std::string_view line) {
    return said(parse(kPorts + kPolicy +
                      replaced(kSas, "name = \"in\"\n", "name = \"in\"\n" + std::string(line))));
  };
  CHECK_THAT(
      with("mode = \"transport\"\n"),
      Catch::StartsWith("/etc/sallyport/gateway.toml:20:78: sas: SA \"in\" has another mode"));
  CHECK_THAT(with("endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.3\" }\n"),
             Catch::Contains("sas: SA \"in\" has other endpoints"));
  CHECK_THAT(said(parse(kPorts + replaced(kPolicy, "sas =", "proposals = \"aes256-gcm16\", sas =") +
                        kSas)),
             Catch::Contains("sas: SA \"out\" has a transform that is not among the proposals"));
  CHECK_THAT(said(parse(kPorts + replaced(kPolicy, "\"in\"", "\"on\"") + kSas)),
             Catch::Contains("there is no [[sa]] \"on\" (did you mean"));
}

TEST_CASE("an SA that no policy names draws a warning") {
  const Configuration configuration =
      good(kPorts + replaced(kPolicy, ", \"in\"", "") +
           replaced(kSas, "name = \"in\"\n",
                    "name = \"in\"\nselectors = { local = \"any\" }\nendpoints = { local = "
                    "\"192.0.2.1\", remote = "
                    "\"192.0.2.2\" }\n"));
  CHECK(warned(configuration, "gateway.toml:31:8: no policy names SA \"in\""));
}

TEST_CASE("keys stand in files, or inline where that is asked for loudly") {
  const std::string inlined = "transform = \"aes128-cbc+hmac-sha1-96\"\nkey = \"" + hex_key(16) +
                              "\"\nintegrity_key = \"0x" + hex_key(20) + "\"\n";
  const std::string loudly = "[instance]\ninline_secrets = true\n";
  CHECK_THAT(said(parse(inbound_with(inlined))),
             Catch::Contains("key: the key stands in the configuration itself") &&
                 Catch::Contains("inline_secrets = true"));
  const Configuration configuration = good(inbound_with(inlined, loudly));
  CHECK(octets(configuration.sas[0].cipher_key.view()).back() == 16);
  CHECK(configuration.sas[0].integrity_key.size() == 20);
  MemoryFiles open = sample_files();
  open.open_to_others = true;
  CHECK_THAT(said(parse(inbound_with(inlined, loudly), open)),
             Catch::Contains("is open to others"));
  CHECK(parse(inbound_with(kCbc), open));
}

TEST_CASE("what a key refuses, and never tells") {
  const auto refusal = GENERATE(values<std::pair<std::string_view, std::string_view>>({
      {"key = { file = \"keys/none\" }", "key: /etc/sallyport/keys/none: No such file"},
      {"key = { fiel = \"keys/16\" }", "did you mean \"file\"?"},
      {"key = {}", "a key has no file"},
      {"key = 12", "key: 12 is not a key"},
      {"key = [\"00\"]", "key: a list is not a key"},
      {"key = { file = \"bad\" }", "the key is not hexadecimal"},
      {"key = { file = \"half\" }", "the key ends in half an octet"},
      {"key = { file = \"empty\" }", "the key is empty"},
      {"key = { file = \"long\" }", "the key is longer than 128 octets"},
      {"key = { file = \"keys/8\" }", "key: 8 octets are not what aes128-cbc takes (16 octets)"},
      {"key = { file = \"keys/16\" }\nsalt = { file = \"keys/4\" }", "salt: aes128-cbc takes none"},
  }));
  MemoryFiles files = sample_files();
  files.keys["/etc/sallyport/bad"] = "00112233 secret";
  files.keys["/etc/sallyport/half"] = "001";
  files.keys["/etc/sallyport/empty"] = " \n";
  files.keys["/etc/sallyport/long"] = hex_key(129);
  const auto configuration = parse(
      inbound_with(
          "transform = \"aes128-cbc+hmac-sha1-96\"\nintegrity_key = { file = \"keys/20\" }\n" +
          std::string(refusal.first)),
      files);
  CHECK_THAT(said(configuration), Catch::Contains(std::string(refusal.second)));
  CHECK_THAT(said(configuration), !Catch::Contains("secret"));
}

TEST_CASE("ALG-06: weak DES keys are refused") {
  MemoryFiles files = sample_files();
  files.keys["/etc/sallyport/weak"] = "0101010101010101";
  CHECK_THAT(
      said(parse(inbound_with("transform = \"des-cbc+hmac-sha1-96\"\nkey = { file = \"weak\" }\n"
                              "integrity_key = { file = \"keys/20\" }\n",
                              "[crypto]\nallow = \"des-cbc\"\n"),
                 files)),
      Catch::Contains("key: this is one of the 16 weak keys of DES"));
}

TEST_CASE("what an [[sa]] refuses") {
  const auto refusal = GENERATE(values<std::pair<std::string_view, std::string_view>>({
      {"lookup = \"destination\"",
       "lookup: \"destination\" is not known (one of: spi, spi+destination, "
       "spi+destination+source)"},
      {"dscp_classes = [1]", "dscp_classes is for outbound SAs"},
      {"spread = true", "spread is for outbound SAs"},
      {"spread = 1", "spread: 1 is not a switch"},
      {"encapsulation = true", "encapsulation is true or false, not a table"},
      {"encapsulation = { local_port = 0 }", "local_port: 0 is out of range (1 to 65535)"},
      {"encapsulation = { local_port = 4501 }",
       "encapsulation: an inbound SA is reached by local_port 4500 only"},
      {"encapsulation = { port = 1 }", "unknown key \"port\" in encapsulation"},
      {"destination_options = \"both\"", "inside, outside"},
      {"unsafe_static_key = 1", "unsafe_static_key: 1 is not a switch"},
      {"sas = [\"x\"]", "unknown key \"sas\" in [[sa]]"},
      {"endpoints = { local = \"192.0.2.77\", remote = \"192.0.2.2\" }",
       "192.0.2.77, the local one of SA \"in\", is no address of a port"},
      {"soft = { time = \"1h\" }\nhard = { time = \"30m\" }", "soft: ends after hard"},
      {"selectors = { local = \"10.1.0.0/24\", remote = \"2001:db8::/32\" }", "2001:db8::/32"},
      {"local = \"10.1.0.0/24\"", "unknown key \"local\" in [[sa]]"},
      {"selectors = []", "selectors: the list is empty"},
  }));
  CHECK_THAT(said(parse(inbound_with(std::string(refusal.first) + "\n" + std::string(kCbc)))),
             Catch::Contains(std::string(refusal.second)));
}

TEST_CASE("what an [[sa]] cannot do without") {
  CHECK_THAT(said(parse(kPorts + "[[sa]]\n")), Catch::Contains("[[sa]] has no name") &&
                                                   Catch::Contains("[[sa]] has no direction") &&
                                                   Catch::Contains("[[sa]] has no spi") &&
                                                   Catch::Contains("[[sa]] has no transform"));
  CHECK_THAT(said(parse(inbound_with("transform = \"aes128gcm17\"\n"))),
             Catch::Contains("transform: unknown encryption algorithm"));
  CHECK_THAT(
      said(parse(replaced(inbound_with(kCbc), "direction = \"in\"", "direction = \"inbound\""))),
      Catch::Contains("direction: \"inbound\" is not known (one of: out, in)"));
  CHECK_THAT(said(parse(outbound_with("lookup = \"spi\"\n" + std::string(kCbc)))),
             Catch::Contains("lookup is for inbound SAs"));
  CHECK_THAT(said(parse(kPorts + kPolicy + kSas + kSas)),
             Catch::Contains("the name \"out\" is taken"));
  CHECK_THAT(said(parse("[limits]\nsas = 1\n" + kPorts + kPolicy + kSas +
                        replaced(kSas, "spi = 0x1002", "spi = 0x1003"))),
             Catch::Contains("the name \"in\" is taken"));
}

}  // namespace sallyport::config_sas_test
