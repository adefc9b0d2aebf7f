#include "dataplane/esp_encapsulate.h"

#include <algorithm>

#include "dataplane/buffer_room.h"
#include "dataplane/punt.h"
#include "dataplane/tunnel_headers.h"
#include "net/checksum.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kDscpShift = 2;
constexpr std::uint32_t kTrailerBytes = sizeof(EspTrailer);
// The header template is stored as a whole line, the padding as 16 octets: room for both, and for
// the high half of the sequence number where the ICV will be (RFC 4303 2.2.1).
constexpr std::uint32_t kFrontRoom = 64 + 16 + RTE_ETHER_HDR_LEN + 4;
constexpr std::uint16_t kMaxFront = 256;  // IP headers in front of transport-mode ESP
constexpr std::uint32_t kBackRoom = 16 + kTrailerBytes + 32;
constexpr std::uint32_t kLeastIpv4Mtu = 68;    // RFC 791 3.2
constexpr std::uint32_t kLeastIpv6Mtu = 1280;  // RFC 8200 5

constexpr std::array<std::uint8_t, 16> kPadding{1, 2,  3,  4,  5,  6,  7,  8,
                                                9, 10, 11, 12, 13, 14, 15, 16};

std::uint16_t insertion_offset(const PacketSummary& summary, const OutboundSa& sa) noexcept {
  return sa.destination_options_outside ? summary.outside_offset : summary.transport_offset;
}

// Octets of IP headers that stay in front of ESP.
std::uint32_t clear_bytes(const PacketSummary& summary, const OutboundSa& sa) noexcept {
  return sa.mode == IpsecMode::Tunnel ? 0u : insertion_offset(summary, sa);
}

// TFC padding behind an inner packet of `length` octets: as the SA says, and no more than lets it
// fit the path (RFC 4303 2.7; ESP-14).
std::uint32_t tfc_padding(std::uint32_t length, const OutboundSa& sa) noexcept {
  if (sa.tfc_bytes == 0) [[likely]]
    return 0;
  const std::uint32_t least = std::max<std::uint32_t>(length, sa.tfc_bytes);
  const std::uint32_t wanted = (least + sa.tfc_mask) & ~std::uint32_t{sa.tfc_mask};
  return std::max(length, std::min(wanted, inner_mtu(sa, 0))) - length;
}

std::uint32_t encapsulated_size(const PacketSummary& summary, std::uint32_t tfc_bytes,
                                const OutboundSa& sa) noexcept {
  const std::uint32_t clear = clear_bytes(summary, sa);
  const std::uint32_t payload = summary.length - clear + tfc_bytes;
  const std::uint32_t text =
      (payload + kTrailerBytes + sa.padding_mask) & ~std::uint32_t{sa.padding_mask};
  return clear + sa.header_bytes + sa.iv_bytes + text + sa.icv_bytes;
}

bool family_allowed(Family family, const OutboundSa& sa) noexcept {
  return family == Family::V4 ? sa.inner_v4 : sa.inner_v6;
}

// Nullopt where the SA may carry the packet.
std::optional<IcmpCause> objection(const Packet& packet, const OutboundSa& sa) noexcept {
  using enum Purpose;
  const PacketSummary& summary = packet.summary;
  if (!family_allowed(summary.family, sa))
    return IcmpCause{DropReason::FamilyNotAllowed, Prohibited};
  if (sa.mode == IpsecMode::Transport) {
    if (packet.forwarded) return IcmpCause{DropReason::TransportForwarded, Prohibited};
    if (summary.fragment) return IcmpCause{DropReason::FragmentTransport, Prohibited};
    // No header at all: a dummy made for the tunnel that was here before.
    const std::uint16_t front = insertion_offset(summary, sa);
    if (front == 0 || front > kMaxFront) return IcmpCause{DropReason::NoRoom, Prohibited};
  }
  const bool opaque =
      sa.fragments == FragmentChecks::Opaque || sa.fragments == FragmentChecks::OpaqueIpv6;
  if (opaque && !packet.dummy) [[unlikely]]
    if (const auto fault = opaque_fault(packet, sa.fragments)) return IcmpCause{*fault, Prohibited};
  return std::nullopt;
}

