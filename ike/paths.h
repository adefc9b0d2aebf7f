// Along which paths an IKE SA may go: what its entry, policies and routes leave open (RFC 4555 3.5,
// 3.10).
#pragma once

#include <vector>

#include "ike/ike_sa.h"
#include "ike/ports.h"

namespace sallyport::ike {

// The two have agreed on MOBIKE, and the entry has not been told otherwise since (MOBIKE-07).
[[nodiscard]] bool uses_mobike(const IkeSa& sa) noexcept;
// NATs are looked for; where they are not, they are forbidden to MOBIKE (RFC 4555 3.9).
[[nodiscard]] bool traverses_nats(const IkeSa& sa) noexcept;

// Whether both ends are where the entry and the policies of children in tunnel mode name them, and
// the far one can be a peer's. A named address of ours that we have no more binds nobody.
[[nodiscard]] bool is_acceptable(const IkeSa& sa, const Path& path, Datagrams& datagrams);
// The one in use, the one to the same address by which the route leads now, and those to the
// peer's other addresses in its order; each once, acceptable all but the first.
[[nodiscard]] std::vector<Path> possible_paths(const IkeSa& sa, Datagrams& datagrams);
// Our addresses beside the one in use, which the peer may use instead: none where ours is named.
[[nodiscard]] std::vector<Address> other_addresses(const IkeSa& sa, Datagrams& datagrams);

}  // namespace sallyport::ike
