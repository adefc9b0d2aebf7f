#include "mip6/router_advertisement.h"

#include <catch2/catch.hpp>
#include <functional>

#include "net/datagram.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/read_again.h"
#include "tests/support/fixed_random.h"
#include "tests/support/packet_builder.h"

namespace sallyport::mip6::test::router_advertisement_test {
namespace {

using sallyport::test::octets;

constexpr std::size_t kIpBytes = 40;
const Address kRouter = ip("fe80::1");
const Address kAllNodes = ip("ff02::1");

RouterAdvertisement home_agents_advertisement() {
  return {.source = kRouter,
          .destination = kAllNodes,
          .hop_limit = 64,
          .flags = {RouterFlag::Managed, RouterFlag::HomeAgent},
          .lifetime = RouterLifetime{1800},
          .retransmit_timer = RouterInterval{1000},
          .link_address = MacAddress{{0x02, 0, 0, 0, 0, 0x41}},
          .mtu = 1500,
          .prefixes = {{.prefix = {kHomeAgent, 64},
                        .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous,
                                  PrefixFlag::RouterAddress},
                        .valid = PrefixLifetime{86400},
                        .preferred = PrefixLifetime{14400}}},
          .advertisement_interval = std::chrono::seconds{3},
          .home_agent = HomeAgentInformation{
              .mobile_router = true, .preference = 10, .lifetime = RouterLifetime{300}}};
}

Octets built(const RouterAdvertisement& advertisement) {
  return build_router_advertisement(advertisement).value();
}

// An advertisement of these ICMPv6 octets, whose checksum and IPv6 header are made right.
Octets datagram_of(Octets icmp, const Address& source = kRouter, std::uint8_t hop_limit = 255) {
  return make_icmp_datagram({.source = source, .destination = kAllNodes, .hop_limit = hop_limit},
                            std::move(icmp));
}

Octets with_options(std::string_view options) {
  Octets icmp = octets("86000000 40a0 0708 00000000 000003e8");
  const Octets bytes = octets(options);
  icmp.insert(icmp.end(), bytes.begin(), bytes.end());
  return datagram_of(std::move(icmp));
}

// By hand from RFC 4861 4.2 and 4.6, RFC 6275 7 and RFC 3963 7.3, the checksum by a script.
TEST_CASE("NDX-01, NEMO-05: a home agent's router advertisement, octet by octet") {
  const Octets wanted = octets(
      "60000000 0050 3aff fe800000000000000000000000000001 ff020000000000000000000000000001"
      "86008ae4 40a00708 00000000 000003e8"
      "0101020000000041 05010000000005dc"
      "030440e0 00015180 00003840 00000000 20010db8000b00000000000000000001"
      "0701000000000bb8 08018000000a012c");
  CHECK(built(home_agents_advertisement()) == wanted);
  CHECK(parse_advertisement_exactly(wanted) == home_agents_advertisement());
}

TEST_CASE("NDX-01: each flag has its bit, and bits without a name are ignored") {
  const auto flags_of = [](std::uint8_t bits) {
    Octets icmp = octets("86000000 4000 0708 00000000 000003e8");
    icmp[5] = bits;
    return parse_advertisement_exactly(datagram_of(std::move(icmp))).value().flags;
  };
  CHECK(flags_of(0x80) == Flags<RouterFlag>{RouterFlag::Managed});
  CHECK(flags_of(0x40) == Flags<RouterFlag>{RouterFlag::Other});
  CHECK(flags_of(0x20) == Flags<RouterFlag>{RouterFlag::HomeAgent});
  CHECK(flags_of(0x1f) == Flags<RouterFlag>{});
  const auto prefix_flags_of = [](const char* bits) {
    const auto parsed = parse_advertisement_exactly(
        with_options(std::string("030440") + bits +
                     "00015180 00003840 00000000 20010db8000b00000000000000000000"));
    return parsed.value().prefixes.at(0).flags;
  };
  CHECK(prefix_flags_of("80") == Flags<PrefixFlag>{PrefixFlag::OnLink});
  CHECK(prefix_flags_of("40") == Flags<PrefixFlag>{PrefixFlag::Autonomous});
  CHECK(prefix_flags_of("20") == Flags<PrefixFlag>{PrefixFlag::RouterAddress});
  CHECK(prefix_flags_of("1f") == Flags<PrefixFlag>{});
}

TEST_CASE("NDX-01: host bits of a prefix count with the router's flag alone, either way") {
  const char* const lifetimes_and_address =
      "ffffffff ffffffff 00000000 20010db8000b00000000000000000001";
  const auto prefix_of = [&](const char* flags) {
    return parse_advertisement_exactly(
               with_options(std::string("030440") + flags + lifetimes_and_address))
        .value()
        .prefixes.at(0);
  };
  CHECK(prefix_of("e0").prefix.address == kHomeAgent);
  CHECK(prefix_of("c0").prefix.address == ip("2001:db8:b::"));
  CHECK(prefix_of("c0").valid == kForever);
  RouterAdvertisement advertisement = home_agents_advertisement();
  advertisement.prefixes[0].flags = {PrefixFlag::OnLink};
  const auto again = parse_advertisement_exactly(built(advertisement));
  REQUIRE(again);
  CHECK(again->prefixes[0].prefix == Prefix{ip("2001:db8:b::"), 64});
}

TEST_CASE("NDX-01: a home agent's information is sent with the flag and a lifetime only") {
  RouterAdvertisement advertisement = home_agents_advertisement();
  advertisement.flags = {RouterFlag::Managed};
  CHECK_FALSE(build_router_advertisement(advertisement));
  advertisement = home_agents_advertisement();
  advertisement.home_agent->lifetime = RouterLifetime{0};
  CHECK_FALSE(build_router_advertisement(advertisement));
  advertisement.home_agent.reset();
  CHECK(build_router_advertisement(advertisement));
  // But it is taken, as a home agent's last word.
  const auto parsed = parse_advertisement_exactly(with_options("0801 0000 0000 0000"));
  REQUIRE(parsed);
  CHECK(parsed->home_agent == HomeAgentInformation{});
}

TEST_CASE("NDX-01: options of unknown types or of other lengths than theirs are skipped") {
  const auto plain = parse_advertisement_exactly(with_options(""));
  REQUIRE(plain);
  const std::string long_body = "000000000000 0000000000000000";
  for (const char* const type : {"01", "03", "05", "07", "08", "c8"})
    CHECK(parse_advertisement_exactly(with_options(std::string(type) + "02" + long_body)) == plain);
  CHECK(parse_advertisement_exactly(with_options("0301000000000000")) == plain);
  CHECK(parse_advertisement_exactly(with_options("c801000000000000")) == plain);
  CHECK(parse_advertisement_exactly(with_options(
            "030481c0 00015180 00003840 00000000 20010db8000b00000000000000000000")) == plain);
}

TEST_CASE("NDX-01: an option that has no length or does not fit makes it malformed") {
  for (const char* const bad :
       {"07", "0700", "0700000000000000", "0702000000000000", "07010000000000",
        "0101020000000041 00", "0101030000000041"})  // the last: a group's link address
    CHECK_FALSE(parse_advertisement_exactly(with_options(bad)));
}

TEST_CASE("RFC 4861 6.1.2: each check, alone, refuses a router advertisement") {
  const Octets icmp = octets("86000000 40a0 0708 00000000 000003e8");
  CHECK(parse_advertisement_exactly(datagram_of(icmp)));
  CHECK_FALSE(parse_advertisement_exactly(datagram_of(icmp, ip("2001:db8::1"))));
  CHECK_FALSE(parse_advertisement_exactly(datagram_of(icmp, kRouter, 254)));
  Octets other = icmp;
  other[1] = 1;
  CHECK_FALSE(parse_advertisement_exactly(datagram_of(other)));
  other = icmp;
  other[0] = 133;
  CHECK_FALSE(parse_advertisement_exactly(datagram_of(other)));
  other = datagram_of(icmp);
  other[kIpBytes + 2] ^= 1;
  CHECK_FALSE(parse_advertisement_exactly(other));
  for (std::size_t size = 8; size < icmp.size(); ++size)
    CHECK_FALSE(parse_advertisement_exactly(
        datagram_of({icmp.begin(), icmp.begin() + static_cast<std::ptrdiff_t>(size)})));
}

TEST_CASE("NDX-01: an advertisement that came in fragments, or in no ICMPv6, is refused") {
  const auto parse = [](const PacketBuilder& builder) {
    return parse_advertisement_exactly(builder.build());
  };
  PacketBuilder fragment("fe80::1", "ff02::1");
  fragment.hop_limit(255).fragment({.offset = 0, .more = true}).icmp(134, 0).filler(8);
  CHECK_FALSE(parse(fragment));
  PacketBuilder udp("fe80::1", "ff02::1");
  udp.hop_limit(255).udp(0x8600, 0).filler(16);
  CHECK_FALSE(parse(udp));
}

TEST_CASE("NDX-01, DP-08: 10 000 mutated advertisements are judged without reading on") {
  FixedRandom random(4861);
  const Octets sample = built(home_agents_advertisement());
  std::size_t taken_ones = 0;
  for (int round = 0; round < 10'000; ++round) {
    Octets icmp(sample.begin() + kIpBytes, sample.end());
    for (int i = 0; i < 3; ++i)
      icmp[4 + random.below(static_cast<std::uint32_t>(icmp.size() - 4))] =
          static_cast<std::uint8_t>(random.below(16));
    if (random.below(3) == 0) icmp.resize(16 + random.below(100));
    const auto taken = parse_advertisement_exactly(datagram_of(std::move(icmp)));
    if (!taken) continue;
    ++taken_ones;
    REQUIRE(is_read_again(*taken));
  }
  CHECK(taken_ones > 500);
}

}  // namespace
}  // namespace sallyport::mip6::test::router_advertisement_test
