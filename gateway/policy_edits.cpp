#include "gateway/policy_edits.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/live_policy.h"

namespace sallyport {
namespace {

constexpr const char* kPolicyList = "name one of sallyportctl show policies";

}  // namespace

Expected<const Policy*> PolicyEdits::find(const std::string& name) const {
  const Policy* const policy = parts_.spd.find(name);
  if (policy == nullptr)
    return fail(Error::Code::NotFound, fmt::format("there is no policy \"{}\"", name), kPolicyList);
  return policy;
}

Expected<std::size_t> PolicyEdits::position_of(const std::string& name, SpdId spd) const {
  const auto policy = find(name);
  if (!policy) return std::unexpected(policy.error());
  if ((*policy)->spd != spd)
    return fail(Error::Code::Invalid,
                fmt::format("policy \"{}\" is of the SPD \"{}\"", name,
                            parts_.configuration.spds[(*policy)->spd.value].name),
                fmt::format("name one of the SPD \"{}\": each has an order of its own",
                            parts_.configuration.spds[spd.value].name));
  const auto order = parts_.spd.ordered(spd);
  return static_cast<std::size_t>(std::ranges::find(order, *policy) - order.begin());
}

Expected<void> PolicyEdits::insert(const std::string& toml, const PolicyPlace& place) {
  auto policy = parse_live_policy(toml, parts_.configuration, [this](const std::string& sa) {
    const auto entry = parts_.sad.find(sa);
    return entry ? entry->sa : nullptr;
  });
  if (!policy) return std::unexpected(std::move(policy).error());
  std::size_t position = place.at.value_or(Spd::npos);
  if (place.before) {
    const auto next = position_of(*place.before, policy->spd);
    if (!next) return std::unexpected(next.error());
    position = *next;
  }
  const std::string name = policy->name;
  if (auto inserted = parts_.spd.insert(std::move(*policy), position); !inserted)
    return std::unexpected(std::move(inserted).error());
  parts_.assign(name);
  parts_.publish();
  return {};
}

Expected<std::size_t> PolicyEdits::target_of(const Policy& policy, const PolicyPlace& place,
                                             std::size_t from) const {
  if (!place.before) return place.at ? *place.at : parts_.spd.ordered(policy.spd).size() - 1;
  if (place.before == policy.name)
    return fail(Error::Code::Invalid,
                fmt::format("policy \"{}\" cannot stand before itself", policy.name),
                "name the policy that is to follow it");
  const auto next = position_of(*place.before, policy.spd);
  // What stands behind moves up by the place that is left.
  if (next && *next > from) return *next - 1;
  return next;
}

Expected<void> PolicyEdits::move(const std::string& name, const PolicyPlace& place) {
  const auto policy = find(name);
  if (!policy) return std::unexpected(policy.error());
  const auto from = position_of(name, (*policy)->spd);
  if (!from) return std::unexpected(from.error());
  const auto target = target_of(**policy, place, *from);
  if (!target) return std::unexpected(target.error());
  if (*target == *from) return {};
  if (auto moved = parts_.spd.move(name, *target); !moved) return moved;
  parts_.publish();
  return {};
}

Expected<void> PolicyEdits::remove(const std::string& name) {
  if (const auto policy = find(name); !policy) return std::unexpected(policy.error());
  if (auto removed = parts_.spd.remove(name); !removed) return removed;
  parts_.assign(name);
  parts_.publish();
  return {};
}

}  // namespace sallyport
