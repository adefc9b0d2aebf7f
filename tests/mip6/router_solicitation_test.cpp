#include "mip6/router_solicitation.h"

#include <catch2/catch.hpp>

#include "net/datagram.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/read_again.h"
#include "tests/support/packet_builder.h"

namespace sallyport::mip6::test::router_solicitation_test {
namespace {

using sallyport::test::octets;

struct Asked {
  std::string_view octets{"85000000 00000000 0101 020000000007"};
  const char* source{"fe80::7"};
  std::uint8_t hop_limit{255};
};

bool is_valid(const Asked& asked) {
  const Octets datagram = make_icmp_datagram(
      {.source = ip(asked.source), .destination = ip("ff02::2"), .hop_limit = asked.hop_limit},
      octets(asked.octets));
  PacketSummary summary;
  REQUIRE(summarize(datagram, summary) == ParseVerdict::Good);
  return is_router_solicitation(datagram, summary);
}

TEST_CASE("NDX-01: router solicitations, and what RFC 4861 6.1.1 refuses of them") {
  CHECK(is_valid({}));
  CHECK(is_valid({.octets = "85000000 00000000", .source = "::"}));
  CHECK_FALSE(is_valid({.source = "::"}));                           // with a link address
  CHECK_FALSE(is_valid({.hop_limit = 254}));                         // from beyond a router
  CHECK_FALSE(is_valid({.octets = "85010000 00000000"}));            // code
  CHECK_FALSE(is_valid({.octets = "86000000 00000000"}));            // another type
  CHECK_FALSE(is_valid({.octets = "85000000"}));                     // cut short
  CHECK_FALSE(is_valid({.octets = "85000000 00000000 0100 0000"}));  // an option without length
  CHECK_FALSE(
      is_valid({.octets = "85000000 00000000 0102 00000000"}));  // and one that does not fit
}

TEST_CASE("NDX-01: a router solicitation with a wrong checksum is none") {
  Octets datagram =
      make_icmp_datagram({.source = ip("fe80::7"), .destination = ip("ff02::2"), .hop_limit = 255},
                         octets("85000000 00000000"));
  datagram.back() ^= 1;
  PacketSummary summary;
  REQUIRE(summarize(datagram, summary) == ParseVerdict::Good);
  CHECK_FALSE(is_router_solicitation(datagram, summary));
}

}  // namespace
}  // namespace sallyport::mip6::test::router_solicitation_test
