#include "dataplane/control_plane.h"

#include "dataplane/dataplane_parts.h"
#include "dataplane/dummy_traffic.h"
#include "dataplane/punt_service.h"
#include "dataplane/ring_sender.h"
#include "dataplane/tunnel_errors.h"
#include "net/icmp.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kEchoAnswersPerSecond = 1000;

std::vector<OwnPort> own_ports(const Dataplane::Parts& parts) {
  std::vector<OwnPort> ports;
  for (const auto& port : parts.ports) ports.push_back({port->settings(), port->mac()});
  return ports;
}

IcmpErrorSettings error_settings(const DataplaneSettings& settings) {
  IcmpErrorSettings errors{.per_second = settings.icmp_errors_per_second, .port_per_second = {}};
  for (const PortSettings& port : settings.ports)
    errors.port_per_second.push_back(port.icmp_errors_per_second);
  return errors;
}

std::vector<PacketRing*> rings_from(Dataplane::Parts& parts) {
  std::vector<PacketRing*> rings;
  for (const auto& worker : parts.workers) rings.push_back(&worker->to_control());
  return rings;
}

std::vector<PacketRing*> rings_to(Dataplane::Parts& parts) {
  std::vector<PacketRing*> rings;
  for (const auto& worker : parts.workers) rings.push_back(&worker->from_control());
  return rings;
}

}  // namespace

struct ControlPlane::Parts {
  Parts(Dataplane::Parts& dataplane, Random& random)
      : key_manager(dataplane.key_manager),
        own(own_ports(dataplane)),
        sender({own, dataplane.pool.get(), rings_to(dataplane), dataplane.control_drops,
                dataplane.control_released, dataplane.large_pool.get()}),
        errors({own, sender, random}, error_settings(dataplane.settings)),
        neighbours({own, sender, *dataplane.neighbours, errors, random},
                   {.capacity = dataplane.settings.neighbours,
                    .held_each = dataplane.settings.neighbour_hold}),
        proxy({own, sender}),
        questions({own, sender}),
        messages({own, sender, neighbours, &proxy, &questions}),
        echo({own, sender, random}, kEchoAnswersPerSecond),
        udp({own, sender, random}),
        mobility(sender),
        tunnel_errors({*dataplane.bindings, sender}, dataplane.settings.icmp_errors_per_second),
        dummies({*dataplane.sas, *dataplane.handles, dataplane.pool.get(), random},
                rings_to(dataplane)),
        sa_misses({sender, *dataplane.tables, *dataplane.handles, *dataplane.populated,
                   dataplane.settings.skipped_headers},
                  {.held_each = dataplane.settings.sa_hold}),
        punts({neighbours, messages, echo, errors, sa_misses, dataplane.control_drops},
              rings_from(dataplane)) {}

  std::atomic<bool>& key_manager;
  OwnAddresses own;
  RingSender sender;
  IcmpErrors errors;
  Neighbours neighbours;
  NeighbourProxy proxy;
  NeighbourQuestions questions;
  NeighbourMessages messages;
  IcmpEcho echo;
  UdpService udp;
  MobilityService mobility;
  TunnelErrors tunnel_errors;
  DummyTraffic dummies;
  SaMisses sa_misses;
  PuntService punts;
  std::optional<PathMtuDiscovery> path_mtus;
};

std::unique_ptr<ControlPlane> ControlPlane::open(Dataplane& dataplane, Random& random) {
  return std::unique_ptr<ControlPlane>(
      new ControlPlane(dataplane, std::make_unique<Parts>(dataplane.parts(), random)));
}

ControlPlane::ControlPlane(const Dataplane& dataplane, std::unique_ptr<Parts> parts)
    : dataplane_(dataplane), parts_(std::move(parts)) {}
ControlPlane::~ControlPlane() = default;

void ControlPlane::poll(Instant now) {
  parts_->punts.poll(now);
  parts_->proxy.tick(now);
  parts_->questions.tick(now);
  parts_->dummies.poll(now);
  if (parts_->path_mtus) parts_->path_mtus->tick(now);
}

void ControlPlane::discover_path_mtus(Sad& sad) {
  std::vector<Side> sides;
  for (std::size_t i = 0; i < parts_->own.port_count(); ++i)
    sides.push_back(parts_->own.port(PortId{static_cast<std::uint16_t>(i)}).settings.side);
  PathMtuDiscovery& discovery = parts_->path_mtus.emplace(sad, std::move(sides));
  for (const std::uint8_t protocol : {kProtocolIcmp, kProtocolIcmpv6})
    parts_->punts.register_upper(
        {protocol}, [&discovery, &tunnels = parts_->tunnel_errors, &mobility = parts_->mobility](
                        const Delivery& message, Instant now) {
          mobility.take_problem(message);
          return tunnels.take(message, now) || discovery.take(message, now);
        });
}

