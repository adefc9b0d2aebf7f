#include "dataplane/esp_encapsulate.h"

#include <algorithm>
#include <bit>

#include "dataplane/acquire.h"
#include "dataplane/buffer_room.h"
#include "dataplane/enter.h"
#include "dataplane/lifetime.h"
#include "dataplane/mobility.h"
#include "dataplane/punt.h"
#include "net/esp.h"
#include "net/ipv6.h"
#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kLeastIpv4Mtu = 68;  // RFC 791 3.2
// The header template is stored as a whole line, the padding as 16 octets: room for both, and for
// the high half of the sequence number where the ICV will be (RFC 4303 2.2.1) or, of AH, behind
// all.
constexpr std::uint32_t kFrontRoom = 64 + RTE_ETHER_HDR_LEN + 4;
constexpr std::uint32_t kBackRoom = 16 + sizeof(EspTrailer) + 32;

constexpr std::array<std::uint8_t, 16> kPadding{1, 2,  3,  4,  5,  6,  7,  8,
                                                9, 10, 11, 12, 13, 14, 15, 16};

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
      (payload + sa.trailer_bytes + sa.padding_mask) & ~std::uint32_t{sa.padding_mask};
  return clear + sa.header_bytes + sa.iv_bytes + text + sa.icv_bytes;
}

bool family_allowed(Family family, const OutboundSa& sa) noexcept {
  return family == Family::V4 ? sa.inner_v4 : sa.inner_v6;
}

// Why an SA that does not carry every fragment, or nothing but later ones, does not carry the
// packet (RFC 4301 7.2, RFC 7296 1.3.1).
std::optional<DropReason> fragment_objection(const Packet& packet, FragmentChecks checks) noexcept {
  switch (checks) {
    case FragmentChecks::Stateless:
    case FragmentChecks::Stateful:
      return std::nullopt;
    case FragmentChecks::Opaque:
    case FragmentChecks::OpaqueIpv6:
      return opaque_fault(packet, checks);
    case FragmentChecks::Unagreed:
      if (packet.summary.later_fragment) return DropReason::FragmentUnagreed;
  }
  return std::nullopt;
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
  if (const auto fault = fragment_objection(packet, sa.fragments))
    return IcmpCause{*fault, Prohibited};
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

// Extensions that its source knows nothing of.
std::uint32_t octets_inserted(const Packet& packet) noexcept {
  constexpr int kEach = 24;
  if (packet.form != HomeForm::Leaving || packet.ingress == kNoPort) return 0;
  return static_cast<std::uint32_t>(std::popcount(packet.summary.mobility) * kEach);
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
  const auto mtu = static_cast<std::uint16_t>(inner_mtu(sa, clear_bytes(packet.summary, sa)) -
                                              octets_inserted(packet));
  drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, mtu}, my);
  return false;
}

