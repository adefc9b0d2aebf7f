#include "ike/child_conduct.h"

#include <algorithm>

#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/rekey_collision.h"

namespace sallyport::ike {
namespace {

// RFC 4301's own figure for a child where policy has none (IKE-124), and when to begin before it.
constexpr Duration kChildLife = std::chrono::hours(8);
constexpr Duration kChildMargin = std::chrono::minutes(9);

constexpr const char* kLost = "the peer's rekey has won";

Duration soft_life(const Protection& protection, Random& random) {
  if (protection.soft.time) return *protection.soft.time;
  const Duration hard = protection.hard.time ? Duration(*protection.hard.time) : kChildLife;
  const auto jitter = static_cast<std::int64_t>(random.u64() % 60'000'000'000ull);
  return hard - std::min(kChildMargin + Duration(jitter), hard / 4);
}

std::function<void()> later(Session& session, const std::shared_ptr<ChildSa>& child,
                            void (*what)(Session&, const std::shared_ptr<ChildSa>&)) {
  return [weak = session.weak_from_this(), held = std::weak_ptr(child), what] {
    const auto self = weak.lock();
    const auto lasting = held.lock();
    if (self && lasting && !self->dead()) what(*self, lasting);
  };
}

// From `child->made` on.
void arm(Session& session, const std::shared_ptr<ChildSa>& child) {
  const Protection& protection = *child->policy->protect;
  const Duration age = session.now() - child->made;
  session.my.timers.cancel(child->soft);
  session.my.timers.cancel(child->hard);
  child->soft = session.my.timers.after(
      soft_life(protection, session.my.random) - age,
      later(session, child, [](Session& self, const std::shared_ptr<ChildSa>& old) {
        begin_child_rekey(self, old);
      }));
  const Duration hard = protection.hard.time ? Duration(*protection.hard.time) : kChildLife;
  child->hard = session.my.timers.after(
      hard - age, later(session, child, [](Session& self, const std::shared_ptr<ChildSa>& old) {
        begin_child_delete(self, old, "its lifetime has ended");
      }));
}

void take_places(Session& session, ChildSa& child) {
  if (std::exchange(child.placed, true)) return;
  session.my.places.take(child, party_of(session.sa));
}

ChildPlace place_of(const ChildSa& child, std::optional<AcquireId> question) {
  ChildPlace place{
      .policy = child.policy->name, .answers = question, .packet = child.packet, .others = {}};
  for (const PolicySource::Entry& policy : child.policies())
    for (const SelectorFields& packet : packets_of(child.selectors, *policy))
      place.others.push_back({policy->name, packet});
  return place;
}

// What was to take the place of another is gone before it has: the other one goes on.
void revive(const std::shared_ptr<ChildSa>& old, const ChildSa& gone) {
  if (!old || old->successor.get() != &gone) return;
  old->successor.reset();
  if (old->state == ChildState::Replaced && !old->has_retired()) old->state = ChildState::Live;
}

// A reload that came while it was negotiated.
void follow_policy(Session& session, const std::shared_ptr<ChildSa>& child) {
  if (change_for(*child, session.my.policies) == PolicyChange::None) return;
  session.after(session.my.settings.retry,
                [&session, child] { begin_child_rekey(session, child); });
}

}  // namespace

Expected<void> install_child(Session& session, const std::shared_ptr<ChildSa>& child,
                             ChildPair pair, std::optional<AcquireId> question) {
  if (!session.my.places.are_free(*child, party_of(session.sa)))
    return fail(Error::Code::Exists, "the policy's SAs carry another peer's packets",
                "populate `remote` by `pfp`, or give each peer a policy",
                "policy " + child->policy->name);
  std::vector<Sa> sas;
  sas.push_back(std::move(pair.inbound));
  if (!child->waiting_outbound) sas.push_back(std::move(pair.outbound));
  if (auto installed = session.my.installer.install(place_of(*child, question), std::move(sas));
      !installed)
    return installed;
  if (child->made == Instant{}) child->made = session.now();  // not of another node
  take_places(session, *child);
  session.sa.children.push_back(child);
  session.my.registry.add_child(child, session);
  arm(session, child);
  follow_policy(session, child);
  return {};
}

void adopt_child(Session& session, const std::shared_ptr<ChildSa>& child) {
  session.sa.children.push_back(child);
  session.my.registry.add_child(child, session);
  take_places(session, *child);
  if (child->state == ChildState::Replaced) {
    if (child->successor) start_sending(session, *child->successor);
    session.my.timers.cancel(std::exchange(child->linger, kNoTimer));  // the old session's
    return retire_child(session, child);
  }
  const bool going = child->state == ChildState::Deleting;
  child->state = ChildState::Live;
  if (going) return begin_child_delete(session, child, "deleted");
  arm(session, child);
  if (child->rekey_due) begin_child_rekey(session, child);
}

PolicyChange change_for(const ChildSa& child, PolicySource& policies) {
  PolicyChange change = PolicyChange::None;
  for (const PolicySource::Entry& policy : child.policies()) {
    const auto found = policies.find(policy->name);
    if (!found && policy == child.policy) return PolicyChange::Gone;
    if (!found || *found != *policy) change = PolicyChange::Changed;
  }
  return change;
}

void yield_to_successor(Session& session, ChildSa& child) {
  child.state = ChildState::Replaced;
  session.report(EventKind::ChildRekeyed, child.name, child.successor->name);
  session.watch_successors();
}

void succeed(const std::shared_ptr<ChildSa>& old, const std::shared_ptr<ChildSa>& child) {
  old->successor = child;
  child->predecessor = old;
}

void settle_collision(Session& session, const std::shared_ptr<ChildSa>& ours,
                      const std::shared_ptr<ChildSa>& theirs) {
  const bool we_win = survivor_of(ours->lowest_nonce, theirs->lowest_nonce) == Survivor::Ours;
  ChildSa& loser = we_win ? *theirs : *ours;
  loser.state = ChildState::Replaced;
  loser.successor = we_win ? ours : theirs;
  if (we_win) return theirs->waiting_outbound.reset();  // never sends
  theirs->loser = ours;
  if (theirs->waiting_outbound) return session.watch_successors();
  begin_child_delete(session, ours, kLost);
}

void start_sending(Session& session, ChildSa& child) {
  if (!child.waiting_outbound) return;
  std::vector<Sa> sas;
  sas.push_back(std::move(*child.waiting_outbound));
  child.waiting_outbound.reset();
  if (auto installed = session.my.installer.install(place_of(child, std::nullopt), std::move(sas));
      !installed)
    session.report(EventKind::ChildFailed, child.name, to_string(installed.error()));
  if (const auto loser = child.loser.lock()) begin_child_delete(session, loser, kLost);
}

void drop_child(Session& session, ChildSa& child, const std::string& why) {
  for (TimerId* const timer : {&child.soft, &child.hard, &child.linger})
    session.my.timers.cancel(*timer);
  std::erase_if(session.sa.children, [&](const auto& other) { return other.get() == &child; });
  if (child.state == ChildState::Gone) return;
  const bool replaced = child.state == ChildState::Replaced;
  child.state = ChildState::Gone;
  child.waiting_outbound.reset();  // what it replaced may still be about to let it send
  revive(child.loser.lock(), child);
  revive(child.predecessor.lock(), child);
  session.my.registry.remove_child(child);
  if (std::exchange(child.placed, false)) session.my.places.leave(child);
  const std::string names[] = {child.outbound_name(), child.inbound_name()};
  session.my.installer.uninstall(names);
  if (!replaced) session.report(EventKind::ChildDown, child.name, why);
}

void retire_child(Session& session, const std::shared_ptr<ChildSa>& child) {
  if (child->has_retired()) return;
  session.my.timers.cancel(child->soft);
  session.my.timers.cancel(child->hard);
  child->state = ChildState::Replaced;
  const std::string sending[] = {child->outbound_name()};
  session.my.installer.uninstall(sending);
  // What is under way still arrives. The session may have been replaced itself by then.
  child->linger =
      session.my.timers.after(session.my.settings.linger, [weak = session.weak_from_this(), child] {
        if (const auto self = weak.lock()) drop_child(*self, *child, {});
      });
}

}  // namespace sallyport::ike
