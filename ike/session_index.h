// The live IKE SAs, by everything that they are looked up by: whatever their number, none is looked
// for. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ike/session.h"

namespace sallyport::ike {

class SessionIndex {
 public:
  using SessionPtr = std::shared_ptr<Session>;

  void add(SessionPtr session);
  // It counts among its entry's and is found by its two identities from now on.
  void establish(Session& session);
  // Null where it is not here. Who calls may be within one of its functions.
  [[nodiscard]] SessionPtr remove(const Session& session);

  [[nodiscard]] SessionPtr by_spi(IkeSpi ours) const;
  [[nodiscard]] SessionPtr by_number(std::uint64_t number) const;
  // Those with the entry's peer: begun by us, or established.
  [[nodiscard]] const std::unordered_set<Session*>& with(const Peer& peer) const;
  // Of these the established ones.
  [[nodiscard]] std::size_t established_with(const Peer& peer) const;
  // Those with the same two identities that were established when this one was begun (IKE-102): of
  // one that has come up since, both having begun at a time, the peer cannot have lost its memory.
  [[nodiscard]] std::vector<SessionPtr> older_between_the_same(const Session& session) const;

  // The child belongs to `owner`, and no more to whom it belonged to before.
  void add_child(const std::shared_ptr<ChildSa>& child, Session& owner);
  void remove_child(const ChildSa& child);
  struct Child {
    SessionPtr session;  // null where there is none of the name
    std::shared_ptr<ChildSa> child;
  };
  [[nodiscard]] Child child(std::string_view name) const;

  // As they are now: what is done to one may end it.
  [[nodiscard]] std::vector<SessionPtr> all() const;
  void for_each(const std::function<void(const IkeSa&)>& visit) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_spi_.size(); }
  [[nodiscard]] bool empty() const noexcept { return by_spi_.empty(); }

 private:
  struct OfPeer {
    std::unordered_set<Session*> sessions;
    std::size_t established{};
  };
  struct Owned {
    Session* owner;
    std::shared_ptr<ChildSa> child;
  };
  void leave_peer(Session& session);

  std::unordered_map<std::uint64_t, SessionPtr> by_spi_;
  std::unordered_map<std::uint64_t, Session*> by_number_;
  std::unordered_map<std::string, OfPeer> of_peer_;            // by the PAD entry's name
  std::unordered_multimap<std::string, Session*> by_parties_;  // established ones
  std::unordered_map<std::string_view, Owned> children_;       // the child has its name
};

}  // namespace sallyport::ike
