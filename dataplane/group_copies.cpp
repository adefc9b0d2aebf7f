#include "dataplane/group_copies.h"

#include <rte_cycles.h>

#include "dataplane/binding_routes.h"
#include "dataplane/buffer_room.h"
#include "dataplane/forward.h"

namespace sallyport {
namespace {

// Straight from the home link: what a tunnel has brought for a group ends here (11.3.4).
const std::vector<Address>* listeners_of(const Packet& packet, const Tables& now) noexcept {
  if (packet.next_hop->kind != NextHop::Kind::Multicast || packet.decapsulated ||
      packet.came_by != CameBy::Link || packet.ingress != now.listeners->link)
    return nullptr;
  return now.listeners->of(packet.summary.destination_address());
}

// The copies of one packet, as many at a time as a burst has.
class Copies {
 public:
  Copies(const Packet& original, const Tables& now, WorkerContext& my) noexcept
      : original_(original), now_(now), my_(my) {}

  void add(const Address& home_address) noexcept {
    Packet& copy = store_[burst_.size()];
    copy = original_;
    if (!lead_into_tunnel(copy, home_address, now_, my_)) return;  // it has just come home
    my_.counters.group_copies.add();
    if (!my_.group_copies.allow(rte_rdtsc())) return my_.drops.count(DropReason::GroupLimit);
    const auto buffer = copy_of(original_, {.front = RTE_PKTMBUF_HEADROOM, .back = 0}, my_);
    if (!buffer) return my_.drops.count(buffer.error());
    copy.mbuf = *buffer;
    burst_.push(copy);
    if (burst_.size() == kBurstSize) send();
  }
  void send() noexcept {
    if (burst_.empty()) return;
    forward_into_tunnels(burst_, now_, my_);
    burst_.clear();
  }

 private:
  const Packet& original_;
  const Tables& now_;
  WorkerContext& my_;
  PacketStore store_;
  Burst burst_;
};

}  // namespace

void copy_to_listeners(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    const std::vector<Address>* const listeners = listeners_of(packet, now);
    if (listeners == nullptr) return true;
    if (packet.summary.hop_limit <= 1) {
      my.drops.drop(packet, DropReason::HopLimit);
      return false;
    }
    Copies copies(packet, now, my);
    for (const Address& home_address : *listeners) copies.add(home_address);
    copies.send();
    my.drops.drop(packet, DropReason::CopiedToGroup);
    return false;
  });
}

}  // namespace sallyport
