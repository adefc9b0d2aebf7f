// The control thread's part in moving packets: neighbours, echo, ICMP errors, and later protocols.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "dataplane/dataplane.h"
#include "dataplane/dummy_flow.h"
#include "dataplane/mobility_service.h"
#include "dataplane/neighbour_proxy.h"
#include "dataplane/neighbour_questions.h"
#include "dataplane/neighbours.h"
#include "dataplane/path_mtu.h"
#include "dataplane/sa_misses.h"
#include "dataplane/udp_service.h"

namespace sallyport {

class ControlPlane {
 public:
  // `dataplane` outlives it.
  [[nodiscard]] static std::unique_ptr<ControlPlane> open(Dataplane& dataplane, Random& random);
  ~ControlPlane();

  // Takes what workers handed over and runs timers; never blocks.
  void poll(Instant now);
  // Of each port, by PortId: what we answer for and speak from from now on.
  void set_addresses(std::span<const std::vector<Prefix>> addresses);
  void set_static_neighbours(std::span<const StaticNeighbour> neighbours, Instant now);
  // From here on ICMP errors for us teach the outbound SAs of `sad`, which outlives the last
  // poll().
  void discover_path_mtus(Sad& sad);
  void set_icmp(const IcmpAcceptance& acceptance, const PathMtuSettings& settings);
  // Messages of each outcome since discover_path_mtus.
  [[nodiscard]] std::uint64_t icmp_count(IcmpOutcome outcome) const noexcept;
  [[nodiscard]] const IcmpErrorCounters& icmp_errors() const noexcept;
  // Whom to ask for SAs that policy wants and that are not there (SPD-15); empty: nobody, and such
  // packets are dropped by workers (SPD-16).
  void acquire_by(AskForSa ask);
  // Requests that acquire_by()'s callee was told of, and those that it is to be told of.
  [[nodiscard]] SaMisses& sa_misses() noexcept;
  // What is to be sent besides traffic from now on (RFC 4303 2.6).
  void set_dummies(std::span<const DummyFlow> flows, Instant now);
  // It is on the link, and has told its link address (RFC 4861 6.3.4).
  void learn_neighbour(PortId port, const Address& address, const MacAddress& mac, Instant now);
  [[nodiscard]] std::vector<NeighbourFacts> neighbours(Instant now) const;
  // Takes what comes for this port of the gateway's own addresses from now on.
  void on_udp(std::uint16_t port, UdpHandler handler);
  // No more; not from within the handler.
  void off_udp(std::uint16_t port);
  void send_udp(const UdpDatagram& datagram);
  // Takes what Mobile IPv6 sends to us or to the host behind us from now on. Workers have to know
  // of it as well: Dataplane::set_mobility().
  void on_mobility(MobilityHandlers handlers);
  void send_mobility(const MobilityDatagram& datagram);
  // Neighbour discovery for addresses that are not ours.
  [[nodiscard]] NeighbourProxy& proxy() noexcept;
  [[nodiscard]] NeighbourQuestions& questions() noexcept;
  // The gateway's address by which packets to `remote` leave; nullopt without a route.
  [[nodiscard]] std::optional<Address> source_for(const Address& remote) const;
  // It is one of the gateway itself, on whichever port.
  [[nodiscard]] bool is_ours(const Address& address) const noexcept;

 private:
  struct Parts;
  ControlPlane(const Dataplane& dataplane, std::unique_ptr<Parts> parts);
  const Dataplane& dataplane_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sallyport
