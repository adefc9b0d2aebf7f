// Which outbound SAs each handle leads workers to.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "dataplane/dataplane.h"
#include "sad/sad.h"

namespace sallyport {

// Control thread.
class SaAssignment {
 public:
  // Both outlive it.
  SaAssignment(Dataplane& dataplane, const Sad& sad) : dataplane_(dataplane), sad_(sad) {}

  // Leads the handle to the outbound ones among these SAs, by DSCP where there are several
  // (ARCH-05); to none where there are none.
  void assign(SaHandle handle, std::span<const std::string> names);
  // Nobody reads the handle any more.
  void forget(SaHandle handle);

 private:
  Dataplane& dataplane_;
  const Sad& sad_;
  std::map<SaHandle, std::shared_ptr<const SaChoice>> choices_;
};

}  // namespace sallyport
