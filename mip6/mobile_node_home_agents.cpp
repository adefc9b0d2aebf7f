// From one home agent to the next (RFC 6275 11.4.1, RFC 5142 6.1).
#include <algorithm>

#include "mip6/mobile_node_registration.h"

namespace sallyport::mip6 {
namespace {

// Of how many home agents a node remembers the addresses.
constexpr std::size_t kMostHomeAgents = 16;
// One that does not want us is left alone until others were looked for, or so long.
constexpr Duration kUnwanted = std::chrono::minutes{10};

}  // namespace

bool MobileNodeRegistration::is_one_of_ours(const Address& home_agent) const {
  return std::ranges::find(home_agents_, home_agent) != home_agents_.end();
}

// Its binding is deleted first: that answers it (RFC 5142 6.1).
void MobileNodeRegistration::switch_to(std::vector<Address> home_agents) {
  BindingUpdateEntry* const known = entry();
  if (known == nullptr || !attachment_ || at_home() || phase_ != Phase::Working) return;
  if (home_agents.empty()) {
    known->silent_until = now() + kUnwanted;
  } else {
    if (home_agents.size() > kMostHomeAgents) home_agents.resize(kMostHomeAgents);
    home_agents_ = std::move(home_agents);
    allow_all();
  }
  failed_ = 0;
  later_.cancel();
  asked_.reset();
  start(Purpose::Deregister);
}

void MobileNodeRegistration::discovered(const std::vector<Address>& home_agents) {
  std::vector<Address> all = settings_.home_agents;
  const auto add = [&all](const Address& address) {
    if (all.size() < kMostHomeAgents && std::ranges::find(all, address) == all.end())
      all.push_back(address);
  };
  if (home_agent_ && left() != Duration{0}) add(*home_agent_);
  std::ranges::for_each(home_agents, add);
  const auto fresh = std::ranges::find_if(
      all, [this](const Address& address) { return !is_one_of_ours(address); });
  const std::optional<Address> next = fresh == all.end() ? std::nullopt : std::optional(*fresh);
  home_agents_ = std::move(all);
  for (const Address& address : home_agents)
    if (BindingUpdateEntry* const known = list_.find(address, settings_.home_address))
      known->silent_until.reset();
  if (!next || at_home() || registered_care_of()) return;
  failed_ = 0;
  // The one that may still hold a binding is tried first, whatever the others are.
  if (left() == Duration{0}) use_home_agent(*next);
  renew();
}

// The next home agent after a while, which is longer where all have failed.
void MobileNodeRegistration::fail_over(Duration soonest) {
  if (phase_ != Phase::Working) return;
  if (!home_agent_ || is_one_of_ours(*home_agent_)) ++failed_;
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
  try_later(kMostBindingTimeout);  // some are left alone for a while only
}

// The tunnel goes over to it with the update, or its acknowledgement.
void MobileNodeRegistration::use_home_agent(const Address& home_agent) {
  if (home_agent_ == home_agent) return;
  if (BindingUpdateEntry* const before = entry()) {
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
