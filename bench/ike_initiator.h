// The peers' side of a load run by sockets: many initiators in one process, so many of them under
// way at a time, against whatever responder there is.
#pragma once

#include <sys/types.h>

#include "base/random.h"
#include "bench/ike_terms.h"

namespace sallyport::bench {

struct InitiatorSettings {
  Endpoints outer;  // ours, and the responder's
  IkeKind kind;
  unsigned warm_up{};  // IKE SAs that are made before it counts
  unsigned count{};    // those that count; all stay up
  unsigned in_flight{};
  pid_t responder{};  // whose costs are told; 0: nobody's
};

// Microseconds from the first thought of an IKE SA until its child is up, of those that counted.
struct IkeLatencies {
  double half{};
  double nine_tenths{};
  double all_but_hundredth{};
  double most{};
};

struct InitiatorReport {
  double seconds{};
  double initiator_microseconds{};  // of processor time, each
  double responder_microseconds{};  // likewise; user and system
  double responder_octets{};        // by which the process grew, each
  IkeLatencies latencies;
};

// Fails where one IKE SA does not come to be, or the responder says nothing for half a minute.
[[nodiscard]] Expected<InitiatorReport> initiate(const InitiatorSettings& settings,
                                                 const IkeIdentities& identities, Random& random);

}  // namespace sallyport::bench
