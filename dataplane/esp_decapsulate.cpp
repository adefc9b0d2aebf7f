#include "dataplane/esp_decapsulate.h"

#include <algorithm>

#include "base/raw_array.h"
#include "dataplane/lifetime.h"
#include "net/ah.h"
#include "net/esp.h"
#include "net/udp.h"
#include "sad/replay_window.h"
#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kKeepalive = 0xff;
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

// Within AH, or at the packet's end where it is too short for one.
void find_spi(Packet& packet) noexcept {
  const std::uint32_t offset = packet.esp_offset + std::uint32_t{AhHeader::kSpiOffset};
  packet.esp_offset = static_cast<std::uint16_t>(std::min(offset, packet.summary.length));
}

// What is sent to a group is for us where an SA is looked up by that group (RFC 4301 4.1).
bool is_for_our_group(const Packet& packet, const WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  const bool ah = summary.protocol == kProtocolAh;
  const bool ipsec = ah || summary.protocol == kProtocolEsp;
  if (packet.next_hop->kind != NextHop::Kind::Multicast || !ipsec || summary.later_fragment)
    return false;
  const std::uint32_t offset =
      summary.upper_offset + (ah ? std::uint32_t{AhHeader::kSpiOffset} : 0);
  if (summary.length < offset + sizeof(EspHeader)) return false;
  const Spi spi{packet.header<EspHeader>(offset).spi.get()};  // AH has SPI and number alike
  const SaSlot sa =
      my.sas.index().find(spi, summary.destination_address(), summary.source_address());
  return sa != kNoSa && my.sas.inbound(sa).lookup != SaLookup::Spi;
}

IpsecKind ipsec_kind(Packet& packet, const WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  if (!packet.next_hop->ours() && !is_for_our_group(packet, my)) return IpsecKind::No;
  if (summary.segments_left != 0) return IpsecKind::No;  // not the last stop (RFC 8200 4.4)
  if (summary.protocol == kProtocolUdp) return udp_kind(packet, my);
  if (summary.protocol != kProtocolEsp && summary.protocol != kProtocolAh) return IpsecKind::No;
  if (summary.fragment) return IpsecKind::Fragment;
  packet.esp_offset = summary.upper_offset;
  if (summary.protocol == kProtocolAh) find_spi(packet);
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

// ESP, which may be in UDP, or AH.
template <IpsecProtocol protocol>
bool is_of_protocol(const Packet& packet) noexcept {
  return (packet.summary.protocol == kProtocolAh) == (protocol == IpsecProtocol::Ah);
}

// Of the SA's protocol, and of a length that an ICV could make good.
template <IpsecProtocol protocol>
[[gnu::always_inline]] inline bool fits(const Packet& packet, const InboundSa& sa) noexcept {
  const bool of_protocol = is_of_protocol<protocol>(packet);
  const std::uint32_t size = esp_size(packet);
  return of_protocol & (size >= sa.minimum_bytes) &
         (((size - sa.around_bytes) & sa.padding_mask) == 0);
}

template <IpsecProtocol protocol>
[[gnu::noinline]] void drop_misfit(Packet& packet, const InboundSa& sa,
                                   WorkerContext& my) noexcept {
  const DropReason reason = !is_of_protocol<protocol>(packet)     ? DropReason::UnknownSpi
                            : esp_size(packet) < sa.minimum_bytes ? DropReason::EspTruncated
                                                                  : DropReason::EspAlignment;
  my.drops.drop(packet, reason);
}

// Where the SPI alone does not tell the SA, or nobody has it. False: the packet has ended.
[[gnu::noinline]] bool find_by_addresses(Packet& packet, Spi spi, WorkerContext& my) noexcept {
  packet.sa = my.sas.index().find(spi, packet.summary.destination_address(),
                                  packet.summary.source_address());
  if (packet.sa == kNoSa) {
    my.drops.drop(packet, DropReason::UnknownSpi);
    return false;
  }
  my.sas.prefetch_inbound(packet.sa);
  return true;
}

// The SPI of each packet, in their order, and the line where the search for it begins.
void read_spis(Burst& burst, Spi* next, WorkerContext& my) noexcept {
  Spi fetched{};
  burst.keep_if([&](Packet& packet) {
    if (esp_size(packet) < sizeof(EspHeader)) [[unlikely]] {
      my.drops.drop(packet, DropReason::EspTruncated);
      return false;
    }
    const Spi spi{packet.header<EspHeader>(packet.esp_offset).spi.get()};
    if (spi != fetched) my.sas.index().prefetch(spi);
    *next++ = fetched = spi;
    return true;
  });
}

// The SA's life is over.
[[gnu::noinline]] void drop_all(SaRun& run, WorkerContext& my) noexcept {
  for (Packet* packet : run.packets) my.drops.drop(*packet, DropReason::LifetimeExpired);
  run.packets = {};
}

bool is_whole_esp(const PacketSummary& summary) noexcept {
  return (summary.protocol == kProtocolEsp) & !summary.fragment & (summary.segments_left == 0);
}

// What most of it is. Sets its ESP offset.
[[gnu::always_inline]] inline bool is_whole_esp_for_us(Packet& packet) noexcept {
  packet.esp_offset = packet.summary.upper_offset;
  return packet.next_hop->ours() && is_whole_esp(packet.summary);
}

// Behind the IP headers; 0, which is nobody's, where there is no room for one (RFC 4303 2.1).
Spi spi_of(const Packet& packet) noexcept {
  const std::uint32_t offset = packet.summary.upper_offset;
  if (packet.summary.length - offset < sizeof(EspHeader)) return Spi{};
  return Spi{packet.header<EspHeader>(offset).spi.get()};
}

// Leaves the packets of a run that fit its SA and have a number that was neither seen nor is too
// old, which it infers, for each of which `describe` is called. Changes no state of the SA.
template <IpsecProtocol protocol, class Describe>
[[gnu::always_inline]] inline void keep_new(SaRun& run, const InboundSa& sa, WorkerContext& my,
                                            Describe describe) noexcept {
  InboundState& state = my.sas.inbound_state(run.sa);
  if (is_used_up(state) || is_out_of_time(sa.expiry(), my)) [[unlikely]]
    return drop_all(run, my);
  Packet** kept = run.packets.data();
  for (Packet* const packet : run.packets) {
    if (!fits<protocol>(*packet, sa)) [[unlikely]] {
      drop_misfit<protocol>(*packet, sa, my);
      continue;
    }
    const std::uint32_t low = packet->header<EspHeader>(packet->esp_offset).sequence.get();
    const auto sequence = infer_sequence(sa, state, low);
    if (!sequence || !replay_check(sa, state, *sequence)) [[unlikely]] {
      my.drops.drop(*packet, DropReason::Replay);
      continue;
    }
    packet->sequence = sequence->value;
    describe(*packet);
    *kept++ = packet;
  }
  run.packets = {run.packets.data(), kept};
}

}  // namespace

