// A child from its installation to its end: how long it lives, when it sends, who takes its place
// (RFC 7296 2.8, 2.17; IKE-113, IKE-124).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ike/session.h"

namespace sallyport::ike {

// The SAs of a child that has been agreed go to the data plane, and the session has it from now on.
// Refused (Error::Code::Exists) where another party has its packets (NAT-05); then, and where they
// cannot be installed, nothing stays behind.
[[nodiscard]] Expected<void> install_child(Session& session, const std::shared_ptr<ChildSa>& child,
                                           ChildPair pair, std::optional<AcquireId> question);
// The session has it from now on, of another one: so do its lifetimes.
void adopt_child(Session& session, const std::shared_ptr<ChildSa>& child);
// What a change of the policies means for a child: its own is not there any more, or that or a
// linked one is not what it was.
enum class PolicyChange : std::uint8_t { None, Changed, Gone };
[[nodiscard]] PolicyChange change_for(const ChildSa& child, PolicySource& policies);
// The peer has replaced `child`, which has a successor, and is to delete it.
void yield_to_successor(Session& session, ChildSa& child);
// From now on `child` is the one that takes the place of `old`.
void succeed(const std::shared_ptr<ChildSa>& old, const std::shared_ptr<ChildSa>& child);
// Both ends have replaced a child, `ours` by our request and `theirs` by the peer's. The pair of
// the loser goes at the word of who made it, when the winner's is known to be there at both ends
// (RFC 7296 2.8.1; IKE-114).
void settle_collision(Session& session, const std::shared_ptr<ChildSa>& ours,
                      const std::shared_ptr<ChildSa>& theirs);
// A child that sends only when heard sends from now on.
void start_sending(Session& session, ChildSa& child);
// Takes its SAs out; one that was replaced receives for a while longer.
void drop_child(Session& session, ChildSa& child, const std::string& why);
void retire_child(Session& session, const std::shared_ptr<ChildSa>& child);

}  // namespace sallyport::ike
