// What correspondents answer, and what becomes of their entries in the end (RFC
// 6275 11.3.5, 11.3.6, 11.7.3, 11.7.4).
#include <algorithm>

#include "mip6/mobile_node_routes.h"
#include "mip6/sequence_number.h"

namespace sallyport::mip6 {
namespace {

using std::chrono::seconds;

constexpr unsigned kMostFailures = 3;  // of nonces that have expired: MAX_RO_FAILURE
// Then a correspondent that has failed may be asked again (11.3.5).
constexpr Duration kFailureSilence = seconds{600};
// A Binding Refresh Request so soon after an update is of no use, and perhaps not its peer's.
constexpr Duration kTooSoon = seconds{10};

bool is_about_nonces(BindingStatus status) noexcept {
  return status == BindingStatus::ExpiredHomeNonce || status == BindingStatus::ExpiredCareOfNonce ||
         status == BindingStatus::ExpiredNonces;
}

}  // namespace

void MobileNodeRoutes::acknowledged(const Arrival& arrival, ByteView octets,
                                    const BindingAcknowledgement& acknowledgement) {
  BindingUpdateEntry* const entry = find(arrival.source);
  if (entry == nullptr || entry->outstanding.empty()) return;
  if (arrival.destination != settings_.home_address || !has_tokens(*entry)) return;
  const auto* const update = entry->find_outstanding(acknowledgement.sequence);
  // These have no authenticator: that key is not theirs any more (9.5.4).
  if (is_about_nonces(acknowledgement.status)) {
    if (update != nullptr) nonces_expired(*entry, acknowledgement.status);
    return;
  }
  const AuthorizedAddresses addresses{.care_of = entry->outstanding.back().care_of,
                                      .correspondent = entry->peer};
  if (!routability_.is_authorized(octets, key_of(*entry), addresses)) return;
  if (acknowledgement.status == BindingStatus::SequenceOutOfWindow)
    return out_of_window(*entry, acknowledgement.sequence);
  if (update == nullptr) return;
  if (!is_accepted(acknowledgement.status)) return give_up(*entry);
  accepted(*entry, BindingUpdateEntry::Outstanding(*update), acknowledgement.lifetime);
}

void MobileNodeRoutes::nonces_expired(BindingUpdateEntry& entry, BindingStatus status) {
  if (++entry.failures > kMostFailures) return give_up(entry);
  stop(entry);
  if (status != BindingStatus::ExpiredCareOfNonce) entry.home_test.token.reset();
  if (status != BindingStatus::ExpiredHomeNonce) entry.care_of_test.token.reset();
  start(entry);
}

void MobileNodeRoutes::out_of_window(BindingUpdateEntry& entry, std::uint16_t last) {
  if (is_newer(entry.sequence, last)) return;  // answers an update older than the last one
  entry.sequence = last;
  stop(entry);
  start(entry);
}

void MobileNodeRoutes::accepted(BindingUpdateEntry& entry,
                                const BindingUpdateEntry::Outstanding& update,
                                BindingLifetime granted) {
  stop(entry);
  entry.failures = 0;
  if (update.lifetime == BindingLifetime{}) return remove(entry);
  entry.care_of = update.care_of;
  entry.ends = update.sent + std::min(update.lifetime, granted);
  const Duration left = entry.left(now());
  if (left == Duration{0}) return give_up(entry);
  entry.expiry.set(left, [this, &entry] { expired(entry); });
  entry.refresh.set(left * 3 / 4, [this, &entry] { refresh(entry); });
  use(entry);
}

void MobileNodeRoutes::use(BindingUpdateEntry& entry) {
  const auto set = around_.bindings.set({.use = BindingUse::MobileNode,
                                         .home_address = settings_.home_address,
                                         .care_of = entry.care_of,
                                         .peer = entry.peer});
  entry.in_use = set.has_value();
}

void MobileNodeRoutes::stop_using(BindingUpdateEntry& entry) {
  if (!entry.in_use) return;
  around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, entry.peer);
  entry.in_use = false;
}

// All that is under way; tokens stay.
void MobileNodeRoutes::stop(BindingUpdateEntry& entry) {
  entry.retry.stop();
  entry.home_test.retry.stop();
  entry.care_of_test.retry.stop();
  entry.outstanding.clear();
}

// What no packet has been led by may end.
void MobileNodeRoutes::refresh(BindingUpdateEntry& entry) {
  if (!entry.in_use || !registration_.registered_care_of()) return;
  if (around_.bindings.used(BindingUse::MobileNode, settings_.home_address, entry.peer))
    start(entry);
}

void MobileNodeRoutes::expired(BindingUpdateEntry& entry) {
  stop_using(entry);
  entry.ends.reset();
  const bool under_way =
      entry.retry.active() || entry.home_test.in_progress() || entry.care_of_test.in_progress();
  if (!under_way) remove(entry);
}

// Packets go by the home agent, and no update goes to this peer for a while.
void MobileNodeRoutes::give_up(BindingUpdateEntry& entry) {
  if (registration_.at_home()) return remove(entry);
  stop_using(entry);
  stop(entry);
  entry.refresh.cancel();
  entry.home_test.token.reset();
  entry.care_of_test.token.reset();
  entry.failures = 0;
  entry.silent_until = now() + kFailureSilence;
  entry.expiry.set(kFailureSilence, [this, &entry] { remove(entry); });
}

void MobileNodeRoutes::remove(const BindingUpdateEntry& entry) {
  if (entry.in_use)
    around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, entry.peer);
  list_.remove(Address(entry.peer), Address(entry.home_address));
}

void MobileNodeRoutes::refresh_requested(const Arrival& arrival) {
  BindingUpdateEntry* const entry = find(arrival.source);
  if (entry == nullptr || arrival.destination != settings_.home_address) return;
  if (!entry->in_use || now() - entry->sent < kTooSoon) return;
  start(*entry);
}

void MobileNodeRoutes::unknown_to(const Address& peer) {
  if (BindingUpdateEntry* const entry = find(peer); entry != nullptr && entry->may_send(now()))
    remove(*entry);
}

void MobileNodeRoutes::unsupported_by(const Address& peer) {
  BindingUpdateEntry* const entry = find(peer);
  if (entry == nullptr) return;
  const bool waiting =
      entry->retry.active() || entry->home_test.in_progress() || entry->care_of_test.in_progress();
  if (waiting) give_up(*entry);
}

void MobileNodeRoutes::shorten(Instant end) {
  if (!registration_.registered_care_of()) return;
  list_.for_each([this, end](BindingUpdateEntry& entry) {
    if (entry.in_use && entry.ends && *entry.ends > end) start(entry);
  });
}

}  // namespace sallyport::mip6
