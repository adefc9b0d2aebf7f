#include "mip6/mobile_node_routes.h"

#include <algorithm>

#include "mip6/build_message.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

using std::chrono::seconds;

constexpr Duration kTokenLifetime = seconds{210};        // MAX_TOKEN_LIFETIME (RFC 6275 12)
constexpr Duration kMostBindingLifetime = seconds{420};  // MAX_RR_BINDING_LIFETIME
constexpr unsigned kRouteRetries = 3;                    // MAX_RO_FAILURE
constexpr Retransmission::Pace kPace{
    .first = kFirstBindingTimeout, .most = kMostBindingTimeout, .retries = kRouteRetries};

void forget_token(RoutabilityTest& test) {
  test.token.reset();
  test.retry.stop();
}

}  // namespace

MobileNodeRoutes::MobileNodeRoutes(const MobileNodeSurroundings& surroundings,
                                   const MobileNodeSettings& settings, BindingUpdateList& list,
                                   MobileNodeRegistration& registration) noexcept
    : around_(surroundings),
      settings_(settings),
      list_(list),
      registration_(registration),
      routability_(surroundings.sha1) {}

void MobileNodeRoutes::optimise(const Address& peer) {
  if (settings_.route_optimisation == RouteOptimisation::Off) return;
  const auto care_of = registration_.registered_care_of();
  if (!care_of || !peer.is_unicast_routable()) return;
  if (peer == registration_.home_agent() || peer == settings_.home_address || peer == *care_of)
    return;
  make_room(peer);
  std::array<std::uint8_t, 2> random{};
  around_.random.fill(random);
  const auto needed =
      list_.need(peer, settings_.home_address, load_be<std::uint16_t>(random.data()));
  if (!needed || (*needed)->in_use || !(*needed)->may_send(now())) return;
  start(**needed);
}

// Whoever sends us a packet by the home agent gets an entry: where they are too many, one goes that
// is there for its silence alone, the one that would end first.
void MobileNodeRoutes::make_room(const Address& peer) {
  if (list_.size() < settings_.most_correspondents || find(peer) != nullptr) return;
  BindingUpdateEntry* silent = nullptr;
  list_.for_each([this, &silent](BindingUpdateEntry& entry) {
    if (entry.in_use || entry.is_bound(now()) || entry.may_send(now())) return;
    if (silent == nullptr || *entry.silent_until < *silent->silent_until) silent = &entry;
  });
  if (silent != nullptr) remove(*silent);
}

void MobileNodeRoutes::suspend() {
  list_.for_each([this](BindingUpdateEntry& entry) {
    stop_using(entry);
    stop(entry);
    forget_token(entry.care_of_test);
  });
}

void MobileNodeRoutes::registered() {
  const auto care_of = registration_.registered_care_of();
  if (!care_of) return;
  list_.for_each([this, &care_of](BindingUpdateEntry& entry) {
    if (entry.in_use || !entry.may_send(now())) return;
    if (entry.is_bound(now()) && entry.care_of == *care_of)
      use(entry);
    else
      start(entry);
  });
}

void MobileNodeRoutes::returned() {
  list_.for_each([this](BindingUpdateEntry& entry) {
    stop_using(entry);
    stop(entry);
    const bool may_be_bound = entry.may_send(now()) &&
                              (entry.is_bound(now()) || entry.sent + entry.lifetime_sent > now());
    if (may_be_bound)
      start(entry);
    else
      remove(entry);
  });
}

BindingUpdateEntry* MobileNodeRoutes::find(const Address& peer) {
  return list_.find(peer, settings_.home_address);
}

bool MobileNodeRoutes::is_recent(const RoutabilityTest& test) const {
  return test.token && now() - test.received < kTokenLifetime;
}

// Both tests at a time, unless there is a token that is recent; at home the home test is enough
// (11.6.1).
void MobileNodeRoutes::start(BindingUpdateEntry& entry) {
  if (entry.retry.active()) return;
  const bool home_known = is_recent(entry.home_test);
  const bool care_of_known = registration_.at_home() || is_recent(entry.care_of_test);
  if (home_known && care_of_known) return proceed(entry);
  if (!home_known && !entry.home_test.in_progress()) test_home(entry);
  if (!care_of_known && !entry.care_of_test.in_progress()) test_care_of(entry);
}

void MobileNodeRoutes::test_home(BindingUpdateEntry& entry) {
  entry.home_test.token.reset();
  entry.home_test.retry.start(
      kPace, [this, &entry] { send_home_test_init(entry); }, [this, &entry] { give_up(entry); });
}

void MobileNodeRoutes::test_care_of(BindingUpdateEntry& entry) {
  entry.care_of_test.token.reset();
  entry.care_of_test.retry.start(
      kPace, [this, &entry] { send_care_of_test_init(entry); }, [this, &entry] { give_up(entry); });
}

