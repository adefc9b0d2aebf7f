#include "mip6/binding_lifetime.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

constexpr std::uint32_t kUnitSeconds = 4;
constexpr std::uint32_t kEndless = kForever.count() / kUnitSeconds;

}  // namespace

// Prefix lifetimes are compared in units of four seconds.
Grant grant(BindingLifetime asked, BindingLifetime longest, const HomePrefix* prefix,
            Instant now) noexcept {
  Grant granted{.lifetime = std::min(asked, longest)};
  if (prefix == nullptr) return granted;
  const std::uint32_t valid = prefix->valid.left(now).count() / kUnitSeconds;
  const std::uint32_t preferred = prefix->preferred.left(now).count() / kUnitSeconds;
  const std::uint32_t lifetime = std::min<std::uint32_t>(granted.lifetime.count(), valid);
  granted.lifetime = BindingLifetime{static_cast<std::uint16_t>(lifetime)};
  const bool deprecated = preferred != kEndless && preferred < lifetime;
  const bool invalid_then = valid != kEndless && valid <= lifetime;
  if (deprecated || preferred == 0 || invalid_then)
    granted.status = BindingStatus::AcceptedPrefixDiscovery;
  return granted;
}

}  // namespace sallyport::mip6