// What becomes of a packet that is too long for the path once it is encapsulated (RFC 4301 5.1,
// 8.2.1; PMTU-03).
enum class Excess { CutBefore, CutAfter, TooBig };
Excess excess(const PacketSummary& summary, const OutboundSa& sa) noexcept {
  // IPv6 has no smaller packets to offer (RFC 8200 5, RFC 2473 7.1): what its source cannot
  // shorten, we cut.
  if (summary.family == Family::V6)
    return summary.length <= kLeastIpv6Mtu ? Excess::CutAfter : Excess::TooBig;
  if (summary.dont_fragment) return Excess::TooBig;
  const bool whole_outside = sa.fragment_before || sa.df == DfRule::Set;
  const bool before =
      sa.mode == IpsecMode::Tunnel && whole_outside && inner_mtu(sa, 0) >= kLeastIpv4Mtu;
  return before ? Excess::CutBefore : Excess::CutAfter;
}

// True: it goes on as it is, and the outer packet is cut. False: it was put into `cut_before`, or
// dropped and its source told.
bool goes_on_too_long(Packet& packet, const OutboundSa& sa, Burst& cut_before,
                      WorkerContext& my) noexcept {
  switch (excess(packet.summary, sa)) {
    case Excess::CutAfter:
      packet.cut_to = sa.path_mtu();
      return true;
    case Excess::CutBefore:
      cut_before.push(packet);
      return false;
    case Excess::TooBig:
      break;
  }
  const auto mtu = static_cast<std::uint16_t>(inner_mtu(sa, clear_bytes(packet.summary, sa)));
  drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, mtu}, my);
  return false;
}

