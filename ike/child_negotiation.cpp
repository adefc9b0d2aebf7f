#include "ike/child_negotiation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ike/transport_selectors.h"

namespace sallyport::ike {

void refuse_child(Session& session, const std::optional<ChildRequest>& request,
                  const std::string& why) {
  if (!request) return;
  if (request->question) session.my.installer.refuse(*request->question);
  session.report(EventKind::ChildFailed, request->policy->name, why);
}

ChildOffer::ChildOffer(Session& session, ChildRequest request, ForwardSecrecy secrecy)
    : session_(session),
      request_(std::move(request)),
      terms_(terms_of(*request_.policy->protect, secrecy)),
      inbound_(session.my.installer.allocate_spi()) {
  const Policy& policy = *request_.policy;
  std::vector<Selector> selectors =
      request_.selectors.empty() ? policy.selectors : request_.selectors;
  const SelectorFields* const packet = request_.packet ? &*request_.packet : nullptr;
  if (is_transport_through_nat(policy, session.sa)) {
    const Address& local = session.sa.path.local.address;
    const Address& remote = session.sa.path.remote.address;
    selectors = between_hosts(selectors, local, remote);
    if (packet != nullptr && (packet->local != local || packet->remote != remote))
      selectors.clear();
  }
  if (!selectors.empty()) offered_ = offer_selectors(selectors, packet);
}

void ChildOffer::write_sa(PayloadChain& payloads) const {
  const Protection& protection = *request_.policy->protect;
  write_notifies(payloads, protection, protection.fragments);
  payloads.sa(offer_child(terms_, inbound_));
}

void ChildOffer::write_selectors(PayloadChain& payloads) const {
  payloads.selectors(PayloadType::TsInitiator, offered_.local);
  payloads.selectors(PayloadType::TsResponder, offered_.remote);
}

Expected<ChosenChild> ChildOffer::chosen(const Message& response) const {
  if (!response.sa) return fail(Error::Code::Invalid, "a response without SA");
  auto chosen = accept_child(terms_, *response.sa);
  if (!chosen) return fail(Error::Code::Refused, "the peer has chosen what was not offered");
  const bool wanted = request_.policy->protect->mode == IpsecMode::Transport;
  const bool granted = response.find(NotifyType::UseTransportMode) != nullptr;
  if (wanted != granted)  // IKE-65
    return fail(Error::Code::Refused, wanted ? "the peer does not grant transport mode"
                                             : "the peer grants transport mode unasked");
  // It would send what nobody here can read (RFC 7296 2.22; IKE-67).
  if (response.find(NotifyType::IpcompSupported) != nullptr)
    return fail(Error::Code::Refused, "the peer compresses, which was not offered");
  if (auto selectors = accepted_selectors(response); !selectors)
    return std::unexpected(selectors.error());
  return *chosen;
}

Expected<SelectorPair> ChildOffer::accepted_selectors(const Message& response) const {
  if (!response.initiator_selectors || !response.responder_selectors)
    return fail(Error::Code::Invalid, "a response without TSi and TSr");
  const IkeSa& sa = session_.sa;
  std::optional pair(SelectorPair{*response.initiator_selectors, *response.responder_selectors});
  if (is_transport_through_nat(*request_.policy, sa)) pair = seen_from_here(*pair, sa.path, sa.nat);
  if (!pair || !is_subset(pair->local, offered_.local) || !is_subset(pair->remote, offered_.remote))
    return fail(Error::Code::Refused, "the peer has widened the selectors");
  if (!is_subset(pair->remote, within_claims(session_, pair->remote)))
    return fail(Error::Code::Refused,
                fmt::format("the PAD does not let the peer claim {}", to_string(pair->remote)));
  if (!to_selectors(*pair)) return fail(Error::Code::Refused, "selectors that no SA can have");
  return *std::move(pair);
}

Expected<std::shared_ptr<ChildSa>> ChildOffer::conclude(const Message& response,
                                                        const ChosenChild& chosen,
                                                        const KeyInputs& nonces, ByteView secret) {
  auto selectors = accepted_selectors(response);
  if (!selectors) return std::unexpected(selectors.error());
  const Policy& policy = *request_.policy;
  auto child = std::make_shared<ChildSa>();
  child->policy = request_.policy;
  child->name = name_of_next_child(session_.sa, policy);
  child->chosen = chosen;
  child->inbound = inbound_;
  child->mode = policy.protect->mode;
  child->selectors = std::move(*selectors);
  if (is_transport_through_nat(policy, session_.sa))
    child->on_wire = std::make_unique<const SelectorPair>(
        SelectorPair{*response.initiator_selectors, *response.responder_selectors});
  const auto packets = packets_of(child->selectors, policy);
  if (packets.empty()) return fail(Error::Code::Refused, "the peer leaves nothing that policy has");
  child->packet = request_.packet ? *request_.packet : packets.front();
  std::ranges::copy_if(request_.linked, std::back_inserter(child->linked), [&](const auto& entry) {
    return !packets_of(child->selectors, *entry).empty();
  });
  child->side = Side::Initiator;
  ChildPair pair = make_pair(*child,
                             derive_child_keys(session_.sa.suite.prf, session_.sa.keys->d.view(),
                                               secret, nonces, chosen.transform),
                             session_.sa.child_path());
  apply(concessions(policy, response), pair);
  if (auto installed = install_child(session_, child, std::move(pair), request_.question);
      !installed)
    return std::unexpected(installed.error());
  return child;
}

}  // namespace sallyport::ike
