#include "tests/support/packet_builder.h"

#include <numeric>
#include <stdexcept>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

Address address(std::string_view text) {
  const Expected<Address> parsed = Address::parse(text);
  if (!parsed) throw std::invalid_argument(to_string(parsed.error()));
  return *parsed;
}

void append(PacketBytes& bytes, ByteView more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

template <std::unsigned_integral T>
void append_be(PacketBytes& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  store_be(&bytes[bytes.size() - sizeof value], value);
}

// Where the upper-layer header holds its checksum over pseudo-header and all; 0: nowhere.
std::size_t checksum_offset(std::uint8_t protocol) {
  switch (protocol) {
    case kProtocolUdp:
      return 6;
    case kProtocolTcp:
      return 16;
    case kProtocolIcmp:
    case kProtocolIcmpv6:
      return 2;
    case kProtocolMobility:
      return 4;
    default:
      return 0;
  }
}

}  // namespace

PacketBuilder::PacketBuilder(std::string_view source, std::string_view destination)
    : PacketBuilder(address(source), address(destination)) {}

PacketBuilder::PacketBuilder(const Address& source, const Address& destination)
    : source_(source), destination_(destination) {
  if (source.family != destination.family)
    throw std::invalid_argument("source and destination are of two families");
}

PacketBuilder& PacketBuilder::ethernet(const MacAddress& destination, const MacAddress& source) {
  link_.clear();
  append(link_, destination.bytes);
  append(link_, source.bytes);
  append_be<std::uint16_t>(link_, source_.family == Family::V4 ? 0x0800 : 0x86dd);
  return *this;
}

PacketBuilder& PacketBuilder::vlan(std::uint16_t id) {
  PacketBytes tag;
  append_be<std::uint16_t>(tag, 0x8100);
  append_be(tag, id);
  link_.insert(link_.begin() + 12, tag.begin(), tag.end());
  return *this;
}

PacketBuilder& PacketBuilder::traffic_class(std::uint8_t value) {
  traffic_class_ = value;
  return *this;
}

PacketBuilder& PacketBuilder::hop_limit(std::uint8_t value) {
  hop_limit_ = value;
  return *this;
}

PacketBuilder& PacketBuilder::flow_label(std::uint32_t value) {
  flow_label_ = value;
  return *this;
}

PacketBuilder& PacketBuilder::id(std::uint16_t value) {
  id_ = value;
  return *this;
}

PacketBuilder& PacketBuilder::dont_fragment() {
  dont_fragment_ = true;
  return *this;
}

PacketBuilder& PacketBuilder::options(PacketBytes bytes) {
  options_ = std::move(bytes);
  options_.resize((options_.size() + 3) / 4 * 4);
  return *this;
}

PacketBuilder& PacketBuilder::fragment(FragmentPlace place) {
  fragment_ = place;
  if (source_.family == Family::V4) return *this;
  PacketBytes header(2);
  append_be<std::uint16_t>(header, static_cast<std::uint16_t>(place.offset | (place.more ? 1 : 0)));
  append_be(header, place.id);
  extensions_.push_back({kProtocolFragment, std::move(header)});
  return *this;
}

PacketBuilder& PacketBuilder::hop_by_hop(PacketBytes options) {
  return options_header(kProtocolHopByHop, std::move(options));
}

PacketBuilder& PacketBuilder::destination_options(PacketBytes options) {
  return options_header(kProtocolDestination, std::move(options));
}

PacketBuilder& PacketBuilder::routing(std::uint8_t type, std::uint8_t segments_left) {
  PacketBytes body{type, segments_left, 0, 0, 0, 0};
  append(body, destination_.wire());
  return extension(kProtocolRouting, std::move(body));
}

PacketBuilder& PacketBuilder::extension(std::uint8_t protocol, PacketBytes body) {
  PacketBytes header{0, static_cast<std::uint8_t>((body.size() + 2) / 8 - 1)};
  append(header, body);
  extensions_.push_back({protocol, std::move(header)});
  return *this;
}

PacketBuilder& PacketBuilder::options_header(std::uint8_t protocol, PacketBytes options) {
  constexpr std::uint8_t kPad1 = 0, kPadN = 1;
  const std::size_t missing = (8 - (options.size() + 2) % 8) % 8;
  if (missing == 1) {
    options.push_back(kPad1);
  } else if (missing > 1) {
    options.insert(options.end(), {kPadN, static_cast<std::uint8_t>(missing - 2)});
    options.resize(options.size() + missing - 2);
  }
  return extension(protocol, std::move(options));
}

PacketBuilder& PacketBuilder::upper(std::uint8_t protocol, PacketBytes header) {
  protocol_ = protocol;
  upper_header_ = std::move(header);
  return *this;
}

