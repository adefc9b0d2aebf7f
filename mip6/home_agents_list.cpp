#include "mip6/home_agents_list.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

using GlobalAddress = KnownHomeAgent::GlobalAddress;

void take_address(KnownHomeAgent& agent, const PrefixInformation& prefix, Instant now) {
  const Address& address = prefix.prefix.address;
  if (!prefix.flags.has(PrefixFlag::RouterAddress) || !address.is_unicast_routable()) return;
  const Instant ends =
      prefix.valid == kForever ? Instant::max() : now + std::chrono::seconds(prefix.valid.count());
  const auto known = std::ranges::find(agent.addresses, address, &GlobalAddress::address);
  if (known != agent.addresses.end())
    known->ends = ends;
  else if (agent.addresses.size() < HomeAgentsList::kMostAddresses)
    agent.addresses.push_back({address, ends});
}

}  // namespace

void HomeAgentsList::hear(const RouterAdvertisement& advertisement) {
  forget_ended();
  const auto found = std::ranges::find(agents_, advertisement.source, &KnownHomeAgent::link_local);
  const auto& information = advertisement.home_agent;
  const RouterLifetime lifetime = information ? information->lifetime : advertisement.lifetime;
  if (!advertisement.flags.has(RouterFlag::HomeAgent) || lifetime == RouterLifetime{}) {
    if (found != agents_.end()) agents_.erase(found);
    return;
  }
  if (found == agents_.end() && agents_.size() >= kMost) return;
  KnownHomeAgent& agent =
      found != agents_.end()
          ? *found
          : agents_.emplace_back(KnownHomeAgent{.link_local = advertisement.source});
  agent.preference = information ? information->preference : std::uint16_t{0};
  agent.mobile_router = information && information->mobile_router;
  agent.managed = advertisement.flags.has(RouterFlag::Managed);
  agent.other = advertisement.flags.has(RouterFlag::Other);
  agent.ends = clock_.now() + lifetime;
  for (const PrefixInformation& prefix : advertisement.prefixes)
    take_address(agent, prefix, clock_.now());
}

std::vector<KnownHomeAgent> HomeAgentsList::present() const {
  HomeAgentsList now(*this);
  now.forget_ended();
  return std::move(now.agents_);
}

void HomeAgentsList::forget_ended() {
  const Instant now = clock_.now();
  const auto has_ended = [now](const auto& what) { return what.ends <= now; };
  std::erase_if(agents_, has_ended);
  for (KnownHomeAgent& agent : agents_) std::erase_if(agent.addresses, has_ended);
}

}  // namespace sallyport::mip6
