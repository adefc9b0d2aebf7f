#include "dataplane/esp_decapsulate.h"

#include "dataplane/icmp_by_payload.h"
#include "dataplane/parse.h"
#include "dataplane/transport_checksum.h"
#include "dataplane/tunnel_headers.h"
#include "net/checksum.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/udp.h"
#include "sad/compile_sa.h"
#include "sad/replay_window.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kKeepalive = 0xff;
constexpr std::uint8_t kEcnMask = 3;

enum class IpsecKind { No, Yes, Fragment, Keepalive, NoChecksum };

// ESP in UDP has a non-zero SPI where IKE has four zero octets (RFC 3948 2.1, 2.2).
// Over IPv6 a checksum of 0 is no checksum, and not allowed (RFC 8200 8.1) unless the port is told
// to bear it (RFC 6936).
bool lacks_checksum(const Packet& packet, const WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  return summary.family == Family::V6 &&
         packet.header<UdpHeader>(summary.upper_offset).checksum.get() == 0 &&
         !my.ports[packet.ingress.value].port().settings().udp_zero_checksum_v6;
}

IpsecKind udp_kind(Packet& packet, const WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  if (!summary.ports_visible || summary.destination_port != kIkeNatPort) return IpsecKind::No;
  const std::uint32_t payload = summary.upper_offset + std::uint32_t{sizeof(UdpHeader)};
  const std::uint32_t left = summary.length - payload;
  if (left == 1 && packet.data()[payload] == kKeepalive) return IpsecKind::Keepalive;
  if (left < sizeof(EspHeader) || packet.header<EspHeader>(payload).spi.get() == 0)
    return IpsecKind::No;
  if (summary.fragment) return IpsecKind::Fragment;
  if (lacks_checksum(packet, my)) return IpsecKind::NoChecksum;
  packet.esp_offset = static_cast<std::uint16_t>(payload);
  return IpsecKind::Yes;
}

IpsecKind ipsec_kind(Packet& packet, const WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  if (!packet.next_hop->ours()) return IpsecKind::No;
  if (summary.protocol == kProtocolUdp) return udp_kind(packet, my);
  if (summary.protocol != kProtocolEsp && summary.protocol != kProtocolAh) return IpsecKind::No;
  if (summary.fragment) return IpsecKind::Fragment;
  packet.esp_offset = summary.upper_offset;
  return IpsecKind::Yes;
}

// Before anything asks what it is (INB-01); false where it rests or ended.
bool make_whole(Packet& packet, WorkerContext& my) noexcept {
  const bool in_pieces = packet.next_hop->ours() && my.reassembly.enabled();
  return !in_pieces || my.reassembly.add(packet, my.ticks.now(), my);
}

std::uint32_t esp_size(const Packet& packet) noexcept {
  return packet.summary.length - packet.esp_offset;
}

std::optional<DropReason> length_fault(const Packet& packet, const InboundSa& sa) noexcept {
  const std::uint32_t size = esp_size(packet);
  if (size < sa.minimum_bytes) return DropReason::EspTruncated;
  const std::size_t text = size - sizeof(EspHeader) - sa.iv_bytes - sa.icv_bytes;
  if ((text & sa.padding_mask) != 0) return DropReason::EspAlignment;
  return std::nullopt;
}

bool life_is_over(const InboundState& state) noexcept {
  return state.bytes >= state.hard_bytes || state.packets >= state.hard_packets;
}

// The trailer of what was opened; nullopt where the padding is not 1, 2, 3, ... (RFC 4303 2.4).
struct Opened {
  std::uint8_t* payload;
  std::uint32_t payload_bytes;
  std::uint8_t next_header;
};
std::optional<Opened> read_trailer(const CryptoJob& job, const InboundSa& sa) noexcept {
  std::uint8_t* const text = job.esp + sizeof(EspHeader) + sa.iv_bytes;
  const auto& trailer =
      *reinterpret_cast<const EspTrailer*>(text + job.text_bytes - sizeof(EspTrailer));
  const std::uint32_t room = job.text_bytes - std::uint32_t{sizeof(EspTrailer)};
  if (trailer.padding_length > room) return std::nullopt;
  const std::uint32_t payload = room - trailer.padding_length;
  std::uint32_t difference = 0;
  for (std::uint32_t i = 0; i < trailer.padding_length; ++i)
    difference |= std::uint32_t{text[payload + i]} ^ (i + 1);
  if (difference != 0) return std::nullopt;
  return Opened{text, payload, trailer.next_header};
}

