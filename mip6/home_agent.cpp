#include "mip6/home_agent.h"

#include <algorithm>
#include <utility>

#include "mip6/acknowledge.h"
#include "mip6/build_message.h"
#include "mip6/sequence_number.h"
#include "mip6/unicast.h"

namespace sallyport::mip6 {
namespace {

using Ruling = Verdict::Ruling;
using Uniqueness = NeighbourProxy::Uniqueness;

// What the home agent answers for on the home link (RFC 6275 10.3.1).
std::vector<Address> defended(const Address& home_address, Flags<UpdateFlag> flags) {
  std::vector<Address> addresses{home_address};
  if (flags.has(UpdateFlag::LinkLocalCompatible)) addresses.push_back(link_local_of(home_address));
  return addresses;
}

bool has_link_local(const BindingEntry& entry) {
  return entry.flags.has(UpdateFlag::LinkLocalCompatible);
}

NeighbourProxy::Role role_of(const BindingEntry& entry) {
  return entry.flags.has(UpdateFlag::MobileRouter) ? NeighbourProxy::Role::Router
                                                   : NeighbourProxy::Role::Host;
}

BindingTable::Binding for_workers(const BindingEntry& entry) {
  BindingTable::Binding binding{.use = BindingUse::HomeAgent,
                                .home_address = entry.home_address,
                                .care_of = entry.care_of,
                                .home_agent = entry.own,
                                .networks = entry.networks};
  if (has_link_local(entry)) binding.link_local = link_local_of(entry.home_address);
  return binding;
}

TunnelMigrator::Ends ends_of(const BindingEntry& entry) {
  return {.home_address = entry.home_address, .home_agent = entry.own};
}

}  // namespace

HomeAgent::HomeAgent(const Surroundings& around)
    : around_(around),
      link_locals_(around.random.u64()),
      rules_({.config = config_,
              .nodes = nodes_,
              .cache = around.cache,
              .link_locals = link_locals_,
              .store = around.store,
              .clock = around.clock}),
      pending_(0, AddressHash(around.random.u64())),
      rates_(kMostRates) {
  around_.cache.on_end(BindingUse::HomeAgent,
                       [this](const BindingEntry& entry, BindingEnd) { ended(entry); });
  around_.cache.for_each([this](const BindingEntry& entry) {
    if (entry.use == BindingUse::HomeAgent && entry.valid && has_link_local(entry))
      link_locals_.hold(entry.home_address);
  });
}

HomeAgent::~HomeAgent() { around_.cache.on_end(BindingUse::HomeAgent, {}); }

bool HomeAgent::has_address(const Address& address) const {
  return std::ranges::find(config_.addresses, address) != config_.addresses.end();
}

void HomeAgent::receive(const Arrival& arrival, const BindingUpdate& update) {
  const auto waiting = pending_.find(arrival.source);
  const Verdict verdict = rules_.judge(
      arrival, update,
      waiting == pending_.end() ? std::nullopt : std::optional(waiting->second.update.sequence));
  if (verdict.ruling == Ruling::Drop) return refused(arrival, update, verdict.why);
  // Only of senders that IPsec knows: nobody can use up another's.
  if (rates_.find(arrival.source) == nullptr) rates_.put(arrival.source, {});
  if (!rates_.find(arrival.source)->take(around_.clock.now()))
    return refused(arrival, update, "more updates than a node may send");
  rule(arrival, update, verdict);
}

void HomeAgent::rule(const Arrival& arrival, const BindingUpdate& update, const Verdict& verdict) {
  switch (verdict.ruling) {
    case Ruling::Drop:
      return refused(arrival, update, verdict.why);
    case Ruling::Refuse:
      return refuse(arrival, update, verdict);
    case Ruling::Deregister:
      return deregister(arrival, update);
    case Ruling::Register:
      return register_node(arrival, update, verdict);
  }
}

// A valid update counts, though it is refused: its number cannot come again (RFC 6275 9.5.1).
void HomeAgent::refuse(const Arrival& arrival, const BindingUpdate& update,
                       const Verdict& verdict) {
  const BindingEntry* const entry = around_.cache.home_registration(arrival.source);
  if (entry != nullptr && verdict.status != BindingStatus::SequenceOutOfWindow &&
      verdict.status != BindingStatus::TypeChangeDisallowed)
    around_.cache.set_sequence(arrival.source, entry->own, update.sequence);
  const auto waiting = pending_.find(arrival.source);
  if (waiting != pending_.end() && is_newer(update.sequence, waiting->second.update.sequence))
    pending_.erase(waiting);
  acknowledge(arrival, {.status = verdict.status, .sequence = verdict.sequence});
  refused(arrival, update, name_of(verdict.status));
}

void HomeAgent::refused(const Arrival& arrival, const BindingUpdate& update, std::string_view why) {
  around_.events.report({.kind = EventKind::Refused,
                         .home_address = arrival.source,
                         .care_of = care_of_address(arrival, update),
                         .peer = arrival.wire_source(),
                         .detail = std::string(why)});
}

void HomeAgent::acknowledge(const Arrival& arrival, const Acknowledged& what) {
  BindingAcknowledgement message{.status = what.status,
                                 .flags = what.flags,
                                 .sequence = what.sequence,
                                 .lifetime = what.lifetime};
  const auto& advice = config_.refresh_advice;
  if (advice && *advice < what.lifetime && config_.storage == HomeAgentConfig::Storage::Lost)
    message.options.refresh_advice = advice;
  const Departure departure =
      is_at_home(arrival) ? on_link_departure(arrival) : acknowledgement_departure(arrival);
  const auto octets = build_message(message, departure.source, departure.destination);
  if (octets) around_.sender.send(departure, *octets);
}

bool HomeAgent::is_at_home(const Arrival& arrival) const {
  return arrival.port == config_.link.port && arrival.link_source.is_station() &&
         rules_.home_prefix(arrival.wire_source()) != nullptr;
}

void HomeAgent::register_node(const Arrival& arrival, const BindingUpdate& update,
                              const Verdict& verdict) {
  if (wait_longer(arrival, update)) return;
  const BindingEntry* const entry = around_.cache.home_registration(arrival.source);
  const bool bound = entry != nullptr && entry->valid;
  std::vector<Address> addresses = defended(arrival.source, update.flags);
  std::vector<Address> before;
  if (bound) before = defended(arrival.source, entry->flags);
  // A link-local address that somebody holds is this node's.
  std::erase_if(addresses, [&](const Address& address) {
    return std::ranges::find(before, address) != before.end() ||
           !link_locals_.holders_of(address).empty();
  });
  if (addresses.empty()) return install(arrival, update, verdict);
  const BindingEntry wanted{.home_address = arrival.source, .own = arrival.destination};
  if (pending_.size() >= config_.most_detections || !around_.cache.has_room(wanted))
    return refuse(arrival, update,
                  {.status = BindingStatus::InsufficientResources, .sequence = update.sequence});
  detect(arrival, update, addresses);
}

// True where detections are under way already for the same addresses: they are for this update
// then, the newest one.
bool HomeAgent::wait_longer(const Arrival& arrival, const BindingUpdate& update) {
  const auto found = pending_.find(arrival.source);
  if (found == pending_.end()) return false;
  Pending& pending = found->second;
  const bool same =
      defended(arrival.source, update.flags) == defended(arrival.source, pending.update.flags);
  if (!same) {
    pending_.erase(found);
    return false;
  }
  pending.arrival = arrival;
  pending.update = update;
  return true;
}

void HomeAgent::detect(const Arrival& arrival, const BindingUpdate& update,
                       const std::vector<Address>& addresses) {
  const std::uint64_t number = ++last_number_;
  pending_.insert_or_assign(
      arrival.source,
      Pending{.arrival = arrival, .update = update, .number = number, .waiting = addresses.size()});
  for (const Address& address : addresses)
    around_.neighbours.detect(
        config_.link.port, address,
        [this, alive = std::weak_ptr(alive_), home = arrival.source, number](Uniqueness found) {
          if (!alive.expired()) detected(home, number, found);
        });
}

void HomeAgent::detected(const Address& home_address, std::uint64_t number, Uniqueness found) {
  const auto at = pending_.find(home_address);
  if (at == pending_.end() || at->second.number != number) return;
  if (found == Uniqueness::Duplicate) at->second.found = found;
  if (--at->second.waiting > 0) return;
  const Pending pending = std::move(at->second);
  pending_.erase(at);
  // Time has passed: the prefix may have gone, the place may be somebody's.
  const Verdict verdict = rules_.judge(pending.arrival, pending.update);
  if (verdict.ruling != Ruling::Register) return rule(pending.arrival, pending.update, verdict);
  if (pending.found == Uniqueness::Duplicate)
    return refuse(pending.arrival, pending.update,
                  {.status = BindingStatus::DuplicateAddress, .sequence = pending.update.sequence});
  install(pending.arrival, pending.update, verdict);
}

void HomeAgent::install(const Arrival& arrival, const BindingUpdate& update,
                        const Verdict& verdict) {
  const auto refuse_with = [&](BindingStatus status) {
    refuse(arrival, update, {.status = status, .sequence = update.sequence});
  };
  const Grant granted = grant(update.lifetime, config_.longest_lifetime,
                              rules_.home_prefix(arrival.source), around_.clock.now());
  if (granted.lifetime == BindingLifetime{}) return refuse_with(BindingStatus::NotHomeSubnet);
  const BindingEntry entry{
      .home_address = arrival.source,
      .own = arrival.destination,
      .care_of = verdict.care_of,
      .sequence = update.sequence,
      .flags = update.flags,
      .protection = is_protected(arrival) ? Protection::Ipsec : Protection::None,
      .networks = verdict.networks};
  if (!around_.cache.has_room(entry)) return refuse_with(BindingStatus::InsufficientResources);
  std::optional<BindingEntry> before;
  const BindingEntry* const known = around_.cache.home_registration(entry.home_address);
  if (known != nullptr && known->valid) before = *known;
  if (const auto failed = lead(entry, before)) return refuse_with(*failed);
  // There is room.
  if (!around_.cache.put(entry, duration_of(granted.lifetime)))
    return refuse_with(BindingStatus::InsufficientResources);
  const ServedNode* const node = nodes_.find(entry.home_address);
  if (node != nullptr && node->services.has(Service::ManualKeys))
    around_.store.save(entry.home_address, entry.sequence);
  serve(entry, before);
  const auto from = before ? std::optional(before->care_of) : std::nullopt;
  acknowledge(arrival, {.status = granted.status,
                        .sequence = update.sequence,
                        .lifetime = granted.lifetime,
                        .flags = move_ike(update, entry, from)});
  const bool moved = before && before->care_of != entry.care_of;
  report(!before ? EventKind::Registered : moved ? EventKind::Moved : EventKind::Refreshed, entry);
  changed(entry, before ? Change::Updated : Change::Began);
}

// Packets and tunnels go to the new place, or all stays as it is: the status that says why (HA-09,
// MAPI-02). Tunnels go first, so that no packet enters one that policy does not protect yet.
std::optional<BindingStatus> HomeAgent::lead(const BindingEntry& entry,
                                             const std::optional<BindingEntry>& before) {
  if (!move_tunnels(entry)) return BindingStatus::Unspecified;
  if (around_.table.set(for_workers(entry))) {
    if (before && before->own != entry.own && entry.protection == Protection::Ipsec)
      around_.tunnels.deactivate(ends_of(*before));
    return std::nullopt;
  }
  // What was there before fitted.
  const bool back = before && before->protection == Protection::Ipsec && move_tunnels(*before);
  if (!back && entry.protection == Protection::Ipsec) around_.tunnels.deactivate(ends_of(entry));
  return BindingStatus::InsufficientResources;
}

bool HomeAgent::move_tunnels(const BindingEntry& entry) {
  if (entry.protection != Protection::Ipsec) return true;  // MAPI-03
  return around_.tunnels.move(ends_of(entry), entry.care_of).has_value();
}

void HomeAgent::stop_leading(const BindingEntry& entry) {
  around_.table.remove(BindingUse::HomeAgent, entry.home_address, std::nullopt);
  if (has_link_local(entry)) lead_sharers(entry.home_address);
}

// Workers know a link-local address of one binding; others of the node that have it have it on.
void HomeAgent::lead_sharers(const Address& home_address) {
  for (const Address& holder : link_locals_.holders_of(link_local_of(home_address))) {
    const BindingEntry* const other = around_.cache.home_registration(holder);
    if (holder != home_address && other != nullptr && other->valid)
      static_cast<void>(around_.table.set(for_workers(*other)));  // it has its place
  }
}

// From now on neighbours of the home link find us at what is new (HA-14).
void HomeAgent::serve(const BindingEntry& entry, const std::optional<BindingEntry>& before) {
  const PortId port = config_.link.port;
  if (!before) around_.neighbours.serve(port, entry.home_address, role_of(entry));
  const bool had = before && has_link_local(*before);
  if (had && !has_link_local(entry)) {
    release_link_local(entry.home_address);
    lead_sharers(entry.home_address);
  }
  if (had || !has_link_local(entry)) return;
  const Address address = link_local_of(entry.home_address);
  if (link_locals_.holders_of(address).empty())
    around_.neighbours.serve(port, address, role_of(entry));
  link_locals_.hold(entry.home_address);
}

// It is served until the last of those that it was promised to has ended.
void HomeAgent::release_link_local(const Address& home_address) {
  link_locals_.release(home_address);
  const Address address = link_local_of(home_address);
  if (link_locals_.holders_of(address).empty()) around_.neighbours.stop(config_.link.port, address);
}

// RFC 6275 10.3.1: the flag K of the acknowledgement, and what it means for the IKE SA. `from` is
// where the node was; nullopt where we knew of no place.
Flags<AcknowledgementFlag> HomeAgent::move_ike(const BindingUpdate& update,
                                               const BindingEntry& entry,
                                               const std::optional<Address>& from) {
  Flags<AcknowledgementFlag> flags;
  if (update.flags.has(UpdateFlag::MobileRouter) && update.lifetime != BindingLifetime{})
    flags = {AcknowledgementFlag::MobileRouter};
  if (entry.protection != Protection::Ipsec) return flags;
  const ServedNode* const node = nodes_.find(entry.home_address);
  const bool allowed = node != nullptr && node->services.has(Service::KeyMobility) &&
                       !node->services.has(Service::ManualKeys);
  const bool follows = allowed && update.flags.has(UpdateFlag::KeyManagementMobility) &&
                       around_.ike.can_move(entry.home_address);
  const bool moved = !from || *from != entry.care_of;
  if (moved && follows) around_.ike.move(entry.home_address, entry.care_of);
  if (moved && !follows) around_.ike.drop(entry.home_address);
  if (!follows) return flags;
  return flags.has(AcknowledgementFlag::MobileRouter)
             ? Flags{AcknowledgementFlag::MobileRouter, AcknowledgementFlag::KeyManagementMobility}
             : Flags{AcknowledgementFlag::KeyManagementMobility};
}

void HomeAgent::deregister(const Arrival& arrival, const BindingUpdate& update) {
  pending_.erase(arrival.source);
  BindingEntry entry = *around_.cache.home_registration(arrival.source);
  around_.cache.set_sequence(entry.home_address, entry.own, update.sequence);
  around_.cache.invalidate(entry.home_address, entry.own);
  const ServedNode* const node = nodes_.find(entry.home_address);
  if (node != nullptr && node->services.has(Service::ManualKeys))
    around_.store.save(entry.home_address, update.sequence);
  const Address from = entry.valid ? entry.care_of : entry.home_address;
  if (entry.valid) withdraw(entry);
  entry.care_of = entry.home_address;  // the new endpoint of IKE (RFC 6275 10.3.2)
  acknowledge(arrival, {.status = BindingStatus::Accepted,
                        .sequence = update.sequence,
                        .flags = move_ike({.flags = update.flags}, entry, from)});
  if (!entry.valid) return;
  report(EventKind::Deregistered, entry);
  changed(entry, Change::Ended);
}

// What the binding did, it does no longer.
void HomeAgent::withdraw(const BindingEntry& entry) {
  stop_leading(entry);
  around_.neighbours.stop(config_.link.port, entry.home_address);
  if (has_link_local(entry)) release_link_local(entry.home_address);
  if (entry.protection == Protection::Ipsec) around_.tunnels.deactivate(ends_of(entry));
}

void HomeAgent::ended(const BindingEntry& entry) {
  withdraw(entry);
  report(EventKind::Expired, entry);
  changed(entry, Change::Ended);
}

void HomeAgent::changed(const BindingEntry& entry, Change change) const {
  if (changed_) changed_(entry, change);
}

void HomeAgent::report(EventKind kind, const BindingEntry& entry) const {
  around_.events.report({.kind = kind,
                         .home_address = entry.home_address,
                         .care_of = entry.care_of,
                         .peer = entry.care_of});
}

}  // namespace sallyport::mip6
