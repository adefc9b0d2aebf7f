// Small changes of two peers, and what tests of children look at.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "tests/ike/altered_wire.h"

namespace sallyport::ike::test {

inline AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
inline TrafficSelector any(std::string_view addresses) { return {0, 0, 0xffff, range(addresses)}; }

inline void change_policy(Node& node, const std::function<void(Policy&)>& change) {
  Policy policy = *node.policies.front();
  change(policy);
  node.policies = {std::make_shared<const Policy>(std::move(policy))};
}

inline void use_forward_secrecy(TwoPeers& two) {
  for (Node* const node : {&two.alice, &two.bob})
    change_policy(*node, [](Policy& policy) { policy.protect->pfs = {Group::Curve25519}; });
}

// Up to the IKE_AUTH request, which is on the wire then.
inline void begin(TwoPeers& two) {
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.alice.sent.size() == 1);
}

inline void bring_up(TwoPeers& two) {
  begin(two);
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
}

inline bool says(const Message& message, NotifyType type) { return message.find(type) != nullptr; }

inline const Sa& half(const Node& node, Direction direction) {
  const auto found = std::ranges::find_if(
      node.installer.sas, [&](const auto& one) { return one.second.direction == direction; });
  REQUIRE(found != node.installer.sas.end());
  return found->second;
}

inline bool carries(const Sa& sa, std::string_view local, std::string_view remote,
                    PortValue port = 9) {
  const SelectorFields packet{.local = Address::parse(local).value(),
                              .remote = Address::parse(remote).value(),
                              .protocol = 17,
                              .local_port = port,
                              .remote_port = port};
  return std::ranges::any_of(sa.selectors,
                             [&](const Selector& selector) { return matches(selector, packet); });
}

}  // namespace sallyport::ike::test
