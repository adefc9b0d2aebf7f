#include "dataplane/decapsulate.h"

#include "dataplane/ah.h"
#include "dataplane/envelope.h"
#include "dataplane/icmp_by_payload.h"
#include "dataplane/lifetime.h"
#include "dataplane/mobility.h"
#include "dataplane/parse.h"
#include "dataplane/punt.h"
#include "dataplane/transport_checksum.h"
#include "dataplane/tunnel_headers.h"
#include "net/ah.h"
#include "net/checksum.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "sad/compile_sa.h"
#include "sad/replay_window.h"
#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

struct Opened {
  std::uint8_t* payload;
  std::uint32_t payload_bytes;
  std::uint8_t next_header;
};

// The trailer of ESP; nullopt where the padding is not 1, 2, 3, ... (RFC 4303 2.4).
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

// AH has the right length by now.
Opened read_ah(const Packet& packet) noexcept {
  const std::uint32_t offset = packet.summary.upper_offset;
  const auto& ah = packet.header<AhHeader>(offset);
  const std::uint32_t payload = offset + ah.length();
  return {packet.data() + payload, packet.size() - payload, ah.next_header};
}

// Drops the outer headers; the inner packet's class follows the outer one by RFC 6040 and, where
// the SA says so, by the outer DSCP (TUN-04, TUN-06).
std::optional<DropReason> leave_tunnel(Packet& packet, const Opened& opened, const InboundSa& sa,
                                       const SkippedHeaders& skipped) noexcept {
  const bool v4 = opened.next_header == kProtocolIpv4;
  if (!v4 && opened.next_header != kProtocolIpv6) return DropReason::BadNextHeader;
  const std::uint8_t outer_class = packet.summary.traffic_class;
  packet.strip_front(static_cast<std::uint16_t>(opened.payload - packet.data()));
  packet.set_size(opened.payload_bytes);
  if (summarize(packet, skipped) != ParseVerdict::Good) return DropReason::InnerMalformed;
  if ((packet.summary.family == Family::V4) != v4) return DropReason::InnerMalformed;
  packet.opening = Opening::Inside;
  const std::uint8_t inner_class = packet.summary.traffic_class;
  std::uint8_t ecn = inner_class & kEcnMask;
  if (!decapsulated_ecn(ecn, outer_class)) return DropReason::EcnCe;
  const std::uint8_t dscp_source = sa.dscp_from_outer ? outer_class : inner_class;
  const auto traffic_class = static_cast<std::uint8_t>((dscp_source & ~kEcnMask) | ecn);
  if (traffic_class != inner_class) set_traffic_class(packet, traffic_class);
  return std::nullopt;
}

// ESP or AH is cut out and the IP header restored (RFC 4303 3.4.4.1; ESP-18, AH-18).
std::optional<DropReason> leave_transport(Packet& packet, const Opened& opened, const InboundSa& sa,
                                          const SkippedHeaders& skipped) noexcept {
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
  if (summarize(packet, skipped) != ParseVerdict::Good) return DropReason::InnerMalformed;
  packet.opening = Opening::Inside;
  if ((packet.summary.mobility | outer.mobility) != 0) [[unlikely]]
    if (const auto fault = reveal_fault(packet, outer.mobility)) return fault;
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
  const FragmentScope scope{FragmentScope::Kind::InboundSa, my.sas.lasting_slot(packet.sa).value};
  if (sa.fragments != FragmentChecks::Stateful)
    return within ? opaque_fault(packet, sa.fragments) : DropReason::SelectorMismatch;
  if (!packet.summary.later_fragment)
    return within ? my.fragment_flows.remember(packet, scope, {}, my.ticks.now()).reason
                  : DropReason::SelectorMismatch;
  const auto [first, reason] = my.fragment_flows.follow(packet, scope, my.ticks.now());
  if (reason) return reason;
  return first || within ? std::nullopt : std::optional(DropReason::FragmentUnmatched);
}

// What is inside stands there as if it had come by itself (RFC 6275 6.3); control may ask by which
// tunnel it came.
std::optional<DropReason> leave_tunnel_at_home(Packet& packet, const Opened& opened,
                                               const InboundSa& sa, const Tables& now,
                                               WorkerContext& my) noexcept {
  if (now.mobility != nullptr) {
    packet.came_by = CameBy::SaTunnel;
    packet.form = HomeForm::AsItCame;
    Envelope::of(packet.mbuf).next_hop = packet.summary.source_address();
  }
  if (const auto fault = leave_tunnel(packet, opened, sa, my.skipped_headers)) return fault;
  if (packet.summary.mobility == 0) [[likely]]
    return std::nullopt;
  return take_inner_home_addresses(packet, now, my);
}

// Control may ask who on the link has sent it (HA-13).
std::optional<DropReason> leave_transport_at_home(Packet& packet, const Opened& opened,
                                                  const InboundSa& sa, const Tables& now,
                                                  WorkerContext& my) noexcept {
  if (now.mobility != nullptr) [[unlikely]]
    Envelope::of(packet.mbuf).mac = link_source_of(packet, my);
  return leave_transport(packet, opened, sa, my.skipped_headers);
}

// Everything after a good ICV, for one packet; nullopt where it may enter.
std::optional<DropReason> admit(Packet& packet, const CryptoJob& job, const InboundSa& sa,
                                const Tables& now, WorkerContext& my) noexcept {
  InboundState& state = my.sas.inbound_state(packet.sa);
  packet.opening = Opening::IcvComputed;
  if (!job.good) return DropReason::IcvFailure;
  // Others of the run may have used up the SA since it was looked at (SAD-13).
  if (is_used_up(state)) return DropReason::LifetimeExpired;
  if (!replay_advance(sa, state, SequenceNumber{packet.sequence})) return DropReason::Replay;
  count_up(state.packets, 1);
  count_up(state.bytes, job.text_bytes);
  if (sa.watches_source) [[unlikely]]
    watch_source(packet, my);
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  const auto opened = ah ? read_ah(packet) : read_trailer(job, sa);
  if (!opened) return DropReason::BadPadding;
  if (opened->next_header == kProtocolNone && !ah) return DropReason::DummyPacket;
  const auto fault = sa.mode == IpsecMode::Tunnel
                         ? leave_tunnel_at_home(packet, *opened, sa, now, my)
                         : leave_transport_at_home(packet, *opened, sa, now, my);
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

// While the headers are still what the ICV covers; then they are what they were.
[[gnu::noinline]] void finish_ah(const SaRun& run, std::span<CryptoJob> jobs,
                                 WorkerContext& my) noexcept {
  for (unsigned i = 0; i < run.packets.size(); ++i)
    if (!jobs[i].good && jobs[i].esn) resynchronise(*run.packets[i], jobs[i], my);
  restore_headers(run, my);
}

}  // namespace

void decapsulate(SaRun& run, std::span<CryptoJob> jobs, const Tables& now,
                 WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  if (ah) [[unlikely]]
    finish_ah(run, jobs, my);
  unsigned kept = 0;
  for (unsigned i = 0; i < run.packets.size(); ++i) {
    Packet& packet = *run.packets[i];
    if (!jobs[i].good && sa.esn && !ah) [[unlikely]]
      resynchronise(packet, jobs[i], my);
    const auto fault = admit(packet, jobs[i], sa, now, my);
    if (fault)
      my.drops.drop(packet, *fault);
    else
      run.packets[kept++] = &packet;
  }
  run.packets = run.packets.first(kept);
}

}  // namespace sallyport
