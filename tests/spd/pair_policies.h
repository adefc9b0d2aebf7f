// Policies of one selector each, between two hosts of their own: number n is PolicyId n + 1.
#pragma once

#include <catch2/catch.hpp>

#include "spd/policy_matcher.h"

namespace sallyport::test {

inline Selector pair(std::uint32_t number) {
  const Address local = Address::v4(0x0a000000 + number);
  const Address remote = Address::v4(0x0b000000 + number);
  Selector selector;
  selector.local = {{local, local}};
  selector.remote = {{remote, remote}};
  return selector;
}

inline SelectorFields pair_packet(std::uint32_t number) {
  return {.local = Address::v4(0x0a000000 + number), .remote = Address::v4(0x0b000000 + number)};
}

inline void append_pairs(PolicyMatcher& matcher, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const Selector selector = pair(i);
    REQUIRE(matcher.insert(i, PolicyId{i + 1}, std::span(&selector, 1)));
  }
}

}  // namespace sallyport::test
