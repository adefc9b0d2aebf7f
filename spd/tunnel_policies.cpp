#include "spd/tunnel_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "spd/spd.h"

namespace sallyport {
namespace {

// The whole space, or the end of it, where groups are: nothing of one node.
bool is_anybodys(const std::vector<AddressRange>& ranges) {
  return ranges.empty() || (ranges.size() == 1 && !next(ranges[0].last).has_value());
}

}  // namespace

bool is_wide(const Policy& policy) noexcept {
  return policy.tunnel && std::ranges::any_of(policy.selectors, [](const Selector& selector) {
           return is_anybodys(selector.local) && is_anybodys(selector.remote);
         });
}

std::unexpected<Error> no_such_policy(std::string_view name) {
  return fail(Error::Code::NotFound, fmt::format("there is no policy {}", name),
              "`show policies` lists them");
}

std::size_t place_of(const std::vector<PolicyId>& order, PolicyId id) noexcept {
  return static_cast<std::size_t>(std::ranges::find(order, id) - order.begin());
}

Expected<void> Spd::set_activity(std::string_view name, Activity activity) {
  const std::optional<PolicyId> id = id_of(name);
  if (!id) return no_such_policy(name);
  const bool active = activity == Activity::Active;
  if (slots_[id->value].policy->active == active) return {};
  if (active)
    activate(*id);
  else
    deactivate(*id);
  return {};
}

void Spd::activate(PolicyId id) {
  const Policy& policy = *slots_[id.value].policy;
  slots_[id.value].policy->active = true;
  show_activity(id);
  raise_generation(id);
  raise_generation(kNoPolicy);
  touch(rivals_of(policy), policy);
}

void Spd::deactivate(PolicyId id) {
  slots_[id.value].policy->active = false;
  show_activity(id);
  raise_generation(id);
}

void Spd::show_activity(PolicyId id) {
  const Policy& policy = *slots_[id.value].policy;
  const Activity activity = policy.active ? Activity::Active : Activity::Inactive;
  for (const std::size_t scope : matchers_with(policy))
    static_cast<void>(scopes_[scope].matcher->set_activity(id, activity));  // it is there
  changed(policy);
}

// Those whose packets it may take, and some others.
std::vector<PolicyId> Spd::rivals_of(const Policy& policy) {
  if (!by_remote_) {
    std::vector<PoliciesByRemote::Named> all;
    for (const Database& database : databases_)
      for (const PolicyId id : database.order) all.push_back({id, find(id)});
    by_remote_.emplace(all);
  }
  return by_remote_->rivals_of(policy);
}

Expected<void> Spd::set_endpoints(std::string_view name, const Endpoints& ends) {
  const std::optional<PolicyId> id = id_of(name);
  if (!id) return no_such_policy(name);
  Policy moved = *slots_[id->value].policy;
  if (!moved.protect || moved.protect->mode != IpsecMode::Tunnel)
    return fail(Error::Code::Invalid, "the policy has no tunnel", "one in tunnel mode",
                fmt::format("policy {}", name));
  moved.protect->endpoints = ends;
  if (auto ok = validate(moved); !ok) return ok;
  *slots_[id->value].policy = std::move(moved);
  return {};
}

PolicyId PolicySet::match_in_tunnel(PolicyScope scope, const Address& tunnel,
                                    const SelectorFields& fields) const noexcept {
  const PolicyId bound = match(in_tunnel(scope), fields);
  const std::uint32_t before = bound == kNoPolicy ? ~0u : entry(bound).place;
  const auto spd = static_cast<std::uint16_t>(scope.value / (2u * ways()));
  for (const WidePolicy& each : std::ranges::equal_range(wide, tunnel, {}, &WidePolicy::tunnel)) {
    if (each.place > before) break;
    if (each.spd.value == spd && std::ranges::any_of(each.selectors, [&](const Selector& selector) {
          return matches(selector, fields);
        }))
      return each.id;
  }
  return bound;
}

void Spd::place_wide(PolicySet& set) const {
  for (PolicyId id{1}; id.value < slots_.size(); ++id.value)
    if (const Policy* const policy = find(id);
        policy != nullptr && policy->active && is_wide(*policy))
      set.wide.push_back({.tunnel = *policy->tunnel,
                          .spd = policy->spd,
                          .place = {},
                          .id = id,
                          .selectors = policy->selectors});
  if (set.wide.empty()) return;
  for (const Database& database : databases_)
    for (std::size_t place = 0; place < database.order.size(); ++place)
      set.entries.edit(database.order[place]).place = static_cast<std::uint32_t>(place);
  for (WidePolicy& each : set.wide) each.place = set.entry(each.id).place;
  std::ranges::sort(set.wide, [](const WidePolicy& left, const WidePolicy& right) {
    return std::tie(left.tunnel, left.place) < std::tie(right.tunnel, right.place);
  });
}

}  // namespace sallyport
