#include "dataplane/reassembly.h"

#include "dataplane/buffer_room.h"
#include "dataplane/envelope.h"
#include "dataplane/parse.h"
#include "dataplane/tunnel_headers.h"
#include "dataplane/worker_context.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kProtectedSide = ~0u;
constexpr std::uint32_t kUnprotectedSide = ~0u - 1;
constexpr std::uint8_t kNotEctSeen = 1 << 0;
constexpr std::uint8_t kCeSeen = 1 << 3;

DropReason drop_reason(PieceVerdict verdict) noexcept {
  return verdict == PieceVerdict::TooMany ? DropReason::FragmentTooMany
                                          : DropReason::FragmentOverlap;
}

std::uint8_t* data_at(const rte_mbuf* buffer, std::uint32_t offset) noexcept {
  return static_cast<std::uint8_t*>(buffer->buf_addr) + Reassembly::kFrontRoom + offset;
}

std::uint16_t link_bytes_of(const Packet& packet, const WorkerContext& my) noexcept {
  if (packet.ingress == kNoPort || packet.decapsulated) return 0;
  return my.ports[packet.ingress.value].port().link_bytes();
}

// Of the whole, where one fragment was marked (RFC 3168 5.3).
void set_congestion(Packet& packet) noexcept {
  if (packet.summary.family == Family::V6) {
    auto& header = packet.header<Ipv6Header>();
    header.set_traffic_class(header.traffic_class() | kEcnMask);
  } else {
    packet.header<Ipv4Header>().tos |= kEcnMask;
  }
}

void write_lengths(Packet& packet, std::uint16_t next_header_at,
                   std::uint8_t next_header) noexcept {
  if (packet.summary.family == Family::V6) {
    packet.data()[next_header_at] = next_header;
    packet.header<Ipv6Header>().payload_length.set(
        static_cast<std::uint16_t>(packet.size() - sizeof(Ipv6Header)));
    return;
  }
  auto& header = packet.header<Ipv4Header>();
  header.total_length.set(static_cast<std::uint16_t>(packet.size()));
  header.fragment.set(header.fragment.get() & Ipv4Header::kDontFragment);
  header.checksum.set(0);
  header.checksum.set(checksum(packet.bytes().first(header.header_length())));
}

// What a datagram may not be once it is whole; nullopt where it may.
std::optional<DropReason> fault_of_whole(Packet& packet, const SkippedHeaders& skipped) noexcept {
  const ParseVerdict verdict = summarize(packet, skipped);
  if (verdict != ParseVerdict::Good) return drop_reason(verdict);
  if (packet.summary.fragment) return DropReason::FragmentOverlap;  // fragments of a fragment
  if (is_neighbour_discovery(packet.summary)) return DropReason::FragmentForbidden;
  return std::nullopt;
}

}  // namespace

std::uint32_t fragment_context(const Packet& packet, const WorkerContext& my) noexcept {
  if (packet.decapsulated) return my.sas.lasting_slot(packet.sa).value;
  const bool unprotected = packet.ingress != kNoPort &&
                           my.ports[packet.ingress.value].port().side() == Side::Unprotected;
  return unprotected ? kUnprotectedSide : kProtectedSide;
}

bool Reassembly::add(Packet& packet, std::uint64_t now, WorkerContext& my) noexcept {
  Fragment fragment;
  const FragmentVerdict verdict = read_fragment(packet.bytes(), packet.summary, fragment);
  const bool too_long = verdict == FragmentVerdict::TooLong || fragment.end() > kLongest ||
                        fragment.headers.size() > kFrontRoom - kLinkRoom;
  if (verdict == FragmentVerdict::Tiny || too_long) {
    my.drops.drop(packet, too_long ? DropReason::FragmentTooLong : DropReason::FragmentTiny);
    return false;
  }
  fragment.key.context = fragment_context(packet, my);
  Table::Entry* entry = table_.find(fragment.key);
  if (entry == nullptr) entry = begin(fragment.key, now, my);
  if (entry == nullptr) {
    my.drops.drop(packet, DropReason::NoBuffer);
    return false;
  }
  Datagram& datagram = entry->value;
  if (datagram.buffer == nullptr) {
    my.drops.drop(packet, datagram.void_for);
    return false;
  }
  if (!keep(packet, fragment, datagram, my)) return false;
  if (datagram.pieces.complete()) return finish(packet, *entry, my);
  my.counters.fragments_kept.add();
  rte_pktmbuf_free(packet.mbuf);
  return false;
}

void Reassembly::expire(std::uint64_t now, WorkerContext& my) noexcept {
  const auto is_over = [now](const Table::Entry& entry) {
    return static_cast<std::int64_t>(now - entry.until) >= 0;
  };
  while (!empty() && is_over(*table_.oldest())) drop_oldest(DropReason::FragmentTimeout, my);
}

std::size_t Reassembly::buffers_in_use() const noexcept {
  std::size_t count = 0;
  for (const Table::Entry* entry = table_.oldest(); entry != nullptr; entry = Table::newer(*entry))
    count += entry->value.buffer != nullptr ? 1 : 0;
  return count;
}