// By the tunnel to the home agent, as policy has it for this source and type.
void MobileNodeRoutes::send_home_test_init(BindingUpdateEntry& entry) {
  if (!entry.home_test.rate.take(now())) return;
  around_.random.fill(entry.home_test.cookie);
  entry.home_test.sent = now();
  send(
      HomeTestInit{.cookie = entry.home_test.cookie},
      {.source = settings_.home_address, .destination = entry.peer, .protocol = kProtocolMobility});
}

void MobileNodeRoutes::send_care_of_test_init(BindingUpdateEntry& entry) {
  const auto care_of = registration_.registered_care_of();
  if (!care_of || !entry.care_of_test.rate.take(now())) return;
  around_.random.fill(entry.care_of_test.cookie);
  entry.care_of_test.sent = now();
  send(CareOfTestInit{.cookie = entry.care_of_test.cookie},
       {.source = *care_of, .destination = entry.peer, .protocol = kProtocolMobility});
}

void MobileNodeRoutes::send(const Message& message, const Departure& departure) {
  if (const auto octets = build_message(message, departure.source, departure.destination))
    around_.sender.send(departure, *octets);
}

void MobileNodeRoutes::tested(const Arrival& arrival, const HomeTest& test) {
  BindingUpdateEntry* const entry = find(arrival.source);
  if (entry == nullptr || !entry->home_test.in_progress() || entry->home_test.token) return;
  // Protected or not is policy's, and who else has a tunnel to here is no matter.
  const bool by_home_agent = arrival.tunnel && arrival.tunnel->source == registration_.home_agent();
  if (arrival.destination != settings_.home_address) return;
  if (!by_home_agent && !registration_.at_home()) return;
  if (!equal_in_constant_time(test.cookie, entry->home_test.cookie)) return;
  entry->home_test.token = test.token;
  entry->home_test.nonce_index = test.nonce_index;
  entry->home_test.received = now();
  entry->home_test.retry.stop();
  proceed(*entry);
}

void MobileNodeRoutes::tested(const Arrival& arrival, const CareOfTest& test) {
  BindingUpdateEntry* const entry = find(arrival.source);
  if (entry == nullptr || !entry->care_of_test.in_progress() || entry->care_of_test.token) return;
  const auto care_of = registration_.registered_care_of();
  if (!care_of || arrival.destination != *care_of) return;
  if (!equal_in_constant_time(test.cookie, entry->care_of_test.cookie)) return;
  entry->care_of_test.token = test.token;
  entry->care_of_test.nonce_index = test.nonce_index;
  entry->care_of_test.received = now();
  entry->care_of_test.retry.stop();
  proceed(*entry);
}

// With all the tokens that it takes.
void MobileNodeRoutes::proceed(BindingUpdateEntry& entry) {
  if (!has_tokens(entry)) return;
  entry.outstanding.clear();
  entry.retry.start(
      kPace, [this, &entry] { send_update(entry); }, [this, &entry] { give_up(entry); });
}

void MobileNodeRoutes::send_update(BindingUpdateEntry& entry) {
  const bool deletes = registration_.at_home();
  const auto registered = registration_.registered_care_of();
  if (!has_tokens(entry) || (!deletes && !registered) || !entry.rate.take(now())) return;
  const Address care_of = deletes ? settings_.home_address : *registered;
  BindingUpdate update{
      .sequence = static_cast<std::uint16_t>(entry.sequence + 1),
      .flags = {UpdateFlag::Acknowledge},
      .lifetime = deletes ? BindingLifetime{} : lifetime(),
      .options = {.nonce_indices = NonceIndices{.home = entry.home_test.nonce_index},
                  .authorization = Authenticator{}}};
  if (!deletes) update.options.nonce_indices->care_of = entry.care_of_test.nonce_index;
  auto octets = build_without_checksum(update);
  if (!octets || !routability_.authorize(*octets, key_of(entry),
                                         {.care_of = care_of, .correspondent = entry.peer}))
    return;
  set_checksum(*octets, settings_.home_address, entry.peer);
  Departure departure{
      .source = settings_.home_address, .destination = entry.peer, .protocol = kProtocolMobility};
  if (!deletes) departure.source_care_of = care_of;
  around_.sender.send(departure, *octets);
  entry.record({.sequence = update.sequence,
                .lifetime = update.lifetime,
                .sent = now(),
                .care_of = care_of});
}

bool MobileNodeRoutes::has_tokens(const BindingUpdateEntry& entry) const {
  return entry.home_test.token && (registration_.at_home() || entry.care_of_test.token);
}

BindingKey MobileNodeRoutes::key_of(const BindingUpdateEntry& entry) const {
  if (registration_.at_home()) return routability_.deletion_key(*entry.home_test.token);
  return routability_.binding_key(*entry.home_test.token, *entry.care_of_test.token);
}

// No longer than the home registration, nor than the protocol lets it (11.7.2, 5.2.7).
BindingLifetime MobileNodeRoutes::lifetime() {
  const Duration most = std::min(registration_.left(), kMostBindingLifetime);
  return std::max(std::chrono::duration_cast<BindingLifetime>(most), BindingLifetime{1});
}

}  // namespace sallyport::mip6
