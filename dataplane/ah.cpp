#include "dataplane/ah.h"

#include "dataplane/enter.h"
#include "net/ah.h"
#include "net/ah_coverage.h"

namespace sallyport {
namespace {

constexpr std::uint16_t kHighHalfBytes = 4;  // of the ESN, behind the packet while it is covered

// Describes the work on one packet whose AH stands at `front`; false where its headers are
// malformed, and then the packet is as it was.
bool describe(Packet& packet, std::uint16_t front, CryptoJob& job, WorkerContext& my) noexcept {
  my.headers.put(packet.bytes().first(front));
  const auto gone = cover_by_ah({packet.data(), front});
  if (!gone) {
    my.headers.undo(packet);
    return false;
  }
  job = {.esp = packet.data() + *gone,
         .sequence = packet.sequence,
         .text_bytes = packet.size() - *gone,
         .icv_offset = static_cast<std::uint16_t>(front - *gone + sizeof(AhHeader))};
  return true;
}

std::uint8_t next_header(const Packet& packet, const OutboundSa& sa) noexcept {
  const PacketSummary& summary = packet.summary;
  if (packet.dummy) return kProtocolNone;
  if (sa.mode == IpsecMode::Transport) return packet.data()[insertion_protocol_offset(summary, sa)];
  return summary.family == Family::V4 ? kProtocolIpv4 : kProtocolIpv6;
}

// Returns where AH begins.
std::uint16_t enter(Packet& packet, const OutboundSa& sa, WorkerContext& my) noexcept {
  const std::uint8_t next = next_header(packet, sa);
  std::uint8_t* const icv =
      sa.mode == IpsecMode::Tunnel
          ? enter_tunnel(packet, {packet.data(), packet.size()}, sa, my, GoesOn{})
          : enter_transport(packet, sa);
  std::memset(icv, 0, sa.iv_bytes);
  if (sa.iv_rule == IvRule::Counter) store_be<std::uint64_t>(icv, packet.sequence);  // RFC 4543 4
  auto& ah = *reinterpret_cast<AhHeader*>(icv - sizeof(AhHeader));
  ah.next_header = next;
  ah.sequence.set(static_cast<std::uint32_t>(packet.sequence));
  return static_cast<std::uint16_t>(icv - sizeof(AhHeader) - packet.data());
}

// A frame may fill its buffer to the end: the headers' room is in front.
void make_room_behind(Packet& packet) noexcept {
  if (packet.tailroom() >= kHighHalfBytes) [[likely]]
    return;
  const std::uint32_t size = packet.size();
  std::uint8_t* const from = packet.data();
  std::memmove(packet.prepend(kHighHalfBytes), from, size);
  packet.set_size(size);
}

// Nullopt where the packet's work is described in `job`.
std::optional<DropReason> prepare(Packet& packet, const InboundSa& sa, CryptoJob& job,
                                  WorkerContext& my) noexcept {
  const std::uint16_t front = packet.summary.upper_offset;
  const auto& ah = packet.header<AhHeader>(front);
  if (ah.length() != sa.minimum_bytes + AhHeader::kSpiOffset) return DropReason::AhLength;
  if (front > HeaderCopies::kMost) return DropReason::TooManyExtensions;
  if (sa.esn) make_room_behind(packet);
  if (!describe(packet, front, job, my)) return DropReason::BadHeaderLength;
  job.key = &my.keys.at(sa.key);
  job.esn = sa.esn;
  return std::nullopt;
}

}  // namespace

std::uint64_t encapsulate_ah(SaRun& run, std::span<CryptoJob> jobs, const OutboundSa& sa,
                             WorkerContext& my) noexcept {
  std::uint64_t bytes = 0;
  std::uint64_t number = run.first_number;
  unsigned kept = 0;
  for (Packet* packet : run.packets) {
    packet->sequence = number++;
    CryptoJob& job = jobs[kept];
    if (!describe(*packet, enter(*packet, sa, my), job, my)) {
      my.drops.drop(*packet, DropReason::BadHeaderLength);
      continue;
    }
    job.key = &my.keys.at(sa.key);
    job.esn = sa.esn;
    bytes += job.text_bytes;
    run.packets[kept++] = packet;
  }
  run.packets = run.packets.first(kept);
  return bytes;
}

void prepare_ah(SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  unsigned kept = 0;
  for (Packet* packet : run.packets) {
    const auto fault = prepare(*packet, sa, jobs[kept], my);
    if (fault)
      my.drops.drop(*packet, *fault);
    else
      run.packets[kept++] = packet;
  }
  run.packets = run.packets.first(kept);
  if (my.resynchronisation.awaits(run.sa) && kept != 0) [[unlikely]]
    my.resynchronisation.keep({jobs[0].esp, jobs[0].text_bytes},
                              my.sas.inbound_state(run.sa).packets);
}

void restore_headers(const SaRun& run, WorkerContext& my) noexcept {
  for (Packet* packet : run.packets) my.headers.take(*packet);
}

}  // namespace sallyport
