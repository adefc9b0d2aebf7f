// Sealed messages on their way: what they say, and others under the same keys, that a peer which
// thinks otherwise would have sent.
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

// What the message, which is whole, says.
inline Message opened(const Node& from, const Datagram& datagram) {
  const Header header = header_of(datagram);
  const auto plain = open_message(header, datagram.message, ike_sa_of(from, header).our_cipher());
  REQUIRE(plain);
  const auto message = parse_message(plain->first, plain->plain);
  REQUIRE(message);
  return *message;
}

// Under an IV that the node itself does not come to.
inline Octets sealed(const Node& from, const Header& header, const PayloadChain& payloads) {
  static std::uint64_t next_iv = std::uint64_t{1} << 48;
  FixedRandom random(next_iv);
  const Sealer sealer(ike_sa_of(from, header).our_cipher(), next_iv, random);
  auto datagrams = sealer.seal(header, payloads, 0);
  REQUIRE(datagrams.size() == 1);
  return std::move(datagrams.front());
}

inline Datagram altered(const Node& from, const Datagram& datagram,
                        const std::function<void(Message&)>& alter) {
  Message message = opened(from, datagram);
  alter(message);
  return {datagram.path, sealed(from, header_of(datagram), rebuild(sayable(message)))};
}

// An INFORMATIONAL request that `from` would never make.
inline Datagram request_by(const Node& from, MessageId id, const PayloadChain& payloads) {
  const IkeSa& sa = ike_sa_of(from);
  const Header header{.initiator_spi = sa.initiator_spi,
                      .responder_spi = sa.responder_spi,
                      .exchange = ExchangeType::Informational,
                      .flags = sa.side == Side::Initiator ? kInitiatorFlag : std::uint8_t{0},
                      .message_id = id};
  return {sa.path, sealed(from, header, payloads)};
}

// The first on its way, which is so no more.
inline Datagram taken(Node& from) {
  REQUIRE_FALSE(from.sent.empty());
  Datagram first = std::move(from.sent.front());
  from.sent.pop_front();
  return first;
}

// A message of `from` reaches the other so, and what it was leaves the wire.
inline void deliver_altered(TwoPeers& two, Node& from, const std::function<void(Message&)>& alter) {
  two.deliver(from, altered(from, taken(from), alter));
}

}  // namespace sallyport::ike::test
