// Who makes SAs when policy wants them: IKE, or in tests somebody else (RFC 4301 4.5; SPD-15).
#pragma once

#include <vector>

#include "dataplane/sa_request.h"
#include "spd/policy.h"

namespace sallyport {

// What a key manager is asked for. `policy` is valid during the call only.
struct SaRequest {
  RequestId id;
  const Policy& policy;
  std::vector<Selector> selectors;   // what the SAs are to carry (RFC 4301 4.4.2.2)
  SelectorFields packet;             // the one that asked first
  std::optional<Address> care_of{};  // as in SaMiss
};

class KeyManager {
 public:
  virtual ~KeyManager() = default;
  // On the control thread; answered now or later by Gateway::provide_sas or Gateway::refuse_sas.
  virtual void acquire(const SaRequest& request) = 0;
};

}  // namespace sallyport
