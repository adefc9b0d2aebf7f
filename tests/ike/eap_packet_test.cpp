// EAP packets and what EAP-MSCHAPv2 carries in them.
#include "ike/eap/packet.h"

#include <catch2/catch.hpp>

#include "ike/eap/ms_chap_message.h"
#include "tests/crypto/octets.h"

namespace sallyport::ike::eap_packet_test {
namespace {

using sallyport::test::octets;

}  // namespace

TEST_CASE("EAP-02: requests and responses have a type and data, of the length that is said") {
  const Octets data = octets("0102");
  const Octets request = eap_request(7, EapType::MsChapV2, data);
  CHECK(request == octets("01 07 0007 1a 0102"));
  CHECK(eap_response(8, EapType::Nak, {}) == octets("02 08 0005 03"));
  const auto parsed = parse_eap_packet(request);
  REQUIRE(parsed);
  CHECK(parsed->code == EapCode::Request);
  CHECK(parsed->identifier == 7);
  CHECK(parsed->type == EapType::MsChapV2);
  CHECK(octets(parsed->data) == data);
  CHECK(parse_eap_packet(octets("02 00 0005 fe"))->type == EapType{254});
  for (const std::string_view wrong : {"", "01 07 00", "01 07 0004", "01 07 0008 1a 0102",
                                       "01 07 0006 1a 0102", "00 07 0005 1a", "05 07 0005 1a"})
    CHECK_FALSE(parse_eap_packet(octets(wrong)));
}

TEST_CASE("EAP-02: success and failure have four octets, no fewer and no more") {
  CHECK(eap_success(9) == octets("03 09 0004"));
  CHECK(eap_failure(255) == octets("04 ff 0004"));
  CHECK(parse_eap_packet(eap_success(9))->code == EapCode::Success);
  CHECK(parse_eap_packet(eap_failure(9))->identifier == 9);
  for (const std::string_view wrong : {"03 09 0005 00", "04 09 0005 00", "03 09 0003"})
    CHECK_FALSE(parse_eap_packet(octets(wrong)));
}

TEST_CASE("EAP-06: challenges and responses of MS-CHAPv2 carry a value and a name") {
  const Octets value(16, 0x5c);
  const Octets challenge =
      ms_chap_value({.op = MsChapOp::Challenge, .id = 3, .value = value, .text = "bob"});
  CHECK(challenge == octets("01 03 0018 10 5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c 626f62"));
  const auto parsed = parse_ms_chap(challenge);
  REQUIRE(parsed);
  CHECK(parsed->op == MsChapOp::Challenge);
  CHECK(parsed->id == 3);
  CHECK(octets(parsed->value) == value);
  CHECK(parsed->text == "bob");
  for (const std::string_view wrong :
       {"", "01", "02", "07", "01 03 0004", "01 03 0005 01", "01 03 0006 02 5c", "01 03 0007 01 5c",
        "07 03 0004", "05 03 0005 00"})
    CHECK_FALSE(parse_ms_chap(octets(wrong)));
}

TEST_CASE("EAP-06: successes and failures carry text, and are acknowledged by one octet") {
  const Octets data = ms_chap_text({.op = MsChapOp::Success, .id = 3, .text = "S=00 M=OK"});
  const auto success = parse_ms_chap(data);
  REQUIRE(success);
  CHECK(success->op == MsChapOp::Success);
  CHECK(success->text == "S=00 M=OK");
  CHECK(ms_chap_acknowledgement(MsChapOp::Success) == octets("03"));
  CHECK(parse_ms_chap(octets("04"))->op == MsChapOp::Failure);
  CHECK_FALSE(parse_ms_chap(octets("03 03")));
  CHECK_FALSE(parse_ms_chap(octets("03 03 0005")));
}

TEST_CASE("EAP-06: the authenticator's proof is forty digits behind S=") {
  const std::string digits = "407A5589115FD0D6209F510FE9C04566932CDA56";
  CHECK(hex_digits(octets("407a5589115fd0d6209f510fe9c04566932cda56")) == digits);
  CHECK(proof_in("S=" + digits) == digits);
  CHECK(proof_in("S=" + digits + " M=Welcome") == digits);
  CHECK_FALSE(proof_in("S=" + digits.substr(1)));
  CHECK_FALSE(proof_in("M=Welcome S=" + digits));
  CHECK_FALSE(proof_in(""));
}

}  // namespace sallyport::ike::eap_packet_test
