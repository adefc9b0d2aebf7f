#include "ike/session_index.h"

#include <algorithm>
#include <utility>

namespace sallyport::ike {
namespace {

std::string parties_of(const IkeSa& sa) {
  return to_string(sa.local_identity) + '|' + to_string(sa.remote_identity);
}

}  // namespace

void SessionIndex::add(SessionPtr session) {
  Session& added = *session;
  by_number_.emplace(added.sa.number, &added);
  // Who begins one knows whom it begins it with; a peer that comes has no name yet.
  if (added.sa.peer) of_peer_[added.sa.peer->name].sessions.insert(&added);
  by_spi_.emplace(added.sa.our_spi().value, std::move(session));
}

void SessionIndex::establish(Session& session) {
  if (std::exchange(session.sa.counted_established, true)) return;
  OfPeer& of_peer = of_peer_[session.sa.peer->name];
  of_peer.sessions.insert(&session);
  ++of_peer.established;
  by_parties_.emplace(parties_of(session.sa), &session);
}

std::shared_ptr<Session> SessionIndex::remove(const Session& session) {
  const auto found = by_spi_.find(session.sa.our_spi().value);
  if (found == by_spi_.end() || found->second.get() != &session) return nullptr;
  SessionPtr removed = std::move(found->second);
  by_spi_.erase(found);
  by_number_.erase(removed->sa.number);
  leave_peer(*removed);
  return removed;
}

void SessionIndex::leave_peer(Session& session) {
  IkeSa& sa = session.sa;
  const auto of_peer = sa.peer ? of_peer_.find(sa.peer->name) : of_peer_.end();
  const bool established = std::exchange(sa.counted_established, false);
  if (of_peer != of_peer_.end()) {
    of_peer->second.sessions.erase(&session);
    if (established) --of_peer->second.established;
    if (of_peer->second.sessions.empty()) of_peer_.erase(of_peer);
  }
  if (!established) return;
  const auto [begin, end] = by_parties_.equal_range(parties_of(sa));
  const auto self =
      std::find_if(begin, end, [&](const auto& one) { return one.second == &session; });
  if (self != end) by_parties_.erase(self);
}

std::shared_ptr<Session> SessionIndex::by_spi(IkeSpi ours) const {
  const auto found = by_spi_.find(ours.value);
  return found == by_spi_.end() ? nullptr : found->second;
}

std::shared_ptr<Session> SessionIndex::by_number(std::uint64_t number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second->shared_from_this();
}

const std::unordered_set<Session*>& SessionIndex::with(const Peer& peer) const {
  static const std::unordered_set<Session*> kNone;
  const auto found = of_peer_.find(peer.name);
  return found == of_peer_.end() ? kNone : found->second.sessions;
}

std::size_t SessionIndex::established_with(const Peer& peer) const {
  const auto found = of_peer_.find(peer.name);
  return found == of_peer_.end() ? 0 : found->second.established;
}

std::vector<std::shared_ptr<Session>> SessionIndex::older_between_the_same(
    const Session& session) const {
  std::vector<SessionPtr> others;
  const auto [begin, end] = by_parties_.equal_range(parties_of(session.sa));
  for (auto at = begin; at != end; ++at) {
    const Session& other = *at->second;
    if (&other != &session && other.sa.authenticated <= session.sa.made)
      others.push_back(at->second->shared_from_this());
  }
  return others;
}

void SessionIndex::add_child(const std::shared_ptr<ChildSa>& child, Session& owner) {
  // The key is the name of the very child that the entry holds.
  children_.erase(child->name);
  children_.emplace(child->name, Owned{&owner, child});
}

void SessionIndex::remove_child(const ChildSa& child) {
  const auto found = children_.find(child.name);
  if (found != children_.end() && found->second.child.get() == &child) children_.erase(found);
}

SessionIndex::Child SessionIndex::child(std::string_view name) const {
  const auto found = children_.find(name);
  if (found == children_.end()) return {};
  return {found->second.owner->shared_from_this(), found->second.child};
}

std::vector<std::shared_ptr<Session>> SessionIndex::all() const {
  std::vector<SessionPtr> sessions;
  sessions.reserve(by_spi_.size());
  for (const auto& [spi, session] : by_spi_) sessions.push_back(session);
  return sessions;
}

void SessionIndex::for_each(const std::function<void(const IkeSa&)>& visit) const {
  for (const auto& [spi, session] : by_spi_) visit(session->sa);
}

}  // namespace sallyport::ike
