// Peers that their registrations move: Mobile IPv6 (RFC 4877 7.3, 7.4; RFC 3776 6).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ike/daemon.h"

namespace sallyport::ike {
namespace {

// Where policy sets no end to what goes on without an IKE SA.
constexpr Duration kOrphanLife = std::chrono::hours(8);

Endpoints ends_of(const Path& path) { return {path.local.address, path.remote.address}; }

}  // namespace

void Daemon::place_peer(const std::string& peer, const std::optional<Endpoints>& ends) {
  if (!ends) {
    peer_places_.erase(peer);
    return;
  }
  peer_places_.insert_or_assign(peer, *ends);
  const Pad::Entry entry = parts_.peers.pad().by_name(peer);
  if (!entry) return;
  std::vector<SessionPtr> astray;
  for (Session* const session : sessions_.with(*entry)) {
    const IkeSa& sa = session->sa;
    if (sa.side == Side::Initiator && sa.state < IkeState::Established && ends_of(sa.path) != *ends)
      astray.push_back(session->shared_from_this());
  }
  for (const SessionPtr& session : astray) session->end("its peer or we have moved");
}

// An IKE SA that follows registrations is where one was made last: it will be moved. One that does
// not is of no use anywhere else.
bool Daemon::leads_to_peer(const IkeSa& sa) const {
  const auto placed = peer_places_.find(sa.peer->name);
  return placed == peer_places_.end() || sa.peer->mobility == PeerMobility::MobileIpv6 ||
         ends_of(sa.path) == placed->second;
}

// Or let go by them: a lost address of ours ends none of these.
bool Daemon::is_moved_by_registrations(const IkeSa& sa) const {
  return sa.state >= IkeState::Established && sa.peer &&
         (sa.peer->mobility == PeerMobility::MobileIpv6 || peer_places_.contains(sa.peer->name));
}

// Without SAs for its Binding Update a mobile node cannot register, and nobody answers it where it
// was before: its end is at the care-of address now (RFC 4877 4.4; MAPI-11). An application may
// write whatever it likes into such a packet (MAPI-03).
void Daemon::speak_from(const Policy& policy, const Address& care_of) {
  const Pad::Entry peer = peer_of(policy);
  if (!peer || peer->mobility == PeerMobility::Mobike || !parts_.datagrams.is_ours(care_of)) return;
  const Endpoints ends{care_of, ends_with(peer, policy.protect->endpoints).remote};
  if (ends.remote.is_unspecified()) return;
  if (peer->mobility == PeerMobility::MobileIpv6)
    move_peer(peer->name, ends);
  else
    place_peer(peer->name, ends);
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
    if (session->dead() || ends_of(session->sa.path) == except) continue;
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

bool Daemon::has_orphans_of(const std::string& policy) const {
  return std::ranges::any_of(
      orphans_, [&](const Orphan& orphan) { return orphan.child->policy->name == policy; });
}

bool Daemon::has_children_of(const std::string& policy) const {
  bool found = has_orphans_of(policy);
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
                          .peer = child.policy->protect->peer,
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
