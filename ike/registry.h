// What one IKE SA asks of the others, and of who keeps them all.
#pragma once

#include <memory>
#include <vector>

#include "ike/ike_sa.h"

namespace sallyport::ike {

class Session;

class Registry {
 public:
  virtual ~Registry() = default;
  // Random, not 0, and of no other live IKE SA of ours (IKE-33).
  [[nodiscard]] virtual IkeSpi allocate_spi() = 0;
  // A number for names.
  [[nodiscard]] virtual std::uint64_t next_number() = 0;
  virtual void add(std::shared_ptr<Session> session) = 0;
  // It has ended: nothing leads to it any more.
  virtual void remove(const Session& session) = 0;
  // It is about to end, and the peer may not have heard the answer that it ends with: for a while
  // yet it is given what still comes for it (IKE-35).
  virtual void answer_repeats(const Session& session) = 0;
  // It has proved who it is: no half-open one any more.
  virtual void authenticated(const Session& session) = 0;
  // Whose the child is from now on, and that it is nobody's: for look-ups by its name.
  virtual void add_child(const std::shared_ptr<ChildSa>& child, Session& owner) = 0;
  virtual void remove_child(const ChildSa& child) = 0;
  // As in SessionIndex (IKE-102).
  [[nodiscard]] virtual std::vector<std::shared_ptr<Session>> older_between_the_same(
      const Session& session) = 0;
  // Established ones under the PAD entry.
  [[nodiscard]] virtual std::size_t count_of(const Peer& peer) = 0;
};

}  // namespace sallyport::ike
