// IKE_SA_INIT (RFC 7296 1.2, 2.6, 2.7; IKE-20, IKE-40..50).
#pragma once

#include <memory>
#include <span>
#include <variant>

#include "ike/child_negotiation.h"
#include "ike/proposal.h"
#include "ike/session.h"

namespace sallyport::ike {

// Begins an IKE SA with the entry's peer; `child` is what it is wanted for, if for anything.
[[nodiscard]] std::shared_ptr<Session> initiate(const Surroundings& surroundings, Pad::Entry peer,
                                                const Path& path,
                                                std::optional<ChildRequest> child);

// A request that there is no IKE SA for.
struct InitRequest {
  const Path& path;
  const Header& header;
  ByteView datagram;
  const Message& message;
};
// What it is answered with, without state: an error notify; or what it is to be taken up with.
struct InitTerms {
  ChosenIke chosen;
};
[[nodiscard]] std::variant<InitTerms, Notify> judge_init(const InitRequest& request,
                                                         std::span<const IkeProposal> acceptable);
// Takes it up: the response follows when keys are there.
void take_up(const Surroundings& surroundings, const InitRequest& request, InitTerms terms);

}  // namespace sallyport::ike
