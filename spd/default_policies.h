// The bypass entries that every gateway ships with (RFC 4301 5.2 step 2; ARCH-09): ordinary named
// policies, which the operator sees and may leave out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/icmp_kinds.h"
#include "spd/policy.h"

namespace sallyport {

enum class Mobility : std::uint8_t { Off, On };

struct DefaultPolicyScope {
  SpdId spd{};
  std::string prefix{"default"};  // of the policies' names: "default-ike"
  // The gateway's own: only they speak IKE in the clear. A host behind the gateway that sends from
  // port 500 is no exception to anything. Empty: no IKE entry.
  std::vector<Address> own;
  // ICMP errors that the gateway listens to (RFC 4301 6.1.1): they may come in, addressed to it.
  std::vector<IcmpKind> icmp_errors{};
  Mobility mobility{Mobility::Off};  // On: DHAAD as well
};

// IKE on UDP 500 and 4500; ICMP errors that are listened to; IPv6 neighbour and router discovery
// without redirects; MLD; DHAAD.
[[nodiscard]] std::vector<Policy> default_policies(const DefaultPolicyScope& scope);

}  // namespace sallyport
