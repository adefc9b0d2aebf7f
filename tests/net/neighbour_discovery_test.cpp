#include "net/neighbour_discovery.h"

#include <catch2/catch.hpp>
#include <functional>

#include "net/checksum.h"
#include "net/protocol.h"
#include "tests/support/packet_builder.h"

namespace sallyport::neighbour_discovery_test {
namespace {

using Bytes = std::vector<std::uint8_t>;

Address ip(std::string_view text) { return Address::parse(text).value(); }
constexpr MacAddress kMac{{0x02, 0, 0, 0, 0, 7}};

std::optional<NeighbourMessage> parse(ByteView datagram) {
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good) return std::nullopt;
  return parse_neighbour_message(datagram, summary);
}

NeighbourMessage solicitation() {
  return {.kind = NeighbourMessage::Kind::Solicitation,
          .source = ip("2001:db8::7"),
          .destination = ip("ff02::1:ff00:1"),
          .target = ip("2001:db8::1"),
          .link_address = kMac};
}

NeighbourMessage advertisement() {
  return {.kind = NeighbourMessage::Kind::Advertisement,
          .source = ip("2001:db8::1"),
          .destination = ip("2001:db8::7"),
          .target = ip("2001:db8::1"),
          .link_address = kMac,
          .router = true,
          .solicited = true};
}

// The ICMPv6 checksum of a datagram without extension headers, put right again.
void renew_checksum(Bytes& datagram) {
  store_be<std::uint16_t>(&datagram[42], 0);
  const ByteView message = ByteView(datagram).subspan(40);
  PacketSummary summary;
  REQUIRE(summarize(datagram, summary) == ParseVerdict::Good);
  const std::uint32_t pseudo =
      pseudo_header_sum(summary.source_address(), summary.destination_address(), kProtocolIcmpv6,
                        static_cast<std::uint32_t>(message.size()));
  store_be(&datagram[42], checksum_finish(checksum_add(message, pseudo)));
}

Bytes with_options(NeighbourMessage message, const Bytes& options) {
  message.link_address.reset();
  Bytes datagram = build_neighbour_message(message);
  datagram.insert(datagram.end(), options.begin(), options.end());
  store_be(&datagram[4], static_cast<std::uint16_t>(datagram.size() - 40));
  renew_checksum(datagram);
  return datagram;
}

TEST_CASE("RFC 4861 4.3, 4.4: what is built is read again, flag by flag") {
  for (NeighbourMessage message : {solicitation(), advertisement()}) {
    CHECK(parse(build_neighbour_message(message)) == message);
    message.link_address.reset();
    CHECK(parse(build_neighbour_message(message)) == message);
  }
  for (unsigned flags = 0; flags < 8; ++flags) {
    NeighbourMessage message = advertisement();
    message.router = (flags & 4) != 0;
    message.solicited = (flags & 2) != 0;
    message.override = (flags & 1) != 0;
    const Bytes datagram = build_neighbour_message(message);
    CHECK(datagram[44] == flags << 5);
    CHECK(parse(datagram) == message);
  }
}

TEST_CASE("RFC 4861 4.3: a solicitation as Linux sends it, octet by octet") {
  const Bytes datagram{0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0x20, 0x01, 0x0d, 0xb8,
                       0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07,
                       0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
                       0xff, 0x00, 0x00, 0x01, 0x87, 0x00, 0x1c, 0x1d, 0x00, 0x00, 0x00, 0x00,
                       0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                       0x00, 0x00, 0x00, 0x01, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x07};
  CHECK(build_neighbour_message(solicitation()) == datagram);
}

struct Fault {
  const char* name;
  std::function<void(Bytes&)> make;
};

TEST_CASE("RFC 4861 7.1.1, 7.1.2: each check, alone, refuses the message") {
  const auto set = [](std::size_t at, std::uint8_t value) {
    return [=](Bytes& datagram) {
      datagram[at] = value;
      renew_checksum(datagram);
    };
  };
  const Fault faults[] = {
      {"hop limit", set(7, 254)},
      {"code", set(41, 1)},
      {"other type", set(40, 137)},
      {"checksum", [](Bytes& datagram) { datagram[43] ^= 1; }},
      {"multicast target", set(48, 0xff)},
      {"option of no length", set(65, 0)},
      {"option beyond the end", set(65, 2)},
      {"group as link address", set(66, 0x03)},
  };
  for (const NeighbourMessage& message : {solicitation(), advertisement()})
    for (const Fault& fault : faults) {
      INFO(fault.name);
      Bytes datagram = build_neighbour_message(message);
      REQUIRE(parse(datagram));
      fault.make(datagram);
      CHECK_FALSE(parse(datagram));
    }
}

TEST_CASE(
    "RFC 4861 7.1.1: the unspecified source asks a solicited-node group, without an address") {
  NeighbourMessage detection = solicitation();
  detection.source = Address::any(Family::V6);
  CHECK_FALSE(parse(build_neighbour_message(detection)));
  detection.link_address.reset();
  CHECK(parse(build_neighbour_message(detection)));
  detection.destination = ip("ff02::1");
  CHECK_FALSE(parse(build_neighbour_message(detection)));
}

TEST_CASE("RFC 4861 7.1.2: a solicited advertisement has one destination") {
  NeighbourMessage message = advertisement();
  message.destination = ip("ff02::1");
  CHECK_FALSE(parse(build_neighbour_message(message)));
  message.solicited = false;
  CHECK(parse(build_neighbour_message(message)));
}

TEST_CASE("RFC 4861 4.6: options that mean nothing here are passed over") {
  const Bytes nonce{14, 1, 1, 2, 3, 4, 5, 6};
  const Bytes source{1, 1, 2, 0, 0, 0, 0, 7};
  Bytes both = nonce;
  both.insert(both.end(), source.begin(), source.end());
  const auto message = parse(with_options(solicitation(), both));
  REQUIRE(message);
  CHECK(message->link_address == kMac);
  const auto wrong_kind = parse(with_options(advertisement(), source));
  REQUIRE(wrong_kind);
  CHECK_FALSE(wrong_kind->link_address);
  CHECK_FALSE(parse(with_options(solicitation(), {1})));
}

TEST_CASE("RFC 6980: a fragment is no neighbour discovery") {
  const Bytes whole = build_neighbour_message(solicitation());
  const PacketBytes message(whole.begin() + 40, whole.end());
  const auto build = [&](bool fragment) {
    PacketBuilder builder("2001:db8::7", "ff02::1:ff00:1");
    builder.hop_limit(255);
    if (fragment) builder.fragment({.offset = 0, .more = true});
    return builder.protocol(kProtocolIcmpv6).payload(message).build();
  };
  CHECK(parse(build(false)));
  CHECK_FALSE(parse(build(true)));
}

TEST_CASE("RFC 4861: truncated messages are refused at every length") {
  const Bytes whole = build_neighbour_message(solicitation());
  for (std::size_t size = 41; size < whole.size(); ++size) {
    INFO(size);
    Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
    store_be(&cut[4], static_cast<std::uint16_t>(size - 40));
    if (size >= 44) renew_checksum(cut);
    const bool whole_without_option = size == 64;
    CHECK(parse(cut).has_value() == whole_without_option);
  }
}

TEST_CASE("RFC 4291 2.7.1, RFC 2464 7: groups") {
  CHECK(solicited_node(ip("2001:db8::12:3456")) == ip("ff02::1:ff12:3456"));
  CHECK(multicast_mac(ip("ff02::1:ff12:3456")) == MacAddress{{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}});
  CHECK(all_nodes() == ip("ff02::1"));
}

}  // namespace
}  // namespace sallyport::neighbour_discovery_test
