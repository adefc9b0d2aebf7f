#include "ike/child_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::ike {
namespace {

// Addresses that the peer may claim without being listed: those it was given, or else its own
// (PAD-09). What it was given is an entry of the PAD for as long as it has it (PAD-14).
std::vector<Address> own_addresses(const IkeSa& sa) {
  return sa.leases.empty() ? std::vector<Address>{sa.path.remote.address} : sa.leases;
}

// What of a claim is the peer's where others have been given some of it.
std::vector<AddressRange> unleased(const Session& session, const AddressRange& claim) {
  const IkeSa& sa = session.sa;
  if (!session.my.pools.is_anothers(claim, sa.leases)) return {claim};
  std::vector<AddressRange> own;
  for (const Address& lease : sa.leases)
    if (claim.contains(lease)) own.push_back({lease, lease});
  return own;
}

}  // namespace

TrafficSelectors within_claims(const Session& session, std::span<const TrafficSelector> remote) {
  const IkeSa& sa = session.sa;
  const std::vector<Address> own = own_addresses(sa);
  TrafficSelectors within;
  for (const TrafficSelector& selector : remote)
    for (const AddressRange& claim : allowed_claims(*sa.peer, {&selector.addresses, 1}, own))
      for (const AddressRange& range : unleased(session, claim)) {
        TrafficSelector part = selector;
        part.addresses = range;
        if (std::ranges::find(within, part) == within.end()) within.push_back(part);
      }
  return within;
}

bool is_transport_through_nat(const Policy& policy, const IkeSa& sa) {
  return policy.protect->mode == IpsecMode::Transport && sa.nat.any();
}

// One side's NON_FIRST_FRAGMENTS_ALSO without the other's is none (FRAG-03).
Concessions concessions(const Policy& policy, const Message& message) {
  const FragmentChecks wanted = policy.protect->fragments;
  const bool theirs = message.find(NotifyType::NonFirstFragmentsAlso) != nullptr;
  const bool refused = wanted == FragmentChecks::Stateful && !theirs;
  return {.fragments = refused ? FragmentChecks::Unagreed : wanted,
          .padding = message.find(NotifyType::EspTfcPaddingNotSupported) == nullptr};
}

void apply(const Concessions& concessions, ChildPair& pair) {
  pair.outbound.fragments = pair.inbound.fragments = concessions.fragments;
  if (!concessions.padding) pair.outbound.tfc_bytes = pair.outbound.tfc_multiple = 0;
}

void write_notifies(PayloadChain& payloads, const Protection& protection,
                    FragmentChecks fragments) {
  const bool transport = protection.mode == IpsecMode::Transport;
  if (transport) payloads.notify(NotifyType::UseTransportMode);
  // Nothing would tell padding from the payload (RFC 4303 2.7).
  if (transport && protection.protocol == IpsecProtocol::Esp)
    payloads.notify(NotifyType::EspTfcPaddingNotSupported);
  if (fragments == FragmentChecks::Stateful) payloads.notify(NotifyType::NonFirstFragmentsAlso);
}

std::string name_of_next_child(IkeSa& sa, const Policy& policy) {
  return fmt::format("{}/{}.{}", policy.name, sa.number, ++sa.children_made);
}

}  // namespace sallyport::ike
