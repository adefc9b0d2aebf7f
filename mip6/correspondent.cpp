#include "mip6/correspondent.h"

#include <algorithm>
#include <string>

#include "mip6/acknowledge.h"
#include "mip6/build_message.h"
#include "mip6/sequence_number.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr Duration kMostLifetime = std::chrono::seconds{420};  // RFC 6275 12

Departure reply_to(const Arrival& arrival) noexcept {
  return {
      .source = arrival.destination, .destination = arrival.source, .protocol = kProtocolMobility};
}

BindingLifetime granted(BindingLifetime asked, Duration most) noexcept {
  return std::min(asked,
                  std::chrono::duration_cast<BindingLifetime>(std::min(most, kMostLifetime)));
}

}  // namespace

Correspondent::Correspondent(const Surroundings& around, Settings settings)
    : around_(around),
      settings_(settings),
      routability_(around.sha1),
      nonces_(around.clock, around.random),
      answers_(RateLimit::per_second(settings.answers_per_second, settings.answers_per_second,
                                     kInstantHertz)),
      retired_(settings.most_sequences, CorrespondentNonces::kLifetime) {
  around_.cache.on_end(BindingUse::Correspondent,
                       [this](const BindingEntry& entry, BindingEnd) { ended(entry); });
}

Correspondent::~Correspondent() {
  around_.cache.on_end(BindingUse::Correspondent, {});
  std::vector<Key> ours;
  around_.cache.for_each([&](const BindingEntry& entry) {
    if (entry.use == BindingUse::Correspondent) ours.emplace_back(entry.home_address, entry.own);
  });
  for (const auto& [home_address, own] : ours) {
    around_.cache.erase(home_address, own);
    around_.table.remove(BindingUse::Correspondent, home_address, own);
  }
}

void Correspondent::receive(const Arrival& arrival, const Message& message, ByteView octets) {
  if (settings_.route_optimisation == RouteOptimisation::Off) return;
  if (const auto* const test = std::get_if<HomeTestInit>(&message))
    answer<HomeTest>(arrival, test->cookie, &ReturnRoutability::home_token);
  if (const auto* const test = std::get_if<CareOfTestInit>(&message))
    answer<CareOfTest>(arrival, test->cookie, &ReturnRoutability::care_of_token);
  if (const auto* const update = std::get_if<BindingUpdate>(&message))
    take(arrival, *update, octets);
}

bool Correspondent::may_answer() {
  return answers_.allow(static_cast<std::uint64_t>(around_.clock.now().time_since_epoch().count()));
}

// Neither from a home address by option, nor to one by routing header (9.4.1, 9.4.2, 6.1).
bool Correspondent::may_test(const Arrival& arrival) {
  if (arrival.source_care_of || arrival.destination_care_of) return false;
  if (!arrival.source.is_unicast_routable() || !arrival.destination.is_unicast_routable())
    return false;
  return may_answer();
}

template <class Test>
void Correspondent::answer(const Arrival& arrival, const Cookie& cookie, TokenOf token_of) {
  if (!may_test(arrival)) return;
  const auto& nonce = nonces_.current();
  const Test answer{
      .nonce_index = nonce.index,
      .cookie = cookie,
      .token = (routability_.*token_of)(nonces_.node_key(), arrival.source, nonce.value)};
  if (const auto octets = build_message(answer, arrival.destination, arrival.source))
    around_.sender.send(reply_to(arrival), *octets);
}

void Correspondent::take(const Arrival& arrival, const BindingUpdate& update, ByteView octets) {
  if (!arrival.source.is_unicast_routable() || !arrival.wire_source().is_unicast_routable() ||
      !arrival.destination.is_unicast_routable())
    return;
  if (!update.options.nonce_indices || !update.options.authorization) return;
  Request request{.arrival = arrival,
                  .update = update,
                  .home_address = arrival.source,
                  .care_of = update.options.alternate_care_of.value_or(arrival.wire_source()),
                  .deletes = update.lifetime == BindingLifetime{},
                  .key = {}};
  if (request.deletes) request.care_of = request.home_address;
  const bool may_be_there =
      request.care_of.is_unicast_routable() && request.care_of != request.home_address;
  if (!request.deletes && !may_be_there) return;
  if (const auto expired = find_key(request))
    return acknowledge(request, {.status = *expired, .sequence = update.sequence});
  if (!routability_.is_authorized(
          octets, request.key, {.care_of = request.care_of, .correspondent = arrival.destination}))
    return;
  process(request);
}

// What is wrong with the nonces, or the key that they make.
std::optional<BindingStatus> Correspondent::find_key(Request& request) {
  const NonceIndices& indices = *request.update.options.nonce_indices;
  const auto* const home_nonce = nonces_.find(indices.home);
  const auto* const care_of_nonce = request.deletes ? home_nonce : nonces_.find(indices.care_of);
  if (home_nonce == nullptr)
    return care_of_nonce == nullptr && !request.deletes ? BindingStatus::ExpiredNonces
                                                        : BindingStatus::ExpiredHomeNonce;
  if (care_of_nonce == nullptr) return BindingStatus::ExpiredCareOfNonce;
  const KeygenToken home =
      routability_.home_token(nonces_.node_key(), request.home_address, home_nonce->value);
  request.key = request.deletes
                    ? routability_.deletion_key(home)
                    : routability_.binding_key(
                          home, routability_.care_of_token(nonces_.node_key(), request.care_of,
                                                           care_of_nonce->value));
  return std::nullopt;
}