// Drops the outer headers; the inner packet's class follows the outer one by RFC 6040 and, where
// the SA says so, by the outer DSCP (TUN-04, TUN-06).
std::optional<DropReason> leave_tunnel(Packet& packet, const Opened& opened,
                                       const InboundSa& sa) noexcept {
  const bool v4 = opened.next_header == kProtocolIpv4;
  if (!v4 && opened.next_header != kProtocolIpv6) return DropReason::BadNextHeader;
  const std::uint8_t outer_class = packet.summary.traffic_class;
  packet.strip_front(static_cast<std::uint16_t>(opened.payload - packet.data()));
  packet.set_size(opened.payload_bytes);
  if (summarize(packet) != ParseVerdict::Good) return DropReason::InnerMalformed;
  if ((packet.summary.family == Family::V4) != v4) return DropReason::InnerMalformed;
  const std::uint8_t inner_class = packet.summary.traffic_class;
  std::uint8_t ecn = inner_class & kEcnMask;
  if (!decapsulated_ecn(ecn, outer_class)) return DropReason::EcnCe;
  const std::uint8_t dscp_source = sa.dscp_from_outer ? outer_class : inner_class;
  const auto traffic_class = static_cast<std::uint8_t>((dscp_source & ~kEcnMask) | ecn);
  if (traffic_class != inner_class) set_traffic_class(packet, traffic_class);
  return std::nullopt;
}

// ESP is cut out and the IP header restored (RFC 4303 3.4.4.1; ESP-18).
std::optional<DropReason> leave_transport(Packet& packet, const Opened& opened,
                                          const InboundSa& sa) noexcept {
  const PacketSummary outer = packet.summary;
  const std::uint16_t front = outer.upper_offset;
  packet.data()[outer.protocol_offset] = opened.next_header;
  std::uint8_t* const data = opened.payload - front;
  std::memmove(data, packet.data(), front);
  packet.strip_front(static_cast<std::uint16_t>(data - packet.data()));
  packet.set_size(front + opened.payload_bytes);
  if (outer.family == Family::V6) {
    packet.header<Ipv6Header>().payload_length.set(
        static_cast<std::uint16_t>(packet.size() - sizeof(Ipv6Header)));
  } else {
    auto& header = packet.header<Ipv4Header>();
    header.total_length.set(static_cast<std::uint16_t>(packet.size()));
    header.checksum.set(0);
    header.checksum.set(checksum(packet.bytes().first(header.header_length())));
  }
  if (summarize(packet) != ParseVerdict::Good) return DropReason::InnerMalformed;
  // The upper layer's checksum was made over addresses that a NAT has changed (RFC 3948 3.1.2).
  if (sa.fix_transport_checksum) renew_transport_checksum(packet);
  return std::nullopt;
}

bool within_selectors(const Packet& packet, const InboundSa& sa) noexcept {
  return matches({sa.selectors, sa.selector_count},
                 selector_fields(packet.summary, Direction::Inbound));
}

// A fragment out of an SA that checks them (RFC 4301 7.2, 7.3).
std::optional<DropReason> fragment_fault(const Packet& packet, const InboundSa& sa,
                                         WorkerContext& my) noexcept {
  const bool within = within_selectors(packet, sa);
  const FragmentScope scope{FragmentScope::Kind::InboundSa, packet.sa.value};
  if (sa.fragments != FragmentChecks::Stateful)
    return within ? opaque_fault(packet, sa.fragments) : DropReason::SelectorMismatch;
  if (!packet.summary.later_fragment)
    return within ? my.fragment_flows.remember(packet, scope, {}, my.ticks.now()).reason
                  : DropReason::SelectorMismatch;
  const auto [first, reason] = my.fragment_flows.follow(packet, scope, my.ticks.now());
  if (reason) return reason;
  return first || within ? std::nullopt : std::optional(DropReason::FragmentUnmatched);
}

// Everything after a good ICV, for one packet; nullopt where it may enter.
std::optional<DropReason> admit(Packet& packet, const CryptoJob& job, const InboundSa& sa,
                                InboundState& state, WorkerContext& my) noexcept {
  if (!job.good) return DropReason::IcvFailure;
  if (!replay_advance(sa, state, SequenceNumber{packet.sequence})) return DropReason::Replay;
  ++state.packets;
  state.bytes += job.text_bytes;
  const auto opened = read_trailer(job, sa);
  if (!opened) return DropReason::BadPadding;
  if (opened->next_header == kProtocolNone) return DropReason::DummyPacket;
  const auto fault = sa.mode == IpsecMode::Tunnel ? leave_tunnel(packet, *opened, sa)
                                                  : leave_transport(packet, *opened, sa);
  if (fault) return fault;
  if (packet.summary.fragment && sa.fragments != FragmentChecks::Stateless) [[unlikely]] {
    if (const auto reason = fragment_fault(packet, sa, my)) return reason;
  } else if (!within_selectors(packet, sa) && !within_selectors_by_payload(packet, sa))
      [[unlikely]] {
    return DropReason::SelectorMismatch;
  }
  packet.decapsulated = true;
  return std::nullopt;
}

