// Fuzzes carried_packet() and what judges an ICMP error by it: no read past the end, and what it
// says is true of the octets that are left. First octet: family, then the message.
#include <cstdlib>
#include <memory>

#include "net/icmp_error.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(ByteView message, const CarriedPacket& carried, Family family) {
  constexpr std::size_t kIcmpBytes = 8;
  const PacketSummary& summary = carried.summary;
  const ByteView packet = message.subspan(kIcmpBytes);
  require(summary.family == family);
  require(packet.size() >= (family == Family::V4 ? 20u : 40u));
  require(carried.upper.empty() || carried.upper.data() == packet.data() + summary.upper_offset);
  require(carried.upper.size() <= packet.size());
  require(!summary.later_fragment || (summary.fragment && carried.upper.empty()));
  require(!summary.ports_visible || carried.upper.size() >= 2);
  require(summary.protocol != kProtocolOpaque || !summary.ports_visible);
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    const SelectorFields fields = selector_fields(summary, direction);
    require(matches(Selector{}, fields));
    require(summary.ports_visible == (fields.local_port != kUnavailable));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto exact = std::make_unique<std::uint8_t[]>(size - 1);
  const ByteView message(exact.get(), size - 1);
  std::copy(data + 1, data + size, exact.get());
  const Family family = (data[0] & 1) != 0 ? Family::V4 : Family::V6;
  if (const auto carried = carried_packet(message, family)) check(message, *carried, family);
  PacketSummary summary;
  if (summarize(message, summary) == ParseVerdict::Good)
    static_cast<void>(carries_ipsec(summary, message));
  return 0;
}
