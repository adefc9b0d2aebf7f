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
  // It has proved who it is: no half-open one any more.
  virtual void authenticated(const Session& session) = 0;
  // Established ones with the same two identities but this (IKE-102).
  [[nodiscard]] virtual std::vector<std::shared_ptr<Session>> others_between_the_same(
      const Session& session) = 0;
  // Established ones under the PAD entry.
  [[nodiscard]] virtual std::size_t count_of(const Peer& peer) = 0;
};

}  // namespace sallyport::ike