// A packet whose ICV failed may be good under a higher half of its number (RFC 4303 A3.2).
[[gnu::noinline]] void resynchronise(Packet& packet, CryptoJob& job, WorkerContext& my) noexcept {
  Resynchronisation& resync = my.resynchronisation;
  const std::uint32_t ahead = resync.find(packet.sa, job, my.engine);
  if (ahead == 0) resync.count_failure(packet.sa, my.sas.inbound_state(packet.sa).packets);
  packet.sequence += std::uint64_t{ahead} << 32;
}

}  // namespace

Burst take_ipsec_for_us(Burst& burst, WorkerContext& my) noexcept {
  Burst ipsec;
  burst.keep_if([&](Packet& packet) {
    if (packet.summary.fragment && !make_whole(packet, my)) [[unlikely]]
      return false;
    switch (ipsec_kind(packet, my)) {
      case IpsecKind::No:
        return true;
      case IpsecKind::Yes:
        ipsec.push(packet);
        return false;
      case IpsecKind::Fragment:
        my.drops.drop(packet, DropReason::EspFragment);
        return false;
      case IpsecKind::Keepalive:
        my.drops.drop(packet, DropReason::NatKeepalive);
        return false;
      case IpsecKind::NoChecksum:
        my.drops.drop(packet, DropReason::UdpChecksum);
        return false;
    }
    return true;
  });
  return ipsec;
}

void find_sas(Burst& burst, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    if (esp_size(packet) >= sizeof(EspHeader)) [[likely]] {
      my.sas.index().prefetch(Spi{packet.header<EspHeader>(packet.esp_offset).spi.get()});
      return true;
    }
    my.drops.drop(packet, DropReason::EspTruncated);
    return false;
  });
  burst.keep_if([&](Packet& packet) {
    const Spi spi{packet.header<EspHeader>(packet.esp_offset).spi.get()};
    packet.sa = my.sas.index().find(spi, packet.summary.destination_address(),
                                    packet.summary.source_address());
    if (packet.sa != kNoSa && packet.summary.protocol != kProtocolAh) [[likely]] {
      __builtin_prefetch(&my.sas.inbound_state(packet.sa), 1);
      return true;
    }
    my.drops.drop(packet, DropReason::UnknownSpi);
    return false;
  });
  burst.keep_if([&](Packet& packet) {
    const InboundSa& sa = my.sas.inbound(packet.sa);
    my.keys.prefetch(sa.key, packet.summary.length);
    const auto fault = length_fault(packet, sa);
    if (!fault) [[likely]]
      return true;
    my.drops.drop(packet, *fault);
    return false;
  });
}

void check_replay(SaRun& run, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  const InboundState& state = my.sas.inbound_state(run.sa);
  unsigned kept = 0;
  for (Packet* packet : run.packets) {
    const std::uint32_t low = packet->header<EspHeader>(packet->esp_offset).sequence.get();
    const auto sequence = infer_sequence(sa, state, low);
    if (life_is_over(state)) {
      my.drops.drop(*packet, DropReason::LifetimeExpired);
    } else if (!sequence || !replay_check(sa, state, *sequence)) {
      my.drops.drop(*packet, DropReason::Replay);
    } else {
      packet->sequence = sequence->value;
      run.packets[kept++] = packet;
    }
  }
  run.packets = run.packets.first(kept);
}

void prepare_open(const SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  const std::uint32_t around = std::uint32_t{sizeof(EspHeader)} + sa.iv_bytes + sa.icv_bytes;
  for (unsigned i = 0; i < run.packets.size(); ++i) {
    const Packet& packet = *run.packets[i];
    CryptoJob& job = jobs[i];
    job.esp = packet.data() + packet.esp_offset;
    job.text_bytes = esp_size(packet) - around;
    job.sequence_high = static_cast<std::uint32_t>(packet.sequence >> 32);
    job.key = sa.key;
    job.esn = sa.esn;
  }
  if (my.resynchronisation.awaits(run.sa) && !run.packets.empty()) [[unlikely]]
    my.resynchronisation.keep({jobs[0].esp, esp_size(*run.packets[0])},
                              my.sas.inbound_state(run.sa).packets);
}

void decapsulate(SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  InboundState& state = my.sas.inbound_state(run.sa);
  unsigned kept = 0;
  for (unsigned i = 0; i < run.packets.size(); ++i) {
    Packet& packet = *run.packets[i];
    if (!jobs[i].good && sa.esn) [[unlikely]]
      resynchronise(packet, jobs[i], my);
    const auto fault = admit(packet, jobs[i], sa, state, my);
    if (fault)
      my.drops.drop(packet, *fault);
    else
      run.packets[kept++] = &packet;
  }
  run.packets = run.packets.first(kept);
}

}  // namespace sallyport