// A buffer that is too small is left for another one (DP-03); false where there was none.
bool has_room(Packet& packet, const OutboundSa& sa, WorkerContext& my) noexcept {
  const BufferRoom needed{kFrontRoom, kBackRoom + tfc_padding(packet.summary.length, sa)};
  if (packet.headroom() >= needed.front && packet.tailroom() >= needed.back) [[likely]]
    return true;
  const auto fault = move_to_larger_buffer(packet, needed, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

// How many of `wanted` packets the SA may still send.
std::uint64_t packets_left(const OutboundState& state, std::uint64_t sequence_limit) noexcept {
  if (state.bytes >= state.hard_bytes || state.packets >= state.hard_packets) return 0;
  return std::min(sequence_limit - state.last_sequence, state.hard_packets - state.packets);
}

// Padding, pad length and next header behind the payload (RFC 4303 2.4 to 2.6); the text's size.
std::uint32_t write_trailer(Packet& packet, std::uint32_t payload_bytes, std::uint8_t next_header,
                            const OutboundSa& sa) noexcept {
  const std::uint32_t padding =
      (0u - (payload_bytes + kTrailerBytes)) & std::uint32_t{sa.padding_mask};
  std::uint8_t* const end = packet.data() + packet.size();
  std::memcpy(end, kPadding.data(), kPadding.size());
  end[padding] = static_cast<std::uint8_t>(padding);
  end[padding + 1] = next_header;
  packet.set_size(packet.size() + padding + kTrailerBytes + sa.icv_bytes);
  return payload_bytes + padding + kTrailerBytes;
}

void write_udp_length(UdpHeader& udp, std::uint32_t ip_payload_bytes) noexcept {
  udp.length.set(static_cast<std::uint16_t>(ip_payload_bytes));
}

// Stores the header template so that it ends where the IV begins; returns the ESP header.
EspHeader& write_headers(Packet& packet, const OutboundSa& sa) noexcept {
  std::uint8_t* const iv = packet.data() - sa.iv_bytes;
  std::memcpy(iv - sa.header.size(), sa.header.data(), sa.header.size());
  return *reinterpret_cast<EspHeader*>(iv - sizeof(EspHeader));
}

// From here on the packet is what its outer header says: that is what is routed and sent.
// Written in place: a summary that is copied as a whole waits for its narrow stores.
void describe_outer(Packet& packet, const OutboundSa& sa) noexcept {
  PacketSummary& outer = packet.summary;
  std::memset(static_cast<void*>(&outer), 0, sizeof outer);
  outer.family = sa.outer_family;
  outer.length = packet.size();
  outer.upper_offset = sa.outer_ip_bytes;
  outer.protocol = sa.udp ? kProtocolUdp : kProtocolEsp;
  if (sa.outer_family == Family::V4) {
    const auto& header = packet.header<Ipv4Header>();
    std::memcpy(outer.source.data(), header.source, sizeof header.source);
    std::memcpy(outer.destination.data(), header.destination, sizeof header.destination);
    outer.dont_fragment = (header.fragment.get() & Ipv4Header::kDontFragment) != 0;
  } else {
    const auto& header = packet.header<Ipv6Header>();
    std::memcpy(outer.source.data(), header.source, sizeof header.source);
    std::memcpy(outer.destination.data(), header.destination, sizeof header.destination);
  }
}

// Zeros behind the datagram, whose own length tells the receiver where it ends (RFC 4303 2.7).
void pad_traffic_flow(Packet& packet, std::uint32_t bytes) noexcept {
  std::memset(packet.data() + packet.size(), 0, bytes);
  packet.set_size(packet.size() + bytes);
}

EspHeader& wrap_in_tunnel(Packet& packet, const OutboundSa& sa, std::uint32_t& text_bytes,
                          WorkerContext& my) noexcept {
  const PacketSummary& inner = packet.summary;  // until describe_outer
  const std::uint8_t next_header = packet.dummy                 ? kProtocolNone
                                   : inner.family == Family::V4 ? kProtocolIpv4
                                                                : kProtocolIpv6;
  if (sa.tfc_bytes != 0) [[unlikely]]
    // The path MTU may have risen since the room was checked.
    pad_traffic_flow(packet,
                     std::min(tfc_padding(inner.length, sa), packet.tailroom() - kBackRoom));
  text_bytes = write_trailer(packet, packet.size(), next_header, sa);
  EspHeader& esp = write_headers(packet, sa);
  packet.prepend(static_cast<std::uint16_t>(sa.header_bytes + sa.iv_bytes));
  const std::uint8_t inner_dscp = inner.traffic_class >> kDscpShift;
  const std::uint8_t dscp =
      sa.dscp_map == 0 ? inner_dscp : my.sas.dscp_map(sa.dscp_map)[inner_dscp];
  finish_outer_header(packet, inner, sa, dscp, static_cast<std::uint16_t>(my.ids.next()));
  if (sa.udp)
    write_udp_length(packet.header<UdpHeader>(sa.outer_ip_bytes),
                     packet.size() - sa.outer_ip_bytes);
  describe_outer(packet, sa);
  return esp;
}

// The IP header moves to the front; its protocol, length and checksum follow (RFC 4303 3.1.1).
void retarget_ip_header(Packet& packet, const OutboundSa& sa,
                        std::uint16_t protocol_offset) noexcept {
  packet.data()[protocol_offset] = sa.udp ? kProtocolUdp : kProtocolEsp;
  if (packet.summary.family == Family::V6) {
    packet.header<Ipv6Header>().payload_length.set(
        static_cast<std::uint16_t>(packet.size() - sizeof(Ipv6Header)));
    return;
  }
  auto& header = packet.header<Ipv4Header>();
  header.total_length.set(static_cast<std::uint16_t>(packet.size()));
  header.checksum.set(0);
  header.checksum.set(checksum(packet.bytes().first(header.header_length())));
}

EspHeader& wrap_in_transport(Packet& packet, const OutboundSa& sa,
                             std::uint32_t& text_bytes) noexcept {
  const PacketSummary& summary = packet.summary;
  const std::uint16_t front = insertion_offset(summary, sa);
  const std::uint16_t protocol_offset = sa.destination_options_outside
                                            ? summary.outside_protocol_offset
                                            : summary.transport_protocol_offset;
  std::array<std::uint8_t, kMaxFront> ip_headers;
  std::memcpy(ip_headers.data(), packet.data(), front);
  text_bytes = write_trailer(packet, summary.length - front, ip_headers[protocol_offset], sa);
  packet.strip_front(front);
  EspHeader& esp = write_headers(packet, sa);
  packet.prepend(static_cast<std::uint16_t>(sa.header_bytes + sa.iv_bytes));
  if (sa.udp) write_udp_length(packet.header<UdpHeader>(), packet.size());
  packet.prepend(front);
  std::memcpy(packet.data(), ip_headers.data(), front);
  retarget_ip_header(packet, sa, protocol_offset);
  packet.summary.length = packet.size();
  packet.summary.upper_offset = front;
  return esp;
}

}  // namespace

std::uint32_t inner_mtu(const OutboundSa& sa, std::uint32_t clear) noexcept {
  const std::uint32_t path = sa.path_mtu();
  const std::uint32_t fixed = clear + sa.header_bytes + sa.iv_bytes + sa.icv_bytes;
  const std::uint32_t text = path <= fixed ? 0 : (path - fixed) & ~std::uint32_t{sa.padding_mask};
  return text <= kTrailerBytes ? 0 : clear + text - kTrailerBytes;
}

Burst choose_sas(Burst& burst, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    packet.sa = my.handles.choose(SaHandle{packet.policy.value},
                                  packet.summary.traffic_class >> kDscpShift);
    packet.sa_direction = Direction::Outbound;
    if (packet.sa != kNoSa) [[likely]] {
      __builtin_prefetch(&my.sas.outbound(packet.sa));
      __builtin_prefetch(&my.sas.outbound(packet.sa).spi);
      __builtin_prefetch(&my.sas.outbound_state(packet.sa), 1);
      return true;
    }
    my.drops.drop(packet, DropReason::NoSa);
    return false;
  });
  Burst cut_before;
  burst.keep_if([&](Packet& packet) {
    const OutboundSa& sa = my.sas.outbound(packet.sa);
    my.keys.prefetch(sa.key, packet.summary.length);
    if (const auto cause = objection(packet, sa)) [[unlikely]] {
      drop_and_tell(packet, *cause, my);
      return false;
    }
    const std::uint32_t tfc_bytes = tfc_padding(packet.summary.length, sa);
    if (encapsulated_size(packet.summary, tfc_bytes, sa) > sa.path_mtu()) [[unlikely]]
      if (!goes_on_too_long(packet, sa, cut_before, my)) return false;
    return has_room(packet, sa, my);
  });
  return cut_before;
}

