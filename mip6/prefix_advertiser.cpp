#include "mip6/prefix_advertiser.h"

#include <algorithm>
#include <utility>

#include "mip6/message_rate.h"
#include "mip6/registration_rules.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortestInterval = 1s;  // between answers to a node
constexpr Duration kSlowest = 1h;           // the doubled waits are far from it

}  // namespace

PrefixAdvertiser::PrefixAdvertiser(const Surroundings& around, Settings settings)
    : around_(around),
      settings_(std::move(settings)),
      told_(settings_),
      change_(around.timers),
      nodes_(0, AddressHash(around.random.u64())),
      answered_(kMostRates) {}

void PrefixAdvertiser::receive(const Arrival& arrival,
                               const MobilePrefixSolicitation& solicitation) {
  if (!is_protected(arrival) || !arrival.source_care_of) return;
  const Instant now = around_.clock.now();
  if (const Instant* const last = answered_.find(arrival.source);
      last != nullptr && now - *last < kShortestInterval)
    return;
  answered_.put(arrival.source, now);
  if (const auto node = nodes_.find(arrival.source); node != nodes_.end()) {
    node->second->sending.stop();
    node->second->acknowledged = true;
  }
  send({.source = arrival.destination,
        .destination = arrival.source,
        .destination_care_of = arrival.source_care_of},
       solicitation.identifier);
}

// RFC 6275 10.6.2: a node that nothing was sent to for long, as a new one, hears sooner or later;
// one that has not answered hears again when it shows that it is there.
void PrefixAdvertiser::registered(const BindingEntry& entry) {
  auto& node = nodes_[entry.home_address];
  if (!node) {
    node = std::make_unique<Node>(around_.timers);
    return schedule(entry.home_address, *node);
  }
  if (!node->acknowledged && !node->sending.active()) begin(entry.home_address);
}

void PrefixAdvertiser::ended(const Address& home_address) { nodes_.erase(home_address); }

void PrefixAdvertiser::set(Settings settings) {
  settings_ = std::move(settings);
  if (settings_ == told_ || change_.is_set()) return;
  change_.set(kChange, [this] { tell_change(); });
}

void PrefixAdvertiser::tell_change() {
  if (settings_ == told_) return;
  told_ = settings_;
  for (const auto& [home_address, node] : nodes_) schedule(home_address, *node);
}

// What is scheduled for sooner will tell what is so then, as does what is sent again meanwhile.
void PrefixAdvertiser::schedule(const Address& home_address, Node& node) {
  const Duration wait = delay(home_address);
  const Instant due = around_.clock.now() + wait;
  if (node.scheduled.is_set() && node.due <= due) return;
  node.due = due;
  node.scheduled.set(wait, [this, home_address] { begin(home_address); });
}

// RAND_ADV_DELAY
Duration PrefixAdvertiser::delay(const Address& home_address) {
  std::chrono::seconds longest = settings_.longest_wait;
  for (const HomePrefix& prefix : settings_.prefixes) {
    if (!prefix.prefix.contains(home_address)) continue;
    const auto preferred = prefix.preferred.left(around_.clock.now());
    longest = std::min(longest, std::chrono::seconds(preferred.count()));
  }
  const auto span = std::chrono::abs(longest - settings_.shortest_wait).count();
  if (span == 0) return settings_.shortest_wait;
  const std::uint64_t chosen = around_.random.u64() % static_cast<std::uint64_t>(span);
  return settings_.shortest_wait + std::chrono::seconds(static_cast<std::int64_t>(chosen));
}

void PrefixAdvertiser::begin(const Address& home_address) {
  const auto found = nodes_.find(home_address);
  if (found == nodes_.end()) return;
  Node& node = *found->second;
  node.acknowledged = false;
  node.due = around_.clock.now() + settings_.longest_wait;
  node.scheduled.set(settings_.longest_wait, [this, home_address] { begin(home_address); });
  node.sending.start({.first = kFirstTimeout, .most = kSlowest, .retries = kRetries},
                     [this, home_address] { send_unsolicited(home_address); });
}

void PrefixAdvertiser::send_unsolicited(const Address& home_address) {
  const BindingEntry* const entry = around_.cache.home_registration(home_address);
  if (entry == nullptr || !entry->valid) return;
  send({.source = entry->own, .destination = home_address, .destination_care_of = entry->care_of},
       static_cast<std::uint16_t>(around_.random.u32()));
}

void PrefixAdvertiser::send(const Departure& departure, std::uint16_t identifier) {
  MobilePrefixAdvertisement message{
      .identifier = identifier, .managed = settings_.managed, .other = settings_.other};
  const Instant now = around_.clock.now();
  for (const HomePrefix& prefix : settings_.prefixes) {
    if (message.prefixes.size() >= kMostPrefixes) break;
    message.prefixes.push_back(prefix.information(now));
  }
  Departure whole = departure;
  whole.protocol = kProtocolIcmpv6;
  around_.sender.send(whole, build_discovery_message(message, whole.source, whole.destination));
}

}  // namespace sallyport::mip6
