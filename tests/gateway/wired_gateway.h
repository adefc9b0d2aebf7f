// A running gateway whose ports are rings: frames go in, and those that it sends come out.
#pragma once

#include <string>
#include <vector>

#include "tests/gateway/running_gateway.h"
#include "tests/support/packet_builder.h"

struct rte_ring;

namespace sallyport::test {

// The rings, made before the gateway opens them as devices.
class Wires {
 public:
  explicit Wires(std::size_t ports);
  ~Wires();
  Wires(const Wires&) = delete;
  Wires& operator=(const Wires&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return wires_.size(); }
  // For [[port]] device.
  [[nodiscard]] const std::string& device(std::size_t port) const { return wires_[port].device; }
  [[nodiscard]] rte_ring* in(PortId port) const { return wires_[port.value].in; }
  [[nodiscard]] rte_ring* out(PortId port) const { return wires_[port.value].out; }

 private:
  struct Wire {
    std::string device;
    rte_ring* in;
    rte_ring* out;
  };
  std::vector<Wire> wires_;
};

class WiredGateway {
 public:
  // `ports` holds [[port]] tables whose devices are called "wire0", "wire1", ... in their order,
  // and what else a reload does not change; `text` the rest.
  WiredGateway(std::size_t count, std::string ports, const std::string& text);

  [[nodiscard]] RunningGateway& running() noexcept { return gateway_; }
  [[nodiscard]] Gateway* operator->() noexcept { return gateway_.operator->(); }
  // `ports` as in the constructor: the same but for their addresses.
  [[nodiscard]] Expected<void> reload(std::string ports, const std::string& text);

  // In a frame for this port's own address.
  void receive(PortId port, const PacketBytes& datagram);
  // Workers alone, until they have nothing to do: what control would make of it is still to come.
  void turn();
  // Frames that have left by the port since the last call.
  [[nodiscard]] std::size_t sent(PortId port) { return sent_datagrams(port).size(); }
  // The same without their link headers.
  [[nodiscard]] std::vector<PacketBytes> sent_datagrams(PortId port);

 private:
  Wires wires_;
  RunningGateway gateway_;
};

}  // namespace sallyport::test
