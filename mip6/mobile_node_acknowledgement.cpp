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
         arrival.destination == settings_.home_address && is_protected(arrival);
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
  // What was asked for from another place says nothing of this one.
  if (update.care_of != care_of()) {
    if (is_accepted(acknowledgement.status) && acknowledgement.lifetime != BindingLifetime{})
      static_cast<void>(record(*known, update, acknowledgement));
    return;
  }
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
  if (asked_) return;  // what is under way now goes on from there
  known.retry.stop();
  start(purpose_);
}

void MobileNodeRegistration::accepted(BindingUpdateEntry& known,
                                      const BindingUpdateEntry::Outstanding& update,
                                      const BindingAcknowledgement& acknowledgement) {
  if (purpose_ == Purpose::Register && is_refusal(acknowledgement)) return;
  follow_with_ike(acknowledgement);
  if (purpose_ == Purpose::Deregister) return deleted();
  keep(known, update, acknowledgement);
}

// It says yes, and is of no use nevertheless.
bool MobileNodeRegistration::is_refusal(const BindingAcknowledgement& acknowledgement) {
  if (acknowledgement.lifetime == BindingLifetime{}) {
    rejected(BindingStatus::InsufficientResources);
    return true;
  }
  const bool routers_wanted = settings_.kind == NodeKind::Router;
  if (!routers_wanted || acknowledgement.flags.has(AcknowledgementFlag::MobileRouter)) return false;
  report(EventKind::Refused, "the home agent serves no mobile routers");
  start(Purpose::Deregister);  // and then another one (RFC 3963 5.4.2)
  return true;
}

// What the home agent has of us now; the lifetime that it granted.
Duration MobileNodeRegistration::record(BindingUpdateEntry& known,
                                        const BindingUpdateEntry::Outstanding& update,
                                        const BindingAcknowledgement& acknowledgement) {
  // max(remain - (asked - granted), 0) from the time of sending; more than asked is not taken.
  const Duration granted = std::min(update.lifetime, acknowledgement.lifetime);
  known.care_of = update.care_of;
  known.ends = update.sent + granted;
  known.expiry.set(std::max(*known.ends - now(), Duration{0}), [this] { expired(); });
  accepted_by_ = home_agent_;
  accepted_until_ = known.ends;
  return granted;
}

void MobileNodeRegistration::keep(BindingUpdateEntry& known,
                                  const BindingUpdateEntry::Outstanding& update,
                                  const BindingAcknowledgement& acknowledgement) {
  const bool was_bound = known.is_bound(now());
  const bool moved = known.care_of != update.care_of;
  const Duration granted = record(known, update, acknowledgement);
  known.refresh.set(std::max(refresh_delay(granted, acknowledgement.options.refresh_advice) -
                                 (now() - update.sent),
                             Duration{std::chrono::milliseconds{100}}),
                    [this] { renew(); });
  failed_ = 0;
  open_tunnel();
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
  const bool ends = purpose_ == Purpose::Deregister;
  // One home agent is left for another: its IKE SA has nowhere to go.
  if (ends && !at_home() && phase_ == Phase::Working) return;
  const Address place = ends ? settings_.home_address : care_of();
  if (ike_at_ == place) return;
  ike_at_ = place;
  // First: an IKE SA of where the tunnels are is none to drop.
  if (ends)
    close_tunnel();
  else
    open_tunnel();
  if (acknowledgement.flags.has(AcknowledgementFlag::KeyManagementMobility))
    return around_.ike.move(settings_.home_address, place);
  around_.ike.drop(settings_.home_address);
  if (purpose_ == Purpose::Register)
    around_.ike.prepare(settings_.home_address, *home_agent_, place, [](const Expected<void>&) {});
}

void MobileNodeRegistration::rejected(BindingStatus status) {
  report(EventKind::Refused, std::string(name_of(status)));
  BindingUpdateEntry* const known = entry();
  if (status == BindingStatus::DuplicateAddress && !is_held_by_another())
    return lose_home_address();
  if (purpose_ == Purpose::Deregister) {
    // It has no binding to delete: what we wanted. A lost acknowledgement leads here.
    if (status == BindingStatus::NotHomeAgent) return deleted();
    return try_later(kMostBindingTimeout);
  }
  const bool passes = is_passing(status) || status == BindingStatus::DuplicateAddress;
  if (known != nullptr && !passes) known->silent_until = Instant::max();
  fail_over(settings_.first_timeout);
}

void MobileNodeRegistration::deleted() {
  if (at_home()) return finish_at_home();
  if (BindingUpdateEntry* const known = entry()) {
    known->ends.reset();
    known->expiry.cancel();
  }
  accepted_until_.reset();
  report(EventKind::Deregistered);
  observer_.moving();
  // The tunnel stays until there is another: away from home nothing leaves in the clear.
  if (phase_ == Phase::Working) fail_over(settings_.first_timeout);
}

void MobileNodeRegistration::expired() {
  if (at_home()) {
    // Who has accepted us is the one to say that it is over: the answer is still asked for.
    if (accepted_until_) return report(EventKind::Expired);
    return finish_at_home();
  }
  report(EventKind::Expired);
  observer_.moving();
  renew();
}

// Another home agent of the link defends the home address until our binding with it ends.
bool MobileNodeRegistration::is_held_by_another() const {
  return accepted_by_ != home_agent_ && accepted_until_ && *accepted_until_ > now();
}

// Not to be used any more, by no means (11.7.1; MN-10). Away, the tunnel stays: what is still sent
// from it ends at the home agent, which knows of no binding.
void MobileNodeRegistration::lose_home_address() {
  phase_ = Phase::Lost;
  later_.cancel();
  leave_home();
  list_.remove(*home_agent_, settings_.home_address);
  observer_.moving();
  observer_.home_address_lost();
}

}  // namespace sallyport::mip6
