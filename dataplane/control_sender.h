// The one way out for what the control thread makes or has held.
#pragma once

#include "base/bytes.h"
#include "dataplane/drop_reason.h"
#include "net/address.h"

struct rte_mbuf;

namespace sallyport {

struct LinkDestination {
  PortId port{kNoPort};
  MacAddress mac;

  friend bool operator==(const LinkDestination&, const LinkDestination&) = default;
};

// Control thread. Nothing here waits: what cannot go out is counted and gone.
class ControlSender {
 public:
  virtual ~ControlSender() = default;

  // An IP datagram made here: routed, and judged by outbound policy like any other.
  virtual void originate(ByteView datagram) = 0;
  // The same, whatever its destination is, by the tunnel between a home address and its home
  // agent, one of which is ours (RFC 6275 10.4.3, 10.4.4).
  virtual void originate_in_tunnel(ByteView datagram, const Address& home_address) = 0;
  // The first without routing, for link-local protocols.
  virtual void originate_on_link(ByteView datagram, const LinkDestination& to) = 0;
  // An ARP message.
  virtual void send_arp(ByteView message, const LinkDestination& to) = 0;

  // A packet that was held; takes ownership.
  virtual void release(rte_mbuf* packet, const LinkDestination& to) = 0;
  // The same, to be judged by outbound policy once more where it was held.
  virtual void resume(rte_mbuf* packet) = 0;
  virtual void drop_held(rte_mbuf* packet, DropReason reason) = 0;
};

}  // namespace sallyport