void take_sequence_numbers(SaRun& run, WorkerContext& my) noexcept {
  OutboundState& state = my.sas.outbound_state(run.sa);
  const std::uint64_t limit = my.sas.sequence_limit(run.sa);
  const std::uint64_t left = packets_left(state, limit);
  const auto granted = static_cast<unsigned>(std::min<std::uint64_t>(run.packets.size(), left));
  for (unsigned i = 0; i < granted; ++i) run.packets[i]->sequence = state.last_sequence + 1 + i;
  state.last_sequence += granted;
  state.packets += granted;
  if (granted == run.packets.size()) [[likely]]
    return;
  const DropReason reason =
      state.last_sequence == limit ? DropReason::SequenceExhausted : DropReason::LifetimeExpired;
  for (Packet* packet : run.packets.subspan(granted)) my.drops.drop(*packet, reason);
  run.packets = run.packets.first(granted);
}

void encapsulate(const SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < run.packets.size(); ++i) {
    Packet& packet = *run.packets[i];
    std::uint32_t text_bytes = 0;
    EspHeader& esp = sa.mode == IpsecMode::Tunnel ? wrap_in_tunnel(packet, sa, text_bytes, my)
                                                  : wrap_in_transport(packet, sa, text_bytes);
    esp.sequence.set(static_cast<std::uint32_t>(packet.sequence));
    CryptoJob& job = jobs[i];
    job.esp = reinterpret_cast<std::uint8_t*>(&esp);
    job.text_bytes = text_bytes;
    job.sequence_high = static_cast<std::uint32_t>(packet.sequence >> 32);
    job.key = sa.key;
    job.esn = sa.esn;
    bytes += text_bytes;
  }
  if (sa.iv_bytes != 0 && !run.packets.empty())
    my.ivs.fill(sa, jobs.first(run.packets.size()), SequenceNumber{run.packets.front()->sequence});
  my.sas.outbound_state(run.sa).bytes += bytes;
}

void write_udp_checksums(const SaRun& run, WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  if (!sa.udp || sa.outer_family == Family::V4) [[likely]]
    return;
  for (const Packet* packet : run.packets) {
    const PacketSummary& summary = packet->summary;
    const ByteView datagram = packet->bytes().subspan(summary.upper_offset);
    const std::uint32_t pseudo =
        pseudo_header_sum(summary.source_address(), summary.destination_address(), kProtocolUdp,
                          static_cast<std::uint32_t>(datagram.size()));
    const std::uint16_t sum = checksum_finish(checksum_add(datagram, pseudo));
    packet->header<UdpHeader>(summary.upper_offset).checksum.set(sum == 0 ? 0xffff : sum);
  }
}

}  // namespace sallyport
