// Policies by name, packets by where they go, and what a flow cache would keep of the answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/protocol.h"
#include "spd/spd.h"

namespace sallyport::test {

inline constexpr auto kBypass = PolicyAction::Bypass;
inline constexpr auto kDiscard = PolicyAction::Discard;
inline constexpr auto kProtect = PolicyAction::Protect;

inline Policy policy(std::string name, std::string_view remote, PolicyAction action) {
  Policy made{.name = std::move(name), .selectors = {Selector{}}, .action = action};
  if (!remote.empty()) made.selectors[0].remote = {AddressRange::parse(remote).value()};
  if (action == PolicyAction::Protect) made.protect.emplace().mode = IpsecMode::Transport;
  return made;
}

inline SelectorFields packet_to(std::string_view remote) {
  const Address address = Address::parse(remote).value();
  return {.local = Address::any(address.family), .remote = address, .protocol = kProtocolTcp};
}

inline std::vector<std::string> names(const Spd& spd, SpdId id) {
  std::vector<std::string> list;
  for (const Policy* each : spd.ordered(id)) list.push_back(each->name);
  return list;
}

// What a flow cache keeps of an answer.
struct Cached {
  PolicyScope scope;
  SelectorFields fields;
  PolicyId policy;
  std::uint32_t generation;

  [[nodiscard]] bool stale(const PolicySet& set) const {
    return set.entry(policy).generation != generation;
  }
};

inline Cached ask(const PolicySet& set, PolicyScope scope, const SelectorFields& fields) {
  const PolicyId policy = set.match(scope, fields);
  return {scope, fields, policy, set.entry(policy).generation};
}
// Outbound, for packets of no local user.
inline Cached ask(const PolicySet& set, const SelectorFields& fields) {
  return ask(set, set.outbound(SpdId{0}), fields);
}

}  // namespace sallyport::test
