#include "dataplane/reassembly.h"

#include <nmmintrin.h>

#include <bit>

#include "dataplane/parse.h"
#include "dataplane/worker_context.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kProtectedSide = ~0u;
constexpr std::uint32_t kUnprotectedSide = ~0u - 1;
constexpr std::uint32_t kLinkRoom = 18;
constexpr std::uint8_t kEcnMask = 3;
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
std::optional<DropReason> fault_of_whole(Packet& packet) noexcept {
  const ParseVerdict verdict = summarize(packet);
  if (verdict != ParseVerdict::Good) return drop_reason(verdict);
  if (packet.summary.fragment) return DropReason::FragmentOverlap;  // fragments of a fragment
  if (is_neighbour_discovery(packet.summary)) return DropReason::FragmentForbidden;
  return std::nullopt;
}

}  // namespace

std::uint32_t fragment_context(const Packet& packet, const WorkerContext& my) noexcept {
  if (packet.decapsulated) return packet.sa.value;
  const bool unprotected = packet.ingress != kNoPort &&
                           my.ports[packet.ingress.value].port().side() == Side::Unprotected;
  return unprotected ? kUnprotectedSide : kProtectedSide;
}

Reassembly::Reassembly(const Settings& settings, std::pmr::memory_resource& memory)
    : settings_(settings),
      datagrams_(settings.datagrams, &memory),
      buckets_(std::bit_ceil(std::max<std::size_t>(2 * settings.datagrams, 2)), kNone, &memory) {
  for (Index i = static_cast<Index>(datagrams_.size()); i-- > 0;) {
    datagrams_[i].next = free_;
    free_ = i;
  }
}

std::uint32_t Reassembly::bucket_of(const FragmentKey& key) const noexcept {
  std::uint64_t words[6]{};
  static_assert(offsetof(FragmentKey, family) == 40);
  std::memcpy(words, &key, 40);
  words[5] = static_cast<std::uint64_t>(key.family) << 8 | key.protocol;
  std::uint64_t hash = settings_.seed;
  for (const std::uint64_t word : words) hash = _mm_crc32_u64(hash, word ^ settings_.seed);
  return static_cast<std::uint32_t>(hash) & static_cast<std::uint32_t>(buckets_.size() - 1);
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
  const std::uint32_t bucket = bucket_of(fragment.key);
  Index index = find(fragment.key, bucket);
  if (index == kNone) index = begin(fragment, bucket, now, my);
  if (index == kNone) {
    my.drops.drop(packet, DropReason::NoBuffer);
    return false;
  }
  Datagram& datagram = datagrams_[index];
  if (datagram.buffer == nullptr) {
    my.drops.drop(packet, datagram.void_for);
    return false;
  }
  if (!keep(packet, fragment, datagram, my)) return false;
  if (datagram.pieces.complete()) return finish(packet, index, my);
  my.counters.fragments_kept.add();
  rte_pktmbuf_free(packet.mbuf);
  return false;
}

void Reassembly::expire(std::uint64_t now, WorkerContext& my) noexcept {
  while (oldest_ != kNone && static_cast<std::int64_t>(now - datagrams_[oldest_].until) >= 0)
    drop_oldest(DropReason::FragmentTimeout, my);
}

std::size_t Reassembly::buffers_in_use() const noexcept {
  std::size_t count = 0;
  for (Index index = oldest_; index != kNone; index = datagrams_[index].newer)
    count += datagrams_[index].buffer != nullptr ? 1 : 0;
  return count;
}

Reassembly::Index Reassembly::find(const FragmentKey& key, std::uint32_t bucket) const noexcept {
  Index index = buckets_[bucket];
  while (index != kNone && datagrams_[index].key != key) index = datagrams_[index].next;
  return index;
}

// A full table gives up its oldest: a flood then delays nobody for longer than it takes to fill it.
Reassembly::Index Reassembly::begin(const Fragment& fragment, std::uint32_t bucket,
                                    std::uint64_t now, WorkerContext& my) noexcept {
  if (free_ == kNone) drop_oldest(DropReason::FragmentTableFull, my);
  rte_mbuf* const buffer = rte_pktmbuf_alloc(settings_.buffers);
  if (buffer == nullptr) return kNone;
  const Index index = free_;
  Datagram& datagram = datagrams_[index];
  free_ = datagram.next;
  datagram.key = fragment.key;
  datagram.pieces = {};
  datagram.until = now + settings_.life_ticks;
  datagram.buffer = buffer;
  datagram.header_bytes = 0;
  datagram.ecn_seen = 0;
  datagram.bucket = bucket;
  datagram.next = buckets_[bucket];
  buckets_[bucket] = index;
  datagram.older = newest_;
  datagram.newer = kNone;
  (newest_ == kNone ? oldest_ : datagrams_[newest_].newer) = index;
  newest_ = index;
  return index;
}

void Reassembly::end(Index index) noexcept {
  Datagram& datagram = datagrams_[index];
  Index* link = &buckets_[datagram.bucket];
  while (*link != index) link = &datagrams_[*link].next;
  *link = datagram.next;
  (datagram.older == kNone ? oldest_ : datagrams_[datagram.older].newer) = datagram.newer;
  (datagram.newer == kNone ? newest_ : datagrams_[datagram.newer].older) = datagram.older;
  datagram.next = free_;
  free_ = index;
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
  const Index index = oldest_;
  Datagram& datagram = datagrams_[index];
  const unsigned kept = datagram.pieces.count();
  if (datagram.buffer != nullptr) {
    Packet witness{};
    witness.mbuf = datagram.buffer;
    witness.ingress = datagram.ingress;
    witness.summary.family = datagram.key.family;
    witness.summary.source = datagram.key.source;
    witness.summary.destination = datagram.key.destination;
    witness.summary.protocol = datagram.key.protocol;
    witness.summary.fragment = true;
    my.counters.fragments_left.add(kept);
    my.drops.count(reason, kept - 1);
    my.drops.drop(witness, reason);
  }
  end(index);
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

bool Reassembly::finish(Packet& packet, Index index, WorkerContext& my) noexcept {
  const Datagram& datagram = datagrams_[index];
  const unsigned kept = datagram.pieces.count() - 1;
  my.counters.fragments_left.add(kept);
  my.counters.fragments_joined.add(kept);
  rte_pktmbuf_free(packet.mbuf);
  packet.mbuf = datagram.buffer;
  packet.ingress = datagram.ingress;
  packet.mbuf->data_off = static_cast<std::uint16_t>(kFrontRoom - datagram.header_bytes);
  packet.set_size(datagram.header_bytes + datagram.pieces.length());
  if ((datagram.ecn_seen & kCeSeen) != 0) set_congestion(packet);
  write_lengths(packet, datagram.next_header_at, datagram.next_header);
  const bool ecn_mixed =
      (datagram.ecn_seen & kCeSeen) != 0 && (datagram.ecn_seen & kNotEctSeen) != 0;
  end(index);
  const auto fault = ecn_mixed ? std::optional(DropReason::EcnCe) : fault_of_whole(packet);
  if (!fault) return true;
  my.drops.drop(packet, *fault);
  return false;
}

}  // namespace sallyport
