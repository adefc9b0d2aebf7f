// Mobile IPv6 of the control thread: its messages come in with what IPsec and tunnels say of them,
// and go out by way of the workers and their policies (RFC 6275 6.1, 6.5 to 6.8, 9.3).
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "dataplane/control_sender.h"
#include "dataplane/delivery.h"

namespace sallyport {

// A message to us: Mobility Headers, ICMPv6 144 to 147, router and listener discovery, and what
// goes to DHCPv6's relay agents. Addresses are those that IPsec and upper layers see. Nothing of
// the message has been checked, its checksum neither.
struct MobilityMessage {
  Address source;
  Address destination;
  std::optional<Address> source_care_of{};       // on the wire, beside a Home Address option
  std::optional<Address> destination_care_of{};  // on the wire, beside a type 2 routing header
  bool protection{};  // of an SA in transport mode, whose selectors allowed just these addresses
  std::optional<OuterHeader> tunnel{};  // that it came out of
  SaSlot sa{kNoSa};                     // whose it is, if an SA's
  PortId port{kNoPort};
  MacAddress link_source{};  // of the frame; none where it came out of a tunnel
  std::uint8_t protocol{};   // 135, 58 or 17
  ByteView octets{};         // from the Mobility Header, the ICMPv6 type or the UDP header on
  ByteView datagram{};       // all of it, in logical form
};

// A packet that ended for want of a binding, whose source is due a Binding Error of status 1 (RFC
// 6275 9.3.1, 9.3.3). Addresses as the wire had them. There are not more of them than of ICMP
// errors.
struct UnknownBinding {
  Address source;
  Address destination;
  Address home_address;
};

// An ICMPv6 Parameter Problem about a packet of ours: what it was, as far as the error quotes it.
// Nobody has proved who says so.
struct ParameterProblem {
  Address source;       // as the wire had it
  Address destination;  // likewise
  std::uint8_t protocol{};
  std::uint8_t code{};
};

// All borrow what they get.
struct MobilityHandlers {
  std::function<void(const MobilityMessage& message, Instant now)> message;
  std::function<void(const UnknownBinding& packet, Instant now)> unknown_binding;
  std::function<void(const ParameterProblem& problem)> parameter_problem;
};

// What is to be sent: upper-layer octets with their checksum, over the addresses as IPsec sees
// them.
struct MobilityDatagram {
  Address source;
  Address destination;
  std::optional<Address> source_care_of{};       // goes out from there, with a Home Address option
  std::optional<Address> destination_care_of{};  // goes out there, with a type 2 routing header
  std::uint8_t protocol{};                       // of what `octets` begin with
  std::uint8_t hop_limit{64};
  std::optional<LinkDestination> link{};  // not by route, but straight to that neighbour or group
  // By the tunnel of this home address, whatever the destination is.
  std::optional<Address> tunnel{};
  ByteView octets{};
};

// Control thread.
class MobilityService {
 public:
  // What it refers to outlives it.
  explicit MobilityService(ControlSender& sender) noexcept : sender_(sender) {}

  // From now on; empty functions: nobody.
  void serve(MobilityHandlers handlers) { handlers_ = std::move(handlers); }
  // False where nobody wants it.
  [[nodiscard]] bool take(const Delivery& delivery, Instant now) const;
  // Tells of a Parameter Problem, if it is one; who else wants to know of it goes on with it.
  void take_problem(const Delivery& error) const;
  // `datagram` is as the wire had it.
  void reject(ByteView datagram, Instant now) const;
  // Judged by outbound policy like any other.
  void send(const MobilityDatagram& datagram);

 private:
  ControlSender& sender_;
  MobilityHandlers handlers_;
};

}  // namespace sallyport
