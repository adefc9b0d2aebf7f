// Neighbour discovery for addresses that are not ours: duplicate address detection, and standing in
// for nodes that are away (RFC 4862 5.4, RFC 6275 10.3.1, 10.4.1).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "dataplane/control_sender.h"
#include "dataplane/delivery.h"
#include "dataplane/neighbour_publisher.h"
#include "dataplane/own_addresses.h"
#include "net/neighbour_discovery.h"

namespace sallyport {

// Control thread. Whoever asks bounds how much is asked at one time.
class NeighbourProxy {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
  };
  explicit NeighbourProxy(const Surroundings& surroundings) : my_(surroundings) {}

  enum class Uniqueness : std::uint8_t { Unique, Duplicate };
  using Detected = std::function<void(Uniqueness)>;
  // Asks for `address` from the unspecified address, once; `detected` runs from hear() or tick().
  void detect(PortId port, const Address& address, Detected detected, Instant now);

  // Tells all nodes that `address` is at our link address, three times, and answers for it from now
  // on. Once more where it is served already. The role is the flag R of what is said.
  enum class Role : std::uint8_t { Host, Router };
  void serve(PortId port, const Address& address, Role role, Instant now);
  void stop(PortId port, const Address& address);
  // Tells the same of an address of our own, which others may have at another link address: whoever
  // asks for it is answered as for any of ours (RFC 6275 11.5.5).
  void announce(PortId port, const Address& address, Instant now);
  // Nullopt where we do not stand in for it.
  [[nodiscard]] std::optional<Role> role_of(PortId port, const Address& address) const;

  // Every valid message of a link: it may say that an address is taken.
  void hear(const NeighbourMessage& message, const Delivery& delivery);
  // Ends of detections, and advertisements that are due.
  void tick(Instant now);

 private:
  using Timers = std::set<std::pair<Instant, NeighbourKey>>;
  struct Detection {
    Instant end;
    std::vector<Detected> asked;
  };
  struct Service {
    Role role{};
    unsigned left{};  // advertisements to come
    Instant next;     // of them
    bool is_ours{};   // announced, and answered for by others
  };

  void finish(const NeighbourKey& key, Uniqueness found);
  void begin(const NeighbourKey& key, const Service& service, Instant now);
  void advertise(const NeighbourKey& key, Service& service, Instant now);

  Surroundings my_;
  std::map<NeighbourKey, Detection> detections_;
  Timers ends_;  // of all of them
  std::map<NeighbourKey, Service> served_;
  Timers advertisements_;  // of those with some left
};

}  // namespace sallyport
