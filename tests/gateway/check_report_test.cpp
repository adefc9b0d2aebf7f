#include "gateway/check_report.h"

#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::check_report_test {

using namespace test;

namespace {

bool holds(const std::string& report, std::string_view line) {
  if (report.find(line) != std::string::npos) return true;
  UNSCOPED_INFO(report);
  return false;
}

}  // namespace

TEST_CASE("--check tells ports, routes, policies and SAs, a line each") {
  const std::string text = kPorts + kPolicy + kSas +
                           "[[route]]\nto = \"10.9.0.0/16\"\nvia = \"192.0.2.2\"\n"
                           "[[route]]\nto = \"10.8.0.0/16\"\naction = \"blackhole\"\n";
  const std::string report = check_report(parse(text).value());
  CHECK(holds(report, "instance sallyport: 1 worker(s), "));
  CHECK(holds(report,
              "port lan: net_af_packet0,iface=lan0, protected side, MTU 1500, addresses "
              "10.1.0.1/24, 2001:db8:1::1/64\n"));
  CHECK(holds(report, "port wan: net_af_packet1,iface=wan0, unprotected side, MTU 1500"));
  CHECK(holds(report, "route 10.9.0.0/16: via 192.0.2.2\n"));
  CHECK(holds(report, "route 10.8.0.0/16: blackhole\n"));
  CHECK(holds(report, "policy site: protect (esp tunnel, SAs out, in)\n    10.1.0.0/24 <-> "));
  CHECK(holds(report,
              "SA out: outbound, SPI 0x00001001, esp tunnel, aes128-gcm16, 192.0.2.1 to "
              "192.0.2.2\n"));
  CHECK(holds(report, "SA in: inbound, SPI 0x00001002"));
}

TEST_CASE(
    "ARCH-09: --check shows the shipped policies before the operator's, the nominal entry last") {
  const std::string report = check_report(parse(kPorts + kPolicy + kSas).value());
  const std::size_t shipped = report.find("policy default-ike-v4: bypass");
  const std::size_t own = report.find("policy site:");
  const std::size_t nominal = report.find("policy (nothing matched): discard");
  REQUIRE(nominal != std::string::npos);
  CHECK(shipped < own);
  CHECK(own < nominal);
}

TEST_CASE("SAD-12: --check tells warnings and no keys") {
  const std::string report = check_report(parse(kPorts + kPolicy + kSas).value());
  CHECK(holds(report, "warning: "));
  CHECK(report.find(hex_key(20).substr(0, 16)) == std::string::npos);
}

TEST_CASE("SPD-04: --check tells what decorrelation makes of each SPD, and policies in doubt") {
  const std::string text =
      kPorts +
      "[[policy]]\nname = \"host\"\nlocal = \"10.1.0.9\"\nremote = \"10.2.0.0/16\"\n"
      "action = \"bypass\"\n"
      "[[policy]]\nname = \"site\"\nlocal = \"10.1.0.0/16\"\nremote = \"10.2.0.0/16\"\n"
      "action = \"discard\"\n"
      "[[policy]]\nname = \"late\"\nlocal = \"10.1.7.0/24\"\nremote = \"10.2.0.0/24\"\n"
      "action = \"bypass\"\n"
      "[[spd]]\nname = \"default\"\ndefault_policies = false\n";
  const std::string report = check_report(parse(text).value());
  CHECK(holds(report, "SPD default: 3 policies, decorrelated 2 entries; 0 matched in order\n"));
  CHECK(
      holds(report, "lint: policy late decides nothing: site before it matches all that it does"));
  CHECK(report.find("lint: policy site") == std::string::npos);
}

TEST_CASE("SPD-04: --check tells so many findings and counts the others") {
  std::string text = kPorts + "[[spd]]\nname = \"default\"\ndefault_policies = false\n";
  for (int i = 0; i < 25; ++i)
    text += "[[policy]]\nname = \"p" + std::to_string(i) +
            "\"\nremote = \"10.2.0.0/16\"\naction = \"discard\"\n";
  const std::string report = check_report(parse(text).value());
  CHECK(holds(report, "SPD default: 25 policies, decorrelated 1 entries; 0 matched in order\n"));
  CHECK(holds(report, "lint: policy p20 decides nothing"));
  CHECK(report.find("lint: policy p21 ") == std::string::npos);
  CHECK(holds(report, "lint: and 4 more\n"));
}

}  // namespace sallyport::check_report_test
