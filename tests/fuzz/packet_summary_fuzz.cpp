// Fuzzes summarize(): no read past the end, and what it says is true of the packet.
// First octet: which extension headers are skipped, and whether lengths are made to agree.
#include <array>
#include <cstdlib>
#include <memory>

#include "net/packet_summary.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// The length fields of the datagram say its true length, so that the fuzzer need not find out.
void repair_length(MutableBytes datagram) {
  if (datagram.size() < 40 || datagram.size() > 0xffff) return;
  if (datagram[0] >> 4 == 4) store_be(&datagram[2], static_cast<std::uint16_t>(datagram.size()));
  if (datagram[0] >> 4 == 6)
    store_be(&datagram[4], static_cast<std::uint16_t>(datagram.size() - 40));
}

// The IPv4 header checksum becomes right.
void repair_checksum(MutableBytes datagram) {
  if (datagram.size() < 20 || datagram[0] >> 4 != 4) return;
  const std::size_t header = std::min<std::size_t>((datagram[0] & 0x0fu) * 4u, datagram.size());
  std::uint32_t sum = 0;
  store_be(&datagram[10], std::uint16_t{0});
  for (std::size_t i = 0; i + 1 < header; i += 2) sum += load_be<std::uint16_t>(&datagram[i]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  store_be(&datagram[10], static_cast<std::uint16_t>(~sum));
}

void check(ByteView datagram, const PacketSummary& summary) {
  const std::uint32_t header = summary.family == Family::V4 ? 20 : 40;
  require(summary.length <= datagram.size());
  require(summary.upper_offset >= header && summary.upper_offset <= summary.length);
  require(summary.transport_offset >= header);
  require(summary.transport_offset <= summary.outside_offset);
  require(summary.outside_offset <= summary.upper_offset);
  require(summary.protocol_offset < summary.upper_offset);
  require(summary.transport_protocol_offset < summary.transport_offset);
  require(summary.outside_protocol_offset < summary.outside_offset);
  require(!summary.later_fragment || (summary.fragment && !summary.ports_visible));
  if (summary.protocol != kProtocolOpaque)
    require(datagram[summary.protocol_offset] == summary.protocol);
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    const SelectorFields fields = selector_fields(summary, direction);
    require(matches(Selector{}, fields));
    require(summary.ports_visible == (fields.local_port != kUnavailable));
    require(summary.ports_visible == (fields.remote_port != kUnavailable));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto exact = std::make_unique<std::uint8_t[]>(size - 1);
  const MutableBytes datagram(exact.get(), size - 1);
  std::copy(data + 1, data + size, exact.get());
  if ((data[0] & 1) != 0) repair_length(datagram);
  if ((data[0] & 2) != 0) repair_checksum(datagram);
  constexpr std::array<std::uint8_t, 9> kKnown{0, 43, 44, 60, 135, 139, 140, 253, 254};
  const auto skipped = SkippedHeaders::of(std::span(kKnown).first((data[0] >> 2) % 10));
  PacketSummary summary;
  if (summarize(datagram, summary, *skipped) == ParseVerdict::Good) check(datagram, summary);
  return 0;
}