Burst take_ipsec_for_us(Burst& burst, WorkerContext& my) noexcept {
  Burst ipsec;
  if (std::ranges::all_of(burst, [](Packet* packet) { return is_whole_esp_for_us(*packet); })) {
    ipsec = burst;
    burst.clear();
    return ipsec;
  }
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

bool have_one_sa(const Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (burst.empty() || !is_whole_esp(burst[0].summary)) return false;
  const PacketSummary& first = burst[0].summary;
  const Spi spi = spi_of(burst[0]);
  const auto is_alike = [&](const Packet& packet) {
    const PacketSummary& summary = packet.summary;
    return is_whole_esp(summary) && summary.family == first.family &&
           same_octets(summary.destination, first.destination) && spi_of(packet) == spi;
  };
  // Of many SAs, which come mixed, the last packet tells nearly always.
  if (!is_alike(burst[burst.size() - 1])) return false;
  const SaSlot sa = my.sas.index().find_alone(spi);
  const NextHop& hop = now.routes->look_up(first.destination_address());
  if (sa == kNoSa || !hop.ours()) return false;
  my.sas.prefetch_inbound(sa);
  for (Packet* packet : burst) {
    if (!is_alike(*packet)) return false;
    packet->esp_offset = packet->summary.upper_offset;
    packet->next_hop = &hop;
    packet->sa = sa;
  }
  return true;
}

void find_sas(Burst& burst, WorkerContext& my) noexcept {
  const SaIndex& index = my.sas.index();
  RawArray<Spi, kBurstSize> spis;
  read_spis(burst, spis.begin(), my);
  const Spi* next = spis.begin();
  Spi asked{};
  SaSlot alone = kNoSa;  // of those that have the SPI
  burst.keep_if([&](Packet& packet) {
    const Spi spi = *next++;
    packet.opening = Opening::None;
    if (spi != asked) {
      asked = spi;
      alone = index.find_alone(spi);
      if (alone != kNoSa) my.sas.prefetch_inbound(alone);
    }
    packet.sa = alone;
    return alone != kNoSa || find_by_addresses(packet, spi, my);
  });
}

void check_replay(SaRun& run, WorkerContext& my) noexcept {
  keep_new<IpsecProtocol::Ah>(run, my.sas.inbound(run.sa), my, [](const Packet&) {});
}

void prepare_esp(SaRun& run, CryptoJob* jobs, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  const CommonJob of_all(my.keys.at(sa.key), sa);
  CryptoJob* job = jobs;
  keep_new<IpsecProtocol::Esp>(run, sa, my, [&](const Packet& packet) {
    of_all.store(*job);
    job->esp = packet.data() + packet.esp_offset;
    job->sequence = packet.sequence;
    job->text_bytes = esp_size(packet) - sa.around_bytes;
    ++job;
  });
  if (my.resynchronisation.awaits(run.sa) && !run.packets.empty()) [[unlikely]]
    my.resynchronisation.keep({jobs->esp, esp_size(*run.packets[0])},
                              my.sas.inbound_state(run.sa).packets);
}

}  // namespace sallyport
