// UDP for clients of the gateway's own: how their datagrams come and go, as tests can play it.
#pragma once

#include "dataplane/control_plane.h"

namespace sallyport {

// Control thread.
class UdpSockets {
 public:
  virtual ~UdpSockets() = default;
  // What comes for this port of ours, until close(). A handler does not close its own port.
  virtual void open(std::uint16_t port, UdpHandler handler) = 0;
  virtual void close(std::uint16_t port) = 0;
  virtual void send(const UdpDatagram& datagram) = 0;
  // By which address of ours `remote` is reached; nullopt: by none now.
  [[nodiscard]] virtual std::optional<Address> source_for(const Address& remote) = 0;
};

// Those of the data plane: routed, and judged by policy like all else.
class ControlPlaneSockets final : public UdpSockets {
 public:
  // It outlives this.
  explicit ControlPlaneSockets(ControlPlane& control) noexcept : control_(control) {}
  void open(std::uint16_t port, UdpHandler handler) override {
    control_.on_udp(port, std::move(handler));
  }
  void close(std::uint16_t port) override { control_.off_udp(port); }
  void send(const UdpDatagram& datagram) override { control_.send_udp(datagram); }
  [[nodiscard]] std::optional<Address> source_for(const Address& remote) override {
    return control_.source_for(remote);
  }

 private:
  ControlPlane& control_;
};

}  // namespace sallyport
