// The gateway's side of a load run by sockets, in a process of its own: a whole IKE daemon with the
// gateway's SAD behind it.
#pragma once

#include "base/random.h"
#include "bench/ike_terms.h"

namespace sallyport::bench {

struct ResponderSettings {
  Address address;
  IkeKind kind;
  std::size_t capacity{};  // IKE SAs, each with a child
};

struct ResponderReport {
  std::size_t ike_sas{};  // up when it ended
  std::size_t children{};
  std::size_t slot_octets{};  // of a child's two SAs, taken before the run
  std::uint64_t failures{};
};

// Says "ready" on standard output, answers whoever comes, and ends with its standard input.
[[nodiscard]] Expected<ResponderReport> respond(const ResponderSettings& settings,
                                                const IkeIdentities& identities, Random& random);

}  // namespace sallyport::bench
