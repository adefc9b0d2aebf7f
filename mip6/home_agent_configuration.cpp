// What a home agent is told by its operator, at the start and later: what is no longer served ends.
#include <algorithm>
#include <utility>

#include "mip6/home_agent.h"
#include "mip6/mobile_networks.h"

namespace sallyport::mip6 {

Expected<std::unique_ptr<HomeAgent>> HomeAgent::create(HomeAgentConfig config,
                                                       const Surroundings& around) {
  std::unique_ptr<HomeAgent> agent(new HomeAgent(around));
  if (auto configured = agent->configure(std::move(config)); !configured)
    return std::unexpected(configured.error());
  return agent;
}

Expected<void> HomeAgent::configure(HomeAgentConfig config) {
  auto nodes = ServedNodes::of(config.nodes, around_.random.u64());
  if (!nodes) return std::unexpected(nodes.error());
  // What is served on a link is served nowhere else.
  if (config_.link.port != kNoPort && config_.link.port != config.link.port) close();
  nodes_ = std::move(*nodes);
  config_ = std::move(config);
  end_where([this](const BindingEntry& entry) { return !may_go_on(entry); });
  set_prefixes(config_.link.prefixes);
  return {};
}

bool HomeAgent::may_go_on(const BindingEntry& entry) const {
  const ServedNode* const node = nodes_.find(entry.home_address);
  if (node == nullptr || !has_address(entry.own)) return false;
  const bool router = entry.flags.has(UpdateFlag::MobileRouter);
  if (router && !node->services.has(Service::MobileRouter)) return false;
  return std::ranges::all_of(
      entry.networks, [node](const Prefix& network) { return may_register(*node, network); });
}

void HomeAgent::end_where(const std::function<bool(const BindingEntry&)>& is_over) {
  std::vector<BindingEntry> over;
  around_.cache.for_each([&](const BindingEntry& entry) {
    if (entry.use == BindingUse::HomeAgent && is_over(entry)) over.push_back(entry);
  });
  for (const BindingEntry& entry : over) {
    around_.cache.erase(entry.home_address, entry.own);
    if (entry.valid) ended(entry);
  }
}

void HomeAgent::close() {
  pending_.clear();
  end_where([](const BindingEntry&) { return true; });
}

Expected<void> HomeAgent::adopt(BindingEntry entry, Duration left) {
  const bool taken = entry.flags.has(UpdateFlag::LinkLocalCompatible) &&
                     !rules_.may_have_link_local(entry.home_address);
  if (entry.use != BindingUse::HomeAgent || taken || !may_go_on(entry))
    return fail(Error::Code::Refused, to_string(entry.home_address) + " is not served here");
  if (!around_.cache.has_room(entry)) return fail(Error::Code::Exhausted, "no room for a binding");
  if (entry.valid) {
    if (lead(entry, std::nullopt))
      return fail(Error::Code::Refused, "no packet can be led to " + to_string(entry.home_address));
    serve(entry, std::nullopt);
  }
  if (auto put = around_.cache.put(entry, left); !put) return put;
  if (entry.valid) changed(entry, Change::Began);
  return {};
}

void HomeAgent::set_prefixes(std::vector<HomePrefix> prefixes) {
  config_.link.prefixes = std::move(prefixes);
  std::vector<std::pair<BindingEntry, Duration>> shorter;
  const Instant now = around_.clock.now();
  around_.cache.for_each([&](const BindingEntry& entry) {
    if (entry.use != BindingUse::HomeAgent || !entry.valid) return;
    if (nodes_.router_of(entry.home_address) != nullptr) return;
    const HomePrefix* const prefix = rules_.home_prefix(entry.home_address);
    const PrefixLifetime valid = prefix == nullptr ? PrefixLifetime{} : prefix->valid.left(now);
    if (valid != kForever && now + std::chrono::seconds(valid.count()) < entry.ends)
      shorter.emplace_back(entry, std::chrono::seconds(valid.count()));
  });
  for (const auto& [entry, left] : shorter)
    around_.cache.set_lifetime(entry.home_address, entry.own, left);
}

}  // namespace sallyport::mip6
