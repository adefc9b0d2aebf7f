// An SA that is added while the gateway runs: the text of one [[sa]] table, read by the same rules.
#pragma once

#include "gateway/config/configuration.h"

namespace sallyport {

// `policy`, which protects, names it from now on, so that what the table leaves out follows from
// it. Keys may stand in the text: it came over a socket that only its owner opens.
[[nodiscard]] Expected<Sa> parse_live_sa(std::string_view text, const Policy& policy,
                                         const Configuration& running);

}  // namespace sallyport
