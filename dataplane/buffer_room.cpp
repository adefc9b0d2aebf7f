#include "dataplane/buffer_room.h"

#include "dataplane/envelope.h"
#include "dataplane/punt.h"
#include "dataplane/worker_context.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

// Of an mbuf's flags what says how its octets lie in memory, which the copy's do otherwise.
constexpr std::uint64_t kOfTheBuffer = RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;

bool fits(const rte_mempool* pool, std::uint32_t octets) noexcept {
  return octets <= rte_pktmbuf_data_room_size(const_cast<rte_mempool*>(pool));
}

}  // namespace

std::expected<rte_mbuf*, DropReason> copy_of(const Packet& packet, const BufferRoom& room,
                                             WorkerContext& my) noexcept {
  const rte_mbuf* const from = packet.mbuf;
  const std::uint32_t needed = room.front + from->pkt_len + room.back;
  rte_mempool* const pool = fits(my.pool, needed) ? my.pool : my.large_pool;
  if (!fits(pool, needed)) return std::unexpected(DropReason::NoRoom);
  rte_mbuf* const to = rte_pktmbuf_alloc(pool);
  if (to == nullptr) return std::unexpected(DropReason::NoBuffer);
  to->data_off = static_cast<std::uint16_t>(room.front);
  auto* place = rte_pktmbuf_mtod(to, std::uint8_t*);
  for (const rte_mbuf* piece = from; piece != nullptr; piece = piece->next) {
    std::memcpy(place, rte_pktmbuf_mtod(piece, const void*), piece->data_len);
    place += piece->data_len;
  }
  to->ol_flags = from->ol_flags & ~kOfTheBuffer;
  to->pkt_len = from->pkt_len;
  to->data_len = static_cast<std::uint16_t>(from->pkt_len);
  Envelope::of(to) = Envelope::of(packet.mbuf);
  return to;
}

std::optional<DropReason> move_to_larger_buffer(Packet& packet, const BufferRoom& room,
                                                WorkerContext& my) noexcept {
  const auto copy = copy_of(packet, room, my);
  if (!copy) return copy.error();
  rte_pktmbuf_free(std::exchange(packet.mbuf, *copy));
  return std::nullopt;
}

std::optional<DropReason> join_pieces(Packet& packet, WorkerContext& my) noexcept {
  if (rte_pktmbuf_linearize(packet.mbuf) == 0) return std::nullopt;
  return move_to_larger_buffer(packet, {.front = RTE_PKTMBUF_HEADROOM, .back = 0}, my);
}

bool make_room_in_front(Packet& packet, std::uint32_t octets, WorkerContext& my) noexcept {
  if (packet.headroom() >= octets + kLinkRoom) [[likely]]
    return true;
  const auto fault = move_to_larger_buffer(packet, {.front = octets + kLinkRoom, .back = 0}, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

bool may_grow(Packet& packet, std::uint32_t octets, WorkerContext& my) noexcept {
  const std::uint32_t mtu = my.ports[packet.next_hop->port.value].port().settings().mtu;
  if (packet.size() <= kLeastIpv6Mtu || packet.size() + octets <= mtu) [[likely]]
    return true;
  const auto fits = static_cast<std::uint16_t>(mtu - octets);
  drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, fits}, my);
  return false;
}

}  // namespace sallyport
