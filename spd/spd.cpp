#include "spd/spd.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "spd/indexed_matcher.h"

namespace sallyport {
namespace {

bool overlap(const Policy& left, const Policy& right) {
  return std::ranges::any_of(left.selectors, [&](const Selector& ours) {
    return std::ranges::any_of(right.selectors,
                               [&](const Selector& theirs) { return overlaps(ours, theirs); });
  });
}

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

std::unexpected<Error> no_such_policy(std::string_view name) {
  return fail(Error::Code::NotFound, fmt::format("there is no policy {}", name),
              "`show policies` lists them");
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

std::size_t position_in(const std::vector<PolicyId>& order, PolicyId id) {
  return static_cast<std::size_t>(std::ranges::find(order, id) - order.begin());
}

}  // namespace

Spd::Spd(std::size_t capacity, std::size_t databases)
    : capacity_(capacity), slots_(1), databases_(databases) {
  for (Database& database : databases_) database.matcher = std::make_unique<IndexedMatcher>();
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
  if (auto ok = database.matcher->insert(position, *id, policy.selectors); !ok) {
    ok.error().where = where;
    return std::unexpected(ok.error());
  }
  database.order.insert(database.order.begin() + static_cast<std::ptrdiff_t>(position), *id);
  if (free_.empty())
    slots_.emplace_back();
  else
    free_.pop_back();
  ids_.emplace(policy.name, *id);
  // What matched nothing so far may match it.
  ++slots_[kNoPolicy.value].generation;
  touch(std::span(database.order).subspan(position + 1), policy);
  changed(database);
  slots_[id->value].policy = std::make_unique<Policy>(std::move(policy));
  return id;
}

Expected<void> Spd::remove(std::string_view name) {
  const auto named = ids_.find(name);
  if (named == ids_.end()) return no_such_policy(name);
  const PolicyId id = named->second;
  Slot& slot = slots_[id.value];
  Database& database = databases_[slot.policy->spd.value];
  if (auto ok = database.matcher->remove(id); !ok) return ok;
  std::erase(database.order, id);
  changed(database);
  // The others keep what they decided: the removed one did not match it, or came after them.
  ++slot.generation;
  slot.policy.reset();
  removed_.push_back(id);
  ids_.erase(named);
  return {};
}

Expected<void> Spd::move(std::string_view name, std::size_t position) {
  const std::optional<PolicyId> id = id_of(name);
  if (!id) return no_such_policy(name);
  Slot& slot = slots_[id->value];
  Database& database = databases_[slot.policy->spd.value];
  if (auto ok = database.matcher->move(*id, position); !ok) {
    ok.error().where = fmt::format("policy {}", name);
    return ok;
  }
  const std::size_t from = position_in(database.order, *id);
  database.order.erase(database.order.begin() + static_cast<std::ptrdiff_t>(from));
  database.order.insert(database.order.begin() + static_cast<std::ptrdiff_t>(position), *id);
  // Moved up it takes from those that it passed; moved down it gives to them.
  if (position < from)
    touch(std::span(database.order).subspan(position + 1, from - position), *slot.policy);
  ++slot.generation;
  changed(database);
  return {};
}

Expected<void> Spd::check(const std::vector<Policy>& next) const {
  if (next.size() > capacity_) return too_many_policies(capacity_);
  std::set<std::string_view> names;
  std::size_t fresh = 0;
  for (const Policy& policy : next) {
    const std::string where = "policy " + policy.name;
    if (auto ok = validate(policy); !ok) return ok;
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
  std::map<std::string_view, const Policy*> wanted;
  for (const Policy& policy : next) wanted.emplace(policy.name, &policy);
  std::vector<std::string> gone;
  for (const auto& [name, id] : ids_) {
    const auto found = wanted.find(name);
    if (found == wanted.end() || *found->second != *find(id)) gone.push_back(name);
  }
  // None of these fails: check() has seen to it.
  for (const std::string& name : gone) static_cast<void>(remove(name));
  std::vector<std::size_t> filled(databases_.size());
  for (const Policy& policy : next) {
    const std::size_t place = filled[policy.spd.value]++;
    const auto present = ids_.find(policy.name);
    if (present == ids_.end())
      static_cast<void>(insert(policy, place));
    else if (databases_[policy.spd.value].order[place] != present->second)
      static_cast<void>(move(policy.name, place));
  }
}

void Spd::touch(std::span<const PolicyId> policies, const Policy& edited) {
  for (const PolicyId id : policies) {
    Slot& slot = slots_[id.value];
    if (overlap(edited, *slot.policy)) ++slot.generation;
  }
}

void Spd::changed(Database& database) {
  database.view.reset();
  ++version_;
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

std::vector<const Policy*> Spd::ordered(SpdId spd) const {
  std::vector<const Policy*> policies;
  if (spd.value >= databases_.size()) return policies;
  for (const PolicyId id : databases_[spd.value].order) policies.push_back(find(id));
  return policies;
}

std::shared_ptr<const PolicySet> Spd::snapshot() const {
  auto set = std::make_shared<PolicySet>();
  set->version = version_;
  set->entries.reserve(slots_.size());
  // An empty slot, and the nominal last entry is one, discards.
  for (const Slot& slot : slots_)
    set->entries.push_back({.action = slot.policy ? slot.policy->action : PolicyAction::Discard,
                            .generation = slot.generation,
                            .stateful = slot.policy && checks_fragments(*slot.policy)});
  set->stateful = std::ranges::any_of(set->entries, &PolicyEntry::stateful);
  for (const Database& database : databases_) {
    if (!database.view) database.view = database.matcher->view();
    set->views.push_back(database.view);
  }
  return set;
}

}  // namespace sallyport