void ControlPlane::set_icmp(const IcmpAcceptance& acceptance, const PathMtuSettings& settings) {
  if (parts_->path_mtus) parts_->path_mtus->set(acceptance, settings);
}

std::uint64_t ControlPlane::icmp_count(IcmpOutcome outcome) const noexcept {
  return parts_->path_mtus ? parts_->path_mtus->count(outcome) : 0;
}

const IcmpErrorCounters& ControlPlane::icmp_errors() const noexcept {
  return parts_->errors.counters();
}

void ControlPlane::set_addresses(std::span<const std::vector<Prefix>> addresses) {
  for (std::size_t i = 0; i < addresses.size(); ++i)
    parts_->own.set_addresses(PortId{static_cast<std::uint16_t>(i)}, addresses[i]);
}

void ControlPlane::set_static_neighbours(std::span<const StaticNeighbour> neighbours, Instant now) {
  parts_->neighbours.set_static(neighbours, now);
}

void ControlPlane::acquire_by(AskForSa ask) {
  parts_->key_manager.store(static_cast<bool>(ask), std::memory_order_relaxed);
  parts_->sa_misses.ask_by(std::move(ask));
}

SaMisses& ControlPlane::sa_misses() noexcept { return parts_->sa_misses; }

void ControlPlane::set_dummies(std::span<const DummyFlow> flows, Instant now) {
  parts_->dummies.set(flows, now);
}

void ControlPlane::learn_neighbour(PortId port, const Address& address, const MacAddress& mac,
                                   Instant now) {
  parts_->neighbours.take(port, address, mac, now);
}

std::vector<NeighbourFacts> ControlPlane::neighbours(Instant now) const {
  return parts_->neighbours.list(now);
}

void ControlPlane::on_udp(std::uint16_t port, UdpHandler handler) {
  parts_->punts.register_upper(
      {kProtocolUdp, port},
      [&udp = parts_->udp, handler = std::move(handler)](const Delivery& delivery, Instant now) {
        return udp.take(delivery, handler, now);
      });
}

void ControlPlane::off_udp(std::uint16_t port) { parts_->punts.forget_upper({kProtocolUdp, port}); }

void ControlPlane::send_udp(const UdpDatagram& datagram) { parts_->udp.send(datagram); }

void ControlPlane::on_mobility(MobilityHandlers handlers) {
  parts_->mobility.serve(std::move(handlers));
  const auto take = [&mobility = parts_->mobility](const Delivery& delivery, Instant now) {
    return mobility.take(delivery, now);
  };
  parts_->punts.register_upper({kProtocolMobility}, take);
  parts_->punts.register_upper({kProtocolUdp, kDhcpServerPort}, take);
  for (const std::uint8_t type :
       {icmp6::kListenerQuery, icmp6::kListenerReport, icmp6::kListenerDone,
        icmp6::kListenerReport2, icmp6::kRouterSolicitation, icmp6::kRouterAdvertisement,
        icmp6::kHomeAgentDiscoveryRequest, icmp6::kHomeAgentDiscoveryReply,
        icmp6::kMobilePrefixSolicitation, icmp6::kMobilePrefixAdvertisement})
    parts_->punts.register_upper({kProtocolIcmpv6, type}, take);
  parts_->punts.on_unknown_binding([&mobility = parts_->mobility](ByteView datagram, Instant now) {
    mobility.reject(datagram, now);
  });
}

void ControlPlane::send_mobility(const MobilityDatagram& datagram) {
  parts_->mobility.send(datagram);
}

NeighbourProxy& ControlPlane::proxy() noexcept { return parts_->proxy; }
NeighbourQuestions& ControlPlane::questions() noexcept { return parts_->questions; }

std::optional<Address> ControlPlane::source_for(const Address& remote) const {
  const NextHop& hop = dataplane_.next_hop(remote);
  if (!hop.is_neighbour()) return std::nullopt;
  const Address source = parts_->own.reports_from(hop.port, remote.family);
  if (!parts_->own.gateway_has(source)) return std::nullopt;
  return source;
}

bool ControlPlane::is_ours(const Address& address) const noexcept {
  return parts_->own.gateway_has(address);
}

}  // namespace sallyport
