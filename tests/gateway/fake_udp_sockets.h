// UDP that goes nowhere: what is sent stays here, and the test says what comes.
#pragma once

#include <map>
#include <vector>

#include "gateway/udp_sockets.h"

namespace sallyport::test {

class FakeUdpSockets final : public UdpSockets {
 public:
  struct Sent {
    UdpDatagram datagram;
    std::vector<std::uint8_t> payload;
  };
  void open(std::uint16_t port, UdpHandler handler) override {
    handlers[port] = std::move(handler);
  }
  void close(std::uint16_t port) override { handlers.erase(port); }
  void send(const UdpDatagram& datagram) override {
    sent.push_back({datagram, {datagram.payload.begin(), datagram.payload.end()}});
  }
  std::optional<Address> source_for(const Address&) override { return source; }

  std::map<std::uint16_t, UdpHandler> handlers;
  std::vector<Sent> sent;
  std::optional<Address> source;
};

}  // namespace sallyport::test
