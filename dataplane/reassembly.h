// Fragments that are for us become datagrams again (RFC 791 3.2, RFC 8200 4.5; INB-01). One table a
// worker, bounded in datagrams and time. Why not rte_ip_frag: docs/decisions/0006-reassembly.md.
#pragma once

#include "dataplane/drop_reason.h"
#include "dataplane/fragment_table.h"
#include "dataplane/packet.h"
#include "net/datagram_pieces.h"

namespace sallyport {

struct WorkerContext;

// Fragments meet only others that came the same way: in clear by one side of the boundary, or out
// of one and the same SA.
[[nodiscard]] std::uint32_t fragment_context(const Packet& packet,
                                             const WorkerContext& my) noexcept;

class Reassembly {
 public:
  struct Settings {
    std::size_t datagrams{};     // under way at a time; 0: nothing is reassembled
    std::uint64_t life_ticks{};  // from a datagram's first fragment to arrive
    std::uint64_t seed{};        // keeps outsiders from aiming at one bucket
    rte_mempool* buffers{};      // one for each datagram under way
  };
  Reassembly(const Settings& settings, std::pmr::memory_resource& memory)
      : settings_(settings), table_(settings.datagrams, settings.seed, memory) {}

  [[nodiscard]] bool enabled() const noexcept { return table_.capacity() != 0; }
  [[nodiscard]] bool empty() const noexcept { return table_.oldest() == nullptr; }

  // Takes a fragment. True: `packet` is now the whole datagram, its headers read anew. False: it
  // rests here, or it was dropped and perhaps the datagram with it.
  [[nodiscard]] bool add(Packet& packet, std::uint64_t now, WorkerContext& my) noexcept;
  // Drops what has not become whole in time.
  void expire(std::uint64_t now, WorkerContext& my) noexcept;

  // Of the pool, by what rests here. The worker's own thread.
  [[nodiscard]] std::size_t buffers_in_use() const noexcept;

  // Octets of a datagram behind its headers, at most: what one buffer holds.
  static constexpr std::uint32_t kFrontRoom = 320;  // link header and headers of the datagram
  static constexpr std::uint32_t kBufferBytes = 0xffff;
  static constexpr std::uint32_t kLongest = kBufferBytes - kFrontRoom;

 private:
  struct Datagram {
    DatagramPieces pieces;
    rte_mbuf* buffer;  // null: void, and its other fragments are dropped as they come
    DropReason void_for;
    PortId ingress;
    std::uint16_t header_bytes;
    std::uint16_t next_header_at;
    std::uint8_t next_header;
    std::uint8_t ecn_seen;  // a bit for each codepoint
  };
  using Table = FragmentTable<Datagram>;

  // Null: no buffer.
  [[nodiscard]] Table::Entry* begin(const FragmentKey& key, std::uint64_t now,
                                    WorkerContext& my) noexcept;
  void give_up(Datagram& datagram, DropReason reason, WorkerContext& my) noexcept;
  void drop_oldest(DropReason reason, WorkerContext& my) noexcept;
  [[nodiscard]] bool keep(Packet& packet, const Fragment& fragment, Datagram& datagram,
                          WorkerContext& my) noexcept;
  [[nodiscard]] bool finish(Packet& packet, Table::Entry& entry, WorkerContext& my) noexcept;

  Settings settings_;
  Table table_;
};

}  // namespace sallyport
