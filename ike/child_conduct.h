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
[[nodiscard]] PolicyChange change_for(const ChildSa& child,
                                      std::span<const PolicySource::Entry> negotiable);
// A child that sends only when heard sends from now on.
void start_sending(Session& session, ChildSa& child);
// Takes its SAs out; one that was replaced receives for a while longer.
void drop_child(Session& session, ChildSa& child, const std::string& why);
void retire_child(Session& session, const std::shared_ptr<ChildSa>& child);

}  // namespace sallyport::ike
