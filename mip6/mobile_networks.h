// Which networks a mobile router's update may register (RFC 3963 6.2; NEMO-03).
#pragma once

#include <expected>
#include <vector>

#include "mip6/message.h"
#include "mip6/served_nodes.h"

namespace sallyport::mip6 {

// Those that its options name (explicit mode), or without options those of its entry (implicit
// mode); one bad prefix refuses all of them, with status 141, 142 or 143. Without host bits, each
// once. More than `most` cannot be set up: 141.
[[nodiscard]] std::expected<std::vector<Prefix>, BindingStatus> registered_networks(
    const MobilityOptions& options, const ServedNode& node, std::size_t most);

// It is one of its entry's, or within one.
[[nodiscard]] bool may_register(const ServedNode& node, const Prefix& network);

}  // namespace sallyport::mip6
