// Options octet by octet, and options that do not fit (RFC 6275 6.2).
#include <catch2/catch.hpp>
#include <set>

#include "mip6/option_writer.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/sample_messages.h"

namespace sallyport::mip6::test::mobility_options_test {
namespace {

using sallyport::test::octets;

std::optional<MobilityOptions> options(std::string_view hex) {
  return options_exactly(octets(hex));
}
// An option of `length` octets of zero.
Octets option(std::uint8_t type, std::uint8_t length) {
  Octets bytes(2u + length);
  bytes[0] = type;
  bytes[1] = length;
  return bytes;
}

TEST_CASE("MH-14: padding of either kind and unknown options are skipped") {
  CHECK(options("") == MobilityOptions{});
  CHECK(options("00") == MobilityOptions{});
  CHECK(options("000000 0100 010103 00") == MobilityOptions{});
  CHECK(options("c803aabbcc 02020007 c800 00") ==
        MobilityOptions{.refresh_advice = BindingLifetime{7}});
  const std::set<int> known{0, 2, 3, 4, 5, 6, 17, 35};
  for (int type = 1; type < 256; ++type) {
    if (known.contains(type)) continue;
    Octets bytes = option(static_cast<std::uint8_t>(type), 5);
    const Octets advice = octets("02020007");
    bytes.insert(bytes.end(), advice.begin(), advice.end());
    CAPTURE(type);
    CHECK(options_exactly(bytes) == MobilityOptions{.refresh_advice = BindingLifetime{7}});
  }
}

TEST_CASE("MH-14: an option that does not fit makes the message malformed") {
  CHECK_FALSE(options("01"));
  CHECK_FALSE(options("0001"));
  CHECK_FALSE(options("010200"));
  CHECK_FALSE(options("02020007 c8"));
  CHECK_FALSE(options("02020007 c8ff00"));
  CHECK_FALSE(options("020200"));
}

TEST_CASE("MH-15: each option's octets") {
  CHECK(options("0202 0007") == MobilityOptions{.refresh_advice = BindingLifetime{7}});
  CHECK(options("0310 20010db8000a00000000000000000100") ==
        MobilityOptions{.alternate_care_of = kCareOf});
  CHECK(options("0404 0007 0009") ==
        MobilityOptions{.nonce_indices = NonceIndices{.home = 7, .care_of = 9}});
  CHECK(options("050c 0102030405060708090a0b0c") ==
        MobilityOptions{.authorization = Authenticator{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}});
}

TEST_CASE("NEMO-02: Mobile Network Prefix options, as many as there are and as they came") {
  const auto parsed = options(
      "0612 0038 20010db8000d01000000000000000000"
      "0612 ff81 20010db8000e00000000000000000001");
  REQUIRE(parsed);
  CHECK(parsed->mobile_network_prefixes ==
        std::vector<MobileNetworkPrefix>{
            {.address = ip("2001:db8:d:100::"), .length = 56},
            {.address = ip("2001:db8:e::1"), .length = 129}});  // to be answered by status 141
}

TEST_CASE("BOOT-08: a DNS Update option has a status, the flag to remove, and a name") {
  CHECK(options("110d 0000 6d6e2e746573742e6f7267")->dns_update ==
        DnsUpdate{.name = "mn.test.org"});
  CHECK(options("1105 8280 6d6e2e")->dns_update ==
        DnsUpdate{.status = DnsUpdateStatus::Failed, .remove = true, .name = "mn."});
  CHECK(options("1102 007f")->dns_update == DnsUpdate{});
  CHECK_FALSE(options("1101 00"));
  CHECK_FALSE(options("1100"));
}

TEST_CASE("MCOA-01: Binding Identifiers have an address of either family or none") {
  CHECK(
      options("2304 0102 a57f")->binding_identifiers ==
      std::vector<BindingIdentifier>{{.id = 0x102, .status = BindingStatus::SingleBindingExists}});
  CHECK(
      options("2308 0001 0080 c0000207")->binding_identifiers ==
      std::vector<BindingIdentifier>{{.id = 1, .home_and_away = true, .care_of = ip("192.0.2.7")}});
  CHECK(options("2314 0001 0000 20010db8000a00000000000000000100")->binding_identifiers ==
        std::vector<BindingIdentifier>{{.id = 1, .care_of = kCareOf}});
}

TEST_CASE("MCOA-01: a Binding Identifier of another length is noted, for status 164") {
  for (int length = 0; length < 256; ++length) {
    if (length == 4 || length == 8 || length == 20) continue;
    const auto parsed = options_exactly(option(35, static_cast<std::uint8_t>(length)));
    CAPTURE(length);
    REQUIRE(parsed);
    CHECK(parsed->malformed_binding_identifier);
    CHECK(parsed->binding_identifiers.empty());
  }
  CHECK_FALSE(options("2304 0001 0000")->malformed_binding_identifier);
}

TEST_CASE("MH-15: an option of another length than its own makes the message malformed") {
  const std::pair<std::uint8_t, int> lengths[] = {{2, 2}, {3, 16}, {4, 4}, {5, 12}, {6, 18}};
  for (const auto& [type, right] : lengths)
    for (int length = 0; length < 256; ++length) {
      CAPTURE(type, length);
      CHECK(options_exactly(option(type, static_cast<std::uint8_t>(length))).has_value() ==
            (length == right));
    }
}

TEST_CASE("MH-14: an option that may come once makes the message malformed when it comes twice") {
  for (const char* const once :
       {"02020007", "0310 20010db8000a00000000000000000100", "0404 0007 0009", "1102 0000"}) {
    CHECK(options(once));
    CHECK_FALSE(options(std::string(once) + once));
  }
}

TEST_CASE("MH-15: nothing follows the authorization, not even padding") {
  const std::string authorization = "050c 0102030405060708090a0b0c";
  CHECK(options("02020007" + authorization));
  for (const char* const behind : {"00", "0100", "02020007", "c800"})
    CHECK_FALSE(options(authorization + behind));
  CHECK_FALSE(options(authorization + authorization));
}

TEST_CASE("MH-14: options cut anywhere are read no further than they go") {
  Octets message(12);
  append_options(message, all_options());
  const ByteView whole = ByteView(message).subspan(12);
  CHECK(options_exactly(whole) == all_options());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto parsed = options_exactly(whole.first(size));
    if (parsed) CHECK_FALSE(parsed->authorization);
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::mobility_options_test
