// ARP and neighbour discovery as received: answers what asks for us, tells Neighbours the rest.
#pragma once

#include "dataplane/delivery.h"
#include "dataplane/neighbour_proxy.h"
#include "dataplane/neighbour_questions.h"
#include "dataplane/neighbours.h"
#include "net/arp.h"
#include "net/neighbour_discovery.h"

namespace sallyport {

// Control thread.
class NeighbourMessages {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
    Neighbours& neighbours;
    NeighbourProxy* proxy{};          // null: we stand in for nobody
    NeighbourQuestions* questions{};  // null: none are asked
  };
  explicit NeighbourMessages(const Surroundings& surroundings) : my_(surroundings) {}

  // Both: false where the message is not valid, which is counted (NeighbourCounters::invalid).
  [[nodiscard]] bool take_arp(ByteView message, PortId port, Instant now);
  [[nodiscard]] bool take_discovery(const Delivery& delivery, Instant now);

 private:
  void take_request(const ArpMessage& request, PortId port, Instant now);
  void take_solicitation(const NeighbourMessage& solicitation, const Delivery& delivery,
                         Instant now);
  // Who answers a solicitation for `target`; nullopt: not we.
  struct Speaker {
    Address source;
    bool router{};
  };
  [[nodiscard]] std::optional<Speaker> speaker_for(PortId port, const Address& target) const;
  [[nodiscard]] bool invalid() noexcept;

  Surroundings my_;
};

}  // namespace sallyport
