// What a home agent answers to who looks for one (RFC 6275 10.5.1, RFC 3963 7.2; DHAAD-02,
// DHAAD-04, NEMO-05).
#pragma once

#include "base/random.h"
#include "mip6/home_agent_discovery.h"
#include "mip6/home_agents_list.h"

namespace sallyport::mip6 {

// So many addresses fit a packet of 1 280 octets behind the IPv6 header.
inline constexpr std::size_t kMostDiscovered = (1280 - 40 - 8) / 16;

// All addresses of `agents`, ourselves among them: the greatest preference first, home agents of
// the same one in a new random order each time, as one's addresses are. A router hears of those
// that serve routers, or where there is none of all.
[[nodiscard]] HomeAgentDiscoveryReply answer_discovery(const HomeAgentDiscoveryRequest& request,
                                                       std::vector<KnownHomeAgent> agents,
                                                       Random& random);

}  // namespace sallyport::mip6