// A full table gives up its oldest: a flood then delays nobody for longer than it takes to fill it.
Reassembly::Table::Entry* Reassembly::begin(const FragmentKey& key, std::uint64_t now,
                                            WorkerContext& my) noexcept {
  if (table_.full()) drop_oldest(DropReason::FragmentTableFull, my);
  rte_mbuf* const buffer = rte_pktmbuf_alloc(settings_.buffers);
  if (buffer == nullptr) return nullptr;
  Table::Entry& entry = table_.insert(key, now + settings_.life_ticks);
  entry.value = Datagram{};
  entry.value.buffer = buffer;
  return &entry;
}

// Drops what has come of it; it stays here, void, so that the rest is dropped, too (RFC 5722 4).
void Reassembly::give_up(Datagram& datagram, DropReason reason, WorkerContext& my) noexcept {
  const unsigned kept = datagram.pieces.count();
  rte_pktmbuf_free(datagram.buffer);
  datagram.buffer = nullptr;
  datagram.void_for = reason;
  my.counters.fragments_left.add(kept);
  my.drops.count(reason, kept);
}

// One of the fragments is dropped as a packet, so that what audits drops sees whose it was.
void Reassembly::drop_oldest(DropReason reason, WorkerContext& my) noexcept {
  Table::Entry& entry = *table_.oldest();
  const Datagram& datagram = entry.value;
  if (datagram.buffer != nullptr) {
    Packet witness{};
    witness.mbuf = datagram.buffer;
    witness.ingress = datagram.ingress;
    witness.summary.family = entry.key.family;
    witness.summary.source = entry.key.source;
    witness.summary.destination = entry.key.destination;
    witness.summary.protocol = entry.key.protocol;
    witness.summary.fragment = true;
    if (datagram.header_bytes != 0) {
      // The first fragment is there, eight octets of it at least: SPI and number can be seen.
      datagram.buffer->data_off = static_cast<std::uint16_t>(kFrontRoom - datagram.header_bytes);
      witness.set_size(datagram.header_bytes + 8u);
      witness.summary.upper_offset = datagram.header_bytes;
      if (entry.key.family == Family::V6) witness.summary.protocol = datagram.next_header;
    }
    const unsigned kept = datagram.pieces.count();
    my.counters.fragments_left.add(kept);
    my.drops.count(reason, kept - 1);
    my.drops.drop(witness, reason);
  }
  table_.erase(entry);
}

// Puts the octets where they belong; false where the fragment was dropped.
bool Reassembly::keep(Packet& packet, const Fragment& fragment, Datagram& datagram,
                      WorkerContext& my) noexcept {
  const auto size = static_cast<std::uint32_t>(fragment.data.size());
  const PieceVerdict verdict = datagram.pieces.add({fragment.offset, size, fragment.more});
  std::uint8_t* const place = data_at(datagram.buffer, fragment.offset);
  const bool again =
      verdict == PieceVerdict::Duplicate && std::memcmp(place, fragment.data.data(), size) == 0;
  if (again) {
    my.drops.drop(packet, DropReason::FragmentDuplicate);
    return false;
  }
  if (verdict != PieceVerdict::Added) {
    give_up(datagram, drop_reason(verdict), my);
    my.drops.drop(packet, drop_reason(verdict));
    return false;
  }
  std::memcpy(place, fragment.data.data(), size);
  datagram.ecn_seen |= static_cast<std::uint8_t>(1 << (packet.summary.traffic_class & kEcnMask));
  if (datagram.pieces.count() == 1) datagram.ingress = packet.ingress;
  if (fragment.offset != 0) return true;
  // Whoever answers wants the link header, too; it still stands in front.
  const std::size_t link_bytes = link_bytes_of(packet, my);
  const std::size_t front = link_bytes + fragment.headers.size();
  std::memcpy(data_at(datagram.buffer, 0) - front, packet.data() - link_bytes, front);
  datagram.header_bytes = static_cast<std::uint16_t>(fragment.headers.size());
  datagram.next_header_at = fragment.next_header_at;
  datagram.next_header = fragment.next_header;
  datagram.ingress = packet.ingress;
  return true;
}

bool Reassembly::finish(Packet& packet, Table::Entry& entry, WorkerContext& my) noexcept {
  const Datagram& datagram = entry.value;
  const unsigned kept = datagram.pieces.count() - 1;
  my.counters.fragments_left.add(kept);
  my.counters.fragments_joined.add(kept);
  Envelope::of(datagram.buffer) = Envelope::of(packet.mbuf);
  rte_pktmbuf_free(packet.mbuf);
  packet.mbuf = datagram.buffer;
  packet.ingress = datagram.ingress;
  packet.mbuf->data_off = static_cast<std::uint16_t>(kFrontRoom - datagram.header_bytes);
  packet.set_size(datagram.header_bytes + datagram.pieces.length());
  if ((datagram.ecn_seen & kCeSeen) != 0) set_congestion(packet);
  write_lengths(packet, datagram.next_header_at, datagram.next_header);
  const bool ecn_mixed =
      (datagram.ecn_seen & kCeSeen) != 0 && (datagram.ecn_seen & kNotEctSeen) != 0;
  table_.erase(entry);
  const auto fault =
      ecn_mixed ? std::optional(DropReason::EcnCe) : fault_of_whole(packet, my.skipped_headers);
  if (!fault) return true;
  my.drops.drop(packet, *fault);
  return false;
}

}  // namespace sallyport
