#include "dataplane/esp_encapsulate.h"

#include <algorithm>
#include <bit>

#include "dataplane/acquire.h"
#include "dataplane/buffer_room.h"
#include "dataplane/esp_wrap.h"
#include "dataplane/mobility.h"
#include "dataplane/punt.h"
#include "dataplane/tunnel_headers.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

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
  const bool whole_outside = sa.fragment_before || sa.outer_df[0];
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

// `path`: octets that the SA's path takes.
std::uint32_t inner_mtu_of(std::uint32_t path, const OutboundSa& sa, std::uint32_t clear) noexcept {
  const std::uint32_t fixed = clear + sa.header_bytes + sa.iv_bytes + sa.icv_bytes;
  const std::uint32_t text = path <= fixed ? 0 : (path - fixed) & ~std::uint32_t{sa.padding_mask};
  return text <= sa.trailer_bytes ? 0 : clear + text - sa.trailer_bytes;
}

// What packets of one SA are held against.
struct EasyTerms {
  bool plain;
  bool v4;
  bool v6;
  std::uint32_t path;  // octets that the SA's path takes, as it was read once
  std::uint32_t most;  // of a packet inside

  explicit EasyTerms(const OutboundSa& sa) noexcept
      : plain(sa.plain),
        v4(sa.inner_v4),
        v6(sa.inner_v6),
        path(sa.path_mtu()),
        most(inner_mtu_of(path, sa, 0)) {}

  // What a tunnel takes without a question: a whole packet that fits, where it wants nothing
  // special.
  [[nodiscard]] bool allow(const Packet& packet) const noexcept {
    const bool carried = packet.summary.family == Family::V4 ? v4 : v6;
    // A length of 0 is a dummy for which there is no room.
    const bool fits_path = packet.summary.length - 1 < most;
    const bool fits_front = packet.headroom() >= kFrontRoom + kMostIvBytes;
    const bool fits_back = packet.tailroom() >= kBackRoom;
    return plain & carried & fits_path & fits_front & fits_back;
  }
};

// The longest that any of a burst can become where each is taken so; else kAnyLength.
std::uint32_t taken_easily(const Burst& burst, const WorkerContext& my) noexcept {
  if (burst.empty() || burst[0].sa == kNoSa) [[unlikely]]
    return kAnyLength;
  SaSlot asked = burst[0].sa;
  EasyTerms terms(my.sas.outbound(asked));
  std::uint32_t longest = terms.path;
  for (const Packet* packet : burst) {
    if (packet->sa != asked) {
      asked = packet->sa;
      if (asked == kNoSa) [[unlikely]]
        return kAnyLength;
      terms = EasyTerms(my.sas.outbound(asked));
      longest = std::max(longest, terms.path);
    }
    if (!terms.allow(*packet)) [[unlikely]]
      return kAnyLength;
  }
  return longest;
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

void pad_traffic_flow(Packet& packet, const OutboundSa& sa) noexcept {
  // The path MTU may have risen since the room was checked.
  const std::uint32_t bytes =
      std::min(tfc_padding(packet.summary.length, sa), packet.tailroom() - kBackRoom);
  std::memset(packet.data() + packet.size(), 0, bytes);
  packet.set_size(packet.size() + bytes);
}

Wrapped wrap_in_transport(Packet& packet, const OutboundSa& sa) noexcept {
  const PacketSummary& summary = packet.summary;
  const std::uint8_t next_header = packet.data()[insertion_protocol_offset(summary, sa)];
  const std::uint32_t payload_bytes = summary.length - insertion_offset(summary, sa);
  const std::uint32_t text_bytes =
      write_trailer(packet.data() + packet.size(), payload_bytes, next_header, sa.padding_mask);
  packet.set_size(packet.size() + text_bytes - payload_bytes + sa.icv_bytes);
  return {enter_transport(packet, sa), text_bytes};
}

std::uint32_t inner_mtu(const OutboundSa& sa, std::uint32_t clear) noexcept {
  return inner_mtu_of(sa.path_mtu(), sa, clear);
}

Chosen choose_sas(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
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
  Chosen chosen{.cut_before = {}, .longest = taken_easily(burst, my)};
  if (chosen.longest == kAnyLength) [[unlikely]]
    burst.keep_if([&](Packet& packet) { return is_taken(packet, chosen.cut_before, now, my); });
  return chosen;
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
