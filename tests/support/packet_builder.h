// Builds test packets: lengths, checksums and header chains are right unless a test breaks them.
//
//   const auto ping = PacketBuilder("192.0.2.1", "198.51.100.1").icmp(8, 0).filler(56).build();
//   const auto tiny = PacketBuilder("2001:db8::1", "2001:db8::2").hop_by_hop()
//                         .fragment({.offset = 0, .more = true}).udp(500, 500).build();
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/protocol.h"

namespace sallyport {

using PacketBytes = std::vector<std::uint8_t>;

// Where a fragment stands in its datagram; `offset` in octets, a multiple of 8.
struct FragmentPlace {
  std::uint16_t offset{};
  bool more{};
  std::uint32_t id{1};
};

class PacketBuilder {
 public:
  // The addresses say which family; throws std::invalid_argument where they are none.
  PacketBuilder(std::string_view source, std::string_view destination);
  PacketBuilder(const Address& source, const Address& destination);

  PacketBuilder& ethernet(const MacAddress& destination, const MacAddress& source);
  PacketBuilder& vlan(std::uint16_t id);  // after ethernet

  PacketBuilder& traffic_class(std::uint8_t value);
  PacketBuilder& hop_limit(std::uint8_t value);
  PacketBuilder& flow_label(std::uint32_t value);  // IPv6
  PacketBuilder& id(std::uint16_t value);          // IPv4
  PacketBuilder& dont_fragment();                  // IPv4
  PacketBuilder& options(PacketBytes bytes);       // IPv4; filled up to 32 bits with zeros

  // IPv4: the header fields. IPv6: a fragment header at this place of the chain.
  PacketBuilder& fragment(FragmentPlace place);
  // IPv6 extension headers, in the order of the calls; options are filled up with PadN.
  PacketBuilder& hop_by_hop(PacketBytes options = {});
  PacketBuilder& destination_options(PacketBytes options = {});
  PacketBuilder& routing(std::uint8_t type, std::uint8_t segments_left);  // one address
  // `body` follows the two octets of next header and length: 6 octets, 14, 22, ...
  PacketBuilder& extension(std::uint8_t protocol, PacketBytes body);

  PacketBuilder& udp(std::uint16_t source_port, std::uint16_t destination_port);
  PacketBuilder& tcp(std::uint16_t source_port, std::uint16_t destination_port);
  // Protocol 1 or 58, as the family wants.
  PacketBuilder& icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);
  PacketBuilder& mobility(std::uint8_t type);
  PacketBuilder& esp(std::uint32_t spi, std::uint32_t sequence);
  // A protocol that has no header here: the payload starts at once.
  PacketBuilder& protocol(std::uint8_t number);

  PacketBuilder& payload(PacketBytes bytes);
  PacketBuilder& filler(std::size_t size);  // a payload of 0, 1, 2, ...

  [[nodiscard]] PacketBytes build() const;

 private:
  struct Extension {
    std::uint8_t protocol;
    PacketBytes bytes;
  };
  [[nodiscard]] PacketBytes upper_layer() const;
  void append_ipv4(PacketBytes& packet, std::size_t upper_bytes) const;
  void append_ipv6(PacketBytes& packet, std::size_t upper_bytes) const;
  PacketBuilder& options_header(std::uint8_t protocol, PacketBytes options);
  PacketBuilder& upper(std::uint8_t protocol, PacketBytes header);

  Address source_;
  Address destination_;
  PacketBytes link_;
  PacketBytes options_;
  std::optional<FragmentPlace> fragment_;
  std::vector<Extension> extensions_;
  PacketBytes upper_header_;
  PacketBytes payload_;
  std::uint32_t flow_label_{};
  std::uint16_t id_{1};
  std::uint8_t traffic_class_{};
  std::uint8_t hop_limit_{64};
  std::uint8_t protocol_{kProtocolNone};
  bool dont_fragment_{};
};

}  // namespace sallyport
