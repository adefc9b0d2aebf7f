// The control thread's end of the workers' rings: every packet that workers handed over ends here
// or goes back.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "dataplane/delivery.h"
#include "dataplane/drops.h"
#include "dataplane/icmp_echo.h"
#include "dataplane/icmp_errors.h"
#include "dataplane/neighbour_messages.h"
#include "dataplane/neighbours.h"
#include "dataplane/ring.h"
#include "dataplane/sa_misses.h"

namespace sallyport {

// Control thread.
class PuntService {
 public:
  // References to what outlives it.
  struct Surroundings {
    Neighbours& neighbours;
    NeighbourMessages& messages;
    IcmpEcho& echo;
    IcmpErrors& errors;
    SaMisses& sa_misses;
    Drops& drops;  // control's own
  };
  // `from_workers` outlive it, too.
  PuntService(const Surroundings& surroundings, std::vector<PacketRing*> from_workers)
      : my_(surroundings), from_workers_(std::move(from_workers)) {}

  // Takes up to kBudget packets of each worker and says how many there were; runs timers.
  unsigned poll(Instant now);
  static constexpr unsigned kBudget = 256;

  // What comes whole for an address of ours by `protocol`, to `port` if the protocol has ports, and
  // of that type if it is ICMP.
  // The handler says whether it took the packet, which it only borrows.
  struct Upper {
    std::uint8_t protocol{};
    std::uint16_t port{};  // 0: any
    friend auto operator<=>(const Upper&, const Upper&) = default;
  };
  using Handler = std::function<bool(const Delivery& delivery, Instant now)>;
  void register_upper(const Upper& upper, Handler handler);
  void forget_upper(const Upper& upper) { handlers_.erase(upper); }
  // Who is to answer a Home Address option without a binding; gets the packet as the wire had it.
  using Rejected = std::function<void(ByteView datagram, Instant now)>;
  void on_unknown_binding(Rejected handler) { unknown_binding_ = std::move(handler); }

 private:
  unsigned drain(PacketRing& ring, Instant now);
  void take(rte_mbuf* packet, Instant now);
  [[nodiscard]] bool deliver(rte_mbuf* packet, Instant now);
  [[nodiscard]] bool offer(const Delivery& delivery, Instant now);
  void report(const rte_mbuf* packet, const Envelope& envelope, Instant now);

  Surroundings my_;
  std::vector<PacketRing*> from_workers_;
  std::map<Upper, Handler> handlers_;
  Rejected unknown_binding_;
};

}  // namespace sallyport
