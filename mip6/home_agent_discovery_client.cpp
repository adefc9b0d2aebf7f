#include "mip6/home_agent_discovery_client.h"

#include <algorithm>
#include <array>

#include "mip6/unicast.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

// RFC 6275 12: INITIAL_DHAAD_TIMEOUT, DHAAD_RETRIES.
constexpr Duration kFirstDiscoveryWait = std::chrono::seconds{3};
constexpr unsigned kDiscoveryRetries = 4;
// The last is waited for as long as doubling has it: 3, 6, 12, 24 and 48 seconds.
constexpr Duration kMostWait = kFirstDiscoveryWait * 16;

}  // namespace

HomeAgentDiscoveryClient::HomeAgentDiscoveryClient(const MobileNodeSurroundings& surroundings,
                                                   const MobileNodeSettings& settings, Found found)
    : around_(surroundings),
      settings_(settings),
      found_(std::move(found)),
      retry_(surroundings.timers) {}

void HomeAgentDiscoveryClient::start(const Address& care_of) {
  if (retry_.active() && care_of == care_of_) return;
  care_of_ = care_of;
  std::array<std::uint8_t, 2> random{};
  around_.random.fill(random);
  identifier_ = load_be<std::uint16_t>(random.data());
  retry_.start(
      {.first = kFirstDiscoveryWait, .most = kMostWait, .retries = kDiscoveryRetries},
      [this] { send(); }, [this] { found_({}); });
}

void HomeAgentDiscoveryClient::send() {
  const Address everyone = home_agents_anycast(settings_.home_prefix);
  around_.sender.send(
      {.source = care_of_, .destination = everyone, .protocol = kProtocolIcmpv6},
      build_discovery_message(
          HomeAgentDiscoveryRequest{.identifier = identifier_,
                                    .mobile_router = settings_.kind == NodeKind::Router},
          care_of_, everyone));
}

void HomeAgentDiscoveryClient::receive(const Arrival& arrival,
                                       const HomeAgentDiscoveryReply& reply) {
  if (!retry_.active() || reply.identifier != identifier_) return;
  if (arrival.destination != care_of_) return;
  // Home agents that serve no routers are none for a router (RFC 3963 7.2).
  if (settings_.kind == NodeKind::Router && !reply.mobile_router) return;
  std::vector<Address> home_agents = reply.home_agents;
  std::erase_if(home_agents, [](const Address& address) { return !address.is_unicast_routable(); });
  if (home_agents.empty()) return;
  retry_.stop();
  found_(std::move(home_agents));
}

}  // namespace sallyport::mip6
