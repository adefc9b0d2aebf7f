// What the home agent's answer makes of the registration (RFC 6275 11.7.3).
#include <algorithm>
#include <string>

#include "mip6/mobile_node_registration.h"
#include "mip6/sequence_number.h"

namespace sallyport::mip6 {
namespace {

// What may be otherwise when it is asked again.
bool is_passing(BindingStatus status) noexcept {
  return status == BindingStatus::Unspecified || status == BindingStatus::InsufficientResources;
}

// Well before the binding ends, and not all the time where it is short.
Duration refresh_delay(Duration lifetime, const std::optional<BindingLifetime>& advice) {
  constexpr Duration kLeast = std::chrono::seconds{1};
  Duration delay = lifetime * 3 / 4;
  if (advice && *advice != BindingLifetime{}) delay = std::min<Duration>(delay, *advice);
  return std::max(delay, kLeast);
}

}  // namespace

bool MobileNodeRegistration::is_from_home_agent(const Arrival& arrival) const {
  return home_agent_ && arrival.source == *home_agent_ &&
         arrival.destination == settings_.home_address && arrival.protection == Protection::Ipsec;
}

void MobileNodeRegistration::acknowledged(const Arrival& arrival,
                                          const BindingAcknowledgement& acknowledgement) {
  BindingUpdateEntry* const known = entry();
  if (known == nullptr || known->outstanding.empty() || !attachment_) return;
  if (!is_from_home_agent(arrival)) return;
  if (acknowledgement.status == BindingStatus::SequenceOutOfWindow)
    return out_of_window(*known, acknowledgement.sequence);
  const auto* const found = known->find_outstanding(acknowledgement.sequence);
  if (found == nullptr) return;
  const BindingUpdateEntry::Outstanding update = *found;
  known->outstanding.clear();
  known->retry.stop();
  if (is_accepted(acknowledgement.status)) return accepted(*known, update, acknowledgement);
  rejected(acknowledgement.status);
}

// The number that the home agent had last is where ours goes on. What answers an update older than
// one that went out meanwhile is no news.
void MobileNodeRegistration::out_of_window(BindingUpdateEntry& known, std::uint16_t last) {
  if (is_newer(known.sequence, last)) return;
  known.sequence = last;
  known.retry.stop();
  start(purpose_);
}

void MobileNodeRegistration::accepted(BindingUpdateEntry& known,
                                      const BindingUpdateEntry::Outstanding& update,
                                      const BindingAcknowledgement& acknowledgement) {
  follow_with_ike(acknowledgement);
  if (purpose_ == Purpose::Deregister) return deleted();
  if (acknowledgement.lifetime == BindingLifetime{})
    return rejected(BindingStatus::InsufficientResources);
  const bool routers_wanted = settings_.kind == NodeKind::Router;
  if (routers_wanted && !acknowledgement.flags.has(AcknowledgementFlag::MobileRouter)) {
    report(EventKind::Refused, "the home agent serves no mobile routers");
    return start(Purpose::Deregister);  // and then another one (RFC 3963 5.4.2)
  }
  keep(known, update, acknowledgement);
}

void MobileNodeRegistration::keep(BindingUpdateEntry& known,
                                  const BindingUpdateEntry::Outstanding& update,
                                  const BindingAcknowledgement& acknowledgement) {
  const bool was_bound = known.is_bound(now());
  const bool moved = known.care_of != update.care_of;
  // max(remain - (asked - granted), 0) from the time of sending; more than asked is not taken.
  const Duration granted = std::min(update.lifetime, acknowledgement.lifetime);
  known.care_of = update.care_of;
  known.ends = update.sent + granted;
  const Duration left = std::max(*known.ends - now(), Duration{0});
  known.expiry.set(left, [this] { expired(); });
  known.refresh.set(std::max(refresh_delay(granted, acknowledgement.options.refresh_advice) -
                                 (now() - update.sent),
                             Duration{std::chrono::milliseconds{100}}),
                    [this] { renew(); });
  accepted_by_ = home_agent_;
  failed_ = 0;
  use_place();
  EventKind kind = EventKind::Refreshed;
  if (!was_bound)
    kind = EventKind::Registered;
  else if (moved)
    kind = EventKind::Moved;
  report(kind);
  if (acknowledgement.status == BindingStatus::AcceptedPrefixDiscovery)
    observer_.prefixes_changed();
  observer_.registered();
}

// K: our end of the IKE SA goes where we are. Without it the one that begins elsewhere is of no use
// any more, and a new one is made (11.7.3; MAPI-06).
void MobileNodeRegistration::follow_with_ike(const BindingAcknowledgement& acknowledgement) {
  const Address place = purpose_ == Purpose::Deregister ? settings_.home_address : care_of();
  if (ike_at_ == place) return;
  ike_at_ = place;
  if (acknowledgement.flags.has(AcknowledgementFlag::KeyManagementMobility))
    return around_.ike.move(settings_.home_address, place);
  around_.ike.drop(settings_.home_address);
  if (purpose_ == Purpose::Register)
    around_.ike.prepare(settings_.home_address, *home_agent_, place, [](const Expected<void>&) {});
}

void MobileNodeRegistration::rejected(BindingStatus status) {
  report(EventKind::Refused, std::string(name_of(status)));
  BindingUpdateEntry* const known = entry();
  if (status == BindingStatus::DuplicateAddress) return lose_home_address();
  if (purpose_ == Purpose::Deregister) {
    // It has no binding to delete: what we wanted. A lost acknowledgement leads here.
    if (status == BindingStatus::NotHomeAgent) return deleted();
    return try_later(kMostBindingTimeout);
  }
  if (known != nullptr && !is_passing(status)) known->silent_until = Instant::max();
  fail_over(settings_.first_timeout);
}

void MobileNodeRegistration::deleted() {
  if (at_home()) return finish_at_home();
  if (BindingUpdateEntry* const known = entry()) {
    known->ends.reset();
    known->expiry.cancel();
  }
  use_place();
  report(EventKind::Deregistered);
  if (phase_ == Phase::Working) fail_over(settings_.first_timeout);
}

void MobileNodeRegistration::expired() {
  if (at_home()) return finish_at_home();
  report(EventKind::Expired);
  observer_.moving();
  renew();
}

// Not to be used any more, by no means (11.7.1; MN-10).
void MobileNodeRegistration::lose_home_address() {
  phase_ = Phase::Lost;
  later_.cancel();
  purpose_ = Purpose::Deregister;
  use_place();
  leave_home();
  list_.remove(*home_agent_, settings_.home_address);
  observer_.home_address_lost();
}

}  // namespace sallyport::mip6