// A buffer that is too small is left for another one (DP-03); false where there was none.
bool make_room(Packet& packet, const OutboundSa& sa, WorkerContext& my) noexcept {
  const std::uint32_t tfc_bytes = tfc_padding(packet.summary.length, sa);
  const BufferRoom needed{kFrontRoom + sa.iv_bytes, kBackRoom + tfc_bytes};
  if (packet.headroom() >= needed.front && packet.tailroom() >= needed.back) [[likely]]
    return true;
  const auto fault = move_to_larger_buffer(packet, needed, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

// Transport mode comes behind the extensions of Mobile IPv6 (RFC 6275 9.3.2, 11.3.2); false where
// they could not be put in, and the packet ended.
bool has_extensions(Packet& packet, const OutboundSa& sa, WorkerContext& my) noexcept {
  const bool bound = packet.bound_source != kNoBinding || packet.bound_destination != kNoBinding;
  return !bound || sa.mode == IpsecMode::Tunnel || insert_extensions(packet, my);
}

// What a tunnel takes without a question: whole packets that fit, where it wants nothing special.
class Easy {
 public:
  Easy() = default;  // takes nothing
  explicit Easy(const OutboundSa& sa) noexcept
      : room_(is_plain(sa) ? sa.path_mtu() - around_text(sa) : 0),
        trailer_(std::int32_t{sa.trailer_bytes} + sa.padding_mask),
        text_mask_(~std::int32_t{sa.padding_mask}),
        front_(kFrontRoom + sa.iv_bytes),
        v4_(sa.inner_v4),
        v6_(sa.inner_v6) {}

  [[nodiscard]] bool takes(const Packet& packet) const noexcept {
    const auto length = static_cast<std::int32_t>(packet.summary.length);
    // 0: a dummy for which there is no room
    return length != 0 && ((length + trailer_) & text_mask_) <= room_ &&
           (packet.summary.family == Family::V4 ? v4_ : v6_) && packet.headroom() >= front_ &&
           packet.tailroom() >= kBackRoom;
  }

 private:
  static bool is_plain(const OutboundSa& sa) noexcept {
    const bool every_fragment =
        sa.fragments == FragmentChecks::Stateless || sa.fragments == FragmentChecks::Stateful;
    return sa.mode == IpsecMode::Tunnel && sa.tfc_bytes == 0 && every_fragment;
  }
  static std::int32_t around_text(const OutboundSa& sa) noexcept {
    return sa.header_bytes + sa.iv_bytes + sa.icv_bytes;
  }

  std::int32_t room_{};  // for the text
  std::int32_t trailer_{};
  std::int32_t text_mask_{};
  std::uint32_t front_{};
  bool v4_{};
  bool v6_{};
};

// Padding, pad length and next header behind the payload (RFC 4303 2.4 to 2.6), which ends at
// `end`; the text's size. The packet's own size stays for the caller to set.
std::uint32_t write_trailer(std::uint8_t* end, std::uint32_t payload_bytes,
                            std::uint8_t next_header, std::uint32_t padding_mask) noexcept {
  constexpr std::uint32_t kTrailerBytes = sizeof(EspTrailer);
  const std::uint32_t padding = (0u - (payload_bytes + kTrailerBytes)) & padding_mask;
  std::memcpy(end, kPadding.data(), kPadding.size());
  end[padding] = static_cast<std::uint8_t>(padding);
  end[padding + 1] = next_header;
  return payload_bytes + padding + kTrailerBytes;
}

// Zeros behind the datagram, whose own length tells the receiver where it ends (RFC 4303 2.7).
void pad_traffic_flow(Packet& packet, std::uint32_t bytes) noexcept {
  std::memset(packet.data() + packet.size(), 0, bytes);
  packet.set_size(packet.size() + bytes);
}

// Puts the packets of one run into their tunnel.
class TunnelWrap {
 public:
  TunnelWrap(const OutboundSa& sa, WorkerContext& my) noexcept
      : entrance_(sa, my),
        padding_mask_(sa.padding_mask),
        icv_bytes_(sa.icv_bytes),
        padded_(sa.tfc_bytes == 0 ? nullptr : &sa) {}

  // The trailer goes behind the payload, the headers in front; returns where the IV begins.
  [[gnu::always_inline]] std::uint8_t* wrap(Packet& packet, std::uint32_t& text_bytes) noexcept {
    if (padded_ != nullptr) [[unlikely]]
      // The path MTU may have risen since the room was checked.
      pad_traffic_flow(packet, std::min(tfc_padding(packet.summary.length, *padded_),
                                        packet.tailroom() - kBackRoom));
    const std::uint8_t next_header = packet.dummy                          ? kProtocolNone
                                     : packet.summary.family == Family::V4 ? kProtocolIpv4
                                                                           : kProtocolIpv6;
    std::uint8_t* const inner = packet.data();
    const std::uint32_t payload_bytes = packet.size();
    text_bytes = write_trailer(inner + payload_bytes, payload_bytes, next_header, padding_mask_);
    return entrance_.enter(packet, inner, text_bytes + icv_bytes_);
  }

 private:
  TunnelEntrance entrance_;
  std::uint32_t padding_mask_;
  std::uint32_t icv_bytes_;
  const OutboundSa* padded_;  // where it wants TFC padding
};

std::uint8_t* wrap_in_transport(Packet& packet, const OutboundSa& sa,
                                std::uint32_t& text_bytes) noexcept {
  const PacketSummary& summary = packet.summary;
  const std::uint8_t next_header = packet.data()[insertion_protocol_offset(summary, sa)];
  const std::uint32_t payload_bytes = summary.length - insertion_offset(summary, sa);
  text_bytes =
      write_trailer(packet.data() + packet.size(), payload_bytes, next_header, sa.padding_mask);
  packet.set_size(packet.size() + text_bytes - payload_bytes + sa.icv_bytes);
  return enter_transport(packet, sa);
}

// The packets of the run that got no number end here.
[[gnu::noinline]] void drop_unnumbered(SaRun& run, const NumberGrant& grant,
                                       WorkerContext& my) noexcept {
  const DropReason reason =
      grant.exhausted ? DropReason::SequenceExhausted : DropReason::LifetimeExpired;
  for (Packet* packet : run.packets.subspan(grant.count)) my.drops.drop(*packet, reason);
  run.packets = run.packets.first(grant.count);
}

// Wraps each packet of the run by `wrap(packet, text_bytes)`, which says where the IV begins, and
// describes what is to be sealed; the octets of all texts.
template <class Wrap>
[[gnu::always_inline]] inline std::uint64_t describe_each(const SaRun& run,
                                                          std::span<CryptoJob> jobs,
                                                          const OutboundSa& sa,
                                                          Wrap wrap) noexcept {
  const KeySlot key = sa.key;
  const bool esn = sa.esn;
  std::uint64_t number = run.first_number;
  std::uint64_t bytes = 0;
  CryptoJob* job = jobs.data();
  for (Packet* const packet : run.packets) {
    std::uint32_t text_bytes = 0;
    std::uint8_t* const esp = wrap(*packet, text_bytes) - sizeof(EspHeader);
    reinterpret_cast<EspHeader*>(esp)->sequence.set(static_cast<std::uint32_t>(number));
    packet->sequence = number;
    *job++ = {.esp = esp,
              .text_bytes = text_bytes,
              .sequence_high = static_cast<std::uint32_t>(number++ >> 32),
              .key = key,
              .esn = esn};
    bytes += text_bytes;
  }
  return bytes;
}

// What led to the SA may be older than the SA: a flow or a first fragment that was judged when
// there was another one, or none. False: there is none now, and the packet has ended or waits.
bool find_sa_anew(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  if (!packet.dummy) {
    packet.handle = my.populated.find(packet.policy, now.policies->entry(packet.policy).pfp,
                                      selector_fields(packet.summary, Direction::Outbound));
    packet.sa = my.handles.choose(packet.handle, packet.summary.traffic_class >> kDscpShift);
    if (packet.sa != kNoSa) return true;
  }
  acquire_sa(packet, now, my);
  return false;
}

// Every question that an SA may have. False: the packet was put into `cut_before`, ended or waits.
[[gnu::noinline]] bool is_taken(Packet& packet, Burst& cut_before, const Tables& now,
                                WorkerContext& my) noexcept {
  if (packet.sa == kNoSa && !find_sa_anew(packet, now, my)) return false;
  const OutboundSa& sa = my.sas.outbound(packet.sa);
  if (!has_extensions(packet, sa, my)) return false;
  if (const auto cause = objection(packet, sa)) {
    drop_and_tell(packet, *cause, my);
    return false;
  }
  const std::uint32_t tfc_bytes = tfc_padding(packet.summary.length, sa);
  if (encapsulated_size(packet.summary, tfc_bytes, sa) > sa.path_mtu() &&
      !goes_on_too_long(packet, sa, cut_before, my))
    return false;
  return make_room(packet, sa, my);
}

}  // namespace

std::uint32_t inner_mtu(const OutboundSa& sa, std::uint32_t clear) noexcept {
  const std::uint32_t path = sa.path_mtu();
  const std::uint32_t fixed = clear + sa.header_bytes + sa.iv_bytes + sa.icv_bytes;
  const std::uint32_t text = path <= fixed ? 0 : (path - fixed) & ~std::uint32_t{sa.padding_mask};
  return text <= sa.trailer_bytes ? 0 : clear + text - sa.trailer_bytes;
}

Burst choose_sas(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  SaHandle led = kNoHandle;
  SaHandles::Sas sas;
  SaSlot fetched = kNoSa;
  for (Packet* packet : burst) {
    if (packet->handle != led) {
      led = packet->handle;
      sas = my.handles.behind(led);
    }
    packet->sa_direction = Direction::Outbound;
    packet->sa = sas.of(packet->summary.traffic_class >> kDscpShift);
    if (packet->sa == fetched) continue;
    fetched = packet->sa;
    if (fetched != kNoSa) my.sas.prefetch_outbound(fetched);
  }
  Burst cut_before;
  SaSlot asked = kNoSa;
  Easy easy;
  burst.keep_if([&](Packet& packet) {
    if (packet.sa != asked) {
      asked = packet.sa;
      easy = asked == kNoSa ? Easy() : Easy(my.sas.outbound(asked));
      if (asked != kNoSa) my.keys.prefetch(my.sas.outbound(asked).key, packet.summary.length);
    }
    return easy.takes(packet) || is_taken(packet, cut_before, now, my);
  });
  return cut_before;
}

void take_sequence_numbers(SaRun& run, WorkerContext& my) noexcept {
  OutboundState& state = my.sas.outbound_state(run.sa);
  const std::uint64_t limit = my.sas.sequence_limit(run.sa);
  const bool over = is_out_of_time(my.sas.outbound_expiry(run.sa), my);
  const std::uint64_t wanted = over ? 0 : run.packets.size();
  const NumberGrant grant = is_spread(run.sa, my) ? reserve_numbers(state, limit, wanted)
                                                  : take_numbers(state, limit, wanted);
  run.first_number = grant.first;
  if (grant.count != run.packets.size()) [[unlikely]]
    drop_unnumbered(run, grant, my);
}

void encapsulate_esp(const SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  std::uint64_t bytes = 0;
  if (sa.mode == IpsecMode::Tunnel) [[likely]] {
    TunnelWrap tunnel(sa, my);
    bytes = describe_each(run, jobs, sa, [&](Packet& packet, std::uint32_t& text_bytes) {
      return tunnel.wrap(packet, text_bytes);
    });
  } else {
    bytes = describe_each(run, jobs, sa, [&](Packet& packet, std::uint32_t& text_bytes) {
      return wrap_in_transport(packet, sa, text_bytes);
    });
  }
  if (sa.iv_bytes != 0 && !run.packets.empty())
    my.ivs.fill(sa, jobs.first(run.packets.size()), SequenceNumber{run.first_number});
  count_bytes(run, bytes, my);
}

void write_udp_checksums(const SaRun& run, WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  if (!wants_udp_checksums(sa)) [[likely]]
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
