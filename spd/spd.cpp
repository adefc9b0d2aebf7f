#include "spd/spd.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "spd/indexed_matcher.h"
#include "spd/longest_ascent.h"
#include "spd/policy_names.h"
#include "spd/policy_overlaps.h"
#include "spd/populate.h"
#include "spd/tunnel_policies.h"

namespace sallyport {
namespace {

// Where more change places, or are to be compared, nobody looks for what they touch: that costs
// more than asking anew.
constexpr std::size_t kMostTouching = 16;
constexpr std::size_t kMostComparisons = std::size_t{1} << 20;  // of selectors, for one policy

// RFC 4301 7.3, and 7.4 of BYPASS entries that name ports.
bool checks_fragments(const Policy& policy) {
  if (policy.protect) return policy.protect->fragments == FragmentChecks::Stateful;
  const auto names_ports = [](const PortSet& ports) {
    return !ports.is_any() && !ports.is_opaque();
  };
  return policy.action == PolicyAction::Bypass &&
         std::ranges::any_of(policy.selectors, [&](const Selector& selector) {
           return names_ports(selector.local_port) || names_ports(selector.remote_port);
         });
}

// An SA may be asked for unless policy names those that it wants and nothing else.
bool is_negotiable(const Policy& policy) {
  return policy.protect && (policy.protect->sas.empty() || !policy.protect->proposals.empty());
}

// An empty slot, and the nominal last entry is one, discards.
PolicyEntry entry_of(const Policy* policy, std::uint32_t generation) {
  if (policy == nullptr) return {.generation = generation, .pfp = {}};
  return {.action = policy->action,
          .generation = generation,
          .stateful = checks_fragments(*policy),
          .negotiable = is_negotiable(*policy),
          .pfp = populated_fields(*policy)};
}

std::unexpected<Error> past_the_end(std::size_t last, const std::string& where) {
  return fail(Error::Code::Invalid, "the position lies past the end",
              fmt::format("choose 0 to {}", last), where);
}

std::unexpected<Error> no_such_spd(const Policy& policy, std::size_t databases) {
  return fail(Error::Code::NotFound, fmt::format("there is no SPD {}", policy.spd.value),
              fmt::format("choose 0 to {}", databases - 1), "policy " + policy.name);
}

std::unexpected<Error> too_many_policies(std::size_t capacity) {
  return fail(Error::Code::Exhausted, fmt::format("all {} places for policies are taken", capacity),
              "raise limits.policies");
}

std::unexpected<Error> too_many_edits() {
  return fail(Error::Code::Exhausted, "workers still read the policies that were removed last",
              "try again");
}

}  // namespace

Spd::Spd(std::size_t capacity, std::size_t databases, std::vector<std::string> users)
    : capacity_(capacity),
      slots_(1),
      users_(std::move(users)),
      databases_(databases),
      scopes_(databases * scopes_each()) {
  entries_.push_back(entry_of(nullptr, 0));
  for (std::size_t spd = 0; spd < databases; ++spd)
    scopes_[main_scope(SpdId{static_cast<std::uint16_t>(spd)})].matcher =
        std::make_unique<IndexedMatcher>();
}

bool Spd::is_met(const Policy& policy, std::size_t scope) const noexcept {
  const std::size_t part = scope % ways();
  const bool in_tunnel = scope % scopes_each() >= ways();
  if (policy.tunnel && (!in_tunnel || is_wide(policy))) return false;
  if (part == 0) return is_for(policy, Direction::Inbound);
  return is_for(policy, Direction::Outbound, part == 1 ? "" : users_[part - 2]);
}

std::vector<std::size_t> Spd::matchers_with(const Policy& policy) const {
  std::vector<std::size_t> scopes;
  const std::size_t first = policy.spd.value * scopes_each();
  for (std::size_t scope = first; scope < first + scopes_each(); ++scope)
    if (scopes_[scope].matcher != nullptr && is_met(policy, scope)) scopes.push_back(scope);
  return scopes;
}

std::size_t Spd::place_in(std::size_t scope, std::size_t position) const noexcept {
  const Database& database = databases_[scope / scopes_each()];
  if (database.apart == 0) return position;
  const std::vector<PolicyId>& order = database.order;
  return static_cast<std::size_t>(
      std::ranges::count_if(std::span(order).first(std::min(position, order.size())),
                            [&](PolicyId id) { return is_met(*slots_[id.value].policy, scope); }));
}

Expected<void> Spd::part_scopes(const Policy& policy) {
  const std::size_t main = main_scope(policy.spd);
  for (std::size_t scope = main - 1; scope < main - 1 + scopes_each(); ++scope) {
    if (scopes_[scope].matcher != nullptr || is_met(policy, scope) == is_met(policy, main))
      continue;
    auto matcher = std::make_unique<IndexedMatcher>();
    std::size_t place = 0;
    for (const PolicyId id : databases_[policy.spd.value].order) {
      const Policy& present = *slots_[id.value].policy;
      if (!is_met(present, scope)) continue;
      if (auto ok = matcher->insert(place++, id, present.selectors); !ok) return ok;
      if (!present.active) static_cast<void>(matcher->set_activity(id, Activity::Inactive));
    }
    scopes_[scope] = {.matcher = std::move(matcher), .view = nullptr};
  }
  return {};
}

// Refused by one, it is in none.
Expected<void> Spd::add_to_matchers(const Policy& policy, PolicyId id, std::size_t position) {
  if (auto ok = part_scopes(policy); !ok) return ok;
  std::vector<std::size_t> added;
  for (const std::size_t scope : matchers_with(policy)) {
    auto ok = scopes_[scope].matcher->insert(place_in(scope, position), id, policy.selectors);
    if (ok) {
      if (!policy.active)
        static_cast<void>(scopes_[scope].matcher->set_activity(id, Activity::Inactive));
      added.push_back(scope);
      continue;
    }
    for (const std::size_t done : added) static_cast<void>(scopes_[done].matcher->remove(id));
    return ok;
  }
  return {};
}

Expected<PolicyId> Spd::free_slot() const {
  if (ids_.size() >= capacity_) return too_many_policies(capacity_);
  if (!free_.empty()) return free_.back();
  if (slots_.size() > ids_for(capacity_)) return too_many_edits();
  return PolicyId{static_cast<std::uint32_t>(slots_.size())};
}

Expected<PolicyId> Spd::insert(Policy policy, std::size_t position) {
  if (auto ok = validate(policy); !ok) return std::unexpected(ok.error());
  const std::string where = "policy " + policy.name;
  if (policy.spd.value >= databases_.size()) return no_such_spd(policy, databases_.size());
  if (ids_.contains(policy.name))
    return fail(Error::Code::Exists, "the name is taken", "choose another one", where);
  const Expected<PolicyId> id = free_slot();
  if (!id) return id;

  Database& database = databases_[policy.spd.value];
  if (position == npos) position = database.order.size();
  if (position > database.order.size()) return past_the_end(database.order.size(), where);
  if (auto ok = add_to_matchers(policy, *id, position); !ok) {
    ok.error().where = where;
    return std::unexpected(ok.error());
  }
  database.order.insert(database.order.begin() + static_cast<std::ptrdiff_t>(position), *id);
  // What matched nothing so far may match it.
  raise_generation(kNoPolicy);
  touch(std::span(database.order).subspan(position + 1), policy);
  database.apart += is_for_all(policy) ? 0u : 1u;
  changed(policy);
  settle(*id, std::move(policy));
  return id;
}

Expected<void> Spd::remove(std::string_view name) {
  const auto named = ids_.find(name);
  if (named == ids_.end()) return no_such_policy(name);
  const PolicyId id = named->second;
  Slot& slot = slots_[id.value];
  Database& database = databases_[slot.policy->spd.value];
  for (const std::size_t scope : matchers_with(*slot.policy))
    if (auto ok = scopes_[scope].matcher->remove(id); !ok) return ok;
  std::erase(database.order, id);
  database.apart -= is_for_all(*slot.policy) ? 0u : 1u;
  changed(*slot.policy);
  // The others keep what they decided: the removed one did not match it, or came after them.
  forget(id);
  return {};
}

void Spd::settle(PolicyId id, Policy policy) {
  if (free_.empty())
    slots_.emplace_back();
  else
    free_.pop_back();
  if (entries_.size() < slots_.size()) entries_.push_back(entry_of(nullptr, 0));
  ids_.emplace(policy.name, id);
  wide_ += is_wide(policy) ? 1u : 0u;
  slots_[id.value].policy = std::make_unique<Policy>(std::move(policy));
  describe(id);
}

void Spd::forget(PolicyId id) {
  Slot& slot = slots_[id.value];
  ids_.erase(slot.policy->name);
  wide_ -= is_wide(*slot.policy) ? 1u : 0u;
  slot.policy.reset();
  describe(id);
  raise_generation(id);
  removed_.push_back(id);
}

void Spd::describe(PolicyId id) {
  PolicyEntry& entry = entries_.edit(id);
  stateful_ -= entry.stateful ? 1u : 0u;
  entry = entry_of(find(id), entry.generation);
  stateful_ += entry.stateful ? 1u : 0u;
  by_remote_.reset();
}

Expected<void> Spd::move(std::string_view name, std::size_t position) {
  const std::optional<PolicyId> id = id_of(name);
  if (!id) return no_such_policy(name);
  Slot& slot = slots_[id->value];
  Database& database = databases_[slot.policy->spd.value];
  if (position >= database.order.size())
    return past_the_end(database.order.size() - 1, fmt::format("policy {}", name));
  const std::size_t from = place_of(database.order, *id);
  database.order.erase(database.order.begin() + static_cast<std::ptrdiff_t>(from));
  // None of these fails: the policy is there, and so is the place.
  for (const std::size_t scope : matchers_with(*slot.policy))
    static_cast<void>(scopes_[scope].matcher->move(*id, place_in(scope, position)));
  database.order.insert(database.order.begin() + static_cast<std::ptrdiff_t>(position), *id);
  // Moved up it takes from those that it passed; moved down it gives to them.
  if (position < from)
    touch(std::span(database.order).subspan(position + 1, from - position), *slot.policy);
  raise_generation(*id);
  changed(*slot.policy);
  return {};
}

Expected<void> Spd::check(const std::vector<Policy>& next) const {
  if (next.size() > capacity_) return too_many_policies(capacity_);
  std::set<std::string_view> names;
  std::size_t fresh = 0;
  for (const Policy& policy : next) {
    const std::string where = "policy " + policy.name;
    if (auto ok = validate(policy); !ok) return ok;
    if (auto ok = IndexedMatcher::check(policy.selectors); !ok) {
      ok.error().where = where;
      return ok;
    }
    if (policy.spd.value >= databases_.size()) return no_such_spd(policy, databases_.size());
    if (!names.insert(policy.name).second)
      return fail(Error::Code::Exists, "the name is taken", "choose another one", where);
    const Policy* const present = find(policy.name);
    fresh += present == nullptr || *present != policy;
  }
  const std::size_t unused = ids_for(capacity_) + 1 - slots_.size() + free_.size();
  if (fresh > unused) return too_many_edits();
  return {};
}

void Spd::replace(const std::vector<Policy>& next) {
  std::vector<PolicyId> ids(next.size(), kNoPolicy);
  std::vector<bool> stays(slots_.size());
  for (std::size_t i = 0; i < next.size(); ++i) {
    const std::optional<PolicyId> id = id_of(next[i].name);
    if (!id || *find(*id) != next[i]) continue;
    ids[i] = *id;
    stays[id->value] = true;
  }
  for (PolicyId id{1}; id.value < stays.size(); ++id.value)
    if (find(id) != nullptr && !stays[id.value]) forget(id);
  std::vector<std::vector<PolicyId>> orders(databases_.size());
  for (std::size_t i = 0; i < next.size(); ++i) {
    if (ids[i] == kNoPolicy) {
      ids[i] = free_slot().value();  // check() has seen to it
      settle(ids[i], next[i]);
    }
    orders[next[i].spd.value].push_back(ids[i]);
  }
  for (std::size_t spd = 0; spd < orders.size(); ++spd)
    if (orders[spd] != databases_[spd].order)
      arrange(SpdId{static_cast<std::uint16_t>(spd)}, std::move(orders[spd]));
}

void Spd::arrange(SpdId spd, std::vector<PolicyId> order) {
  Database& database = databases_[spd.value];
  touch_rearranged(database.order, order);
  database.order = std::move(order);
  database.apart = 0;
  for (const PolicyId id : database.order) database.apart += is_for_all(*find(id)) ? 0u : 1u;
  const std::size_t main = main_scope(spd);
  for (std::size_t scope = main - 1; scope < main - 1 + scopes_each(); ++scope) {
    std::vector<PolicyMatcher::Listed> met;
    bool is_apart = scopes_[scope].matcher != nullptr;
    for (const PolicyId id : database.order) {
      const Policy& policy = *find(id);
      if (is_met(policy, scope))
        met.push_back(
            {id, policy.selectors, policy.active ? Activity::Active : Activity::Inactive});
      is_apart = is_apart || is_met(policy, scope) != is_met(policy, main);
    }
    if (!is_apart) continue;
    if (scopes_[scope].matcher == nullptr)
      scopes_[scope].matcher = std::make_unique<IndexedMatcher>();
    static_cast<void>(scopes_[scope].matcher->replace(met));  // check() has seen to it
    scopes_[scope].view.reset();
  }
  ++version_;
}

void Spd::touch_rearranged(const std::vector<PolicyId>& before,
                           const std::vector<PolicyId>& after) {
  std::vector<std::size_t> places(slots_.size(), kNoPlace);  // before, by id
  for (std::size_t place = 0; place < before.size(); ++place) places[before[place].value] = place;
  std::vector<std::size_t> old_places;
  for (const PolicyId id : after) old_places.push_back(places[id.value]);
  // What matched nothing so far may match a new one.
  if (std::ranges::count(old_places, kNoPlace) != 0) raise_generation(kNoPolicy);
  const std::vector<bool> stays = longest_ascent(old_places);
  if (std::ranges::count(stays, false) > static_cast<std::ptrdiff_t>(kMostTouching)) {
    for (const PolicyId id : after) raise_generation(id);
    return;
  }
  for (std::size_t place = 0; place < after.size(); ++place) {
    if (stays[place]) continue;
    raise_generation(after[place]);
    // Those that stood before it and do so no more; where it is new, all.
    std::vector<PolicyId> passed;
    std::ranges::copy_if(std::span(after).subspan(place + 1), std::back_inserter(passed),
                         [&](PolicyId other) { return places[other.value] < old_places[place]; });
    touch(passed, *find(after[place]));
  }
}

void Spd::touch(std::span<const PolicyId> policies, const Policy& edited) {
  std::size_t compared = 0;
  for (const PolicyId id : policies) {
    const Policy& policy = *slots_[id.value].policy;
    compared += edited.selectors.size() * policy.selectors.size();
    if (compared > kMostComparisons || overlaps(edited, policy)) raise_generation(id);
  }
}

void Spd::changed(const Policy& edited) {
  for (const std::size_t scope : matchers_with(edited)) scopes_[scope].view.reset();
  ++version_;
}

void Spd::make_stale(std::span<const PolicyId> policies) {
  for (const PolicyId id : policies) raise_generation(id);
  ++version_;
}

std::shared_ptr<const Spd::Rebuild> Spd::begin_rebuild() {
  auto rebuild = std::make_shared<Rebuild>();
  for (std::size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i].matcher == nullptr) continue;
    if (auto part = scopes_[i].matcher->begin_rebuild())
      rebuild->parts_.emplace_back(i, std::move(part));
  }
  return rebuild->parts_.empty() ? nullptr : rebuild;
}

