// What is so of policies by what they are for, and of nodes by what they have.
#include "gateway/config/mobility_policies.h"

namespace sallyport {

bool is_away_only(MobilityPart part) noexcept {
  switch (part) {
    case MobilityPart::ReturnRoutability:
    case MobilityPart::Multicast:
    case MobilityPart::Groups:
    case MobilityPart::Dhcp:
    case MobilityPart::Payload:
      return true;
    default:
      return false;
  }
}

bool needs_encryption(MobilityPart part) noexcept {
  return part == MobilityPart::ReturnRoutability || part == MobilityPart::Multicast ||
         part == MobilityPart::Dhcp || part == MobilityPart::Everything;
}

AddressRange groups_and_link_local() { return AddressRange::parse("fe00::/7").value(); }

std::vector<AddressRange> claims_of(const HomeNodeConfig& node) {
  std::vector<AddressRange> claims;
  for (const Address& address : node.home_addresses) claims.push_back({address, address});
  for (const Prefix& prefix : node.prefixes) claims.push_back(AddressRange::of(prefix));
  if (node.protection.multicast || node.protection.dhcp) claims.push_back(groups_and_link_local());
  return claims;
}

}  // namespace sallyport
