// Which SA sends dummy packets, and how many. No DPDK here.
#pragma once

#include "sad/sa.h"

namespace sallyport {

// The SA is the one that `policy` has for the traffic class at the time.
struct DummyFlow {
  PolicyId policy{};
  std::uint8_t dscp{};
  DummyRule rule;
  Endpoints ends;  // the hosts of transport mode
  friend bool operator==(const DummyFlow&, const DummyFlow&) = default;
};

}  // namespace sallyport
