// The only wrapper of an mbuf. From parse on its data starts at the IP header, until it has its
// link header and waits to be sent.
#pragma once

#include <rte_mbuf.h>

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/types.h"
#include "dataplane/binding.h"
#include "dataplane/next_hop.h"
#include "net/packet_summary.h"
#include "sad/sa_handles.h"
#include "spd/policy.h"

namespace sallyport {

inline constexpr std::uint16_t kUncut = 0xffff;

// How far an inbound SA has come with a packet, for what is said of it if it ends.
enum class Opening : std::uint8_t {
  None,         // the IPsec header lies there as it came, if there is one
  IcvComputed,  // `sa` and `sequence` are those that it was computed with
  Inside,       // and the summary is of what came out
};

// Which form a packet with a Home Address option or a type 2 routing header has, as far as they
// concern this node (net/mobility_extensions.h).
enum class HomeForm : std::uint8_t {
  AsItCame,  // nothing to do with us
  Arrived,   // logical, and for us
  Leaving,   // logical, and from us: to be turned into the wire's just before it goes
  OnWire,    // from us
};

// The tunnel that a packet came out of last.
enum class CameBy : std::uint8_t {
  Link,
  HomeTunnel,  // IPv6 in IPv6, between a home agent and a mobile node
  SaTunnel,    // of an SA; noted only where mobility is on
};

// The octets of a packet that is in one piece.
[[nodiscard]] inline ByteView bytes_of(const rte_mbuf* packet) noexcept {
  return {rte_pktmbuf_mtod(packet, const std::uint8_t*), packet->data_len};
}

// One packet of a burst: what the headers said, and what the stages have decided so far.
// Lives in a PacketStore for one burst; the mbuf moves on to a port, a ring or the pool.
struct Packet {
  PacketSummary summary;
  rte_mbuf* mbuf{};
  const NextHop* next_hop{};  // null until routed
  std::uint64_t sequence{};   // inbound, and of AH: its 64-bit number
  PolicyId policy{};
  SaHandle handle{kNoHandle};  // outbound, where the action is Protect
  SaSlot sa{kNoSa};            // in the table of sa_direction
  std::uint16_t esp_offset{};  // inbound: of SPI and sequence number: the ESP header, or within AH
  // Outbound, of what was protected: octets that the path takes; what is longer leaves in
  // fragments.
  std::uint16_t cut_to{kUncut};
  PortId ingress{kNoPort};  // kNoPort: made by control
  PolicyAction action{PolicyAction::Discard};
  Direction sa_direction{Direction::Inbound};
  bool forwarded{true};  // false: this node's own traffic, whose hop limit stays (TUN-02)
  Opening opening{};     // by `sa`
  bool decapsulated{};   // came out of an SA whose selectors allowed it
  bool dummy : 1 {};     // goes out with next header 59 (RFC 4303 2.6)
  // `tunnel` is where it goes, whatever its destination: control or a group says so.
  bool by_name : 1 {};
  std::uint8_t passes{};     // through the boundary in this direction, less one (ARCH-08)
  std::uint8_t hand_offs{};  // how often one worker gave it to another
  HomeForm form{};
  CameBy came_by{};
  // Of Mobile IPv6; none where it is off. For whom extensions are to be put in:
  BindingId bound_destination{};  // a type 2 routing header
  BindingId bound_source{};       // a Home Address option
  BindingId tunnel{};  // whose tunnel it has come out of, and from forward() on goes into

  [[nodiscard]] std::uint8_t* data() const noexcept {
    return rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  }
  template <class Header>
  [[nodiscard]] Header& header(std::size_t offset = 0) const noexcept {
    return *reinterpret_cast<Header*>(data() + offset);
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return mbuf->data_len; }
  [[nodiscard]] ByteView bytes() const noexcept { return {data(), size()}; }

  // The caller knows that there is room; see kHeadroom and Packet::tailroom.
  std::uint8_t* prepend(std::uint16_t count) noexcept {
    mbuf->data_off = static_cast<std::uint16_t>(mbuf->data_off - count);
    set_size(size() + count);
    return data();
  }
  // `front` octets more before it, `size` in all; the caller knows that there is room.
  void enclose(std::uint16_t front, std::uint32_t size) noexcept {
    mbuf->data_off = static_cast<std::uint16_t>(mbuf->data_off - front);
    set_size(size);
  }
  // The reverse: `front` octets go, `size` are left.
  void uncover(std::uint16_t front, std::uint32_t size) noexcept {
    mbuf->data_off = static_cast<std::uint16_t>(mbuf->data_off + front);
    set_size(size);
  }
  void strip_front(std::uint16_t count) noexcept {
    mbuf->data_off = static_cast<std::uint16_t>(mbuf->data_off + count);
    set_size(size() - count);
  }
  // Both lengths of the mbuf by one store, which takes its VLAN field along: that has no meaning
  // here.
  void set_size(std::uint32_t size) noexcept {
    static_assert(offsetof(rte_mbuf, data_len) == offsetof(rte_mbuf, pkt_len) + 4 &&
                  offsetof(rte_mbuf, vlan_tci) == offsetof(rte_mbuf, pkt_len) + 6);
    const std::uint64_t lengths = std::uint64_t{static_cast<std::uint16_t>(size)} << 32 | size;
    std::memcpy(reinterpret_cast<std::uint8_t*>(mbuf) + offsetof(rte_mbuf, pkt_len), &lengths,
                sizeof lengths);
  }
  [[nodiscard]] std::uint32_t tailroom() const noexcept { return rte_pktmbuf_tailroom(mbuf); }
  [[nodiscard]] std::uint32_t headroom() const noexcept { return rte_pktmbuf_headroom(mbuf); }
};
static_assert(sizeof(Packet) == 2 * sizeof(PacketSummary));

// Makes packets of the frames of one port: nothing else is known of them, and the places held other
// packets before. The summaries are for parse to write.
class FreshPackets {
 public:
  explicit FreshPackets(PortId from) noexcept : behind_summary_(fresh(from)) {}
  void make(Packet& packet, rte_mbuf* frame) const noexcept {
    static_assert(offsetof(Packet, mbuf) == sizeof(PacketSummary));
    behind_summary_.store_with_first(std::bit_cast<std::uint64_t>(frame), &packet.mbuf);
  }

 private:
  static Octets64 fresh(PortId from) noexcept {
    Packet packet{};
    packet.ingress = from;
    return Octets64(&packet.mbuf);
  }
  Octets64 behind_summary_;
};

}  // namespace sallyport
