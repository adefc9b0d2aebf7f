#include "net/icmp_error.h"

#include "tests/net/summarize_exactly.h"

namespace sallyport::icmp_error_test {
namespace {

// In a heap buffer of exactly its size, so that ASan sees one octet too far.
struct Exact {
  explicit Exact(ByteView given)
      : bytes(std::make_unique<std::uint8_t[]>(given.size())), size(given.size()) {
    std::copy(given.begin(), given.end(), bytes.get());
  }
  [[nodiscard]] ByteView view() const { return {bytes.get(), size}; }
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size;
};

PacketBytes message_about(const PacketBytes& packet, std::size_t left = 0xffff) {
  PacketBytes message(8);
  message.insert(message.end(), packet.begin(),
                 packet.begin() + static_cast<std::ptrdiff_t>(std::min(left, packet.size())));
  return message;
}

}  // namespace

TEST_CASE("ICMP-03, ICMP-04: a whole carried packet reads as the packet itself") {
  const PacketBytes packets[] = {
      v4().tcp(443, 50000).filler(30).build(),
      v4().options({1, 1, 1, 1}).udp(53, 53).filler(9).build(),
      v4().icmp(8, 0).build(),
      v4().esp(0x1000, 7).filler(20).build(),
      v4().fragment({.offset = 0, .more = true}).udp(1, 2).filler(20).build(),
      v4().fragment({.offset = 64, .more = true}).protocol(17).filler(20).build(),
      v6().tcp(443, 50000).build(),
      v6().hop_by_hop().destination_options().routing(4, 0).udp(53, 54).filler(3).build(),
      v6().fragment({.offset = 0, .more = true}).udp(1, 2).filler(20).build(),
      v6().fragment({.offset = 64, .more = false}).protocol(17).filler(20).build(),
      v6().mobility(5).build(),
      v6().icmp(128, 0).build(),
      v6().esp(0x1000, 7).filler(20).build(),
  };
  for (const PacketBytes& packet : packets) {
    const PacketSummary whole = good(packet);
    const Exact message(message_about(packet));
    const auto carried = carried_packet(message.view(), whole.family);
    REQUIRE(carried);
    const PacketSummary& summary = carried->summary;
    CHECK(summary.source == whole.source);
    CHECK(summary.destination == whole.destination);
    CHECK(summary.protocol == whole.protocol);
    CHECK(summary.length == whole.length);
    CHECK(summary.fragment == whole.fragment);
    CHECK(summary.later_fragment == whole.later_fragment);
    CHECK(summary.ports_visible == whole.ports_visible);
    CHECK(summary.source_port == whole.source_port);
    CHECK(summary.destination_port == whole.destination_port);
    if (!whole.later_fragment) CHECK(summary.upper_offset == whole.upper_offset);
    // The other family's parser wants none of it.
    CHECK_FALSE(
        carried_packet(message.view(), whole.family == Family::V4 ? Family::V6 : Family::V4));
  }
}

TEST_CASE("ICMP-03: cut anywhere, a carried packet shows what is left and no more") {
  const PacketBytes packets[] = {
      v4().options({1, 1, 1, 1}).tcp(443, 50000).build(),
      v6().hop_by_hop()
          .fragment({.offset = 0, .more = true})
          .destination_options()
          .tcp(443, 50000)
          .build(),
  };
  for (const PacketBytes& packet : packets) {
    const bool v4 = packet[0] >> 4 == 4;
    const PacketSummary whole = good(packet);
    for (std::size_t left = 0; left <= packet.size(); ++left) {
      INFO(left);
      const Exact message(message_about(packet, left));
      const auto carried = carried_packet(message.view(), whole.family);
      REQUIRE(carried.has_value() == (left >= (v4 ? 20u : 40u)));
      if (!carried) continue;
      CHECK(carried->summary.ports_visible == (left >= whole.upper_offset + 4u));
      const bool protocol_shown = v4 || left >= whole.upper_offset;
      CHECK(carried->summary.protocol ==
            (protocol_shown ? std::uint8_t{kProtocolTcp} : kProtocolOpaque));
    }
  }
}

TEST_CASE("ICMP-03: endless and absurd extension headers end in a hidden protocol") {
  PacketBuilder many = v6();
  for (unsigned i = 0; i <= kMaxExtensionHeaders; ++i) many.destination_options();
  const Exact chain(message_about(many.udp(1, 2).build()));
  CHECK(carried_packet(chain.view(), Family::V6)->summary.protocol == kProtocolOpaque);
  PacketBytes long_one = v6().destination_options().udp(1, 2).build();
  long_one[41] = 255;
  const Exact beyond(message_about(long_one));
  const auto carried = carried_packet(beyond.view(), Family::V6);
  CHECK_FALSE(carried->summary.ports_visible);
  CHECK(carried->upper.empty());
}

TEST_CASE("ICMP-04: what counts as an error that carries a packet") {
  const auto is_error = [](const PacketBuilder& message) {
    return is_icmp_error(good(message.build()));
  };
  for (const std::uint8_t type : octets({3, 11, 12})) CHECK(is_error(v4().icmp(type, 0)));
  for (const std::uint8_t type : octets({0, 4, 5, 8, 13, 42}))
    CHECK_FALSE(is_error(v4().icmp(type, 0)));
  for (const std::uint8_t type : octets({1, 2, 3, 4, 100, 127}))
    CHECK(is_error(v6().icmp(type, 0)));
  for (const std::uint8_t type : octets({0, 128, 129, 135, 137, 255}))
    CHECK_FALSE(is_error(v6().icmp(type, 0)));
  CHECK_FALSE(is_error(v4().udp(0x0304, 0)));
  CHECK_FALSE(is_error(v4().fragment({.offset = 0, .more = true}).icmp(3, 4).filler(16)));
  CHECK_FALSE(is_error(v4().fragment({.offset = 8, .more = false}).icmp(3, 4)));
}

TEST_CASE("PMTU-01: an error about IPsec is known by what it carries") {
  const auto about = [](const PacketBytes& packet) {
    const PacketBytes message = v4().icmp(3, 4).payload(packet).build();
    return carries_ipsec(good(message), message);
  };
  CHECK(about(v4().esp(0x1000, 1).build()));
  CHECK(about(v4().protocol(kProtocolAh).filler(24).build()));
  CHECK(about(v4().udp(4500, 60000).build()));
  CHECK_FALSE(about(v4().udp(60000, 4500).build()));
  CHECK_FALSE(about(v4().tcp(4500, 4500).build()));
  CHECK_FALSE(about({}));
  const PacketBytes echo = v4().icmp(8, 0).payload(v4().esp(0x1000, 1).build()).build();
  CHECK_FALSE(carries_ipsec(good(echo), echo));
}

}  // namespace sallyport::icmp_error_test
