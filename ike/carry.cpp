#include "ike/carry.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "ike/child_conduct.h"

namespace sallyport::ike {
namespace {

constexpr std::string_view kWhere = "IKE SA record";

std::unexpected<Error> refused(std::string what, std::string remedy = {}) {
  return fail(Error::Code::Refused, std::move(what), std::move(remedy), std::string(kWhere));
}

CarriedKeys keys_of(const IkeKeys& keys) {
  return {.d = keys.d.duplicate(),
          .p_initiator = keys.p_initiator.duplicate(),
          .p_responder = keys.p_responder.duplicate(),
          .e_initiator = SecretBytes(keys.initiator.encryption_key()),
          .e_responder = SecretBytes(keys.responder.encryption_key()),
          .a_initiator = SecretBytes(keys.initiator.integrity_key()),
          .a_responder = SecretBytes(keys.responder.integrity_key())};
}

IkeKeys keys_of(const Suite& suite, CarriedKeys keys) {
  const auto cipher = [&](const SecretBytes& e, const SecretBytes& a) {
    return IkeCipher(suite.transform, e.view(), a.view());
  };
  return {.d = std::move(keys.d),
          .p_initiator = std::move(keys.p_initiator),
          .p_responder = std::move(keys.p_responder),
          .initiator = cipher(keys.e_initiator, keys.a_initiator),
          .responder = cipher(keys.e_responder, keys.a_responder)};
}

CarriedNumbers numbers_of(Session& session) {
  const Responses& responses = session.responses();
  CarriedNumbers numbers{.next_request = session.requests().next_id(),
                         .peer_window = session.requests().window(),
                         .expected_request = responses.expected(),
                         .own_window = responses.window(),
                         .responses = {}};
  responses.for_each_answered([&](MessageId id, const std::vector<Octets>& datagrams) {
    numbers.responses.push_back({id, datagrams});
  });
  return numbers;
}

std::vector<std::string> names_of(const std::vector<PolicySource::Entry>& policies) {
  std::vector<std::string> names;
  for (const PolicySource::Entry& policy : policies) names.push_back(policy->name);
  return names;
}

CarriedChild carried(const ChildSa& child, Instant now) {
  return {.name = child.name,
          .policy = child.policy->name,
          .linked = names_of(child.linked),
          .protocol = child.protocol(),
          .mode = child.mode,
          .transform = child.chosen.transform,
          .esn = child.chosen.esn,
          .group = child.chosen.group,
          .inbound = child.inbound,
          .outbound = child.chosen.peer_spi,
          .selectors = child.selectors,
          .on_wire = child.on_wire ? std::optional(*child.on_wire) : std::nullopt,
          .packet = child.packet,
          .side = child.side,
          .age = now - child.made};
}

// Nothing that is half done can be carried.
bool is_at_rest(Session& session) {
  const IkeSa& sa = session.sa;
  const auto settled = [](const std::shared_ptr<ChildSa>& child) {
    return !child->waiting_outbound &&
           (child->state == ChildState::Live || child->state == ChildState::Replaced);
  };
  const Mobility& mobility = sa.mobility;
  const bool moving = mobility.proven || mobility.update_due || mobility.searching;
  return session.is_idle() && sa.child_exchanges == 0 && !sa.rival && !moving &&
         std::ranges::all_of(sa.children, settled);
}

// The entry that the record names, if this node's PAD has it for that peer (PAD-01).
Expected<Pad::Entry> entry_for(const Surroundings& my, const CarriedIkeSa& carried) {
  const Pad& pad = my.peers.pad();
  Pad::Entry entry = pad.by_name(carried.peer);
  if (!entry) return refused(fmt::format("there is no [[peer]] \"{}\" here", carried.peer));
  const auto is = [&](const IdentityPattern& one) { return one.matches(carried.remote_identity); };
  const bool its_own = carried.side == Side::Responder ? pad.find(carried.remote_identity) == entry
                                                       : std::ranges::any_of(entry->identities, is);
  if (!its_own)
    return refused(fmt::format("{} is not [[peer]] \"{}\" here", to_string(carried.remote_identity),
                               carried.peer));
  if (my.registry.count_of(*entry) >= entry->limits.ike_sas)
    return fail(Error::Code::Exhausted, "max_ike_sas is reached", {}, "peer " + carried.peer);
  return entry;
}

// One child with its SAs.
struct Arrival {
  std::shared_ptr<ChildSa> child;
  ChildPair pair;
};

bool is_half_of(const Sa& sa, const CarriedChild& child, Direction direction) {
  const Spi spi = direction == Direction::Inbound ? child.inbound : child.outbound;
  return sa.direction == direction && sa.spi == spi && sa.protocol == child.protocol &&
         sa.mode == child.mode && sa.transform == child.transform && sa.esn == child.esn;
}

class Arrivals {
 public:
  Arrivals(const Surroundings& my, std::vector<Sa> sas) : my_(my) {
    for (Sa& sa : sas) {
      std::string name = sa.name;
      by_name_.emplace(std::move(name), std::move(sa));
    }
  }

