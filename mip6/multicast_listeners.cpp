#include "mip6/multicast_listeners.h"

#include <algorithm>
#include <utility>

#include "net/neighbour_discovery.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

// What a record says of its group. Sources are not told apart: who wants some of them gets all, and
// picks. Who blocks some may want others, or may have left the last one that it wanted, as hosts
// leave groups of one source: it has to be asked (RFC 3810 5.2.12, 6.1).
enum class GroupWish : std::uint8_t { Group, Nothing, Unknown, Unsaid };
GroupWish wish_of(const ListenerRecord& record) {
  using Kind = ListenerRecord::Kind;
  switch (record.kind) {
    case Kind::IsExclude:
    case Kind::ToExclude:
      return GroupWish::Group;
    case Kind::IsInclude:
    case Kind::ToInclude:
      return record.sources.empty() ? GroupWish::Nothing : GroupWish::Group;
    case Kind::Allow:
      return record.sources.empty() ? GroupWish::Unsaid : GroupWish::Group;
    case Kind::Block:
      return record.sources.empty() ? GroupWish::Unsaid : GroupWish::Unknown;
  }
  return GroupWish::Unsaid;
}

}  // namespace

MulticastListeners::Node::Node(Timers& timers, std::size_t most_groups)
    : query(timers),
      messages(RateLimit::per_second(kMessagesPerSecond, kMessagesAtOnce, kInstantHertz)),
      changes(RateLimit::per_second(kChangesPerSecond, static_cast<std::uint32_t>(most_groups),
                                    kInstantHertz)) {}

MulticastListeners::MulticastListeners(const Surroundings& around, const Settings& settings,
                                       const Address& link_local)
    : around_(around),
      settings_(settings),
      link_local_(link_local),
      nodes_(0, AddressHash(around.random.u64())) {}

MulticastListeners::~MulticastListeners() {
  for (const auto& [home_address, node] : nodes_)
    for (const auto& [group, membership] : node->groups)
      around_.forwarding.leave(group, home_address);
}

void MulticastListeners::set(const Settings& settings, const Address& link_local) {
  link_local_ = link_local;
  if (settings == settings_) return;
  settings_ = settings;
  for (const auto& [home_address, node] : nodes_) {
    std::vector<Address> over;
    for (const auto& [group, membership] : node->groups)
      if (!is_listened_to(group)) over.push_back(group);
    for (const Address& group : over) leave(home_address, *node, group);
  }
}

void MulticastListeners::registered(const Address& home_address, Registered when) {
  auto& node = nodes_[home_address];
  if (node) return;
  node = std::make_unique<Node>(around_.timers, settings_.most_groups);
  node->at_start = settings_.robustness;
  const Duration most = when == Registered::Now ? kSoon : short_interval();
  node->query.set(up_to(most), [this, home_address] { query(home_address); });
}

void MulticastListeners::ended(const Address& home_address) {
  const auto known = nodes_.find(home_address);
  if (known == nodes_.end()) return;
  const auto node = std::move(known->second);
  nodes_.erase(known);
  memberships_ -= node->groups.size();
  for (const auto& [group, membership] : node->groups)
    around_.forwarding.leave(group, home_address);
}

// RFC 3810 7.1, 9.6, 9.7: some soon, and then for ever. Few hosts are behind a tunnel, so that
// there is no burst of answers to be spread: at the start they are wanted soon.
void MulticastListeners::query(const Address& home_address) {
  const auto known = nodes_.find(home_address);
  if (known == nodes_.end()) return;
  Node& node = *known->second;
  const auto response = node.at_start > 0 ? std::min(kFirstResponse, settings_.response_interval)
                                          : settings_.response_interval;
  node.query.set(until_next(node), [this, home_address] { query(home_address); });
  send(home_address, {.response = response});
}

// A specific one goes to its group (RFC 3810 5.1.15).
void MulticastListeners::send(const Address& home_address, ListenerQuery query) {
  query.robustness = settings_.robustness;
  query.interval = settings_.query_interval;
  const Departure departure{.source = link_local_,
                            .destination = query.group.is_unspecified() ? all_nodes() : query.group,
                            .protocol = kProtocolHopByHop,
                            .hop_limit = kListenerHopLimit,
                            .tunnel = home_address};
  around_.sender.send(departure, with_router_alert(build_listener_message(query, departure.source,
                                                                          departure.destination)));
}