void Spd::finish_rebuild(const Rebuild& rebuild) {
  for (const auto& [scope, part] : rebuild.parts_) {
    scopes_[scope].matcher->finish_rebuild(*part);
    scopes_[scope].view.reset();
  }
}

const Policy* Spd::find(std::string_view name) const noexcept {
  const auto named = ids_.find(name);
  return named == ids_.end() ? nullptr : find(named->second);
}

const Policy* Spd::find(PolicyId id) const noexcept {
  return id.value < slots_.size() ? slots_[id.value].policy.get() : nullptr;
}

std::optional<PolicyId> Spd::id_of(std::string_view name) const noexcept {
  const auto named = ids_.find(name);
  return named == ids_.end() ? std::nullopt : std::optional(named->second);
}

const Policy* Spd::find_named(SpdId spd, std::string_view identity) const noexcept {
  for (const PolicyId id : databases_[spd.value].order) {
    const Policy* const policy = find(id);
    if (std::ranges::find(policy->names, identity) != policy->names.end()) return policy;
  }
  return nullptr;
}

std::vector<const Policy*> Spd::ordered(SpdId spd) const {
  std::vector<const Policy*> policies;
  if (spd.value >= databases_.size()) return policies;
  for (const PolicyId id : databases_[spd.value].order) policies.push_back(find(id));
  return policies;
}

std::shared_ptr<const PolicySet> Spd::snapshot() const {
  auto set = std::make_shared<PolicySet>();
  set->version = version_;
  set->entries = entries_;
  set->stateful = stateful_ != 0;
  set->users = static_cast<std::uint16_t>(users_.size());
  if (wide_ != 0) place_wide(*set);
  for (const Scope& scope : scopes_)
    if (scope.matcher != nullptr && scope.view == nullptr) scope.view = scope.matcher->view();
  for (std::size_t i = 0; i < scopes_.size(); ++i)
    set->views.push_back(scopes_[scopes_[i].matcher == nullptr ? main_scope(i) : i].view);
  return set;
}

}  // namespace sallyport
