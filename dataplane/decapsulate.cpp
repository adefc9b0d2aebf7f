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
#include "net/plain_summary.h"
#include "sad/compile_sa.h"
#include "sad/replay_window.h"
#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

struct Opened {
  std::uint8_t* payload;  // null: the padding is not what it has to be
  std::uint32_t payload_bytes;
  std::uint8_t next_header;
};

// From place n on: sixteen octets of which the last n are 1, 2, 3, ... and the others zeros.
constexpr std::uint32_t kPaddingAtOnce = 16;
constexpr auto kPaddingBehindZeros = [] {
  std::array<std::uint8_t, 2 * kPaddingAtOnce> octets{};
  for (std::uint8_t i = 1; i <= kPaddingAtOnce; ++i) octets[kPaddingAtOnce + i - 1] = i;
  return octets;
}();

// True where the octets that end at `end` are 1, 2, 3, ... `count` (RFC 4303 2.4). In front of them
// stand at least an IP header and an ESP header.
bool is_padding(const std::uint8_t* end, std::uint32_t count) noexcept {
  if (count <= kPaddingAtOnce) [[likely]] {
    const auto load = [](const std::uint8_t* from) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    };
    const __m128i right = load(&kPaddingBehindZeros[count]);
    const __m128i difference = _mm_xor_si128(load(end - kPaddingAtOnce), right);
    const __m128i in_front = _mm_cmpeq_epi8(right, _mm_setzero_si128());
    return _mm_testc_si128(in_front, difference) != 0;
  }
  std::uint32_t difference = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    difference |= std::uint32_t{*(end - count + i)} ^ (i + 1);
  return difference == 0;
}

// False, for the caller to say.
[[gnu::noinline]] bool refuse(Packet& packet, DropReason reason, WorkerContext& my) noexcept {
  my.drops.drop(packet, reason);
  return false;
}

// The trailer of ESP.
Opened read_trailer(const CryptoJob& job, const InboundSa& sa) noexcept {
  std::uint8_t* const text = job.esp + sizeof(EspHeader) + sa.iv_bytes;
  const auto& trailer =
      *reinterpret_cast<const EspTrailer*>(text + job.text_bytes - sizeof(EspTrailer));
  const std::uint32_t room = job.text_bytes - std::uint32_t{sizeof(EspTrailer)};
  if (trailer.padding_length > room || !is_padding(text + room, trailer.padding_length))
      [[unlikely]]
    return {};
  return {text, room - trailer.padding_length, trailer.next_header};
}

// AH has the right length by now.
Opened read_ah(const Packet& packet) noexcept {
  const std::uint32_t offset = packet.summary.upper_offset;
  const auto& ah = packet.header<AhHeader>(offset);
  const std::uint32_t payload = offset + ah.length();
  return {packet.data() + payload, packet.size() - payload, ah.next_header};
}

// The headers of what was inside, which begin at the packet's front from then on.
bool read_inner(Packet& packet, const Opened& opened, const SkippedHeaders& skipped) noexcept {
  const auto front = static_cast<std::uint16_t>(opened.payload - packet.data());
  const ByteView inner{opened.payload, opened.payload_bytes};
  if (summarize_plain(inner, packet.summary, HeaderChecksum::Verify)) [[likely]] {
    packet.uncover(front, packet.summary.length);
    return true;
  }
  packet.uncover(front, opened.payload_bytes);
  return summarize(packet, skipped) == ParseVerdict::Good;
}

// By RFC 6040, and, where the SA says so, by the outer DSCP (TUN-04, TUN-06). False where the
// packet must be dropped.
[[gnu::noinline]] bool follow_outer_class(Packet& packet, std::uint8_t outer_class,
                                          const InboundSa& sa) noexcept {
  const std::uint8_t inner_class = packet.summary.traffic_class;
  std::uint8_t ecn = inner_class & kEcnMask;
  if (!decapsulated_ecn(ecn, outer_class)) return false;
  const std::uint8_t dscp_source = sa.dscp_from_outer ? outer_class : inner_class;
  const auto traffic_class = static_cast<std::uint8_t>((dscp_source & ~kEcnMask) | ecn);
  if (traffic_class != inner_class) set_traffic_class(packet, traffic_class);
  return true;
}

