#include "mip6/discovery_answer.h"

#include <algorithm>
#include <utility>

namespace sallyport::mip6 {
namespace {

template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random.u32() % i]);
}

}  // namespace

HomeAgentDiscoveryReply answer_discovery(const HomeAgentDiscoveryRequest& request,
                                         std::vector<KnownHomeAgent> agents, Random& random) {
  HomeAgentDiscoveryReply reply{.identifier = request.identifier};
  if (request.mobile_router) {
    reply.mobile_router = std::ranges::any_of(agents, &KnownHomeAgent::mobile_router);
    if (reply.mobile_router)
      std::erase_if(agents, [](const KnownHomeAgent& agent) { return !agent.mobile_router; });
  }
  shuffle(agents, random);
  std::ranges::sort(agents, std::greater<>(), &KnownHomeAgent::preference);
  for (KnownHomeAgent& agent : agents) {
    shuffle(agent.addresses, random);
    for (const auto& global : agent.addresses) reply.home_agents.push_back(global.address);
  }
  if (reply.home_agents.size() > kMostDiscovered)
    reply.home_agents.resize(kMostDiscovered, Address::any(Family::V6));
  return reply;
}

}  // namespace sallyport::mip6