PacketBuilder& PacketBuilder::udp(std::uint16_t source_port, std::uint16_t destination_port) {
  PacketBytes header;
  append_be(header, source_port);
  append_be(header, destination_port);
  header.resize(8);
  return upper(kProtocolUdp, std::move(header));
}

PacketBuilder& PacketBuilder::tcp(std::uint16_t source_port, std::uint16_t destination_port) {
  constexpr std::uint16_t kFiveWordsAck = 0x5010;
  PacketBytes header;
  append_be(header, source_port);
  append_be(header, destination_port);
  append_be<std::uint64_t>(header, 0x0000000100000001);
  append_be(header, kFiveWordsAck);
  append_be<std::uint16_t>(header, 0xffff);
  header.resize(20);
  return upper(kProtocolTcp, std::move(header));
}

PacketBuilder& PacketBuilder::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
  PacketBytes header{type, code, 0, 0};
  append_be(header, rest);
  return upper(source_.family == Family::V4 ? kProtocolIcmp : kProtocolIcmpv6, std::move(header));
}

PacketBuilder& PacketBuilder::mobility(std::uint8_t type) {
  return upper(kProtocolMobility, {kProtocolNone, 0, type, 0, 0, 0, 0, 0});
}

PacketBuilder& PacketBuilder::esp(std::uint32_t spi, std::uint32_t sequence) {
  PacketBytes header;
  append_be(header, spi);
  append_be(header, sequence);
  return upper(kProtocolEsp, std::move(header));
}

PacketBuilder& PacketBuilder::protocol(std::uint8_t number) { return upper(number, {}); }

PacketBuilder& PacketBuilder::payload(PacketBytes bytes) {
  payload_ = std::move(bytes);
  return *this;
}

PacketBuilder& PacketBuilder::filler(std::size_t size) {
  payload_.resize(size);
  std::iota(payload_.begin(), payload_.end(), std::uint8_t{0});
  return *this;
}

PacketBytes PacketBuilder::upper_layer() const {
  PacketBytes bytes = upper_header_;
  append(bytes, payload_);
  if (upper_header_.empty()) return bytes;
  if (protocol_ == kProtocolUdp) store_be(&bytes[4], static_cast<std::uint16_t>(bytes.size()));
  const std::size_t at = checksum_offset(protocol_);
  if (at == 0) return bytes;
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t pseudo =
      protocol_ == kProtocolIcmp ? 0 : pseudo_header_sum(source_, destination_, protocol_, length);
  std::uint16_t sum = checksum_finish(checksum_add(bytes, pseudo));
  if (sum == 0 && protocol_ == kProtocolUdp) sum = 0xffff;  // 0 means none (RFC 768)
  store_be(&bytes[at], sum);
  return bytes;
}

void PacketBuilder::append_ipv4(PacketBytes& packet, std::size_t upper_bytes) const {
  const std::size_t header_bytes = sizeof(Ipv4Header) + options_.size();
  const FragmentPlace place = fragment_.value_or(FragmentPlace{});
  const auto flags = (place.more ? Ipv4Header::kMoreFragments : 0) |
                     (dont_fragment_ ? Ipv4Header::kDontFragment : 0) | place.offset / 8;
  PacketBytes header{static_cast<std::uint8_t>(0x40 | header_bytes / 4), traffic_class_};
  append_be(header, static_cast<std::uint16_t>(header_bytes + upper_bytes));
  append_be(header, fragment_ ? static_cast<std::uint16_t>(place.id) : id_);
  append_be(header, static_cast<std::uint16_t>(flags));
  append(header, PacketBytes{hop_limit_, protocol_, 0, 0});
  append(header, source_.wire());
  append(header, destination_.wire());
  append(header, options_);
  store_be(&header[10], checksum(header));
  append(packet, header);
}

void PacketBuilder::append_ipv6(PacketBytes& packet, std::size_t upper_bytes) const {
  std::size_t payload_bytes = upper_bytes;
  for (const Extension& extension : extensions_) payload_bytes += extension.bytes.size();
  append_be(packet, 0x60000000u | std::uint32_t{traffic_class_} << 20 | flow_label_);
  append_be(packet, static_cast<std::uint16_t>(payload_bytes));
  packet.push_back(extensions_.empty() ? protocol_ : extensions_.front().protocol);
  packet.push_back(hop_limit_);
  append(packet, source_.wire());
  append(packet, destination_.wire());
  for (std::size_t i = 0; i < extensions_.size(); ++i) {
    const std::size_t at = packet.size();
    append(packet, extensions_[i].bytes);
    packet[at] = i + 1 < extensions_.size() ? extensions_[i + 1].protocol : protocol_;
  }
}

PacketBytes PacketBuilder::build() const {
  const PacketBytes upper = upper_layer();
  PacketBytes packet = link_;
  if (source_.family == Family::V4)
    append_ipv4(packet, upper.size());
  else
    append_ipv6(packet, upper.size());
  append(packet, upper);
  return packet;
}

}  // namespace sallyport
