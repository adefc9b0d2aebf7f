// What the data plane and the operator ask of IKE.
#include <fmt/format.h>

#include <algorithm>

#include "ike/daemon.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/mobike.h"
#include "ike/exchange/sa_init.h"

namespace sallyport::ike {
namespace {

std::unexpected<Error> no_such(std::string_view what, const std::string& name) {
  return fail(Error::Code::NotFound, fmt::format("there is no {} {}", what, name),
              "`show ike-sas` and `show child-sas` list them");
}

// The child's name within that of one of its SAs.
std::string child_of(const std::string& sa) { return sa.substr(0, sa.rfind('-')); }

}  // namespace

// Who the entry's SAs are to be made with: named, or found at the tunnel's end.
Pad::Entry Daemon::peer_of(const Policy& policy) const {
  const Pad& pad = parts_.peers.pad();
  const Protection& protection = *policy.protect;
  if (!protection.peer.empty()) return pad.by_name(protection.peer);
  if (protection.mode == IpsecMode::Tunnel) return pad.at(protection.endpoints.remote);
  for (const Selector& selector : policy.selectors)
    for (const AddressRange& range : selector.remote)
      if (range.first == range.last)
        if (auto entry = pad.at(range.first)) return entry;
  return nullptr;
}

std::shared_ptr<Session> Daemon::find_for(const Policy& policy, const Peer& peer) const {
  const Endpoints& endpoints = policy.protect->endpoints;
  SessionPtr coming;
  for (Session* const session : sessions_.with(peer)) {
    const IkeSa& sa = session->sa;
    const bool fits = endpoints.remote.is_unspecified() || sa.nat.any() ||
                      endpoints.remote == sa.path.remote.address;
    if (!fits || !leads_to_peer(sa) || sa.stands_by) continue;
    if (sa.is_up()) return session->shared_from_this();
    if (sa.side == Side::Initiator && sa.state < IkeState::Established)
      coming = session->shared_from_this();
  }
  return coming;
}

Expected<std::shared_ptr<Session>> Daemon::session_for(ChildRequest& request) {
  const Policy& policy = *request.policy;
  const Pad::Entry peer = peer_of(policy);
  if (!peer)
    return fail(Error::Code::NotFound, "no [[peer]] is where the policy's tunnel ends",
                "name it in `protect.peer`, or give a [[peer]] the `remote`",
                "policy " + policy.name);
  if (proves_nothing(*peer) && !policy.protect->unauthenticated_peers)  // RFC 7619 2.4
    return fail(Error::Code::Refused, "the policy is not for peers that prove nothing",
                "`unauthenticated_peers` in `protect`, or another `auth` of the [[peer]]",
                "policy " + policy.name);
  if (SessionPtr session = find_for(policy, *peer)) {
    if (session->sa.state == IkeState::Rekeying)  // its successor will have the child
      timers_.after(settings_.retry, [this, later = request] { acquire(later); });
    else if (session->sa.state == IkeState::Established)
      begin_child(*session, std::move(request));
    else
      waiting_.emplace(session.get(), std::move(request));
    return session;
  }
  return begin_session(peer, request);
}

// Both ends of an IKE SA with the peer, unspecified where nobody knows: as its registration says,
// or the entry, or else the policy's tunnel.
Endpoints Daemon::ends_with(const Pad::Entry& peer, Endpoints ends) const {
  if (const auto placed = peer_places_.find(peer->name); placed != peer_places_.end())
    return placed->second;
  if (peer->locator.remote) ends.remote = *peer->locator.remote;
  if (peer->locator.local) ends.local = *peer->locator.local;
  return ends;
}

Expected<Path> Daemon::path_to(const Pad::Entry& peer, Endpoints ends) const {
  const auto [named, remote] = ends_with(peer, ends);
  if (remote.is_unspecified())
    return fail(Error::Code::NotFound, "nobody knows where the peer is: it comes to us",
                "give it a `remote`", "peer " + peer->name);
  std::optional<Address> local = named;
  if (named.is_unspecified()) local = parts_.datagrams.source_for(remote);
  if (!local)
    return fail(Error::Code::NotFound, "no route leads to the peer", "add a [[route]]",
                "peer " + peer->name);
  const std::uint16_t port = peer->locator.remote_port;
  return Path{{*local, port == kIkeNatPort ? kIkeNatPort : kIkePort}, {remote, port}};
}

Expected<std::shared_ptr<Session>> Daemon::begin_session(const Pad::Entry& peer,
                                                         ChildRequest& request) {
  const auto path = path_to(peer, request.policy->protect->endpoints);
  if (!path) return std::unexpected(path.error());
  return ike::initiate(surroundings_, peer, *path, std::move(request));
}

Expected<void> Daemon::initiate_alone(const std::string& peer) {
  const Pad::Entry entry = parts_.peers.pad().by_name(peer);
  if (!entry) return no_such("peer", peer);
  const auto path = path_to(entry, {});
  if (!path) return std::unexpected(path.error());
  static_cast<void>(ike::initiate(surroundings_, entry, *path, std::nullopt));
  return {};
}

Expected<std::uint64_t> Daemon::initiate_alone(const std::string& peer,
                                               const HomeAddressWish& wish) {
  const Pad::Entry entry = parts_.peers.pad().by_name(peer);
  if (!entry) return no_such("peer", peer);
  const auto path = path_to(entry, {});
  if (!path) return std::unexpected(path.error());
  const SessionPtr session = ike::initiate(surroundings_, entry, *path, std::nullopt);
  session->sa.home = std::make_shared<HomeFindings>(HomeFindings{.wish = wish});
  return session->sa.number;
}

void Daemon::acquire(ChildRequest request) {
  if (request.care_of) speak_from(*request.policy, *request.care_of);
  const auto question = request.question;
  const std::string policy = request.policy->name;
  if (const auto session = session_for(request); !session) {
    if (question) parts_.installer.refuse(*question);
    parts_.events.report(
        {.kind = EventKind::ChildFailed, .subject = policy, .detail = to_string(session.error())});
  }
}

Expected<ChildRequest> Daemon::request_for(const std::string& policy) const {
  if (auto entry = parts_.policies.find(policy))
    return ChildRequest{.policy = std::move(entry), .selectors = {}, .packet = {}, .question = {}};
  return no_such("policy that negotiates", policy);
}

Expected<void> Daemon::initiate(const std::string& policy) {
  auto request = request_for(policy);
  if (!request) return std::unexpected(request.error());
  if (auto session = session_for(*request); !session) return std::unexpected(session.error());
  return {};
}

Expected<void> Daemon::initiate_anew(const std::string& policy) {
  auto request = request_for(policy);
  if (!request) return std::unexpected(request.error());
  const Pad::Entry peer = peer_of(*request->policy);
  if (!peer) return no_such("peer for policy", policy);
  if (auto session = begin_session(peer, *request); !session)
    return std::unexpected(session.error());
  return {};
}

Expected<void> Daemon::terminate(std::uint64_t number) {
  const SessionPtr session = sessions_.by_number(number);
  if (!session) return no_such("IKE SA", std::to_string(number));
  session->close("by the operator");
  return {};
}

Expected<void> Daemon::terminate_child(const std::string& child) {
  const auto found = sessions_.child(child);
  if (!found.child) return no_such("child", child);
  begin_child_delete(*found.session, found.child, "by the operator");
  return {};
}

Expected<void> Daemon::rekey(std::uint64_t number) {
  const SessionPtr session = sessions_.by_number(number);
  if (!session) return no_such("IKE SA", std::to_string(number));
  begin_ike_rekey(*session);
  return {};
}

Expected<void> Daemon::rekey_child(const std::string& child) {
  const auto found = sessions_.child(child);
  if (!found.child) return no_such("child", child);
  begin_child_rekey(*found.session, found.child);
  return {};
}

void Daemon::on_soft_limit(const std::string& sa) {
  if (const auto found = sessions_.child(child_of(sa)); found.child)
    begin_child_rekey(*found.session, found.child);
}

void Daemon::on_hard_limit(const std::string& sa) {
  if (const auto found = sessions_.child(child_of(sa)); found.child)
    begin_child_delete(*found.session, found.child, "its lifetime has ended");
}

void Daemon::on_uninstalled(const std::string& sa) {
  const auto found = sessions_.child(child_of(sa));
  if (found.child &&
      (found.child->state == ChildState::Live || found.child->state == ChildState::Rekeying))
    begin_child_delete(*found.session, found.child, "taken out");
}

void Daemon::on_moved_peer(const std::string& sa, const Endpoint& remote) {
  if (const auto found = sessions_.child(child_of(sa)); found.child)
    found.session->follow_peer(remote);
}

void Daemon::follow_configuration() {
  for (const SessionPtr& session : sessions_.all())
    if (session->sa.peer && !session->dead()) follow_configuration(*session);
}

void Daemon::follow_configuration(Session& session) {
  IkeSa& sa = session.sa;
  Pad::Entry entry = parts_.peers.pad().by_name(sa.peer->name);
  if (!entry) return session.close("its [[peer]] is gone");
  const Pad::Entry first = parts_.peers.pad().find(sa.remote_identity);
  if (sa.state >= IkeState::Established && sa.side == Side::Responder && first != entry)
    return session.close("its identity is another [[peer]]'s now");
  sa.peer = std::move(entry);
  const auto children = sa.children;
  for (const auto& child : children) {
    const PolicyChange change = change_for(*child, parts_.policies);
    if (change == PolicyChange::Gone)
      begin_child_delete(session, child, "its policy is gone");
    else if (change == PolicyChange::Changed)
      begin_child_rekey(session, child);
  }
}

void Daemon::follow_addresses() {
  for (const SessionPtr& session : sessions_.all()) {
    IkeSa& sa = session->sa;
    // What the entry says now of where it may be.
    if (sa.peer)
      if (Pad::Entry entry = parts_.peers.pad().by_name(sa.peer->name)) sa.peer = std::move(entry);
    if (!session->dead() && !is_moved_by_registrations(sa)) follow_own_addresses(*session);
  }
}

void Daemon::close_all() {
  for (const SessionPtr& session : sessions_.all()) session->close("IKE stops");
}

}  // namespace sallyport::ike
