// Two peers that may go where they like, and what stands in the messages that they seal.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "ike/wire/header.h"
#include "ike/wire/protect.h"
#include "tests/ike/rebuilt_message.h"
#include "tests/ike/two_peers.h"

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

inline const IkeSa& ike_sa_of(const Node& node) {
  const auto all = node.ike_sas();
  REQUIRE(all.size() == 1);
  return *all.front();
}

inline Header header_of(const Datagram& datagram) {
  const auto header = parse_header(datagram.message);
  REQUIRE(header);
  return *header;
}

// What `sender` has sealed under its only IKE SA.
inline Message opened(const Node& sender, const Datagram& datagram) {
  const auto opened =
      open_message(header_of(datagram), datagram.message, ike_sa_of(sender).our_cipher());
  REQUIRE(opened);
  return parse_message(opened->first, opened->plain).value();
}

inline Octets sealed(const Node& sender, const Header& header, const PayloadChain& payloads) {
  static std::uint64_t next_iv = std::uint64_t{1} << 40;
  FixedRandom random(77);
  auto datagrams =
      Sealer(ike_sa_of(sender).our_cipher(), next_iv, random).seal(header, payloads, 0);
  REQUIRE(datagrams.size() == 1);
  return std::move(datagrams.front());
}

// The datagram, and what `change` makes of its message.
inline Datagram altered(const Node& sender, const Datagram& datagram,
                        const std::function<void(Message&)>& change) {
  Message message = opened(sender, datagram);
  change(message);
  return {datagram.path, sealed(sender, header_of(datagram), rebuild(message))};
}

// An INFORMATIONAL request that `sender` would never make, under its keys.
inline Datagram request_by(const Node& sender, MessageId id, const PayloadChain& payloads) {
  const IkeSa& sa = ike_sa_of(sender);
  const Header header{.initiator_spi = sa.initiator_spi,
                      .responder_spi = sa.responder_spi,
                      .exchange = ExchangeType::Informational,
                      .flags = sa.side == Side::Initiator ? kInitiatorFlag : std::uint8_t{0},
                      .message_id = id};
  return {sa.path, sealed(sender, header, payloads)};
}
inline Datagram from(const std::string& local, Datagram datagram) {
  datagram.path.local.address = address(local);
  return datagram;
}

inline Datagram taken(Node& node) {
  REQUIRE_FALSE(node.sent.empty());
  Datagram first = std::move(node.sent.front());
  node.sent.pop_front();
  return first;
}

// Of requests and responses that a side has sent and nobody has seen yet.
inline std::size_t count_in_flight(const Node& node, NotifyType type) {
  return static_cast<std::size_t>(std::ranges::count_if(node.sent, [&](const Datagram& datagram) {
    return opened(node, datagram).find(type) != nullptr;
  }));
}

}  // namespace sallyport::ike::test
