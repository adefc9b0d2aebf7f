#include "bench/ike_party.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::bench {

IkeParty::IkeParty(const Parts& parts)
    : daemon_({.datagrams = parts.datagrams,
               .installer = parts.installer,
               .policies = *this,
               .peers = *this,
               .jobs = *this,
               .events = *this,
               .clock = parts.clock,
               .random = parts.random},
              load_settings()) {}

// Children that the initiator may be making at a time, with room.
constexpr std::size_t kMostUnderWay = 256;

Expected<void> IkeParty::adopt(IkeTerms terms) {
  std::vector<Peer> peers;
  peers.push_back(std::move(terms.peer));
  auto pad = Pad::of(std::move(peers));
  if (!pad) return std::unexpected(pad.error());
  pad_ = std::move(*pad);
  // A child whose entry is gone by the time that it is made is deleted: those under way keep
  // theirs.
  if (policies_.size() == kMostUnderWay) policies_.erase(policies_.begin());
  policies_.push_back(std::make_shared<const Policy>(std::move(terms.policy)));
  return {};
}

Expected<void> IkeParty::initiate(IkeTerms terms) {
  const std::string policy = terms.policy.name;
  if (auto adopted = adopt(std::move(terms)); !adopted) return adopted;
  return daemon_.initiate_anew(policy);
}

void IkeParty::report(const ike::Event& event) {
  const bool failed =
      event.kind == ike::EventKind::IkeFailed || event.kind == ike::EventKind::ChildFailed;
  if (failed && failures_++ == 0) failure_ = fmt::format("peer {}: {}", event.peer, event.detail);
  if (heard_) heard_(event);
}

}  // namespace sallyport::bench
