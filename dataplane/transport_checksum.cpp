#include "dataplane/transport_checksum.h"

#include "net/checksum.h"
#include "net/protocol.h"

namespace sallyport {

void renew_transport_checksum(Packet& packet) noexcept {
  constexpr std::size_t kTcpChecksum = 16;
  constexpr std::size_t kUdpChecksum = 6;
  const PacketSummary& summary = packet.summary;
  const std::size_t field = summary.protocol == kProtocolTcp   ? kTcpChecksum
                            : summary.protocol == kProtocolUdp ? kUdpChecksum
                                                               : 0;
  const ByteView upper = packet.bytes().subspan(summary.upper_offset);
  if (field == 0 || upper.size() < field + 2) return;
  Be16& checksum_field = packet.header<Be16>(summary.upper_offset + field);
  checksum_field.set(0);
  const std::uint32_t pseudo =
      pseudo_header_sum(summary.source_address(), summary.destination_address(), summary.protocol,
                        static_cast<std::uint32_t>(upper.size()));
  const std::uint16_t sum = checksum_finish(checksum_add(upper, pseudo));
  checksum_field.set(sum == 0 && summary.protocol == kProtocolUdp ? 0xffff : sum);
}

}  // namespace sallyport
