#include "gateway/acquired_sas.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/populated_handles.h"

namespace sallyport {
namespace {

// A new snapshot for so many handles at a time, or when there is no other one.
constexpr std::size_t kWorthTakingBack = 64;

// What was agreed to under `before` is what the policy asks for.
bool fits(const Policy& policy, const Protection& before) {
  const Protection& now = *policy.protect;
  return now.protocol == before.protocol && now.mode == before.mode &&
         now.endpoints == before.endpoints && now.proposals == before.proposals &&
         now.peer == before.peer;
}

std::unexpected<Error> not_under_way(RequestId id) {
  return fail(Error::Code::NotFound, fmt::format("request {} is not under way", id.value),
              "it was answered, took too long, or its policy is gone");
}

}  // namespace

AcquiredSas::AcquiredSas(const Surroundings& surroundings, Installation installation,
                         std::size_t handles)
    : my_(surroundings),
      installation_(std::move(installation)),
      free_(std::make_shared<std::vector<SaHandle>>()) {
  const SaHandle first = my_.dataplane.first_populated_handle();
  for (std::size_t i = handles; i-- > 0;)
    free_->push_back(SaHandle{first.value + static_cast<std::uint32_t>(i)});
}

void AcquiredSas::acquire(KeyManager& manager, RequestId id, const SaMiss& miss) {
  const Policy* const policy = my_.spd.find(miss.key.policy);
  if (policy == nullptr) return;  // what waits is judged anew by abandon()
  manager.acquire({.id = id,
                   .policy = *policy,
                   .selectors = populate(*policy, miss.packet),
                   .packet = miss.packet,
                   .care_of = miss.care_of});
}

Expected<void> AcquiredSas::provide(const Answer& answer, std::vector<Sa> sas, Instant now) {
  const RequestId id = answer.id;
  const SaMiss* const asked = my_.misses.find(id);
  const Policy* const policy = asked == nullptr ? nullptr : my_.spd.find(asked->key.policy);
  if (policy == nullptr) return not_under_way(id);
  for (const Direction direction : {Direction::Outbound, Direction::Inbound})
    if (std::ranges::find(sas, direction, &Sa::direction) == sas.end()) {
      static_cast<void>(refuse(id, now));
      return fail(Error::Code::Invalid, "SAs of one direction only", "a pair, or more",
                  "policy " + policy->name);
    }
  std::vector<Carried> carried{{policy->name, asked->packet}};
  carried.insert(carried.end(), answer.others.begin(), answer.others.end());
  const std::vector<Place> places = places_of(carried);
  if (places.empty()) return not_under_way(id);
  if (auto installed = install(places, std::move(sas)); !installed) {
    static_cast<void>(refuse(id, now));
    return installed;
  }
  my_.misses.answered(id);
  answer_waiting(places);
  if (const auto old = replaced_.extract(id); !old.empty()) installation_.uninstall(old.mapped());
  return {};
}

Expected<void> AcquiredSas::add(std::span<const Carried> carried, std::vector<Sa> sas) {
  const std::string where = "policy " + carried.front().policy;
  const Policy* const policy = my_.spd.find(carried.front().policy);
  if (policy == nullptr || !policy->protect)
    return fail(Error::Code::NotFound, "there is no such policy that protects", {}, where);
  const std::vector<Place> places = places_of(carried);
  if (places.empty())
    return fail(Error::Code::Invalid, "the packet does not show what the policy populates SAs with",
                {}, where);
  const bool sends = std::ranges::find(sas, Direction::Outbound, &Sa::direction) != sas.end();
  if (auto installed = install(places, std::move(sas)); !installed) return installed;
  if (sends) answer_waiting(places);
  return {};
}

void AcquiredSas::answer_waiting(std::span<const Place> places) {
  for (const Place& place : places)
    if (const auto request = my_.misses.request_for(place.key)) my_.misses.answered(*request);
}

// Of policies that protect, those packets that show what is populated, each key once.
std::vector<AcquiredSas::Place> AcquiredSas::places_of(std::span<const Carried> carried) const {
  std::vector<Place> places;
  for (const auto& [name, packet] : carried) {
    const Policy* const policy = my_.spd.find(name);
    if (policy == nullptr || !policy->protect) continue;
    const auto key = PopulatedKey::of(*my_.spd.id_of(name), populated_fields(*policy), packet);
    if (key && std::ranges::find(places, *key, &Place::key) == places.end())
      places.push_back({policy, *key, packet});
  }
  return places;
}

// Where there is a handle for the first of the places.
Expected<void> AcquiredSas::install(std::span<const Place> places, std::vector<Sa> sas) {
  const Place& first = places.front();
  const bool populated = populated_fields(*first.policy) != PopulateFromPacket{};
  if (populated && !groups_.contains(first.key) && free_->empty())
    return fail(Error::Code::Exhausted, "every place for populated SAs is taken",
                "raise limits.sas, or populate fewer fields", "policy " + first.policy->name);
  std::vector<std::string> names;
  for (const Sa& sa : sas) names.push_back(sa.name);
  if (auto installed = installation_.install(std::move(sas)); !installed) return installed;
  names_.insert(names.begin(), names.end());
  for (const Place& place : places) join(place, names);
  // Flows of a policy may remember a handle that a key had before.
  const auto may_be_remembered = [&](const auto& gone) {
    return std::ranges::any_of(places,
                               [&](const Place& place) { return place.key.policy == gone.first; });
  };
  if (std::ranges::any_of(given_back_, may_be_remembered)) take_back_handles();
  return {};
}

// These packets go by the SAs, newest first, as long as there are handles.
void AcquiredSas::join(const Place& place, std::span<const std::string> names) {
  const auto handle = handle_for(place.key, *place.policy);
  if (!handle) return;
  Group& group = groups_[place.key];
  group.packet = place.packet;
  group.policy = place.policy->name;
  group.protection = *place.policy->protect;
  group.selectors = populate(*place.policy, place.packet);
  group.handle = *handle;
  group.sas.insert(group.sas.begin(), names.begin(), names.end());
  lead(group);
}

Expected<void> AcquiredSas::refuse(RequestId id, Instant now) {
  if (!my_.misses.refused(id, now)) return not_under_way(id);
  return {};
}

std::vector<std::string> AcquiredSas::of_policy(PolicyId policy) const {
  const auto group = groups_.find(PopulatedKey{.policy = policy});
  return group == groups_.end() ? std::vector<std::string>{} : group->second.sas;
}

void AcquiredSas::leave(const Sad::Names& names) {
  const auto going = [&](const std::string& name) { return names.contains(name); };
  if (std::erase_if(names_, going) == 0) return;
  for (auto& [id, old] : replaced_) std::erase_if(old, going);
  for (Group& group : kept_) std::erase_if(group.sas, going);
  std::erase_if(kept_, [](const Group& group) { return group.sas.empty(); });
  std::vector<PopulatedKey> touched;
  for (auto& [key, group] : groups_)
    if (std::erase_if(group.sas, going) != 0) touched.push_back(key);
  for (const PopulatedKey& key : touched) {
    const auto group = groups_.find(key);
    lead(group->second);
    if (group->second.sas.empty()) let_go(key, groups_.extract(group).mapped());
  }
}

bool AcquiredSas::decides(const Policy& policy, const SelectorFields& packet) const {
  // Which local user's packet it was is not known any more.
  // One that no packet meets now may be met by it later (MAPI-08).
  if (!policy.names.empty() || !policy.active) return true;
  const PolicySet& policies = my_.dataplane.policies();
  if (policy.tunnel)
    return policies.match_in_tunnel(policies.outbound(policy.spd), *policy.tunnel, packet) ==
           my_.spd.id_of(policy.name);
  return my_.dataplane.policies().match(policy.spd, packet) == my_.spd.id_of(policy.name);
}

bool AcquiredSas::is_changed(const PopulatedKey& key, const Group& group) const {
  const Policy* const policy = my_.spd.find(key.policy);
  return policy == nullptr || !decides(*policy, group.packet);
}

void AcquiredSas::follow_policies(ChangedPolicySas choice, Instant now) {
  my_.misses.abandon([this](PolicyId id) { return my_.spd.find(id) == nullptr; });
  std::vector<Group> changed = std::exchange(kept_, {});
  for (auto next = groups_.begin(); next != groups_.end();) {
    const auto group = next++;
    if (!is_changed(group->first, group->second)) continue;
    let_go(group->first, group->second);
    changed.push_back(std::move(groups_.extract(group).mapped()));
    installation_.assign(changed.back().policy);  // it leads to them no more
  }
  Sad::Names ended;
  for (Group& group : changed) ended.merge(follow(std::move(group), choice, now));
  if (!ended.empty()) installation_.uninstall(ended);
}

Sad::Names AcquiredSas::follow(Group group, ChangedPolicySas choice, Instant now) {
  switch (choice) {
    case ChangedPolicySas::Keep:
      if (!adopt(group)) kept_.push_back(std::move(group));
      return {};
    case ChangedPolicySas::Rekey:
      if (const auto request = ask_anew(group, now)) {
        replaced_[*request].insert(group.sas.begin(), group.sas.end());
        return {};
      }
      break;
    case ChangedPolicySas::Delete:
      break;
  }
  return {group.sas.begin(), group.sas.end()};
}

// The key that the group's packet has under its policy's successor; nullopt where that protects it
// no more.
std::optional<PopulatedKey> AcquiredSas::key_under(const Policy* policy, const Group& group) const {
  if (policy == nullptr || !policy->protect || populate(*policy, group.packet).empty() ||
      !decides(*policy, group.packet))
    return std::nullopt;
  return PopulatedKey::of(*my_.spd.id_of(policy->name), populated_fields(*policy), group.packet);
}

bool AcquiredSas::adopt(Group& group) {
  const Policy* const successor = my_.spd.find(group.policy);
  const auto key = key_under(successor, group);
  if (!key || groups_.contains(*key) || !fits(*successor, group.protection) ||
      populate(*successor, group.packet) != group.selectors)
    return false;
  const auto handle = handle_for(*key, *successor);
  if (!handle) return false;
  group.handle = *handle;
  lead(groups_.emplace(*key, std::move(group)).first->second);
  return true;
}

std::optional<RequestId> AcquiredSas::ask_anew(const Group& group, Instant now) {
  const auto key = key_under(my_.spd.find(group.policy), group);
  if (!key) return std::nullopt;
  return my_.misses.want({.key = *key, .packet = group.packet}, now);
}

void AcquiredSas::poll() {
  std::vector<RequestId> ended;
  for (const auto& [id, names] : replaced_)
    if (my_.misses.find(id) == nullptr) ended.push_back(id);
  for (const RequestId id : ended) installation_.uninstall(replaced_.extract(id).mapped());
  if (given_back_.size() >= kWorthTakingBack || (free_->empty() && !given_back_.empty()))
    take_back_handles();
}

bool AcquiredSas::is_populated(SaHandle handle) const noexcept {
  return handle >= my_.dataplane.first_populated_handle();
}

Expected<SaHandle> AcquiredSas::handle_for(const PopulatedKey& key, const Policy& policy) {
  if (populated_fields(policy) == PopulateFromPacket{}) return SaHandle{key.policy.value};
  if (const auto group = groups_.find(key); group != groups_.end()) return group->second.handle;
  if (free_->empty())
    return fail(Error::Code::Exhausted, "every place for populated SAs is taken",
                "raise limits.sas, or populate fewer fields", "policy " + policy.name);
  const SaHandle handle = free_->back();
  if (auto known = my_.dataplane.populated().set(key, handle); !known)
    return std::unexpected(known.error());
  free_->pop_back();
  return handle;
}

void AcquiredSas::lead(const Group& group) {
  if (is_populated(group.handle))
    my_.assignment.assign(group.handle, group.sas);
  else
    installation_.assign(group.policy);
}

void AcquiredSas::lead_again(const std::string& sa) {
  for (const auto& [key, group] : groups_)
    if (std::ranges::find(group.sas, sa) != group.sas.end()) lead(group);
}

void AcquiredSas::let_go(const PopulatedKey& key, const Group& group) {
  if (!is_populated(group.handle)) return;  // the policy keeps its own
  my_.dataplane.populated().remove(key);
  my_.assignment.assign(group.handle, {});
  given_back_.emplace_back(key.policy, group.handle);
}

// What workers remember of packets that went by these handles becomes stale first.
void AcquiredSas::take_back_handles() {
  std::vector<PolicyId> policies;
  std::vector<SaHandle> handles;
  for (const auto& [policy, handle] : std::exchange(given_back_, {})) {
    handles.push_back(handle);
    if (my_.spd.find(policy) != nullptr) policies.push_back(policy);
  }
  std::ranges::sort(policies);
  policies.erase(std::ranges::unique(policies).begin(), policies.end());
  my_.spd.make_stale(policies);
  installation_.publish_policies();
  my_.dataplane.retirement().when_unread([handles, watched = std::weak_ptr(free_)] {
    if (const auto free = watched.lock()) free->insert(free->end(), handles.begin(), handles.end());
  });
}

}  // namespace sallyport