  [[nodiscard]] Expected<std::vector<Arrival>> take(const std::vector<CarriedChild>& children) {
    std::vector<Arrival> arrivals;
    for (const CarriedChild& child : children) {
      auto arrival = take(child);
      if (!arrival) return std::unexpected(arrival.error());
      arrivals.push_back(std::move(*arrival));
    }
    if (!by_name_.empty())
      return refused(fmt::format("SA {} is of no child", by_name_.begin()->first));
    return arrivals;
  }

 private:
  [[nodiscard]] Expected<Arrival> take(const CarriedChild& carried) {
    const PolicySource::Entry policy = my_.policies.find(carried.policy);
    if (!policy || policy->protect->protocol != carried.protocol)
      return refused(fmt::format("no policy \"{}\" here makes such SAs", carried.policy));
    auto child = child_of(carried, policy);
    for (const std::string& name : carried.linked) {
      const auto linked = my_.policies.find(name);
      if (!linked || !are_alike(*linked, *policy))
        return refused(fmt::format("policy \"{}\" is not here as it was there", name));
      child->linked.push_back(linked);
    }
    auto inbound = half_of(carried, child->inbound_name(), Direction::Inbound);
    if (!inbound) return std::unexpected(inbound.error());
    auto outbound = half_of(carried, child->outbound_name(), Direction::Outbound);
    if (!outbound) return std::unexpected(outbound.error());
    return Arrival{std::move(child),
                   {.outbound = std::move(*outbound), .inbound = std::move(*inbound)}};
  }

  [[nodiscard]] Expected<Sa> half_of(const CarriedChild& child, const std::string& name,
                                     Direction direction) {
    auto found = by_name_.extract(name);
    if (found.empty() || !is_half_of(found.mapped(), child, direction))
      return refused(fmt::format("SA {} is missing, or another one", name));
    return std::move(found.mapped());
  }

  [[nodiscard]] std::shared_ptr<ChildSa> child_of(const CarriedChild& carried,
                                                  const PolicySource::Entry& policy) const {
    auto child = std::make_shared<ChildSa>();
    child->name = carried.name;
    child->policy = policy;
    child->chosen.transform = carried.transform;
    child->chosen.esn = carried.esn;
    child->chosen.group = carried.group;
    child->chosen.peer_spi = carried.outbound;
    child->inbound = carried.inbound;
    child->mode = carried.mode;
    child->selectors = carried.selectors;
    if (carried.on_wire) child->on_wire = std::make_unique<const SelectorPair>(*carried.on_wire);
    child->packet = carried.packet;
    child->side = carried.side;
    child->made = my_.clock.now() - carried.age;
    return child;
  }

