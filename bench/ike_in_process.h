// IKE SAs between an initiator and a responder in one process, whose costs are told apart: without
// sockets, and one IKE SA at a time.
#pragma once

#include "base/random.h"
#include "bench/ike_terms.h"

namespace sallyport::bench {

// Of one IKE SA with a child. Microseconds of processor time, octets of heap.
struct InProcessCost {
  double responder_microseconds{};
  double initiator_microseconds{};
  double responder_octets{};
};

// Who both are.
struct BothIdentities {
  IkeIdentities initiator;
  IkeIdentities responder;
};
[[nodiscard]] BothIdentities shared_secret_of_both();
[[nodiscard]] Expected<BothIdentities> both_of(const IkePki& pki);

// Of `count` IKE SAs for the time, and as many more for the memory; all of them stay up.
[[nodiscard]] Expected<InProcessCost> measure_in_process(const IkeKind& kind,
                                                         const BothIdentities& identities,
                                                         unsigned count, Random& random);
// `count` by pre-shared key at once: what each has cost the responder, in microseconds.
[[nodiscard]] Expected<double> hold_in_process(unsigned count, Random& random);

}  // namespace sallyport::bench
