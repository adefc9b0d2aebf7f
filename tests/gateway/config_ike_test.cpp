// [ike] and [[pool]].
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_ike_test {

using namespace test;

namespace {

Configuration good(const std::string& text) {
  auto configuration = parse(text);
  INFO(text << (configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

struct Refusal {
  std::string_view text;
  std::string_view where;  // "line:column"
  std::string_view said;
};

void check(const Refusal& refusal, const std::string& behind = "") {
  const auto configuration = parse(std::string(refusal.text) + "\n" + behind);
  INFO(refusal.text);
  REQUIRE_FALSE(configuration);
  const std::string text = to_string(configuration.error());
  INFO(text);
  CHECK_THAT(text,
             Catch::StartsWith(std::string(kSampleName) + ":" + std::string(refusal.where) + ": "));
  CHECK_THAT(text, Catch::Contains(std::string(refusal.said)));
  CHECK(text.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("IKE-24, IKE-40: [ike] has sensible defences") {
  const IkeConfig ike = good("").ike;
  CHECK(ike == IkeConfig{});
  CHECK(ike.half_open_limit == 1000);
  CHECK(ike.cookie_threshold == 100);
  CHECK(ike.half_open_per_source == 16);
  CHECK(ike.retransmit == RetransmissionConfig{std::chrono::seconds(1), std::chrono::seconds(16),
                                               std::chrono::seconds(90)});
  CHECK(ike.key_log_directory.empty());
  CHECK_FALSE(ike.hash_and_url);  // CERT-03: nobody makes us fetch anything unasked
  CHECK(ike.fetch == FetchConfig{std::chrono::seconds(5), 1u << 20, {}});
  CHECK(good("[ike]\n").warnings.empty());
  CHECK(good("").limits.ike_sas == 100000);
  CHECK(good("[limits]\nike_sas = 7\n").limits.ike_sas == 7);
}

TEST_CASE("IKE-24, IKE-40, DOS-03: [ike] is read") {
  const Configuration configuration = good(R"(
[ike]
half_open_limit = 20
cookie_threshold = 0
half_open_per_source = 2
retransmit = { initial = "2s", cap = "4s", give_up = "1m" }
hash_and_url = true
fetch = { timeout = "3s", max_size = "64KiB", allow = ["10.0.0.0/8", "fd00::/8"] }
key_log_directory = "keys"
)");
  IkeConfig expected;
  expected.half_open_limit = 20;
  expected.cookie_threshold = 0;
  expected.half_open_per_source = 2;
  expected.retransmit = {std::chrono::seconds(2), std::chrono::seconds(4), std::chrono::minutes(1)};
  expected.hash_and_url = true;
  expected.fetch = {
      std::chrono::seconds(3), 65'536, {*Prefix::parse("10.0.0.0/8"), *Prefix::parse("fd00::/8")}};
  expected.key_log_directory = "/etc/sallyport/keys";
  CHECK(configuration.ike == expected);
  REQUIRE(configuration.warnings.size() == 1);
  CHECK_THAT(configuration.warnings[0],
             Catch::Contains(":9:21: key_log_directory: WHOEVER READS /etc/sallyport/keys "));
}

TEST_CASE("what [ike] refuses") {
  check(GENERATE(values<Refusal>({
      {"ike = 3", "1:7", "[ike] is a number, not a table"},
      {"[ike]\nretransmits = 3", "2:1",
       "unknown key \"retransmits\" in [ike] (did you mean \"retransmit\"?)"},
      {"[ike]\ncookie_threshold = 1001", "2:20", "half_open_limit is reached before (0 to 1000)"},
      {"[ike]\nhalf_open_per_source = 1001", "2:24", "half_open_limit is reached before"},
      {"[ike]\nhalf_open_per_source = 0", "2:24", "half_open_per_source: 0 is out of range"},
      {"[ike]\nretransmit = 3", "2:14", "retransmit is a number, not a table"},
      {"[ike]\nretransmit = { initial = 1 }", "2:26", "initial: 1 has no unit"},
      {"[ike]\nretransmit = { initial = \"17s\" }", "2:26",
       "longer than cap, the longest (at most"},
      {"[ike]\nretransmit = { cap = \"2m\" }", "2:22", "nothing is sent again before give_up"},
      {"[ike]\nretransmit = { giveup = \"2m\" }", "2:16", "did you mean \"give_up\"?"},
      {"[ike]\nfetch = { timeout = \"21s\" }", "2:21", "timeout: the peer waits as long"},
      {"[ike]\nfetch = { max_size = \"65MiB\" }", "2:22", "max_size: more than fits"},
      {"[ike]\nfetch = { allow = \"10.0.0.0/33\" }", "2:19", "allow: "},
      {"[ike]\nfetch = { redirects = true }", "2:11", "unknown key \"redirects\" in fetch"},
      {"[limits]\nike_sas = 0", "2:11", "ike_sas: 0 is out of range (1 to 1048576"},
  })));
}

TEST_CASE("CP-02: a pool has addresses of one family and what peers are told beside") {
  const Configuration configuration = good(R"(
[[pool]]
name = "v4"
addresses = "10.3.0.1-10.3.0.254"
dns = ["10.1.0.53", "10.1.0.54"]
subnets = "10.1.0.0/16"
netmask = "255.255.255.0"
[[pool]]
name = "v6"
addresses = "2001:db8:3::/64"
dns = "2001:db8:1::53"
prefix_length = 64
[[pool]]
name = "bare"
addresses = "10.4.0.0/24"
)");
  REQUIRE(configuration.pools.size() == 3);
  const auto address = [](std::string_view text) { return *Address::parse(text); };
  const auto range = [](std::string_view text) { return *AddressRange::parse(text); };
  CHECK(configuration.pools[0] == PoolConfig{"v4",
                                             range("10.3.0.1-10.3.0.254"),
                                             {address("10.1.0.53"), address("10.1.0.54")},
                                             {*Prefix::parse("10.1.0.0/16")},
                                             address("255.255.255.0"),
                                             128,
                                             std::nullopt});
  CHECK(configuration.pools[0].family() == Family::V4);
  CHECK(configuration.pools[1] ==
        PoolConfig{"v6",
                   range("2001:db8:3::1-2001:db8:3:0:ffff:ffff:ffff:ffff"),
                   {address("2001:db8:1::53")},
                   {},
                   std::nullopt,
                   64,
                   std::nullopt});
  CHECK(configuration.pools[1].family() == Family::V6);
  CHECK(configuration.pools[2] ==
        PoolConfig{"bare", range("10.4.0.1-10.4.0.254"), {}, {}, {}, 128, {}});
  REQUIRE(configuration.warnings.size() == 3);
  CHECK_THAT(configuration.warnings[0], Catch::Contains(":3:8: no peer names pool \"v4\""));
}

TEST_CASE("what a pool refuses") {
  check(GENERATE(values<Refusal>({
            {"[pool]", "1:1", "pool is a table, not a list of tables"},
            {"[[pool]]\naddresses = \"10.3.0.0/24\"", "1:1", "[[pool]] has no name"},
            {"[[pool]]\nname = \"p\"", "1:1", "[[pool]] has no addresses"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.9-10.3.0.1\"", "3:13", "backwards"},
            {"[[pool]]\nname = \"p\"\naddresses = \"224.0.0.0/24\"", "3:13", "no addresses for"},
            {"[[pool]]\nname = \"p\"\naddresses = \"0.0.0.0/8\"", "3:13", "no addresses for peers"},
            {"[[pool]]\nname = \"p\"\naddresses = \"fe80::/64\"", "3:13", "no addresses for peers"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.1.0.0/24\"", "3:13",
             "addresses: 10.1.0.1 is that of port \"lan\""},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\ndns = \"2001:db8::1\"", "4:7",
             "another family"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\nsubnets = \"2001:db8::/32\"",
             "4:11", "another family"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\nsubnets = \"10.1.0.1/16\"",
             "4:11", "bits behind its prefix (10.1.0.0/16)"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\nnetmask = \"255.0.255.0\"",
             "4:11", "\"255.0.255.0\" is not a netmask"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\nprefix_length = 64", "4:17",
             "prefix_length is for IPv6 (netmask)"},
            {"[[pool]]\nname = \"p\"\naddresses = \"2001:db8:3::/64\"\nnetmask = \"255.0.0.0\"",
             "4:11", "netmask: IPv6 has none"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\nsubnet = \"10.1.0.0/16\"", "4:1",
             "did you mean \"subnets\"?"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\n"
             "[[pool]]\nname = \"p\"\naddresses = \"10.4.0.0/24\"",
             "5:8", "the name \"p\" is taken at"},
            {"[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\n"
             "[[pool]]\nname = \"q\"\naddresses = \"10.3.0.254-10.3.1.9\"",
             "6:13", "some of pool \"q\" are in pool \"p\" too"},
        })),
        kPorts);
}

}  // namespace sallyport::config_ike_test
