// A sealed message on its way with other payloads under the same keys: what a peer that thinks
// otherwise would have sent.
#pragma once

#include <catch2/catch.hpp>
#include <functional>

#include "ike/wire/protect.h"
#include "tests/ike/rebuilt_message.h"
#include "tests/ike/two_peers.h"

namespace sallyport::ike::test {

// The IKE SA that a message of this node's belongs to.
inline const IkeSa& ike_sa_of(const Node& from, const Header& header) {
  for (const IkeSa* const sa : from.ike_sas())
    if (sa->initiator_spi == header.initiator_spi && sa->responder_spi == header.responder_spi)
      return *sa;
  FAIL("a message of no IKE SA");
  return *from.ike_sas().front();
}

// What the message, which is whole, says.
inline Message opened(const Node& from, const Datagram& datagram) {
  const auto header = parse_header(datagram.message);
  REQUIRE(header);
  const auto plain = open_message(*header, datagram.message, ike_sa_of(from, *header).our_cipher());
  REQUIRE(plain);
  const auto message = parse_message(plain->first, plain->plain);
  REQUIRE(message);
  return *message;
}

// Under IVs that the node itself does not come to.
inline Datagram altered(const Node& from, const Datagram& datagram,
                        const std::function<void(Message&)>& alter) {
  static std::uint64_t next_iv = std::uint64_t{1} << 48;
  Message message = opened(from, datagram);
  alter(message);
  const auto header = parse_header(datagram.message);
  FixedRandom random(next_iv);
  const Sealer sealer(ike_sa_of(from, *header).our_cipher(), next_iv, random);
  return {datagram.path, sealer.seal(*header, rebuild(sayable(message)), 0).front()};
}

// A message of `from` reaches the other so, and what it was leaves the wire.
inline void deliver_altered(TwoPeers& two, Node& from, const std::function<void(Message&)>& alter) {
  REQUIRE_FALSE(from.sent.empty());
  const Datagram datagram = altered(from, from.sent.front(), alter);
  from.sent.pop_front();
  two.deliver(from, datagram);
}

}  // namespace sallyport::ike::test
