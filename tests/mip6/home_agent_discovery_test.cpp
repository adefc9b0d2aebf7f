#include "mip6/home_agent_discovery.h"

#include <catch2/catch.hpp>

#include "net/datagram.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/read_again.h"
#include "tests/support/fixed_random.h"

namespace sallyport::mip6::test::home_agent_discovery_test {
namespace {

using sallyport::test::octets;

const Address kAnycast = ip("2001:db8:b:0:fdff:ffff:ffff:fffe");

// Reads as `message`, and is what `message` is written as.
void check_octets(std::string_view hex, const DiscoveryMessage& message, const Address& source,
                  const Address& destination) {
  CHECK(parse_discovery_exactly(octets(hex), source, destination) == message);
  CHECK(build_discovery_message(message, source, destination) == octets(hex));
}

// By hand from RFC 6275 6.5 and 6.6 and RFC 3963 7.1 and 7.2, the checksums by a script.
TEST_CASE("DHAAD-01, NEMO-05: a discovery request's octets, a router's too") {
  check_octets("9000030312340000", HomeAgentDiscoveryRequest{.identifier = 0x1234}, kCareOf,
               kAnycast);
  check_octets("9000830212348000",
               HomeAgentDiscoveryRequest{.identifier = 0x1234, .mobile_router = true}, kCareOf,
               kAnycast);
}

TEST_CASE("DHAAD-01, NEMO-05: a discovery reply's octets") {
  check_octets(
      "9100245512348000"
      "20010db8000b00000000000000000001 20010db8000b00000000000000000002",
      HomeAgentDiscoveryReply{.identifier = 0x1234,
                              .mobile_router = true,
                              .home_agents = {kHomeAgent, ip("2001:db8:b::2")}},
      kHomeAgent, kCareOf);
}

// The kernel's packets of the golden cases. Home addresses stand in for the care-of ones of the
// IPv6 header.
TEST_CASE("MPD-01: the octets of a prefix solicitation and an advertisement") {
  check_octets("920010df00550000", MobilePrefixSolicitation{.identifier = 0x55}, kHome, kHomeAgent);
  check_octets("93004fde0055c000",
               MobilePrefixAdvertisement{.identifier = 0x55, .managed = true, .other = true},
               kHomeAgent, kHome);
  CHECK_FALSE(parse_discovery_exactly(octets("920010df00550000"), kCareOf, kHomeAgent));
}

TEST_CASE("MPD-01: an advertisement's prefixes are options of router advertisements") {
  const MobilePrefixAdvertisement advertisement{
      .identifier = 0x55,
      .managed = true,
      .prefixes = {
          {.prefix = {kHomeAgent, 64},
           .flags = {PrefixFlag::Autonomous, PrefixFlag::OnLink, PrefixFlag::RouterAddress},
           .valid = PrefixLifetime{86400},
           .preferred = PrefixLifetime{14400}}}};
  check_octets(
      "9300945300558000 030440e0 00015180 00003840 00000000 20010db8000b00000000000000000001",
      advertisement, kHomeAgent, kHome);
}

Octets with_icmp_checksum(Octets message) {
  set_icmp_checksum(message, kHomeAgent, kHome);
  return message;
}
std::optional<DiscoveryMessage> parse(std::string_view hex) {
  return parse_discovery_exactly(with_icmp_checksum(octets(hex)), kHomeAgent, kHome);
}

TEST_CASE("DHAAD-01, MPD-01: reserved bits may hold anything") {
  CHECK(parse("9000000012347fff") ==
        DiscoveryMessage{HomeAgentDiscoveryRequest{.identifier = 0x1234}});
  CHECK(parse("9100000012347fff") ==
        DiscoveryMessage{HomeAgentDiscoveryReply{.identifier = 0x1234}});
  CHECK(parse("920000001234ffff") ==
        DiscoveryMessage{MobilePrefixSolicitation{.identifier = 0x1234}});
  CHECK(parse("9300000012343fff") ==
        DiscoveryMessage{MobilePrefixAdvertisement{.identifier = 0x1234}});
}

TEST_CASE(
    "DHAAD-01, MPD-01: other types and codes, wrong checksums and odd addresses are refused") {
  CHECK(parse("9000000012340000"));
  for (const std::uint8_t type : Octets{0, 128, 133, 134, 143, 148, 255}) {
    Octets message = octets("9000000012340000");
    message[0] = type;
    CHECK_FALSE(parse_discovery_exactly(with_icmp_checksum(message), kHomeAgent, kHome));
  }
  for (const char* const other_code :
       {"9001000012340000", "9101000012340000", "9201000012340000", "93ff000012340000"})
    CHECK_FALSE(parse(other_code));
  CHECK_FALSE(parse_discovery_exactly(octets("9000030412340000"), kCareOf, kAnycast));
  const Octets reply = build_discovery_message(HomeAgentDiscoveryReply{.home_agents = {kHomeAgent}},
                                               kHomeAgent, kHome);
  for (std::size_t size = 8; size < reply.size(); ++size) {
    const Octets cut(reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(parse_discovery_exactly(with_icmp_checksum(cut), kHomeAgent, kHome).has_value() ==
          (size == 8));
  }
}

TEST_CASE("MPD-01: unknown options are skipped, those that do not fit make it malformed") {
  const DiscoveryMessage plain = MobilePrefixAdvertisement{.identifier = 0x1234};
  CHECK(parse("9300000012340000 0101020000000041 c801000000000000") == plain);
  CHECK(parse("9200000012340000 c802000000000000 0000000000000000") ==
        DiscoveryMessage{MobilePrefixSolicitation{.identifier = 0x1234}});
  // A prefix option of another length, and a prefix longer than an address, are no prefixes.
  CHECK(parse("9300000012340000 0301000000000000") == plain);
  CHECK(parse("9300000012340000 030481e0 00015180 00003840 00000000"
              "20010db8000b00000000000000000001") == plain);
  for (const char* const type : {"92", "93"})
    for (const char* const bad : {"c8", "c800", "c800000000000000", "c802000000000000",
                                  "c8010000000000", "c801000000000000 c8"})
      CHECK_FALSE(parse(std::string(type) + "00000012340000" + bad));
}

TEST_CASE("DHAAD-01, MPD-01, DP-08: 10 000 mutated messages are judged without reading on") {
  FixedRandom random(6275);
  std::vector<Octets> samples;
  for (const char* const hex : {"9000000012348000", "9200000000550000 0101020000000041"})
    samples.push_back(octets(hex));
  const PrefixInformation prefix{.prefix = {kHomeAgent, 64}, .flags = {PrefixFlag::OnLink}};
  samples.push_back(build_discovery_message(
      HomeAgentDiscoveryReply{.home_agents = {kHomeAgent, kHome}}, kHomeAgent, kHome));
  samples.push_back(build_discovery_message(MobilePrefixAdvertisement{.prefixes = {prefix, prefix}},
                                            kHomeAgent, kHome));
  std::size_t taken_ones = 0;
  for (int round = 0; round < 10'000; ++round) {
    Octets message = samples[random.below(static_cast<std::uint32_t>(samples.size()))];
    for (int i = 0; i < 3; ++i)
      message[random.below(static_cast<std::uint32_t>(message.size()))] =
          static_cast<std::uint8_t>(random.below(16));
    if (random.below(3) == 0) message.resize(8 + random.below(100));
    message[1] = 0;
    const auto taken =
        parse_discovery_exactly(with_icmp_checksum(std::move(message)), kHomeAgent, kHome);
    if (!taken) continue;
    ++taken_ones;
    REQUIRE(is_read_again(*taken));
  }
  CHECK(taken_ones > 500);
}

TEST_CASE("DHAAD-01: a message shorter than its header is refused") {
  for (std::size_t size = 0; size < 8; ++size)
    CHECK_FALSE(parse_discovery_exactly(Octets(size, 0x90), kHomeAgent, kHome));
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_discovery_test
