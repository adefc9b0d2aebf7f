// The mobile node on its home link (RFC 6275 11.5.5).
#include <algorithm>

#include "mip6/mobile_node_registration.h"
#include "mip6/unicast.h"

namespace sallyport::mip6 {
namespace {

// Between two checks of a home address that was somebody else's.
constexpr Duration kFirstCheckDelay = std::chrono::seconds{1};
constexpr Duration kMostCheckDelay = std::chrono::seconds{32};

}  // namespace

// Where the home agent may have a binding it defends the home address, which is then neither
// checked nor used before the update is out.
void MobileNodeRegistration::come_home() {
  if (BindingUpdateEntry* const known = entry()) known->retry.stop();
  home_agent_link_.reset();
  const auto& routers = attachment_->router_addresses;
  if (home_agent_ && std::ranges::find(routers, *home_agent_) != routers.end())
    home_agent_link_ = attachment_->router_link_address;
  if (!may_be_bound()) return check_home_address();
  if (home_agent_link_) return deregister_at_home();
  asked_ = std::make_shared<int>();
  const auto current = std::weak_ptr(asked_);
  around_.discovery.find_defender(attachment_->link, settings_.home_address,
                                  [this, current](const std::optional<MacAddress>& found) {
                                    if (current.expired()) return;
                                    home_agent_link_ = found;
                                    deregister_at_home();
                                  });
}

// A binding that was told, or the one that an update has made which is not answered yet: then it is
// waited for until that would have ended.
bool MobileNodeRegistration::may_be_bound() {
  BindingUpdateEntry* const known = entry();
  if (known == nullptr) return false;
  std::optional<Instant> latest;
  for (const BindingUpdateEntry::Outstanding& update : known->outstanding)
    if (const Instant end = update.sent + update.lifetime; end > now())
      latest = std::max(latest.value_or(end), end);
  if (known->is_bound(now())) latest = std::max(latest.value_or(*known->ends), *known->ends);
  if (!latest) return false;
  known->expiry.set(*latest - now(), [this] { expired(); });
  return true;
}

void MobileNodeRegistration::check_home_address() {
  asked_ = std::make_shared<int>();
  around_.neighbours.detect(
      attachment_->link, settings_.home_address,
      [this, current = std::weak_ptr(asked_)](NeighbourProxy::Uniqueness uniqueness) {
        if (!current.expired()) home_address_checked(uniqueness);
      });
}

// That somebody of the link has it is nobody's word that counts: the home agent's before we were
// started anew, perhaps, or a link that is none of ours. It is not used here, and checked again.
void MobileNodeRegistration::home_address_checked(NeighbourProxy::Uniqueness uniqueness) {
  asked_.reset();
  if (uniqueness == NeighbourProxy::Uniqueness::Duplicate) {
    report(EventKind::Refused, "the home address is somebody else's on this link");
    leave_home();
    check_delay_ = std::clamp(2 * check_delay_, kFirstCheckDelay, kMostCheckDelay);
    return later_.set(check_delay_, [this] { check_home_address(); });
  }
  claim_home_address();
  // A home agent that has accepted us once is asked, for the home prefix may be anybody's here.
  if (accepted_until_ && home_agent_) return deregister_at_home();
  purpose_ = Purpose::Deregister;
  close_tunnel();
  observer_.returned();
}

void MobileNodeRegistration::deregister_at_home() {
  asked_.reset();
  start(Purpose::Deregister);
}

// From now on solicitations for it are answered, by unicast as to any neighbour.
void MobileNodeRegistration::claim_home_address() {
  if (claimed_ == attachment_->link) return;
  leave_home();
  claimed_ = attachment_->link;
  around_.addresses.add(attachment_->link, {settings_.home_address, settings_.home_prefix.length});
}

void MobileNodeRegistration::finish_at_home() {
  asked_.reset();
  BindingUpdateEntry* const known = entry();
  if (known != nullptr) {
    known->retry.stop();
    known->refresh.cancel();
    known->expiry.cancel();
    known->outstanding.clear();
    known->ends.reset();
  }
  accepted_until_.reset();
  purpose_ = Purpose::Deregister;
  close_tunnel();
  claim_home_address();
  const PortId link = attachment_->link;
  const Prefix local{link_local_of(settings_.home_address), 64};
  around_.discovery.announce(link, settings_.home_address);
  around_.discovery.announce(link, address_of(local, around_.addresses.interface_identifier(link)));
  report(EventKind::Deregistered);
  observer_.returned();
}

void MobileNodeRegistration::leave_home() {
  if (!claimed_) return;
  around_.addresses.remove(*claimed_, settings_.home_address);
  claimed_.reset();
}

}  // namespace sallyport::mip6
