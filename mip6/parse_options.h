// Mobility options, parsed once (RFC 6275 6.2; MH-14, MH-15).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

// `options` is all that follows a message's fixed part. Types that are not known here are skipped,
// and alignments not looked at. Nullopt where an option does not fit, has a length that its type
// does not allow, comes twice and may come once, or follows the authorization (6.2.7, 9.5.1).
[[nodiscard]] std::optional<MobilityOptions> parse_options(ByteView options);

}  // namespace sallyport::mip6
