#include "gateway/mip6_neighbours.h"

#include <algorithm>
#include <utility>

#include "mip6/router_solicitation.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

// RFC 4861 10: MAX_RTR_SOLICITATIONS, RTR_SOLICITATION_INTERVAL.
constexpr unsigned kSolicitations = 3;
constexpr Duration kSolicitationInterval = std::chrono::seconds(4);
constexpr std::uint8_t kOfThisLink = 255;  // hop limit

}  // namespace

void Mip6Neighbours::detect(PortId link, const Address& address, Detected detected) {
  using Outcome = sallyport::NeighbourProxy::Uniqueness;
  control_.proxy().detect(
      link, address,
      [detected = std::move(detected)](Outcome found) {
        detected(found == Outcome::Unique ? Uniqueness::Unique : Uniqueness::Duplicate);
      },
      clock_.now());
}

void Mip6Neighbours::serve(PortId link, const Address& address, Role role) {
  using Speaks = sallyport::NeighbourProxy::Role;
  control_.proxy().serve(link, address, role == Role::Router ? Speaks::Router : Speaks::Host,
                         clock_.now());
}

void Mip6Neighbours::stop(PortId link, const Address& address) {
  control_.proxy().stop(link, address);
}

void Mip6Neighbours::solicit(PortId link) {
  heard(link);
  soliciting_[link].left = kSolicitations;
  send_solicitation(link);
}

void Mip6Neighbours::heard(PortId link) {
  const auto ended = soliciting_.extract(link);
  if (ended) timers_.cancel(ended.mapped().timer);
}

void Mip6Neighbours::send_solicitation(PortId link) {
  const MacAddress mac = dataplane_.link_address(link);
  const Address source = mac.link_local();
  const mip6::Octets octets = mip6::build_router_solicitation(source, mac);
  control_.send_mobility({.source = source,
                          .destination = all_routers(),
                          .protocol = kProtocolIcmpv6,
                          .hop_limit = kOfThisLink,
                          .link = LinkDestination{link, multicast_mac(all_routers())},
                          .octets = octets});
  Soliciting& soliciting = soliciting_.at(link);
  if (--soliciting.left == 0) return static_cast<void>(soliciting_.erase(link));
  soliciting.timer =
      timers_.after(kSolicitationInterval, [this, link] { send_solicitation(link); });
}

// At the link address where it was last, if that is known.
void Mip6Neighbours::probe(PortId link, const Address& router, Probed probed) {
  std::optional<MacAddress> known;
  for (const NeighbourFacts& neighbour : control_.neighbours(clock_.now()))
    if (neighbour.port == link && neighbour.address == router) known = neighbour.mac;
  control_.questions().ask(
      {.port = link, .target = router, .asker = NeighbourQuestions::Asker::Known, .known = known},
      [probed = std::move(probed)](const std::optional<MacAddress>& found) {
        probed(found ? Reachability::Reachable : Reachability::Unreachable);
      },
      clock_.now());
}

void Mip6Neighbours::find_defender(PortId link, const Address& address, Found found) {
  control_.questions().ask(
      {.port = link, .target = address, .asker = NeighbourQuestions::Asker::Nobody},
      std::move(found), clock_.now());
}

void Mip6Neighbours::announce(PortId link, const Address& address) {
  control_.proxy().announce(link, address, clock_.now());
}

}  // namespace sallyport