// Drops the outer headers; the inner packet's class follows the outer one. False: the packet ended.
[[gnu::always_inline]] inline bool leave_tunnel(Packet& packet, const Opened& opened,
                                                const InboundSa& sa, WorkerContext& my) noexcept {
  const bool v4 = opened.next_header == kProtocolIpv4;
  if (!v4 && opened.next_header != kProtocolIpv6) [[unlikely]]
    return refuse(packet, DropReason::BadNextHeader, my);
  const std::uint8_t outer_class = packet.summary.traffic_class;
  const bool good = read_inner(packet, opened, my.skipped_headers);
  if (!good || (packet.summary.family == Family::V4) != v4) [[unlikely]]
    return refuse(packet, DropReason::InnerMalformed, my);
  packet.opening = Opening::Inside;
  const bool follows = (outer_class & kEcnMask) != kNotEct || sa.dscp_from_outer;
  if (follows && !follow_outer_class(packet, outer_class, sa)) [[unlikely]]
    return refuse(packet, DropReason::EcnCe, my);
  return true;
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

// What tells for nearly every packet. False: nothing is known yet.
[[gnu::always_inline]] inline bool plainly_within(const CompiledSelector& row,
                                                  const PacketSummary& packet) noexcept {
  const auto lies_in = [&](const CompiledSelector::Bounds& bounds, const auto& address) {
    if (packet.family == Family::V6) return within(bounds, widen(address));
    const std::uint64_t value = std::uint64_t{load_be<std::uint32_t>(address.data())} << 32;
    return value - bounds.first_high <= bounds.last_high - bounds.first_high;
  };
  return tells_within(row, packet) && lies_in(row.local, packet.destination) &&
         lies_in(row.remote, packet.source);
}

[[gnu::noinline]] bool lies_within_any(const PacketSummary& packet, const InboundSa& sa) noexcept {
  return matches({sa.selectors, sa.selector_count}, selector_fields(packet, Direction::Inbound));
}

[[gnu::always_inline]] inline bool within_selectors(const Packet& packet,
                                                    const InboundSa& sa) noexcept {
  if (sa.selector_count != 0 && plainly_within(*sa.selectors, packet.summary)) [[likely]]
    return true;
  return lies_within_any(packet.summary, sa);
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

// Control may ask by which tunnel it came.
[[gnu::noinline]] void note_tunnel(Packet& packet) noexcept {
  packet.came_by = CameBy::SaTunnel;
  packet.form = HomeForm::AsItCame;
  Envelope::of(packet.mbuf).next_hop = packet.summary.source_address();
}

// What is inside stands there as if it had come by itself (RFC 6275 6.3). False: the packet ended.
[[gnu::noinline]] bool take_marks_inside(Packet& packet, const Tables& now,
                                         WorkerContext& my) noexcept {
  const auto fault = take_inner_home_addresses(packet, now, my);
  return !fault || refuse(packet, *fault, my);
}

[[gnu::always_inline]] inline bool leave_tunnel_at_home(Packet& packet, const Opened& opened,
                                                        const InboundSa& sa, const Tables& now,
                                                        WorkerContext& my) noexcept {
  if (now.mobility != nullptr) [[unlikely]]
    note_tunnel(packet);
  if (!leave_tunnel(packet, opened, sa, my)) [[unlikely]]
    return false;
  return packet.summary.mobility == 0 || take_marks_inside(packet, now, my);
}

// Control may ask who on the link has sent it (HA-13). False: the packet ended.
[[gnu::noinline]] bool leave_transport_at_home(Packet& packet, const Opened& opened,
                                               const InboundSa& sa, const Tables& now,
                                               WorkerContext& my) noexcept {
  if (now.mobility != nullptr) Envelope::of(packet.mbuf).mac = link_source_of(packet, my);
  const auto fault = leave_transport(packet, opened, sa, my.skipped_headers);
  return !fault || refuse(packet, *fault, my);
}

// Selectors, for what has come out. False: the packet ended.
[[gnu::always_inline]] inline bool may_enter(Packet& packet, const InboundSa& sa,
                                             WorkerContext& my) noexcept {
  if (packet.summary.fragment && sa.fragments != FragmentChecks::Stateless) [[unlikely]] {
    const auto fault = fragment_fault(packet, sa, my);
    return !fault || refuse(packet, *fault, my);
  }
  if (within_selectors(packet, sa) || within_selectors_by_payload(packet, sa)) [[likely]]
    return true;
  return refuse(packet, DropReason::SelectorMismatch, my);
}

// What the packets of one run have in common, and how many of them have been let in.
struct Entrance {
  const InboundSa& sa;
  InboundState& state;
  std::uint64_t packets;
  std::uint64_t bytes;

  // Others of the run may have used up the SA since it was looked at (SAD-13).
  [[nodiscard]] bool used_up() const noexcept {
    return packets >= state.hard_packets || bytes >= state.hard_bytes;
  }
};

// Everything after a good ICV, for one packet; false where it ended.
[[gnu::always_inline]] inline bool admit(Packet& packet, const CryptoJob& job, Entrance& entrance,
                                         const Tables& now, WorkerContext& my) noexcept {
  const InboundSa& sa = entrance.sa;
  InboundState& state = entrance.state;
  packet.opening = Opening::IcvComputed;
  if (!job.good) [[unlikely]]
    return refuse(packet, DropReason::IcvFailure, my);
  if (entrance.used_up()) [[unlikely]]
    return refuse(packet, DropReason::LifetimeExpired, my);
  if (!replay_advance(sa, state, SequenceNumber{packet.sequence})) [[unlikely]]
    return refuse(packet, DropReason::Replay, my);
  ++entrance.packets;
  entrance.bytes += job.text_bytes;
  if (sa.watches_source) [[unlikely]]
    watch_source(packet, my);
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  const Opened opened = ah ? read_ah(packet) : read_trailer(job, sa);
  if (opened.payload == nullptr) [[unlikely]]
    return refuse(packet, DropReason::BadPadding, my);
  if (opened.next_header == kProtocolNone && !ah) [[unlikely]]
    return refuse(packet, DropReason::DummyPacket, my);
  const bool left = sa.mode == IpsecMode::Tunnel
                        ? leave_tunnel_at_home(packet, opened, sa, now, my)
                        : leave_transport_at_home(packet, opened, sa, now, my);
  if (!left || !may_enter(packet, sa, my)) [[unlikely]]
    return false;
  packet.decapsulated = true;
  return true;
}

// A packet whose ICV failed may be good under a higher half of its number (RFC 4303 A3.2).
// `accepted`: how many its SA has let in.
[[gnu::noinline]] void resynchronise(Packet& packet, CryptoJob& job, std::uint64_t accepted,
                                     WorkerContext& my) noexcept {
  Resynchronisation& resync = my.resynchronisation;
  const std::uint32_t ahead = resync.find(packet.sa, job, my.engine);
  if (ahead == 0) resync.count_failure(packet.sa, accepted);
  packet.sequence += std::uint64_t{ahead} << 32;
}

// While the headers are still what the ICV covers; then they are what they were.
[[gnu::noinline]] void finish_ah(const SaRun& run, std::span<CryptoJob> jobs,
                                 WorkerContext& my) noexcept {
  const std::uint64_t accepted = my.sas.inbound_state(run.sa).packets;
  for (unsigned i = 0; i < run.packets.size(); ++i)
    if (!jobs[i].good && jobs[i].esn) resynchronise(*run.packets[i], jobs[i], accepted, my);
  restore_headers(run, my);
}

}  // namespace

void decapsulate(SaRun& run, std::span<CryptoJob> jobs, const Tables& now,
                 WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  if (ah) [[unlikely]]
    finish_ah(run, jobs, my);
  InboundState& state = my.sas.inbound_state(run.sa);
  Entrance entrance{sa, state, state.packets, state.bytes};
  Packet** kept = run.packets.data();
  CryptoJob* job = jobs.data();
  for (Packet* const packet : run.packets) {
    if (!job->good && sa.esn && !ah) [[unlikely]]
      resynchronise(*packet, *job, entrance.packets, my);
    if (admit(*packet, *job++, entrance, now, my)) [[likely]]
      *kept++ = packet;
  }
  run.packets = {run.packets.data(), kept};
  set_counter(state.packets, entrance.packets);
  set_counter(state.bytes, entrance.bytes);
  if (is_to_be_told(state)) [[unlikely]]
    tell_of_inbound_life(run.sa, my);
}

}  // namespace sallyport
