#include "dataplane/audit_trail.h"

#include <algorithm>
#include <optional>

#include "net/esp.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kFlowLabelMask = 0xfffff;
constexpr std::uint32_t kBurst = 10;

std::uint8_t number_of(IpsecProtocol protocol) noexcept {
  return static_cast<std::uint8_t>(protocol);
}

struct IpsecHeader {
  std::uint8_t protocol;
  Spi spi;
  std::uint32_t sequence;  // low half
};

// Where the packet, as it lies there, shows an ESP or AH header (RFC 4302 2, RFC 4303 2).
std::optional<IpsecHeader> ipsec_header(const Packet& packet) noexcept {
  constexpr std::uint32_t kAhSpi = 4;
  const PacketSummary& summary = packet.summary;
  if (summary.later_fragment) return std::nullopt;
  std::uint32_t offset = summary.upper_offset;
  std::uint8_t protocol = summary.protocol;
  if (protocol == kProtocolAh) {
    offset += kAhSpi;
  } else if (protocol == kProtocolUdp && summary.ports_visible &&
             summary.destination_port == kIkeNatPort) {
    offset += sizeof(UdpHeader);
    protocol = kProtocolEsp;
  } else if (protocol != kProtocolEsp) {
    return std::nullopt;
  }
  if (packet.size() < offset + sizeof(EspHeader)) return std::nullopt;
  const auto& header = packet.header<EspHeader>(offset);
  if (header.spi.get() == 0) return std::nullopt;
  return IpsecHeader{protocol, {header.spi.get()}, header.sequence.get()};
}

void describe_addresses(const Packet& packet, Event& event) noexcept {
  const PacketSummary& summary = packet.summary;
  event.source = summary.source;
  event.destination = summary.destination;
  event.family = summary.family;
  event.protocol = summary.protocol;
  event.ports_visible = summary.ports_visible;
  event.source_port = summary.source_port;
  event.destination_port = summary.destination_port;
  event.has_addresses = true;
  if (summary.family == Family::V6 && packet.size() >= sizeof(std::uint32_t))
    event.flow_label = load_be<std::uint32_t>(packet.data()) & kFlowLabelMask;
}

// What came out is no IP packet: the SA's own addresses are what is known.
void describe_addresses(const InboundSa& sa, Event& event) noexcept {
  event.source = sa.source.bytes;
  event.destination = sa.destination.bytes;
  event.family = sa.outer_family;
  event.protocol = number_of(sa.protocol);
  event.has_addresses = true;
}

}  // namespace

AuditTrail::AuditTrail(const Surroundings& surroundings, std::uint32_t per_second) noexcept
    : my_(surroundings) {
  limits_.fill(
      RateLimit::per_second(per_second, std::min(per_second, kBurst), my_.ticks.per_second()));
}

void AuditTrail::record(const Packet& packet, DropReason reason) noexcept {
  Event event{.ticks = my_.ticks.now(),
              .policy = packet.policy,
              .ingress = packet.ingress,
              .worker = my_.worker,
              .kind = EventKind::Drop,
              .reason = reason,
              .direction = packet.sa_direction};
  describe_sa(packet, event);
  if (!my_.switches.covers(event.ipsec_protocol)) return;
  Counter& suppressed = suppressed_[static_cast<std::size_t>(reason)];
  event.suppressed = suppressed.read();
  if (!limits_[static_cast<std::size_t>(reason)].allow(event.ticks)) return suppressed.add();
  event.decapsulated = packet.decapsulated || packet.opening == Opening::Inside;
  if (reason != DropReason::InnerMalformed)
    describe_addresses(packet, event);
  else if (packet.sa != kNoSa)
    describe_addresses(my_.sas.inbound(packet.sa), event);
  if (!my_.events.push(event)) suppressed.add();
}

// The SA that was looked up, or what the packet itself says of one.
void AuditTrail::describe_sa(const Packet& packet, Event& event) const noexcept {
  const bool found = packet.sa != kNoSa;
  if (found && packet.sa_direction == Direction::Outbound) {
    event.sa = packet.sa;
    event.spi = my_.sas.outbound(packet.sa).spi;
    event.ipsec_protocol = number_of(my_.sas.outbound(packet.sa).protocol);
    event.has_sequence = event.reason == DropReason::SequenceExhausted;
    if (event.has_sequence) event.sequence = my_.sas.outbound_state(packet.sa).last_sequence;
    return;
  }
  if (found && packet.opening != Opening::None) {
    event.sa = packet.sa;
    event.spi = my_.sas.inbound(packet.sa).spi;
    event.ipsec_protocol = number_of(my_.sas.inbound(packet.sa).protocol);
    event.sequence = packet.sequence;
    event.has_sequence = true;
    return;
  }
  const auto header = ipsec_header(packet);
  if (!header) return;
  event.spi = header->spi;
  event.ipsec_protocol = header->protocol;
  if (found && my_.sas.inbound(packet.sa).spi == header->spi) event.sa = packet.sa;
  const bool whole = static_cast<std::uint32_t>(packet.sequence) == header->sequence;
  event.sequence = whole ? packet.sequence : header->sequence;
  event.has_sequence = true;
}

}  // namespace sallyport
