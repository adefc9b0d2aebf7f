// Peers that their registrations move: Mobile IPv6 (RFC 4877 7.3, 7.4; RFC 3776 6).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ike/daemon.h"

namespace sallyport::ike {
namespace {

// Where policy sets no end to what goes on without an IKE SA.
constexpr Duration kOrphanLife = std::chrono::hours(8);

}  // namespace

void Daemon::place_peer(const std::string& peer, const std::optional<Endpoints>& ends) {
  if (ends)
    peer_places_.insert_or_assign(peer, *ends);
  else
    peer_places_.erase(peer);
}

void Daemon::move_peer(const std::string& peer, const Endpoints& to) {
  place_peer(peer, to);
  const Pad::Entry entry = parts_.peers.pad().by_name(peer);
  if (!entry) return;
  std::vector<SessionPtr> moving;
  for (Session* const session : sessions_.with(*entry))
    moving.push_back(session->shared_from_this());
  for (const SessionPtr& session : moving) {
    if (session->dead()) continue;
    const Path& now = session->sa.path;
    session->move_to({{to.local, now.local.port}, {to.remote, now.remote.port}});
  }
}

void Daemon::drop_peer(const std::string& peer, const Endpoints& except) {
  place_peer(peer, except);
  const Pad::Entry entry = parts_.peers.pad().by_name(peer);
  if (!entry) return;
  std::vector<SessionPtr> going;
  for (Session* const session : sessions_.with(*entry))
    going.push_back(session->shared_from_this());
  for (const SessionPtr& session : going) {
    const Path& path = session->sa.path;
    if (Endpoints{path.local.address, path.remote.address} == except) continue;
    leave_transport_children(*session);
    session->end("its peer has moved");
  }
}

void Daemon::leave_transport_children(Session& session) {
  const auto children = session.sa.children;
  for (const auto& child : children) {
    if (child->mode != IpsecMode::Transport || child->waiting_outbound ||
        (child->state != ChildState::Live && child->state != ChildState::Rekeying))
      continue;
    timers_.cancel(child->soft);
    timers_.cancel(child->hard);
    std::erase(session.sa.children, child);
    sessions_.remove_child(*child);
    const auto& life = child->policy->protect->hard.time;
    orphans_.push_back({child, child->made + (life ? Duration(*life) : kOrphanLife)});
  }
}

bool Daemon::has_children_of(const std::string& policy) const {
  bool found = std::ranges::any_of(
      orphans_, [&](const Orphan& orphan) { return orphan.child->policy->name == policy; });
  sessions_.for_each([&](const IkeSa& sa) {
    found = found || std::ranges::any_of(sa.children, [&](const auto& child) {
              return child->policy->name == policy && child->state <= ChildState::Rekeying;
            });
  });
  return found;
}

template <class Over>
void Daemon::end_orphans(Over over) {
  const auto rest = std::ranges::partition(orphans_, std::not_fn(over));
  std::vector<Orphan> ended(std::make_move_iterator(rest.begin()),
                            std::make_move_iterator(rest.end()));
  orphans_.erase(rest.begin(), rest.end());
  for (const Orphan& orphan : ended) {
    ChildSa& child = *orphan.child;
    child.state = ChildState::Gone;
    if (std::exchange(child.placed, false)) places_.leave(child);
    const std::string names[] = {child.outbound_name(), child.inbound_name()};
    parts_.installer.uninstall(names);
    parts_.events.report({.kind = EventKind::ChildDown,
                          .subject = child.name,
                          .detail = "its IKE SA went before it"});
  }
}

void Daemon::replace_orphans(const ChildSa& by) {
  end_orphans([&](const Orphan& orphan) { return orphan.child->policy->name == by.policy->name; });
}

void Daemon::poll_orphans() {
  if (orphans_.empty()) return;
  const Instant now = parts_.clock.now();
  const auto policies = parts_.policies.negotiable();
  end_orphans([&](const Orphan& orphan) {
    return orphan.until <= now || std::ranges::none_of(policies, [&](const auto& policy) {
             return policy->name == orphan.child->policy->name;
           });
  });
}

}  // namespace sallyport::ike
