#include "dataplane/way.h"

#include <algorithm>

#include "dataplane/worker_context.h"

namespace sallyport {

LinkHeader::LinkHeader(const Port& port, LinkWord destination) noexcept
    : bytes_(port.link_bytes()) {
  std::array<std::uint8_t, kLinkRoom> octets{};
  std::uint8_t* next = std::ranges::copy(port.mac().bytes, &octets[kSourceAt]).out;
  if (const auto& vlan = port.settings().vlan) {
    store_be<std::uint16_t>(next, RTE_ETHER_TYPE_VLAN);
    store_be<std::uint16_t>(next + 2, *vlan);
    next += kVlanBytes;
  }
  store_be<std::uint16_t>(next, RTE_ETHER_TYPE_IPV4);
  std::memcpy(&front_, octets.data(), sizeof front_);
  std::memcpy(&middle_, &octets[kSourceAt], sizeof middle_);
  std::memcpy(&back_, &octets[bytes_ - sizeof back_], sizeof back_);
  lead_to(destination);
}

Way find_way(const NextHop& hop, const Address& destination, WorkerContext& my) noexcept {
  Way way;
  if (!hop.leads_on()) return way;
  way.queue = &my.ports[hop.port.value];
  const Port& port = way.queue->port();
  way.mtu = port.settings().mtu;
  way.neighbour = hop.kind == NextHop::Kind::OnLink ? destination : hop.gateway;
  const bool to_stack = hop.kind == NextHop::Kind::LocalStack;
  const LinkWord mac =
      to_stack ? link_word(port.stack_mac())
               : my.neighbours.find(hop.port, way.neighbour.family, way.neighbour.bytes);
  way.known = to_stack || mac != 0;
  way.header = {port, mac};
  return way;
}

}  // namespace sallyport
