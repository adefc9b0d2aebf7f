#include "gateway/mip6_neighbours.h"

#include <utility>

namespace sallyport {

void Mip6Neighbours::detect(PortId link, const Address& address, Detected detected) {
  using Found = sallyport::NeighbourProxy::Uniqueness;
  control_.proxy().detect(
      link, address,
      [detected = std::move(detected)](Found found) {
        detected(found == Found::Unique ? Uniqueness::Unique : Uniqueness::Duplicate);
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

}  // namespace sallyport
