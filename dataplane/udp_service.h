// UDP for protocols of the control thread (IKE): datagrams to the gateway's own addresses, and from
// them, by way of the workers and their policies (RFC 768).
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/random.h"
#include "dataplane/control_sender.h"
#include "dataplane/delivery.h"
#include "dataplane/own_addresses.h"

namespace sallyport {

// Ports in host order.
struct UdpDatagram {
  Address source;
  Address destination;
  std::uint16_t source_port{};
  std::uint16_t destination_port{};
  ByteView payload;
  std::optional<LinkDestination> link{};  // sent there past all routes, of what is of one link
};
// Borrows the datagram.
using UdpHandler = std::function<void(const UdpDatagram& datagram, Instant now)>;

// Control thread.
class UdpService {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
    Random& random;
  };
  explicit UdpService(const Surroundings& surroundings)
      : my_(surroundings), next_id_(static_cast<std::uint16_t>(surroundings.random.u32())) {}

  // Hands it on; false where it is not for the gateway itself, or is damaged.
  [[nodiscard]] bool take(const Delivery& delivery, const UdpHandler& handler, Instant now) const;
  // Routed and judged by outbound policy like any other.
  void send(const UdpDatagram& datagram);

 private:
  Surroundings my_;
  std::uint16_t next_id_;
};

}  // namespace sallyport
