#include "net/arp.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sallyport::arp_test {
namespace {

// Captured from Linux: who has 192.0.2.1, tell 192.0.2.7.
const std::vector<std::uint8_t> kRequest{0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00,
                                         0x00, 0x00, 0x00, 0x07, 0xc0, 0x00, 0x02, 0x07, 0x00, 0x00,
                                         0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x02, 0x01};

TEST_CASE("RFC 826: a request as it is on the wire") {
  const auto request = parse_arp(kRequest);
  REQUIRE(request);
  CHECK(request->operation == ArpMessage::Operation::Request);
  CHECK(request->sender_mac == MacAddress{{0x02, 0, 0, 0, 0, 7}});
  CHECK(request->sender == Address::v4(0xc0000207));
  CHECK(request->target == Address::v4(0xc0000201));
  const auto built = build_arp(*request);
  CHECK(std::vector<std::uint8_t>(built.begin(), built.end()) == kRequest);
}

TEST_CASE("RFC 826: link padding is no part of the message") {
  auto padded = kRequest;
  padded.resize(46);
  CHECK(parse_arp(padded) == parse_arp(kRequest));
}

TEST_CASE("RFC 826: every truncation and every wrong fixed field is refused") {
  for (std::size_t size = 0; size < kRequest.size(); ++size) {
    const std::vector<std::uint8_t> cut(kRequest.begin(),
                                        kRequest.begin() + static_cast<long>(size));
    CHECK_FALSE(parse_arp(cut));
  }
  for (std::size_t octet = 0; octet < 8; ++octet) {
    auto wrong = kRequest;
    wrong[octet] ^= 0x10;
    INFO(octet);
    CHECK_FALSE(parse_arp(wrong));
  }
  auto group = kRequest;
  group[8] |= 1;
  CHECK_FALSE(parse_arp(group));
  auto nobody = kRequest;
  std::fill_n(nobody.begin() + 8, 6, std::uint8_t{0});
  CHECK_FALSE(parse_arp(nobody));
}

}  // namespace
}  // namespace sallyport::arp_test
