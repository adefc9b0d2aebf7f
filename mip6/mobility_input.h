// Mobility messages as they come in, whole, to the role that they are for (RFC 6275 9.2; MH-03..06,
// HA-02). Control thread.
#pragma once

#include <functional>

#include "mip6/home_agent.h"
#include "mip6/message_errors.h"

namespace sallyport::mip6 {

class MobilityInput {
 public:
  // `message`: the octets of the one message, for who checks an authenticator.
  using Take = std::function<void(const Arrival&, const Message&, ByteView message)>;
  // MLD and DHCPv6; false where it is not for this role.
  using TakeOfLink = std::function<bool(const Arrival&, std::uint8_t protocol, ByteView octets)>;
  struct Roles {
    HomeAgent* home_agent{};        // null: we are none
    Take correspondent{};           // Binding Updates without H, HoTI and CoTI; empty: we are none
    Take mobile_node{};             // answers of the two others; empty: we are none
    TakeOfLink home_agent_link{};   // HomeAgentService::receive_from_tunnel(), or empty
    TakeOfLink mobile_node_link{};  // MobileNode::receive_of_link(), or empty
    Events* events{};               // hears of refused registrations where we are no home agent
  };
  MobilityInput(const Clock& clock, PacketSender& sender, Roles roles);

  // `upper` begins with the Mobility Header; the arrival is to an address of ours.
  void receive(const Arrival& arrival, ByteView upper);
  // What has no meaning beyond a link, and came out of a tunnel or by the port of our own host: MLD
  // (`protocol` 58, or 0 where its Hop-by-Hop header comes first) and UDP between ports 546 and
  // 547. True where it was for a role, which has taken or dropped it.
  bool receive_of_link(const Arrival& arrival, std::uint8_t protocol, ByteView octets);
  // A packet had a Home Address option that no binding is for: whatever role we have, or had, its
  // sender is to know (RFC 6275 9.3.1, 9.3.3; MIPPKT-08).
  void unknown_home_address(const Arrival& arrival) {
    errors_.send_binding_error(arrival, BindingErrorStatus::UnknownBinding);
  }

 private:
  void take_update(const Arrival& arrival, const Message& message, ByteView octets);
  void refuse_registration(const Arrival& arrival, const BindingUpdate& update);

  const Clock& clock_;
  PacketSender& sender_;
  Roles roles_;
  MessageErrors errors_;
  RateLimit refusals_;
};

}  // namespace sallyport::mip6
