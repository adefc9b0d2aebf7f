#include "mip6/home_link.h"

#include <algorithm>

namespace sallyport::mip6 {

PrefixLifetime PrefixTime::left(Instant now) const noexcept {
  if (!until) return steady;
  if (*until <= now) return PrefixLifetime{};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*until - now).count();
  // One less than what has no end.
  return PrefixLifetime{static_cast<std::uint32_t>(
      std::min<std::int64_t>(seconds, std::int64_t{kForever.count()} - 1))};
}

// Without the flag for a router's whole address, the host bits are nobody's business.
PrefixInformation HomePrefix::information(Instant now) const {
  const bool whole = flags.has(PrefixFlag::RouterAddress);
  return {.prefix = {whole ? prefix.address : prefix.first(), prefix.length},
          .flags = flags,
          .valid = valid.left(now),
          .preferred = preferred.left(now)};
}

const HomePrefix* HomeLink::on_link(const Address& address, Instant now) const {
  const HomePrefix* longest = nullptr;
  for (const HomePrefix& candidate : prefixes) {
    if (!candidate.flags.has(PrefixFlag::OnLink) || !candidate.prefix.contains(address)) continue;
    if (candidate.valid.left(now) == PrefixLifetime{}) continue;
    if (longest == nullptr || candidate.prefix.length > longest->prefix.length)
      longest = &candidate;
  }
  return longest;
}

}  // namespace sallyport::mip6
