#include "dataplane/cut_datagram.h"

#include <rte_ip_frag.h>

#include <algorithm>

#include "dataplane/esp_encapsulate.h"
#include "dataplane/parse.h"
#include "dataplane/worker_context.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

// What stands in front in every fragment, and the octet that then names the fragment header.
struct Front {
  ByteView bytes;
  std::uint16_t named_at;
};

rte_mbuf* make_fragment(const Front& front, const Ipv6Fragment& header, ByteView data,
                        rte_mempool* pool) noexcept {
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool);
  if (mbuf == nullptr) return nullptr;
  const std::size_t size = front.bytes.size() + sizeof header + data.size();
  auto* const place =
      reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(size)));
  if (place == nullptr) {
    rte_pktmbuf_free(mbuf);
    return nullptr;
  }
  std::memcpy(place, front.bytes.data(), front.bytes.size());
  std::memcpy(place + front.bytes.size(), &header, sizeof header);
  std::memcpy(place + front.bytes.size() + sizeof header, data.data(), data.size());
  place[front.named_at] = kProtocolFragment;
  reinterpret_cast<Ipv6Header*>(place)->payload_length.set(
      static_cast<std::uint16_t>(size - sizeof(Ipv6Header)));
  return mbuf;
}

unsigned cut_ipv6(const Packet& packet, std::uint16_t mtu, std::span<rte_mbuf*> out,
                  WorkerContext& my) noexcept {
  PacketSummary summary;
  if (summarize(packet.bytes(), summary) != ParseVerdict::Good || summary.fragment) return 0;
  const Front front{packet.bytes().first(summary.transport_offset),
                    summary.transport_protocol_offset};
  const std::size_t fixed = front.bytes.size() + sizeof(Ipv6Fragment);
  if (mtu < fixed + 8) return 0;
  const std::size_t most = (mtu - fixed) & ~std::size_t{7};
  const ByteView data = packet.bytes().subspan(summary.transport_offset);
  Ipv6Fragment header{};
  header.next_header = packet.data()[front.named_at];
  header.id.set(my.ids.next());
  unsigned count = 0;
  for (std::size_t at = 0; at < data.size(); at += most, ++count) {
    const std::size_t size = std::min(most, data.size() - at);
    const bool more = at + size < data.size();
    header.offset_flags.set(static_cast<std::uint16_t>(at | (more ? 1 : 0)));
    rte_mbuf* const piece = count < out.size()
                                ? make_fragment(front, header, data.subspan(at, size), my.pool)
                                : nullptr;
    if (piece == nullptr) {
      rte_pktmbuf_free_bulk(out.data(), count);
      return 0;
    }
    out[count] = piece;
  }
  return count;
}

unsigned cut_ipv4(const Packet& packet, std::uint16_t mtu, std::span<rte_mbuf*> out,
                  WorkerContext& my) noexcept {
  const int made = rte_ipv4_fragment_copy_nonseg_packet(
      packet.mbuf, out.data(), static_cast<std::uint16_t>(out.size()), mtu, my.pool);
  const auto count = static_cast<unsigned>(std::max(made, 0));
  for (rte_mbuf* piece : out.first(count)) {
    auto& header = *rte_pktmbuf_mtod(piece, rte_ipv4_hdr*);
    header.hdr_checksum = 0;
    header.hdr_checksum = rte_ipv4_cksum(&header);
  }
  return count;
}

}  // namespace

unsigned cut_datagram(const Packet& packet, std::uint16_t mtu, std::span<rte_mbuf*> out,
                      WorkerContext& my) noexcept {
  return packet.summary.family == Family::V6 ? cut_ipv6(packet, mtu, out, my)
                                             : cut_ipv4(packet, mtu, out, my);
}

Burst cut_inner(Packet& packet, PacketStore& store, WorkerContext& my) noexcept {
  std::array<rte_mbuf*, kMostFragments> pieces;
  const auto mtu = static_cast<std::uint16_t>(inner_mtu(my.sas.outbound(packet.sa), 0));
  const unsigned count = cut_datagram(packet, mtu, pieces, my);
  Burst fragments;
  if (count == 0) {
    my.drops.drop(packet, DropReason::NoBuffer);
    return fragments;
  }
  my.counters.fragments_made.add(count - 1);
  for (unsigned i = 0; i < count; ++i) {
    store[i] = packet;
    store[i].mbuf = pieces[i];
    // Of a good datagram, but that ports may lie in another fragment.
    static_cast<void>(summarize(store[i], my.skipped_headers));
    fragments.push(store[i]);
  }
  rte_pktmbuf_free(packet.mbuf);
  return fragments;
}

}  // namespace sallyport
