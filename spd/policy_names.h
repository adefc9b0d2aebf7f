// Whom a policy is for, where it names somebody (RFC 4301 4.4.1.1, Name): local users on this side,
// IKE identities of peers on the other.
#pragma once

#include <string_view>

#include "spd/policy.h"

namespace sallyport {

// "user:NAME" in a list of names; everything else in it is an IKE identity.
inline constexpr std::string_view kUserPrefix = "user:";

// True where one of the names is a local user's, or this one's.
[[nodiscard]] bool is_for_local_users(const Policy& policy) noexcept;
[[nodiscard]] bool is_for_local_user(const Policy& policy, std::string_view user) noexcept;

// The entry is for packets that go this way: those of the local user, or of none where `user` is
// empty.
[[nodiscard]] bool is_for(const Policy& policy, Direction direction,
                          std::string_view user = {}) noexcept;
// Such packets meet it, if they go through no mobility tunnel.
[[nodiscard]] bool is_met(const Policy& policy, Direction direction,
                          std::string_view user = {}) noexcept;

// What is neither "user:" nor of one of the forms of RFC 4301 4.4.1.1: "fqdn:", "rfc822:", "dn:",
// "key-id:", each with something behind it.
[[nodiscard]] Expected<void> validate_policy_name(std::string_view name);

}  // namespace sallyport
