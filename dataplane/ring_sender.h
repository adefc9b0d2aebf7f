// Sends over the workers' rings.
#pragma once

#include <rte_mempool.h>

#include <vector>

#include "dataplane/control_sender.h"
#include "dataplane/drops.h"
#include "dataplane/own_addresses.h"
#include "dataplane/ring.h"

namespace sallyport {

class RingSender final : public ControlSender {
 public:
  // References to what outlives it. What is made here goes to the first worker; `to_workers` are in
  // their order. `drops` and `released` count held packets that end here.
  struct Surroundings {
    const OwnAddresses& own;
    rte_mempool* pool;
    std::vector<PacketRing*> to_workers;
    Drops& drops;
    Counter& released;
    rte_mempool* large_pool{};  // for what does not fit a buffer of `pool`
  };
  explicit RingSender(const Surroundings& surroundings) : my_(surroundings) {}

  void originate(ByteView datagram) override;
  void originate_in_tunnel(ByteView datagram, const Address& home_address) override;
  void originate_on_link(ByteView datagram, const LinkDestination& to) override;
  void send_arp(ByteView message, const LinkDestination& to) override;
  void release(rte_mbuf* packet, const LinkDestination& to) override;
  void resume(rte_mbuf* packet) override;
  void drop_held(rte_mbuf* packet, DropReason reason) override;

  // Made here, but there was no buffer or no room in the ring.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.read(); }

 private:
  void send_copy(ByteView front, ByteView bytes, const Envelope& envelope);

  Surroundings my_;
  Counter lost_;
};

}  // namespace sallyport
