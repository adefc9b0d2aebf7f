#include "spd/policy_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

constexpr std::string_view kForms[] = {kUserPrefix, "fqdn:", "rfc822:", "dn:", "key-id:"};

}  // namespace

bool is_for_local_users(const Policy& policy) noexcept {
  return std::ranges::any_of(policy.names,
                             [](const std::string& name) { return name.starts_with(kUserPrefix); });
}

bool is_for_local_user(const Policy& policy, std::string_view user) noexcept {
  return std::ranges::any_of(policy.names, [user](std::string_view name) {
    return name.starts_with(kUserPrefix) && name.substr(kUserPrefix.size()) == user;
  });
}

bool is_for(const Policy& policy, Direction direction, std::string_view user) noexcept {
  const bool outbound = direction == Direction::Outbound;
  if (policy.direction == (outbound ? PolicyDirection::Inbound : PolicyDirection::Outbound))
    return false;
  return policy.names.empty() || (outbound && !user.empty() && is_for_local_user(policy, user));
}

bool is_met(const Policy& policy, Direction direction, std::string_view user) noexcept {
  return policy.active && !policy.tunnel && is_for(policy, direction, user);
}

Expected<void> validate_policy_name(std::string_view name) {
  const bool known = std::ranges::any_of(kForms, [name](std::string_view form) {
    return name.starts_with(form) && name.size() > form.size();
  });
  if (known) return {};
  return fail(Error::Code::Invalid, fmt::format("\"{}\" names nobody", name),
              "\"user:NAME\" for a local user; \"fqdn:\", \"rfc822:\", \"dn:\" or \"key-id:\" and "
              "an IKE identity for a peer");
}

}  // namespace sallyport
