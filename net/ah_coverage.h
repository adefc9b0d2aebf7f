// What the ICV of AH covers of the IP headers in front of it (RFC 4302 3.3.3.1, appendix A).
#pragma once

#include <optional>

#include "base/bytes.h"

namespace sallyport {

// `headers` are an IP header and what stands between it and AH. Rewrites them in place as the ICV
// sees them: mutable fields and options zero, addresses and routing headers of types 0 and 2 as the
// final destination gets them, IPv6 fragment headers gone. The octets that are left end where
// `headers` end; how many fell away in front. Nullopt where an option or header is malformed; the
// octets are then good for nothing.
[[nodiscard]] std::optional<std::uint16_t> cover_by_ah(MutableBytes headers) noexcept;

}  // namespace sallyport
