// Which policies another one may share packets with: most of a large set name one remote address,
// and only those that name the same, or more than one, come into question.
#pragma once

#include <span>
#include <vector>

#include "spd/policy.h"

namespace sallyport {

class PoliciesByRemote {
 public:
  struct Named {
    PolicyId id;
    const Policy* policy;
  };
  explicit PoliciesByRemote(std::span<const Named> policies);

  // Of those that it was made of: all that may overlap this one, and perhaps others.
  [[nodiscard]] std::vector<PolicyId> rivals_of(const Policy& policy) const;

 private:
  struct Single {
    Address remote;
    PolicyId id;
  };
  std::vector<Single> singles_;   // by address
  std::vector<PolicyId> others_;  // of several addresses
};

}  // namespace sallyport
