// Makes the dummy packets that SAs ask for: next header 59, thrown away by whoever opens them
// (RFC 4303 2.6; ESP-15, ESP-16). They reach the worker that owns the SA over its ring.
#pragma once

#include <rte_mempool.h>

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "dataplane/counters.h"
#include "dataplane/dummy_flow.h"
#include "dataplane/ring.h"
#include "sad/sa_handles.h"
#include "sad/sa_table.h"

namespace sallyport {

// Control thread.
class DummyTraffic {
 public:
  // References to what outlives it.
  struct Surroundings {
    const SaTable& sas;
    const SaHandles& handles;
    rte_mempool* pool;
    Random& random;
  };
  // `to_workers`, by WorkerId, outlive it, too.
  DummyTraffic(const Surroundings& surroundings, std::vector<PacketRing*> to_workers)
      : my_(surroundings), to_workers_(std::move(to_workers)) {}

  // Replaces what is sent; flows that stay keep their time.
  void set(std::span<const DummyFlow> flows, Instant now);
  // Sends what is due. What a late call missed is made up for up to kMostAtOnce packets a flow.
  void poll(Instant now);
  static constexpr unsigned kMostAtOnce = 16;

  // Due, but there was no buffer or no room in the ring.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.read(); }

 private:
  struct Timed {
    DummyFlow flow;
    Instant next;
  };
  void send(const DummyFlow& flow);
  [[nodiscard]] std::uint32_t size_of(const DummyFlow& flow, const OutboundSa& sa);
  [[nodiscard]] bool fill(rte_mbuf* mbuf, const DummyFlow& flow, const OutboundSa& sa);

  Surroundings my_;
  std::vector<PacketRing*> to_workers_;
  std::vector<Timed> flows_;
  Counter lost_;
};

}  // namespace sallyport
