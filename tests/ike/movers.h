// Two peers that may go where they like, and what stands in the messages that they seal.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/ike/altered_wire.h"

namespace sallyport::ike::test {

inline Address address(const std::string& text) { return Address::parse(text).value(); }

// Bob does not know where Alice is, and no policy names an end of the tunnel. Alice begins.
class Movers : public TwoPeers {
 public:
  Movers() {
    change_peer(bob, [](Peer& peer) { peer.locator.remote.reset(); });
    for (Node* const node : {&alice, &bob}) {
      Policy policy = *node->policies.front();
      policy.protect->endpoints = {};
      policy.protect->peer = node->pad().entries().front()->name;
      node->policies = {std::make_shared<const Policy>(policy)};
    }
  }
  void change_both(const std::function<void(Peer&)>& change) {
    change_peer(alice, change);
    change_peer(bob, change);
  }
  // Its only address is another one from now on.
  static void move(Node& node, const std::string& to) {
    node.address = address(to);
    node.daemon->follow_addresses();
  }
  // Both ends of the outbound SA, as `node` has them.
  [[nodiscard]] static Endpoints ends(const Node& node) {
    return node.installer.outbound("net")->endpoints;
  }
  [[nodiscard]] bool carries_between(const Address& alices, const Address& bobs) const {
    return traffic_flows() && ends(alice) == Endpoints{alices, bobs} &&
           ends(bob) == Endpoints{bobs, alices};
  }
};

inline Datagram from(const std::string& local, Datagram datagram) {
  datagram.path.local.address = address(local);
  return datagram;
}

// Of requests and responses that a side has sent and nobody has seen yet.
inline std::size_t count_in_flight(const Node& node, NotifyType type) {
  return static_cast<std::size_t>(std::ranges::count_if(node.sent, [&](const Datagram& datagram) {
    return opened(node, datagram).find(type) != nullptr;
  }));
}

}  // namespace sallyport::ike::test
