#include "tests/net/reference_parser.h"

#include <set>

#include "net/address.h"

namespace sallyport {
namespace {

unsigned two(ByteView bytes, std::size_t at) { return bytes[at] * 256u + bytes[at + 1]; }

bool within(const Address& address, std::string_view prefix) {
  return Prefix::parse(prefix)->contains(address);
}

bool bad_v4(const Address& source, const Address& destination) {
  for (const char* nowhere : {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"})
    if (within(source, nowhere)) return true;
  if (to_string(destination) == "255.255.255.255") return false;
  return within(destination, "0.0.0.0/8") || within(destination, "127.0.0.0/8") ||
         within(destination, "240.0.0.0/4");
}

bool bad_v6(const Address& source, const Address& destination) {
  for (const char* nowhere : {"::1/128", "::ffff:0:0/96"})
    if (within(source, nowhere) || within(destination, nowhere)) return true;
  const bool group = within(destination, "ff00::/8");
  const unsigned scope = destination.bytes[1] % 16;
  if (within(source, "ff00::/8") || within(destination, "::/128")) return true;
  if (within(source, "::/128") && !group) return true;
  return group && scope < 2;
}

// Fills in what stands in place of ports; false where a whole datagram lacks it.
bool read_port_like(ByteView datagram, ReferencePacket& packet) {
  static const std::set<unsigned> kWithPorts{6, 17, 33, 132, 136};
  const bool ports = kWithPorts.contains(packet.protocol);
  const bool icmp = packet.protocol == 1 || packet.protocol == 58;
  const bool mobility = packet.protocol == 135;
  if (packet.later_fragment || !(ports || icmp || mobility)) return true;
  const std::size_t there = packet.length - packet.upper_offset;
  if (there < (ports ? 4u : icmp ? 2u : 3u)) return packet.fragment;
  packet.port_like =
      mobility ? datagram[packet.upper_offset + 2] * 256u : two(datagram, packet.upper_offset);
  return true;
}

bool good_v4_options(ByteView options) {
  for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
    if (options[at] == 1) {
      ++at;
      continue;
    }
    if (options[at] == 131 || options[at] == 137) return false;
    if (at + 1 >= options.size() || options[at + 1] < 2) return false;
    at += options[at + 1];
    if (at > options.size()) return false;
  }
  return true;
}

std::optional<ReferencePacket> parse_v4(ByteView datagram) {
  if (datagram.size() < 20) return std::nullopt;
  ReferencePacket packet;
  packet.upper_offset = datagram[0] % 16 * 4u;
  packet.length = two(datagram, 2);
  packet.protocol = datagram[9];
  if (packet.upper_offset < 20 || packet.upper_offset > packet.length) return std::nullopt;
  if (packet.length > datagram.size()) return std::nullopt;
  unsigned sum = 0;
  for (std::size_t at = 0; at < packet.upper_offset; at += 2) sum += two(datagram, at);
  if (sum % 0xffff != 0) return std::nullopt;
  const Address source = Address::v4(two(datagram, 12) << 16 | two(datagram, 14));
  const Address destination = Address::v4(two(datagram, 16) << 16 | two(datagram, 18));
  if (bad_v4(source, destination)) return std::nullopt;
  if (!good_v4_options(datagram.subspan(20, packet.upper_offset - 20))) return std::nullopt;
  const unsigned place = two(datagram, 6);
  packet.later_fragment = place % 0x2000 != 0;
  packet.fragment = packet.later_fragment || (place & 0x2000) != 0;
  if (!read_port_like(datagram, packet)) return std::nullopt;
  return packet;
}

// False: to be dropped. Leaves in `packet` the first header that is none of 0, 43, 44, 60.
bool walk_v6(ByteView datagram, ReferencePacket& packet) {
  for (unsigned count = 0; packet.protocol == 0 || packet.protocol == 43 || packet.protocol == 44 ||
                           packet.protocol == 60;
       ++count) {
    if (packet.later_fragment) {
      packet.protocol = kProtocolOpaque;
      return true;
    }
    if (count == 8) return false;
    const std::size_t left = packet.length - packet.upper_offset;
    const std::size_t size = left < 8                ? 8
                             : packet.protocol == 44 ? 8
                                                     : datagram[packet.upper_offset + 1] * 8u + 8u;
    if (left < size) {
      packet.protocol = kProtocolOpaque;
      return packet.fragment;
    }
    const ByteView header = datagram.subspan(packet.upper_offset, size);
    if (packet.protocol == 0 && packet.upper_offset != 40) return false;
    if (packet.protocol == 43 && header[2] == 0 && header[3] > 0) return false;
    if (packet.protocol == 44) {
      packet.later_fragment = two(header, 2) >= 8;
      packet.fragment = packet.fragment || packet.later_fragment || header[3] % 2 == 1;
    }
    packet.protocol = header[0];
    packet.upper_offset += size;
  }
  return true;
}

std::optional<ReferencePacket> parse_v6(ByteView datagram) {
  if (datagram.size() < 40) return std::nullopt;
  ReferencePacket packet;
  packet.length = two(datagram, 4) + 40;
  packet.upper_offset = 40;
  packet.protocol = datagram[6];
  if (packet.length > datagram.size()) return std::nullopt;
  const Address source = Address::v6(datagram.subspan<8, 16>());
  const Address destination = Address::v6(datagram.subspan<24, 16>());
  if (bad_v6(source, destination) || !walk_v6(datagram, packet)) return std::nullopt;
  if (!read_port_like(datagram, packet)) return std::nullopt;
  return packet;
}

}  // namespace

std::optional<ReferencePacket> reference_parse(ByteView datagram) {
  if (datagram.empty()) return std::nullopt;
  if (datagram[0] / 16 == 4) return parse_v4(datagram);
  if (datagram[0] / 16 == 6) return parse_v6(datagram);
  return std::nullopt;
}

}  // namespace sallyport