std::optional<std::uint16_t> Correspondent::last_sequence(const Key& key) {
  if (const BindingEntry* const entry = around_.cache.find(key.first, key.second))
    return entry->sequence;
  return retired_.find(key, around_.clock.now());
}

// One that is authorized.
void Correspondent::process(const Request& request) {
  const Key key{request.home_address, request.arrival.destination};
  const std::uint16_t sequence = request.update.sequence;
  const auto last = last_sequence(key);
  if (last && !is_newer(sequence, *last))
    return acknowledge(request, {.status = BindingStatus::SequenceOutOfWindow, .sequence = *last});
  const BindingEntry* const entry = around_.cache.find(key.first, key.second);
  if (entry != nullptr && entry->use != BindingUse::Correspondent)
    return acknowledge(request,
                       {.status = BindingStatus::TypeChangeDisallowed, .sequence = sequence});
  if (request.deletes) {
    forget(request);
    return acknowledge(request, {.status = BindingStatus::Accepted, .sequence = sequence});
  }
  const BindingLifetime lifetime = granted(request.update.lifetime, settings_.most_lifetime);
  const BindingStatus status = cache(request, lifetime);
  acknowledge(request, {.status = status, .sequence = sequence, .lifetime = lifetime});
}

BindingStatus Correspondent::cache(const Request& request, Duration lifetime) {
  const Key key{request.home_address, request.arrival.destination};
  const BindingEntry* const before = around_.cache.find(key.first, key.second);
  EventKind kind = EventKind::Registered;
  if (before != nullptr)
    kind = before->care_of == request.care_of ? EventKind::Refreshed : EventKind::Moved;
  const auto put = around_.cache.put({.use = BindingUse::Correspondent,
                                      .home_address = request.home_address,
                                      .own = request.arrival.destination,
                                      .care_of = request.care_of,
                                      .sequence = request.update.sequence,
                                      .flags = request.update.flags},
                                     lifetime);
  const auto set = around_.table.set({.use = BindingUse::Correspondent,
                                      .home_address = request.home_address,
                                      .care_of = request.care_of,
                                      .peer = request.arrival.destination});
  if (!put || !set) {
    forget(request);
    return BindingStatus::InsufficientResources;
  }
  retired_.erase(key);
  Alarm& refresh = refreshes_.try_emplace(key, around_.timers).first->second;
  refresh.set(lifetime * 7 / 8, [this, key] { ask_for_refresh(key); });
  report(kind, request);
  return BindingStatus::Accepted;
}

void Correspondent::forget(const Request& request) {
  const Key key{request.home_address, request.arrival.destination};
  const bool was_there = around_.cache.find(key.first, key.second) != nullptr;
  around_.cache.erase(key.first, key.second);
  around_.table.remove(BindingUse::Correspondent, key.first, key.second);
  refreshes_.erase(key);
  retire(key, request.update.sequence);
  if (was_there) report(EventKind::Deregistered, request);
}

// Where there is no room for one more, tokens go that would make its update good again (5.2.8).
void Correspondent::retire(const Key& key, std::uint16_t sequence) {
  if (retired_.put(key, sequence, around_.clock.now())) return;
  retired_.clear();
  nonces_.forget_all();
}

void Correspondent::ended(const BindingEntry& entry) {
  const Key key{entry.home_address, entry.own};
  around_.table.remove(BindingUse::Correspondent, key.first, key.second);
  refreshes_.erase(key);
  retire(key, entry.sequence);
  around_.events.report({.kind = EventKind::Expired,
                         .home_address = entry.home_address,
                         .care_of = entry.care_of,
                         .peer = entry.own});
}

// Where packets are led by it (9.5.5): to the home address, past the binding.
void Correspondent::ask_for_refresh(const Key& key) {
  const auto& [home_address, own] = key;
  if (!around_.table.used(BindingUse::Correspondent, home_address, own)) return;
  if (const auto octets = build_message(BindingRefreshRequest{}, own, home_address))
    around_.sender.send({.source = own, .destination = home_address, .protocol = kProtocolMobility},
                        *octets);
}

void Correspondent::acknowledge(const Request& request, const Answer& answer) {
  if (!is_accepted(answer.status)) report(EventKind::Refused, request, name_of(answer.status));
  const bool wanted = request.update.flags.has(UpdateFlag::Acknowledge);
  if (is_accepted(answer.status) && !wanted) return;
  if (!may_answer()) return;
  const Departure departure = acknowledgement_departure(request.arrival);
  BindingAcknowledgement message{.status = answer.status, .sequence = answer.sequence};
  if (is_accepted(answer.status)) message.lifetime = answer.lifetime;
  if (request.key.empty()) {  // the nonces have expired
    if (const auto octets = build_message(message, departure.source, departure.destination))
      around_.sender.send(departure, *octets);
    return;
  }
  message.options.authorization = Authenticator{};
  auto octets = build_without_checksum(message);
  if (!octets || !routability_.authorize(
                     *octets, request.key,
                     {.care_of = request.care_of, .correspondent = request.arrival.destination}))
    return;
  set_checksum(*octets, departure.source, departure.destination);
  around_.sender.send(departure, *octets);
}

void Correspondent::report(EventKind kind, const Request& request, std::string_view detail) {
  around_.events.report({.kind = kind,
                         .home_address = request.home_address,
                         .care_of = request.care_of,
                         .peer = request.arrival.destination,
                         .detail = std::string(detail)});
}

}  // namespace sallyport::mip6
