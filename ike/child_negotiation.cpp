#include "ike/child_negotiation.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"

namespace sallyport::ike {
namespace {

// RFC 4301's own figure for a child where policy has none (IKE-124), and when to begin before it.
constexpr Duration kChildLife = std::chrono::hours(8);
constexpr Duration kChildMargin = std::chrono::minutes(9);

Refusal refuse(NotifyType type, std::string why) { return {{.type = type}, std::move(why)}; }

std::vector<AddressRange> addresses_of(std::span<const TrafficSelector> selectors) {
  std::vector<AddressRange> ranges;
  for (const TrafficSelector& selector : selectors) ranges.push_back(selector.addresses);
  return ranges;
}

// Addresses that the peer may claim without being listed: those it was given, or else its own
// (PAD-09).
std::vector<Address> own_addresses(const IkeSa& sa) {
  return sa.leases.empty() ? std::vector<Address>{sa.path.remote.address} : sa.leases;
}

// What remains of each selector within the entry's ranges (PAD-10).
TrafficSelectors within_claims(const IkeSa& sa, std::span<const TrafficSelector> remote) {
  const std::vector<Address> own = own_addresses(sa);
  TrafficSelectors within;
  for (const TrafficSelector& selector : remote) {
    for (const AddressRange& range : allowed_claims(*sa.peer, addresses_of({&selector, 1}), own)) {
      TrafficSelector part = selector;
      part.addresses = range;
      if (std::ranges::find(within, part) == within.end()) within.push_back(part);
    }
  }
  return within;
}

bool fits_path(const Protection& protection, const IkeSa& sa) {
  const auto fits = [](const Address& wanted, const Address& is) {
    return wanted.is_unspecified() || wanted == is;
  };
  // Behind a NAT the peer's address is not its own.
  return protection.mode == IpsecMode::Transport ||
         (fits(protection.endpoints.local, sa.path.local.address) &&
          (sa.nat.any() || fits(protection.endpoints.remote, sa.path.remote.address)));
}

// The entry may be used by the peer at all (PAD-09; RFC 4301 4.4.1.1, Name).
bool is_for(const Policy& policy, const IkeSa& sa) {
  const Peer& peer = *sa.peer;
  if (!peer.policies.empty() &&
      std::ranges::find(peer.policies, policy.name) == peer.policies.end())
    return false;
  if (!policy.protect->peer.empty() && policy.protect->peer != peer.name) return false;
  if (peer.search == ChildSearch::Identity)
    return std::ranges::any_of(policy.names, [&](const std::string& name) {
      const auto pattern = IdentityPattern::parse(name);
      return pattern && pattern->matches(sa.remote_identity);
    });
  return true;
}

std::string name_of_next_child(IkeSa& sa, const Policy& policy) {
  return fmt::format("{}/{}.{}", policy.name, sa.number, ++sa.children_made);
}

FragmentChecks agreed_fragments(const Policy& policy, const Message& message) {
  const FragmentChecks wanted = policy.protect->fragments;
  const bool stateful = wanted == FragmentChecks::Stateful;
  const bool agreed = message.find(NotifyType::NonFirstFragmentsAlso) != nullptr;
  return stateful && !agreed ? FragmentChecks::Stateless : wanted;  // FRAG-03
}

// AH covers addresses that a NAT changes (NAT-07).
bool needs_no_nat(const Policy& policy) { return policy.protect->protocol == IpsecProtocol::Ah; }

Duration soft_life(const Protection& protection, Random& random) {
  if (protection.soft.time) return *protection.soft.time;
  const Duration hard = protection.hard.time ? Duration(*protection.hard.time) : kChildLife;
  const auto jitter = static_cast<std::int64_t>(random.u64() % 60'000'000'000ull);
  return hard - std::min(kChildMargin + Duration(jitter), hard / 4);
}

std::function<void()> later(Session& session, const std::shared_ptr<ChildSa>& child,
                            void (*what)(Session&, const std::shared_ptr<ChildSa>&)) {
  return [weak = session.weak_from_this(), held = std::weak_ptr(child), what] {
    const auto self = weak.lock();
    const auto lasting = held.lock();
    if (self && lasting && !self->dead()) what(*self, lasting);
  };
}

// From `child->made` on.
void arm(Session& session, const std::shared_ptr<ChildSa>& child) {
  const Protection& protection = *child->policy->protect;
  const Duration age = session.now() - child->made;
  session.my.timers.cancel(child->soft);
  session.my.timers.cancel(child->hard);
  child->soft = session.my.timers.after(
      soft_life(protection, session.my.random) - age,
      later(session, child, [](Session& self, const std::shared_ptr<ChildSa>& old) {
        begin_child_rekey(self, old);
      }));
  const Duration hard = protection.hard.time ? Duration(*protection.hard.time) : kChildLife;
  child->hard = session.my.timers.after(
      hard - age, later(session, child, [](Session& self, const std::shared_ptr<ChildSa>& old) {
        begin_child_delete(self, old, "its lifetime has ended");
      }));
}

// The SAs of a child that has been agreed, as they go to the data plane.
Expected<void> install(Session& session, const std::shared_ptr<ChildSa>& child, ChildPair pair,
                       std::optional<AcquireId> question) {
  std::vector<Sa> sas;
  sas.push_back(std::move(pair.inbound));
  if (!child->waiting_outbound) sas.push_back(std::move(pair.outbound));
  const ChildPlace place{child->policy->name, question, child->packet};
  if (auto installed = session.my.installer.install(place, std::move(sas)); !installed)
    return installed;
  child->made = session.now();
  session.sa.children.push_back(child);
  arm(session, child);
  return {};
}

}  // namespace

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
  const auto& selectors =
      request_.selectors.empty() ? request_.policy->selectors : request_.selectors;
  offered_ = offer_selectors(selectors, request_.packet ? &*request_.packet : nullptr);
}

void ChildOffer::write_sa(PayloadChain& payloads) const {
  const Protection& protection = *request_.policy->protect;
  if (protection.mode == IpsecMode::Transport) payloads.notify(NotifyType::UseTransportMode);
  if (protection.fragments == FragmentChecks::Stateful)
    payloads.notify(NotifyType::NonFirstFragmentsAlso);
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
  if (auto selectors = accepted_selectors(response); !selectors)
    return std::unexpected(selectors.error());
  const bool transport = response.find(NotifyType::UseTransportMode) != nullptr;
  if (request_.policy->protect->mode == IpsecMode::Transport && !transport)
    return fail(Error::Code::Refused, "the peer does not grant transport mode");  // IKE-65
  return *chosen;
}

Expected<SelectorPair> ChildOffer::accepted_selectors(const Message& response) const {
  if (!response.initiator_selectors || !response.responder_selectors)
    return fail(Error::Code::Invalid, "a response without TSi and TSr");
  SelectorPair pair{*response.initiator_selectors, *response.responder_selectors};
  if (!is_subset(pair.local, offered_.local) || !is_subset(pair.remote, offered_.remote))
    return fail(Error::Code::Refused, "the peer has widened the selectors");
  if (!is_subset(pair.remote, within_claims(session_.sa, pair.remote)))
    return fail(Error::Code::Refused,
                fmt::format("the PAD does not let the peer claim {}", to_string(pair.remote)));
  if (!to_selectors(pair)) return fail(Error::Code::Refused, "selectors that no SA can have");
  return pair;
}

Expected<std::shared_ptr<ChildSa>> ChildOffer::conclude(const Message& response,
                                                        const ChosenChild& chosen,
                                                        const KeyInputs& nonces, ByteView secret) {
  auto selectors = accepted_selectors(response);
  if (!selectors) return std::unexpected(selectors.error());
  auto child = std::make_shared<ChildSa>();
  child->policy = request_.policy;
  child->name = name_of_next_child(session_.sa, *child->policy);
  child->chosen = chosen;
  child->inbound = inbound_;
  child->mode = child->policy->protect->mode;
  child->selectors = std::move(*selectors);
  child->packet = request_.packet ? *request_.packet : first_packet(child->selectors);
  child->side = Side::Initiator;
  ChildPair pair = make_pair(*child,
                             derive_child_keys(session_.sa.suite.prf, session_.sa.keys->d.view(),
                                               secret, nonces, chosen.transform),
                             session_.sa.child_path());
  pair.outbound.fragments = pair.inbound.fragments = agreed_fragments(*child->policy, response);
  if (auto installed = install(session_, child, std::move(pair), request_.question); !installed)
    return std::unexpected(installed.error());
  return child;
}

Negotiated<ChildAnswer> answer_child(Session& session, const ChildQuestion& question) {
  const Message& request = question.request;
  const IkeSa& sa = session.sa;
  if (!request.sa || !request.initiator_selectors || !request.responder_selectors)
    return std::unexpected(refuse(NotifyType::InvalidSyntax, "no SA, TSi or TSr"));
  if (sa.children.size() >= sa.peer->limits.children)
    return std::unexpected(refuse(NotifyType::NoAdditionalSas, "max_children is reached"));
  const SelectorPair offered{*request.responder_selectors,
                             within_claims(sa, *request.initiator_selectors)};
  if (offered.remote.empty())
    return std::unexpected(
        refuse(NotifyType::TsUnacceptable, fmt::format("the PAD does not let the peer claim {}",
                                                       to_string(*request.initiator_selectors))));
  const bool transport = request.find(NotifyType::UseTransportMode) != nullptr;
  const auto group = request.key_exchange ? std::optional(request.key_exchange->group)
                                          : std::optional<std::uint16_t>{};
  bool selectors_fit = false;
  for (const PolicySource::Entry& policy : session.my.policies.negotiable()) {
    if (question.rekeyed && question.rekeyed->name != policy->name) continue;
    const Protection& protection = *policy->protect;
    if (!is_for(*policy, sa) || !fits_path(protection, sa)) continue;
    if (protection.mode == IpsecMode::Transport && !transport) continue;
    if (needs_no_nat(*policy) && sa.nat.any()) continue;
    auto narrowed = narrow(policy->selectors, offered);
    if (!narrowed) continue;
    selectors_fit = true;
    auto chosen = choose_child(terms_of(protection, question.secrecy), *request.sa, group);
    if (!chosen) continue;
    return ChildAnswer{policy,
                       std::move(*chosen),
                       std::move(narrowed->pair),
                       protection.mode,
                       agreed_fragments(*policy, request),
                       narrowed->more_possible};
  }
  return std::unexpected(
      selectors_fit ? refuse(NotifyType::NoProposalChosen, "no policy has these algorithms")
                    : refuse(NotifyType::TsUnacceptable,
                             fmt::format("no policy protects {} to {}", to_string(offered.local),
                                         to_string(*request.initiator_selectors))));
}

Negotiated<std::shared_ptr<ChildSa>> install_answer(Session& session, const ChildAnswer& answer,
                                                    const KeyInputs& nonces, ByteView secret,
                                                    Sending sending) {
  auto child = std::make_shared<ChildSa>();
  child->policy = answer.policy;
  child->name = name_of_next_child(session.sa, *answer.policy);
  child->chosen = answer.chosen;
  child->inbound = session.my.installer.allocate_spi();
  child->mode = answer.mode;
  child->selectors = answer.selectors;
  child->packet = first_packet(child->selectors);
  child->side = Side::Responder;
  ChildPair pair = make_pair(*child,
                             derive_child_keys(session.sa.suite.prf, session.sa.keys->d.view(),
                                               secret, nonces, answer.chosen.transform),
                             session.sa.child_path());
  pair.outbound.fragments = pair.inbound.fragments = answer.fragments;
  if (sending == Sending::WhenHeard) child->waiting_outbound = std::move(pair.outbound);
  if (auto installed = install(session, child, std::move(pair), std::nullopt); !installed)
    return std::unexpected(refuse(NotifyType::NoAdditionalSas, to_string(installed.error())));
  return child;
}

void write_answer(PayloadChain& payloads, const ChildAnswer& answer, const ChildSa& child) {
  if (answer.mode == IpsecMode::Transport) payloads.notify(NotifyType::UseTransportMode);
  if (answer.fragments == FragmentChecks::Stateful)
    payloads.notify(NotifyType::NonFirstFragmentsAlso);
  Proposal proposal = answer.chosen.answer;
  store_be<std::uint32_t>(proposal.spi.data(), child.inbound.value);
  payloads.sa({&proposal, 1});
}

// TSi and TSr are the initiator's and ours.
void write_answered_selectors(PayloadChain& payloads, const ChildAnswer& answer) {
  payloads.selectors(PayloadType::TsInitiator, answer.selectors.remote);
  payloads.selectors(PayloadType::TsResponder, answer.selectors.local);
  if (answer.more_selectors) payloads.notify(NotifyType::AdditionalTsPossible);
}

void adopt_child(Session& session, const std::shared_ptr<ChildSa>& child) {
  session.sa.children.push_back(child);
  if (child->state == ChildState::Replaced) return retire_child(session, child);
  const bool going = child->state == ChildState::Deleting;
  child->state = ChildState::Live;
  if (going) return begin_child_delete(session, child, "deleted");
  arm(session, child);
}

void start_sending(Session& session, ChildSa& child) {
  if (!child.waiting_outbound) return;
  std::vector<Sa> sas;
  sas.push_back(std::move(*child.waiting_outbound));
  child.waiting_outbound.reset();
  const ChildPlace place{child.policy->name, std::nullopt, child.packet};
  if (auto installed = session.my.installer.install(place, std::move(sas)); !installed)
    session.report(EventKind::ChildFailed, child.name, to_string(installed.error()));
}

void drop_child(Session& session, ChildSa& child, const std::string& why) {
  session.my.timers.cancel(child.soft);
  session.my.timers.cancel(child.hard);
  std::erase_if(session.sa.children, [&](const auto& other) { return other.get() == &child; });
  if (child.state == ChildState::Gone) return;
  const bool replaced = child.state == ChildState::Replaced;
  child.state = ChildState::Gone;
  child.waiting_outbound.reset();  // what it replaced may still be about to let it send
  const std::string names[] = {child.outbound_name(), child.inbound_name()};
  session.my.installer.uninstall(names);
  if (!replaced) session.report(EventKind::ChildDown, child.name, why);
}

void retire_child(Session& session, const std::shared_ptr<ChildSa>& child) {
  if (child->successor) start_sending(session, *child->successor);
  session.my.timers.cancel(child->soft);
  session.my.timers.cancel(child->hard);
  child->state = ChildState::Replaced;
  const std::string sending[] = {child->outbound_name()};
  session.my.installer.uninstall(sending);
  // What is under way still arrives. The session may have been replaced itself by then.
  session.my.timers.after(session.my.settings.linger, [weak = session.weak_from_this(), child] {
    if (const auto self = weak.lock()) drop_child(*self, *child, {});
  });
}

}  // namespace sallyport::ike
