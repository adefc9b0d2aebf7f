#include "tests/gateway/wired_gateway.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "dataplane/dataplane_parts.h"
#include "tests/gateway/config_support.h"
#include "tests/support/eal.h"

namespace sallyport::test {
namespace {

constexpr unsigned kWireCapacity = 256;

std::string unique(const std::string& kind) {
  static unsigned counter = 0;
  return kind + std::to_string(counter++);
}

rte_ring* make_ring() {
  rte_ring* const ring =
      rte_ring_create(unique("gateway-wire").c_str(), kWireCapacity, SOCKET_ID_ANY, 0);
  REQUIRE(ring != nullptr);
  return ring;
}

std::string on_wires(std::string ports, const Wires& wires) {
  for (std::size_t i = 0; i < wires.size(); ++i)
    ports = replaced(std::move(ports), "wire" + std::to_string(i), wires.device(i));
  return ports;
}

}  // namespace

Wires::Wires(std::size_t ports) {
  need_eal();
  for (std::size_t i = 0; i < ports; ++i) {
    Wire wire{unique("g"), make_ring(), make_ring()};
    REQUIRE(rte_eth_from_rings(wire.device.c_str(), &wire.in, 1, &wire.out, 1, 0) >= 0);
    wire.device = "net_ring_" + wire.device;
    wires_.push_back(std::move(wire));
  }
}

Wires::~Wires() {
  for (const Wire& wire : wires_) {
    // Where no gateway had it.
    std::uint16_t device = 0;
    if (rte_eth_dev_get_port_by_name(wire.device.c_str(), &device) == 0) rte_eth_dev_close(device);
    rte_ring_free(wire.in);
    rte_ring_free(wire.out);
  }
}

WiredGateway::WiredGateway(std::size_t count, std::string ports, const std::string& text)
    : wires_(count), gateway_(text, {.sas = 64, .ports = on_wires(std::move(ports), wires_)}) {}

Expected<void> WiredGateway::reload(std::string ports, const std::string& text) {
  return gateway_.reload(on_wires(std::move(ports), wires_), text);
}

void WiredGateway::receive(PortId port, const PacketBytes& datagram) {
  const Dataplane::Parts& parts = gateway_->dataplane().parts();
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(parts.pool.get());
  REQUIRE(mbuf != nullptr);
  const auto size = static_cast<std::uint16_t>(RTE_ETHER_HDR_LEN + datagram.size());
  auto* const frame = reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, size));
  REQUIRE(frame != nullptr);
  const MacAddress own = parts.ports[port.value]->mac();
  const bool v6 = datagram[0] >> 4 == 6;
  std::memcpy(frame, own.bytes.data(), RTE_ETHER_ADDR_LEN);
  std::memcpy(frame + RTE_ETHER_ADDR_LEN, "\x02\0\0\0\0\x99", RTE_ETHER_ADDR_LEN);
  store_be<std::uint16_t>(frame + 2 * std::size_t{RTE_ETHER_ADDR_LEN},
                          v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
  std::memcpy(frame + RTE_ETHER_HDR_LEN, datagram.data(), datagram.size());
  REQUIRE(rte_ring_enqueue(wires_.in(port), mbuf) == 0);
}

void WiredGateway::turn() {
  while (gateway_->dataplane().turn()) {
  }
}

std::vector<PacketBytes> WiredGateway::sent_datagrams(PortId port) {
  std::vector<PacketBytes> datagrams;
  for (void* taken = nullptr; rte_ring_dequeue(wires_.out(port), &taken) == 0;) {
    auto* const frame = static_cast<rte_mbuf*>(taken);
    PacketBytes datagram(rte_pktmbuf_pkt_len(frame) - RTE_ETHER_HDR_LEN);
    const void* const bytes = rte_pktmbuf_read(
        frame, RTE_ETHER_HDR_LEN, static_cast<std::uint32_t>(datagram.size()), datagram.data());
    if (bytes != datagram.data()) std::memcpy(datagram.data(), bytes, datagram.size());
    rte_pktmbuf_free(frame);
    datagrams.push_back(std::move(datagram));
  }
  return datagrams;
}

}  // namespace sallyport::test
