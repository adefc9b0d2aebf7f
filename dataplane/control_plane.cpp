#include "dataplane/control_plane.h"

#include "dataplane/dataplane_parts.h"
#include "dataplane/punt_service.h"
#include "dataplane/ring_sender.h"

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

std::vector<PacketRing*> rings_of(Dataplane::Parts& parts) {
  std::vector<PacketRing*> rings;
  for (const auto& worker : parts.workers) rings.push_back(&worker->to_control());
  return rings;
}

}  // namespace

// What control makes goes out by the first worker.
struct ControlPlane::Parts {
  Parts(Dataplane::Parts& dataplane, Random& random)
      : own(own_ports(dataplane)),
        sender({own, dataplane.pool.get(), dataplane.workers.front()->from_control(),
                dataplane.control_drops, dataplane.control_released}),
        errors({own, sender, random}, error_settings(dataplane.settings)),
        neighbours({own, sender, *dataplane.neighbours, errors, random},
                   {.capacity = dataplane.settings.neighbours}),
        messages({own, sender, neighbours}),
        echo({own, sender, random}, kEchoAnswersPerSecond),
        punts({neighbours, messages, echo, errors, dataplane.control_drops}, rings_of(dataplane)) {}

  OwnAddresses own;
  RingSender sender;
  IcmpErrors errors;
  Neighbours neighbours;
  NeighbourMessages messages;
  IcmpEcho echo;
  PuntService punts;
};

std::unique_ptr<ControlPlane> ControlPlane::open(Dataplane& dataplane, Random& random) {
  return std::unique_ptr<ControlPlane>(
      new ControlPlane(std::make_unique<Parts>(dataplane.parts(), random)));
}

ControlPlane::ControlPlane(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ControlPlane::~ControlPlane() = default;

void ControlPlane::poll(Instant now) { parts_->punts.poll(now); }

void ControlPlane::set_static_neighbours(std::span<const StaticNeighbour> neighbours, Instant now) {
  parts_->neighbours.set_static(neighbours, now);
}

std::vector<NeighbourFacts> ControlPlane::neighbours(Instant now) const {
  return parts_->neighbours.list(now);
}

}  // namespace sallyport
