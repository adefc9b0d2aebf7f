// Addresses that mobility finds out at run time, put where the operator has left them open (RFC
// 5026 5.3; BOOT-01, BOOT-07): policies and served nodes are then as if they had been configured.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/configuration.h"

namespace sallyport {

// Of our own mobile node.
struct LearnedHome {
  Address home_agent;
  Prefix home_address;  // with the length of the home prefix
  friend bool operator==(const LearnedHome&, const LearnedHome&) = default;
};

struct LearnedAddresses {
  std::optional<LearnedHome> own;
  // Home addresses of nodes that we are the home agent of, by the node's name.
  std::map<std::string, std::vector<Address>> of_nodes;
  friend bool operator==(const LearnedAddresses&, const LearnedAddresses&) = default;
};

// Instead of those that were put there before.
void put_in(Configuration& configuration, const LearnedAddresses& learned);
// What is left of it when another configuration comes: our mobile node begins anew where it has
// been told otherwise.
[[nodiscard]] LearnedAddresses still_known(LearnedAddresses learned, const Configuration& before,
                                           const Configuration& next);
// As the operator has it.
[[nodiscard]] MobileNodeConfig without_learned(MobileNodeConfig config);

}  // namespace sallyport
