// How the packets for one neighbour leave: by which port, and behind which link header.
#pragma once

#include "dataplane/buffer_room.h"
#include "dataplane/port.h"
#include "dataplane/recent_neighbours.h"

namespace sallyport {

// The link header of frames to one neighbour: Ethernet's, with the port's VLAN tag if it has one.
class LinkHeader {
 public:
  LinkHeader() = default;
  LinkHeader(const Port& port, LinkWord destination) noexcept;

  // To another neighbour by the same port from now on.
  void lead_to(LinkWord destination) noexcept { front_ = (front_ & ~kDestination) | destination; }
  [[nodiscard]] std::uint16_t bytes() const noexcept { return bytes_; }
  // Writes it to `frame`, where so many octets are free.
  void put(std::uint8_t* frame, Family family) const noexcept {
    std::memcpy(frame, &front_, sizeof front_);
    std::memcpy(frame + kSourceAt, &middle_, sizeof middle_);
    std::memcpy(frame + bytes_ - sizeof back_, &back_, sizeof back_);
    if (family == Family::V6)
      store_be<std::uint16_t>(frame + bytes_ - sizeof(rte_be16_t), RTE_ETHER_TYPE_IPV6);
  }

 private:
  static constexpr LinkWord kDestination = 0xffff'ffff'ffff;  // the first octets in memory
  static constexpr std::size_t kSourceAt = RTE_ETHER_ADDR_LEN;
  static_assert(kSourceAt + sizeof(std::uint64_t) == RTE_ETHER_HDR_LEN &&
                RTE_ETHER_HDR_LEN + kVlanBytes == kLinkRoom);
  // As they lie in memory: its first octets, those from the source on, and its last ones, with the
  // type of IPv4. They overlap.
  std::uint64_t front_{};
  std::uint64_t middle_{};
  std::uint64_t back_{};
  std::uint16_t bytes_{};
};

struct Way {
  PortQueue* queue{};   // null: it leads nowhere
  std::uint16_t mtu{};  // 0 then
  Address neighbour;
  bool known{};  // the neighbour's link address
  LinkHeader header;
};

struct WorkerContext;

// Of a packet with this next hop and destination.
[[nodiscard]] Way find_way(const NextHop& hop, const Address& destination,
                           WorkerContext& my) noexcept;

}  // namespace sallyport