  const Surroundings& my_;
  std::map<std::string, Sa> by_name_;
};

// All of them, or none.
Expected<void> hold(AddressPools& pools, const std::vector<Address>& leases) {
  for (auto lease = leases.begin(); lease != leases.end(); ++lease) {
    if (pools.hold(*lease)) continue;
    std::for_each(leases.begin(), lease, [&](const Address& held) { pools.release(held); });
    return fail(Error::Code::Exists, "another peer has the address", {}, to_string(*lease));
  }
  return {};
}

IkeSa ike_sa_of(CarriedIkeSa carried, Pad::Entry entry, Instant now) {
  IkeSa sa;
  sa.number = carried.number;
  sa.line = carried.line;
  sa.side = carried.side;
  sa.initiator_spi = carried.initiator_spi;
  sa.responder_spi = carried.responder_spi;
  sa.suite = carried.suite;
  sa.keys = keys_of(carried.suite, std::move(carried.keys));
  sa.next_iv = carried.next_iv;
  sa.path = carried.path;
  sa.nat = carried.nat;
  sa.abilities.fragmentation = carried.fragmentation;
  sa.abilities.mobike = carried.mobike;
  sa.mobility = std::move(carried.mobility);
  sa.datagram_bytes = carried.datagram_bytes;
  sa.peer = std::move(entry);
  sa.local_identity = std::move(carried.local_identity);
  sa.remote_identity = std::move(carried.remote_identity);
  sa.leases = std::move(carried.leases);
  sa.assigned = std::move(carried.assigned);
  sa.children_made = carried.children_made;
  sa.made = now - carried.age;
  sa.authenticated = now - carried.authenticated;
  sa.credentials_end = carried.credentials_end;
  return sa;
}

void set_numbers(Session& session, CarriedNumbers numbers) {
  session.requests().start_at(numbers.next_request);
  session.requests().allow(numbers.peer_window);
  Responses& responses = session.responses();
  responses.start_at(numbers.expected_request);
  responses.widen(numbers.own_window);
  for (CarriedResponse& response : numbers.responses)
    responses.answer(response.id, std::move(response.datagrams));
}

}  // namespace

Expected<CarriedIkeSa> carry_away(Session& session) {
  const IkeSa& sa = session.sa;
  if (sa.state != IkeState::Established || !is_at_rest(session))
    return fail(Error::Code::Refused, "an exchange is under way", "again in a moment",
                fmt::format("IKE SA {}", sa.number));
  const Instant now = session.now();
  CarriedIkeSa carried_sa{.number = sa.number,
                          .line = sa.line,
                          .side = sa.side,
                          .initiator_spi = sa.initiator_spi,
                          .responder_spi = sa.responder_spi,
                          .suite = sa.suite,
                          .keys = keys_of(*sa.keys),
                          .next_iv = sa.next_iv,
                          .path = sa.path,
                          .nat = sa.nat,
                          .fragmentation = sa.abilities.fragmentation,
                          .mobike = sa.abilities.mobike,
                          .mobility = sa.mobility,
                          .datagram_bytes = static_cast<std::uint32_t>(sa.datagram_bytes),
                          .peer = sa.peer->name,
                          .local_identity = sa.local_identity,
                          .remote_identity = sa.remote_identity,
                          .leases = sa.leases,
                          .assigned = sa.assigned,
                          .children_made = sa.children_made,
                          .age = now - sa.made,
                          .authenticated = now - sa.authenticated,
                          .credentials_end = sa.credentials_end,
                          .numbers = numbers_of(session),
                          .children = {}};
  for (const auto& child : sa.children)
    if (child->state == ChildState::Live) carried_sa.children.push_back(carried(*child, now));
  return carried_sa;
}

Expected<std::shared_ptr<Session>> carry_on(const Surroundings& surroundings, CarriedIkeSa carried,
                                            std::vector<Sa> sas) {
  auto entry = entry_for(surroundings, carried);
  if (!entry) return std::unexpected(entry.error());
  auto arrivals = Arrivals(surroundings, std::move(sas)).take(carried.children);
  if (!arrivals) return std::unexpected(arrivals.error());
  if (auto held = hold(surroundings.pools, carried.leases); !held)
    return std::unexpected(held.error());
  CarriedNumbers numbers = std::move(carried.numbers);
  auto session = std::make_shared<Session>(
      surroundings, ike_sa_of(std::move(carried), std::move(*entry), surroundings.clock.now()));
  set_numbers(*session, std::move(numbers));
  surroundings.registry.add(session);
  for (Arrival& arrival : *arrivals) {
    auto installed = install_child(*session, arrival.child, std::move(arrival.pair), std::nullopt);
    if (installed) continue;
    session->end(to_string(installed.error()));
    return std::unexpected(installed.error());
  }
  session->establish();
  session->report(EventKind::IkeUp, "carried here: " + to_string(session->sa.suite));
  return session;
}

}  // namespace sallyport::ike
