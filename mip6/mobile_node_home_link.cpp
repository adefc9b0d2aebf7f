// The mobile node on its home link, and from one home agent to the next (RFC 6275 11.4.1, 11.5.5).
#include <algorithm>

#include "mip6/mobile_node_registration.h"
#include "mip6/unicast.h"

namespace sallyport::mip6 {
namespace {

// Of how many home agents a node remembers the addresses.
constexpr std::size_t kMostHomeAgents = 16;

}  // namespace

// Where the home agent may have a binding it defends the home address, which is then neither
// checked nor used before the update is out.
void MobileNodeRegistration::come_home() {
  asked_.reset();
  later_.cancel();
  BindingUpdateEntry* const known = entry();
  if (known != nullptr) known->retry.stop();
  const bool may_be_bound =
      known != nullptr && (known->is_bound(now()) || !known->outstanding.empty());
  asked_ = std::make_shared<int>();
  const auto current = std::weak_ptr(asked_);
  if (!may_be_bound)
    return around_.neighbours.detect(attachment_->link, settings_.home_address,
                                     [this, current](NeighbourProxy::Uniqueness uniqueness) {
                                       if (!current.expired()) home_address_checked(uniqueness);
                                     });
  home_agent_link_.reset();
  if (std::ranges::find(attachment_->router_addresses, *home_agent_) !=
      attachment_->router_addresses.end())
    home_agent_link_ = attachment_->router_link_address;
  if (home_agent_link_) return deregister_at_home();
  around_.discovery.find_defender(attachment_->link, settings_.home_address,
                                  [this, current](const std::optional<MacAddress>& found) {
                                    if (current.expired()) return;
                                    home_agent_link_ = found;
                                    deregister_at_home();
                                  });
}

void MobileNodeRegistration::home_address_checked(NeighbourProxy::Uniqueness uniqueness) {
  asked_.reset();
  if (uniqueness == NeighbourProxy::Uniqueness::Duplicate) {
    report(EventKind::Refused, "the home address is somebody else's");
    phase_ = Phase::Lost;
    return observer_.home_address_lost();
  }
  purpose_ = Purpose::Deregister;
  use_place();
  claim_home_address();
  observer_.returned();
}

void MobileNodeRegistration::deregister_at_home() {
  asked_.reset();
  start(Purpose::Deregister);
}

// From now on solicitations for it are answered, by unicast as to any neighbour.
void MobileNodeRegistration::claim_home_address() {
  if (claimed_ == attachment_->link) return;
  claimed_ = attachment_->link;
  around_.addresses.add(attachment_->link, {settings_.home_address, settings_.home_prefix.length});
}

void MobileNodeRegistration::finish_at_home() {
  BindingUpdateEntry* const known = entry();
  if (known != nullptr) {
    known->retry.stop();
    known->refresh.cancel();
    known->expiry.cancel();
    known->outstanding.clear();
    known->ends.reset();
  }
  purpose_ = Purpose::Deregister;
  use_place();
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

void MobileNodeRegistration::set_home_agents(std::vector<Address> home_agents) {
  if (home_agents.size() > kMostHomeAgents) home_agents.resize(kMostHomeAgents);
  home_agents_ = std::move(home_agents);
  failed_ = 0;
  allow_all();
  if (home_agents_.empty() || registered_care_of()) return;
  // The one that may still hold a binding is tried first, whatever the others are.
  if (left() == Duration{0}) use_home_agent(home_agents_.front());
  renew();
}

// The next home agent after a while, which is longer where all have failed.
void MobileNodeRegistration::fail_over(Duration soonest) {
  if (phase_ != Phase::Working) return;
  ++failed_;
  const bool all = failed_ >= home_agents_.size();
  if (all) failed_ = 0;
  try_later(all ? kMostBindingTimeout : soonest);
  if (all) observer_.no_home_agent();
}

void MobileNodeRegistration::try_later(Duration delay) {
  later_.set(delay, [this] {
    if (!attachment_) return;
    if (!at_home()) return try_next();
    if (purpose_ == Purpose::Deregister) start(Purpose::Deregister);
  });
}

// In their order, behind the one that was tried last; those that have refused us are left out.
void MobileNodeRegistration::try_next() {
  if (home_agents_.empty()) return renew();
  std::vector<Address> order = home_agents_;
  const auto tried = std::ranges::find(order, *home_agent_);
  if (tried != order.end()) std::ranges::rotate(order, std::next(tried));
  for (const Address& home_agent : order) {
    const BindingUpdateEntry* const known = list_.find(home_agent, settings_.home_address);
    if (known != nullptr && !known->may_send(now())) continue;
    use_home_agent(home_agent);
    return renew();
  }
}

void MobileNodeRegistration::use_home_agent(const Address& home_agent) {
  if (home_agent_ == home_agent) return;
  if (BindingUpdateEntry* const before = entry()) {
    if (tunnel_at_) {
      around_.tunnels.deactivate(ends());
      around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, home_agent_);
      tunnel_at_.reset();
    }
    before->retry.stop();
    before->refresh.cancel();
    before->expiry.cancel();
    if (before->may_send(now())) list_.remove(*home_agent_, settings_.home_address);
  }
  ike_at_.reset();
  home_agent_ = home_agent;
}

// A new place, or a new list, is worth another try.
void MobileNodeRegistration::allow_all() {
  for (const Address& home_agent : home_agents_)
    if (BindingUpdateEntry* const known = list_.find(home_agent, settings_.home_address))
      known->silent_until.reset();
}

}  // namespace sallyport::mip6
