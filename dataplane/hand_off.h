// Packets between workers: what belongs to another one's SA, fragment or queue goes there by a ring
// (docs/decisions/0005-hand-off.md). Nothing that RCU may retire travels along.
#pragma once

#include <array>
#include <vector>

#include "dataplane/burst.h"
#include "dataplane/counters.h"
#include "dataplane/drops.h"
#include "dataplane/envelope.h"
#include "dataplane/ring.h"

namespace sallyport {

// One ring for each ordered pair of workers, so that each has one producer and one consumer: no
// worker ever waits for another that the scheduler has stopped half way. None for one worker.
class HandOffRings {
 public:
  // Packets that one worker may be behind another.
  static constexpr std::size_t kCapacity = 1023;

  // `seed` is what all workers hash by where they must agree.
  [[nodiscard]] static Expected<HandOffRings> create(std::uint16_t workers, std::uint64_t seed);
  // Null from a worker to itself.
  [[nodiscard]] PacketRing* between(WorkerId from, WorkerId to) noexcept;
  [[nodiscard]] std::uint16_t workers() const noexcept { return workers_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  HandOffRings(std::uint16_t workers, std::uint64_t seed) : workers_(workers), seed_(seed) {}
  std::uint16_t workers_;
  std::uint64_t seed_;
  std::vector<PacketRing> rings_;  // by from, then to; a worker's ring to itself stays unused
};

// One worker's ends of the rings. The packets of one worker for another keep their order.
class HandOff {
 public:
  HandOff(WorkerId me, HandOffRings& rings);

  // True where there is no other worker: then nothing is ever handed over.
  [[nodiscard]] bool alone() const noexcept { return outboxes_.empty(); }
  // Takes the packet; a full ring drops it as HandoffFull, and an SA that changes its owner each
  // time a packet comes to it as HandoffAstray.
  void give(Packet& packet, WorkerId to, const Envelope& envelope, Drops& drops) noexcept;
  // The same for frames that are ready to be sent from `port`, whose queue the other has.
  void give_frames(std::span<rte_mbuf* const> frames, WorkerId to, PortId port,
                   Drops& drops) noexcept;
  // Lets go of all that give() has collected. Once a turn, before quiescence is reported.
  void flush(Drops& drops) noexcept;
  // Fills `store` and `burst` with what one other worker has given; see sources().
  void take(unsigned source, PacketStore& store, Burst& burst) noexcept;
  // How many others there are.
  [[nodiscard]] unsigned sources() const noexcept { return static_cast<unsigned>(from_.size()); }
  // The same for every worker, and told to nobody else.
  [[nodiscard]] std::uint64_t common_seed() const noexcept { return common_seed_; }

  Counter given;
  Counter taken;

 private:
  struct Outbox {
    PacketRing* ring{};
    unsigned waiting{};
    std::array<rte_mbuf*, kBurstSize> packets{};
  };
  void post(rte_mbuf* mbuf, WorkerId to, Drops& drops) noexcept;
  void flush(Outbox& outbox, Drops& drops) noexcept;

  std::vector<Outbox> outboxes_;  // by WorkerId
  std::vector<PacketRing*> from_;
  unsigned waiting_{};  // in all outboxes
  std::uint64_t common_seed_;
};

// Puts into the packet what HandOff::give() or punt_acquire() has put into its envelope.
void read_envelope(Packet& packet) noexcept;

}  // namespace sallyport
