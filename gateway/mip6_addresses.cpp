#include "gateway/mip6_addresses.h"

#include <algorithm>

namespace sallyport {

void Mip6Addresses::add(PortId link, const Prefix& address) {
  std::vector<Prefix>& addresses = links_.by_port[link].addresses;
  std::erase_if(addresses, [&](const Prefix& old) { return old.address == address.address; });
  addresses.insert(addresses.begin(), address);  // the newest speaks for us
  changed_();
}

void Mip6Addresses::remove(PortId link, const Address& address) {
  const auto same = [&](const Prefix& old) { return old.address == address; };
  if (std::erase_if(links_.by_port[link].addresses, same) != 0) changed_();
}

void Mip6Addresses::set_router(PortId link, const std::optional<Address>& router) {
  if (std::exchange(links_.by_port[link].router, router) != router) changed_();
}

std::array<std::uint8_t, 8> Mip6Addresses::interface_identifier(PortId link) const {
  const Address own = dataplane_.link_address(link).link_local();
  std::array<std::uint8_t, 8> identifier{};
  std::copy_n(own.bytes.begin() + 8, identifier.size(), identifier.begin());
  return identifier;
}

void Mip6Addresses::set_home_address(PortId link, const std::optional<Address>& home_address) {
  links_.home_link = link;
  if (std::exchange(links_.home_address, home_address) != home_address) changed_();
}

void Mip6Addresses::clear() {
  if (std::exchange(links_, {}) != VisitedLinks{}) changed_();
}

}  // namespace sallyport
