#include "bench/ring_gateway.h"

#include <fmt/format.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "dataplane/dataplane_parts.h"

namespace sallyport::bench {
namespace {

constexpr unsigned kOneThread = RING_F_SP_ENQ | RING_F_SC_DEQ;

std::string unique(std::string_view kind) {
  static unsigned counter;
  return fmt::format("{}{}", kind, counter++);
}

void add_port_routes(const PortSettings& port, PortId id, std::vector<Route>& routes) {
  for (const Prefix& prefix : port.addresses) {
    routes.push_back({{prefix.first(), prefix.length}, {NextHop::Kind::OnLink, id, {}}});
    const auto whole = static_cast<std::uint8_t>(bits(prefix.address.family));
    routes.push_back({{prefix.address, whole}, {NextHop::Kind::Ours, id, {}}});
  }
}

}  // namespace

DataplaneSettings RingGateway::dataplane_settings(const Settings& settings) {
  DataplaneSettings dataplane;
  dataplane.ports.resize(2);
  dataplane.ports[0].name = "inside";
  dataplane.ports[0].side = Side::Protected;
  dataplane.ports[0].addresses = {settings.inside};
  dataplane.ports[1].name = "outside";
  dataplane.ports[1].side = Side::Unprotected;
  dataplane.ports[1].addresses = {settings.outside};
  dataplane.sas = settings.sas;
  dataplane.policies = settings.policies;
  dataplane.flows = settings.flows;
  dataplane.bindings = settings.bindings;
  dataplane.mbufs = settings.mbufs;
  dataplane.punt_ring = settings.punt_ring;
  dataplane.punts_per_second = settings.punts_per_second;
  return dataplane;
}

Expected<std::unique_ptr<RingGateway>> RingGateway::open(const Settings& settings, Random& random) {
  auto gateway = std::unique_ptr<RingGateway>(new RingGateway);
  DataplaneSettings dataplane = dataplane_settings(settings);
  if (auto made = gateway->make_wires(dataplane); !made) return std::unexpected(made.error());
  auto opened = Dataplane::open(std::move(dataplane), random);
  if (!opened) return std::unexpected(opened.error());
  gateway->dataplane_ = std::move(*opened);
  Dataplane& own = *gateway->dataplane_;
  gateway->sad_ =
      std::make_unique<Sad>(Sad::Parts{own.sas(), own.keys(), own.retirement(), random});
  return gateway;
}

RingGateway::~RingGateway() {
  sad_.reset();
  dataplane_.reset();
  for (const Wire& wire : wires_) {
    rte_ring_free(wire.in);
    rte_ring_free(wire.out);
  }
}

Expected<void> RingGateway::make_wires(DataplaneSettings& settings) {
  static std::uint8_t counter;
  for (std::size_t i = 0; i < wires_.size(); ++i) {
    Wire& wire = wires_[i];
    // One place of a ring stays empty.
    const auto make = [] {
      return rte_ring_create(unique("wire").c_str(), 2 * kWireCapacity, SOCKET_ID_ANY, kOneThread);
    };
    wire = {make(), make()};
    const std::string name = unique("bench");
    if (wire.in == nullptr || wire.out == nullptr ||
        rte_eth_from_rings(name.c_str(), &wire.in, 1, &wire.out, 1, 0) < 0)
      return fail(Error::Code::Exhausted, "no memory for rings");
    settings.ports[i].device = "net_ring_" + name;
    settings.ports[i].mac = MacAddress{{2, 0, 0, 0, 0, ++counter}};
  }
  return {};
}

MacAddress RingGateway::mac(PortId port) const {
  return dataplane_->parts().ports[port.value]->mac();
}

Laps& RingGateway::laps() noexcept { return dataplane_->parts().workers.front()->laps(); }

rte_mempool* RingGateway::pool() const { return dataplane_->parts().pool.get(); }

std::uint16_t RingGateway::device(PortId port) const {
  return dataplane_->parts().ports[port.value]->device_id();
}

Expected<void> RingGateway::add_neighbour(PortId port, std::string_view address,
                                          const MacAddress& mac) {
  const auto parsed = Address::parse(address);
  if (!parsed) return std::unexpected(parsed.error());
  return dataplane_->neighbours().set(NeighbourKey::of(port, *parsed), mac);
}

Expected<void> RingGateway::publish(std::shared_ptr<const PolicySet> policies,
                                    std::span<const Route> routes) {
  std::vector<Route> all(routes.begin(), routes.end());
  for (const PortId port : {kInside, kOutside})
    add_port_routes(dataplane_->parts().settings.ports[port.value], port, all);
  return dataplane_->publish(std::move(policies), all);
}

void RingGateway::put(PortId port, std::span<rte_mbuf* const> frames) noexcept {
  rte_ring_enqueue_bulk(wires_[port.value].in, reinterpret_cast<void* const*>(frames.data()),
                        static_cast<unsigned>(frames.size()), nullptr);
}

unsigned RingGateway::take(PortId port, std::span<rte_mbuf*> frames) noexcept {
  return rte_ring_dequeue_burst(wires_[port.value].out, reinterpret_cast<void**>(frames.data()),
                                static_cast<unsigned>(frames.size()), nullptr);
}

std::string RingGateway::drops() const {
  std::string text;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (const auto count = dataplane_->dropped(reason); count != 0)
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", facts(reason).name, count);
  }
  return text;
}

}  // namespace sallyport::bench
