// The responder's half of a child (RFC 7296 2.7, 2.9, 2.23.1; RFC 4301 4.4.3.4).
#include <fmt/format.h>

#include <algorithm>

#include "ike/child_negotiation.h"
#include "ike/transport_selectors.h"

namespace sallyport::ike {
namespace {

// Policies that one child may serve besides its own.
constexpr std::size_t kMostLinked = 8;

Refusal refuse(NotifyType type, std::string why) { return {{.type = type}, std::move(why)}; }

bool fits_path(const Protection& protection, const IkeSa& sa) {
  const auto fits = [](const Address& wanted, const Address& is) {
    return wanted.is_unspecified() || wanted == is;
  };
  // Behind a NAT the peer's address is not its own.
  return protection.mode == IpsecMode::Transport ||
         (fits(protection.endpoints.local, sa.path.local.address) &&
          (sa.nat.any() || fits(protection.endpoints.remote, sa.path.remote.address)));
}

// The entry may be used by the peer at all (PAD-09; RFC 4301 4.4.1.1, Name; RFC 7619 2.4).
bool is_for(const Policy& policy, const IkeSa& sa) {
  const Peer& peer = *sa.peer;
  if (proves_nothing(peer) && !policy.protect->unauthenticated_peers) return false;
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

// AH covers addresses that a NAT changes (NAT-07).
bool needs_no_nat(const Policy& policy) { return policy.protect->protocol == IpsecProtocol::Ah; }

// What the peer asks for, as policies of each mode are compared with it; nullopt: not at all.
struct LookUp {
  std::optional<SelectorPair> transport;
  std::optional<SelectorPair> tunnel;

  [[nodiscard]] const std::optional<SelectorPair>& of(const Policy& policy) const {
    return policy.protect->mode == IpsecMode::Transport ? transport : tunnel;
  }
};

// Those that are made one after the other, until a policy fits. Through a NAT that is transport
// mode with the addresses that packets have here, and then tunnel mode with the peer's (RFC
// 7296 2.23.1).
std::vector<LookUp> look_ups(const Session& session, const Message& request) {
  const auto within = [&](SelectorPair pair) -> std::optional<SelectorPair> {
    pair.remote = within_claims(session, pair.remote);
    if (pair.remote.empty()) return std::nullopt;
    return pair;
  };
  const IkeSa& sa = session.sa;
  const SelectorPair on_wire{*request.responder_selectors, *request.initiator_selectors};
  const auto as_sent = within(on_wire);
  if (request.find(NotifyType::UseTransportMode) == nullptr) return {{std::nullopt, as_sent}};
  if (!sa.nat.any()) return {{as_sent, as_sent}};
  const auto seen = seen_from_here(on_wire, sa.path, sa.nat);
  return {{seen ? within(*seen) : std::nullopt, std::nullopt}, {std::nullopt, as_sent}};
}

// The entry of the SPD that a request for a child is answered by.
class PolicySearch {
 public:
  PolicySearch(Session& session, const ChildQuestion& question)
      : session_(session), question_(question), party_(party_of(session.sa)) {
    if (const auto& key_exchange = question.request.key_exchange) group_ = key_exchange->group;
  }

  [[nodiscard]] std::optional<ChildAnswer> find(const LookUp& look_up) {
    if (look_up.transport || look_up.tunnel) claimed_ = true;
    // The packet that asked is that of the first policy which has it, whatever earlier ones have of
    // the rest (IKE-97).
    auto answer = find(look_up, Wanted::FirstPacket);
    return answer ? answer : find(look_up, Wanted::Anything);
  }
  // Why there was none.
  [[nodiscard]] Refusal why_not() const;

 private:
  enum class Wanted : std::uint8_t { FirstPacket, Anything };
  [[nodiscard]] std::optional<ChildAnswer> find(const LookUp& look_up, Wanted wanted) {
    for (const PolicySource::Entry& policy : session_.my.policies.negotiable()) {
      const auto& offered = look_up.of(*policy);
      if (!offered || (question_.rekeyed && question_.rekeyed->name != policy->name) ||
          !may_be(*policy))
        continue;
      if (wanted == Wanted::FirstPacket &&
          !(begins_with_packet(*offered) && holds_first(policy->selectors, *offered)))
        continue;
      if (auto answer = judge(policy, *offered)) return answer;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool may_be(const Policy& policy) const {
    const IkeSa& sa = session_.sa;
    return is_for(policy, sa) && fits_path(*policy.protect, sa) &&
           !(needs_no_nat(policy) && sa.nat.any());
  }
  [[nodiscard]] std::optional<ChildAnswer> judge(const PolicySource::Entry& policy,
                                                 const SelectorPair& offered);
  void link(ChildAnswer& answer, const SelectorPair& offered) const;

  Session& session_;
  const ChildQuestion& question_;
  std::string party_;
  std::optional<std::uint16_t> group_;
  bool claimed_{};        // the PAD lets the peer ask for this
  bool selectors_fit_{};  // those of some policy
  std::string taken_;     // a policy whose packets another party has
};

std::optional<ChildAnswer> PolicySearch::judge(const PolicySource::Entry& policy,
                                               const SelectorPair& offered) {
  const Message& request = question_.request;
  auto narrowed = narrow(policy->selectors, offered);
  if (!narrowed) return std::nullopt;
  if (!session_.my.places.are_free(*policy, narrowed->pair, party_)) {
    taken_ = policy->name;
    return std::nullopt;
  }
  selectors_fit_ = true;
  auto chosen = choose_child(terms_of(*policy->protect, question_.secrecy), *request.sa, group_);
  if (!chosen) return std::nullopt;
  ChildAnswer answer{.policy = policy,
                     .linked = {},
                     .chosen = std::move(*chosen),
                     .selectors = std::move(narrowed->pair),
                     .on_wire = {},
                     .concessions = concessions(*policy, request),
                     .more_selectors = narrowed->more_possible};
  if (is_transport_through_nat(*policy, session_.sa))
    answer.on_wire = SelectorPair{*request.responder_selectors, *request.initiator_selectors};
  if (policy->protect->mode == IpsecMode::Tunnel) link(answer, offered);
  return answer;
}

// Where something that is offered is left over, entries that have it join if they are as the
// answer's but for their selectors (SPD-05): one for each family, mostly.
void PolicySearch::link(ChildAnswer& answer, const SelectorPair& offered) const {
  constexpr unsigned kMostTried = 64;  // so that nobody's offer keeps us for long
  unsigned tried = 0;
  std::vector<Selector> selectors = answer.policy->selectors;
  for (const PolicySource::Entry& policy : session_.my.policies.negotiable()) {
    const bool whole = is_subset(offered.local, answer.selectors.local) &&
                       is_subset(offered.remote, answer.selectors.remote);
    if (whole || answer.linked.size() == kMostLinked) return;
    if (policy == answer.policy || !are_alike(*policy, *answer.policy) || !may_be(*policy))
      continue;
    if (++tried > kMostTried) return;
    std::vector<Selector> both = selectors;
    both.insert(both.end(), policy->selectors.begin(), policy->selectors.end());
    auto wider = narrow(both, offered);
    const bool joins = wider && wider->pair != answer.selectors &&
                       is_subset(answer.selectors.local, wider->pair.local) &&
                       is_subset(answer.selectors.remote, wider->pair.remote) &&
                       !packets_of(wider->pair, *policy).empty();
    const ChildPlaces& places = session_.my.places;
    if (!joins || !places.are_free(*policy, wider->pair, party_) ||
        !places.are_free(*answer.policy, wider->pair, party_))
      continue;
    selectors = std::move(both);
    answer.selectors = std::move(wider->pair);
    answer.more_selectors = wider->more_possible;
    answer.linked.push_back(policy);
  }
}

Refusal PolicySearch::why_not() const {
  const std::string remote = to_string(*question_.request.initiator_selectors);
  const std::string local = to_string(*question_.request.responder_selectors);
  if (!claimed_)
    return refuse(NotifyType::TsUnacceptable,
                  fmt::format("the PAD does not let the peer claim {}", remote));
  if (selectors_fit_) return refuse(NotifyType::NoProposalChosen, "no policy has these algorithms");
  if (!taken_.empty())
    return refuse(NotifyType::TsUnacceptable,
                  fmt::format("the SAs of policy {} carry another peer's packets", taken_));
  return refuse(NotifyType::TsUnacceptable,
                fmt::format("no policy protects {} to {}", local, remote));
}

// A successor takes its predecessor's place. Those that are about to go are bounded as well: there
// are as many as the peer has rekeyed within the time that they linger.
bool has_room(const IkeSa& sa, const ChildQuestion& question) {
  constexpr std::size_t kMostGoing = 3;  // times the limit
  const std::size_t limit = sa.peer->limits.children + (question.rekeyed ? 1 : 0);
  const auto lasting = static_cast<std::size_t>(
      std::ranges::count_if(sa.children, [](const auto& child) { return child->lasts(); }));
  return lasting < limit && sa.children.size() - lasting < kMostGoing * limit;
}

// What the peer may claim of its side is one address, and that will have policies (RFC 5026 5.3.2).
bool will_have_policy(const Session& session, const Message& request) {
  const TrafficSelectors claimed = within_claims(session, *request.initiator_selectors);
  if (claimed.empty()) return false;
  const AddressRange& first = claimed.front().addresses;
  const bool one = first.first == first.last &&
                   std::ranges::all_of(claimed, [&](const TrafficSelector& selector) {
                     return selector.addresses == first;
                   });
  return one && session.my.policies.will_have(session.sa.peer->name, first.first);
}

}  // namespace

Negotiated<ChildAnswer> answer_child(Session& session, const ChildQuestion& question) {
  const Message& request = question.request;
  if (!request.sa || !request.initiator_selectors || !request.responder_selectors)
    return std::unexpected(refuse(NotifyType::InvalidSyntax, "no SA, TSi or TSr"));
  if (!has_room(session.sa, question))
    return std::unexpected(refuse(NotifyType::NoAdditionalSas, "max_children is reached"));
  PolicySearch search(session, question);
  for (const LookUp& look_up : look_ups(session, request))
    if (auto answer = search.find(look_up)) return *std::move(answer);
  if (will_have_policy(session, request))
    return std::unexpected(
        refuse(NotifyType::TemporaryFailure, "a home address whose policies are being made"));
  return std::unexpected(search.why_not());
}

Negotiated<std::shared_ptr<ChildSa>> install_answer(Session& session, const ChildAnswer& answer,
                                                    const KeyInputs& nonces, ByteView secret,
                                                    Sending sending) {
  auto child = std::make_shared<ChildSa>();
  child->policy = answer.policy;
  child->name = name_of_next_child(session.sa, *answer.policy);
  child->chosen = answer.chosen;
  child->inbound = session.my.installer.allocate_spi();
  child->mode = answer.policy->protect->mode;
  child->selectors = answer.selectors;
  if (answer.on_wire) child->on_wire = std::make_unique<const SelectorPair>(*answer.on_wire);
  child->linked = answer.linked;
  const auto packets = packets_of(child->selectors, *answer.policy);
  if (packets.empty())
    return std::unexpected(refuse(NotifyType::TsUnacceptable, "nothing is left that policy has"));
  child->packet = packets.front();
  child->side = Side::Responder;
  ChildPair pair = make_pair(*child,
                             derive_child_keys(session.sa.suite.prf, session.sa.keys->d.view(),
                                               secret, nonces, answer.chosen.transform),
                             session.sa.child_path());
  apply(answer.concessions, pair);
  if (sending == Sending::WhenHeard)
    child->waiting_outbound = std::make_unique<Sa>(std::move(pair.outbound));
  if (auto installed = install_child(session, child, std::move(pair), std::nullopt); !installed)
    return std::unexpected(refuse(installed.error().code == Error::Code::Exists
                                      ? NotifyType::TsUnacceptable
                                      : NotifyType::NoAdditionalSas,
                                  to_string(installed.error())));
  return child;
}

void write_answer(PayloadChain& payloads, const ChildAnswer& answer, const ChildSa& child) {
  write_notifies(payloads, *answer.policy->protect, answer.concessions.fragments);
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

}  // namespace sallyport::ike