// The first one of the long interval comes anywhere in it: nodes that began together are asked
// apart from then on.
Duration MulticastListeners::until_next(Node& node) {
  if (node.at_start > 1) {
    --node.at_start;
    return short_interval();
  }
  if (std::exchange(node.at_start, 0) == 1) return up_to(settings_.query_interval);
  return settings_.query_interval;
}

Duration MulticastListeners::short_interval() const {
  return Duration(settings_.query_interval) / 4;
}

Duration MulticastListeners::up_to(Duration most) {
  const auto span = static_cast<std::uint64_t>(std::max<Duration::rep>(most.count(), 1));
  return Duration(static_cast<Duration::rep>(around_.random.u64() % span));
}

// Multicast Address Listening Interval (RFC 3810 9.4).
Duration MulticastListeners::listening() const {
  return settings_.robustness * Duration(settings_.query_interval) + settings_.response_interval;
}

std::uint64_t MulticastListeners::ticks() const {
  return static_cast<std::uint64_t>(around_.clock.now().time_since_epoch().count());
}

bool MulticastListeners::is_listened_to(const Address& group) const {
  if (!group.is_multicast()) return false;
  const std::uint8_t scope = scope_of(group);
  return scope > kLinkScope && scope >= settings_.smallest_scope;
}

// A message from the unspecified address comes of somebody who has none yet, and is not for routers
// (RFC 3810 5.2.13, RFC 3590 4).
void MulticastListeners::receive(const Address& home_address, const Arrival& arrival,
                                 ByteView icmp) {
  const auto known = nodes_.find(home_address);
  if (known == nodes_.end() || !arrival.source.is_link_local()) return;
  Node& node = *known->second;
  if (!node.messages.allow(ticks())) return;
  const auto message = parse_listener_message(icmp, arrival.source, arrival.destination);
  if (!message) return;
  if (const auto* const report = std::get_if<ListenerReport>(&*message))
    for (const ListenerRecord& record : report->records) take(home_address, node, record);
  if (const auto* const report = std::get_if<ListenerReport1>(&*message))
    enter(home_address, node, report->group);
  if (const auto* const done = std::get_if<ListenerDone>(&*message))
    leave(home_address, node, done->group);
}

void MulticastListeners::take(const Address& home_address, Node& node,
                              const ListenerRecord& record) {
  const GroupWish wish = wish_of(record);
  if (wish == GroupWish::Group) enter(home_address, node, record.group);
  if (wish == GroupWish::Nothing) leave(home_address, node, record.group);
  if (wish == GroupWish::Unknown) doubt(home_address, node, record.group);
}

void MulticastListeners::enter(const Address& home_address, Node& node, const Address& group) {
  if (!is_listened_to(group)) return;
  auto known = node.groups.find(group);
  if (known == node.groups.end()) {
    if (node.groups.size() >= settings_.most_groups || memberships_ >= settings_.most_memberships)
      return;
    if (!node.changes.allow(ticks()) || !around_.forwarding.join(group, home_address)) return;
    known = node.groups.try_emplace(group, around_.timers).first;
    ++memberships_;
  }
  known->second.questions.reset();
  known->second.alarm.set(listening(), [this, home_address, group] {
    if (const auto found = nodes_.find(home_address); found != nodes_.end())
      leave(home_address, *found->second, group);
  });
}

// RFC 3810 7.6.3, with the Last Listener Query Interval and Count of 9.8 and 9.9.
void MulticastListeners::doubt(const Address& home_address, Node& node, const Address& group) {
  const auto known = node.groups.find(group);
  if (known == node.groups.end() || known->second.questions || !node.changes.allow(ticks())) return;
  known->second.questions = settings_.robustness;
  ask(home_address, group);
}

// Again, or in vain.
void MulticastListeners::ask(const Address& home_address, const Address& group) {
  const auto node = nodes_.find(home_address);
  if (node == nodes_.end()) return;
  const auto known = node->second->groups.find(group);
  if (known == node->second->groups.end()) return;
  Membership& membership = known->second;
  if (membership.questions == 0) return leave(home_address, *node->second, group);
  --*membership.questions;
  membership.alarm.set(kLastListener, [this, home_address, group] { ask(home_address, group); });
  send(home_address, {.group = group, .response = kLastListener});
}

void MulticastListeners::leave(const Address& home_address, Node& node, const Address& group) {
  const auto known = node.groups.find(group);
  if (known == node.groups.end()) return;
  node.groups.erase(known);
  --memberships_;
  around_.forwarding.leave(group, home_address);
}

}  // namespace sallyport::mip6
