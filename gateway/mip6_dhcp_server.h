// The DHCPv6 server of the home link: answers DhcpServerLink of mip6/ports.h.
#pragma once

#include "dataplane/control_plane.h"
#include "mip6/ports.h"
#include "net/udp.h"

namespace sallyport {

// Control thread.
class Mip6DhcpServer final : public mip6::DhcpServerLink {
 public:
  // It outlives this.
  explicit Mip6DhcpServer(ControlPlane& control) noexcept : control_(control) {}

  struct Ends {
    Address ours;
    Address server;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  // Where it is; nullopt: there is none.
  void set(const std::optional<Ends>& ends) { ends_ = ends; }
  void send(ByteView relay_message) override {
    if (ends_)
      control_.send_udp({.source = ends_->ours,
                         .destination = ends_->server,
                         .source_port = kDhcpServerPort,
                         .destination_port = kDhcpServerPort,
                         .payload = relay_message});
  }
  // Only what comes from there to us is an answer.
  [[nodiscard]] bool is_answer(const Address& source, const Address& destination) const {
    return ends_ == Ends{destination, source};
  }

 private:
  ControlPlane& control_;
  std::optional<Ends> ends_;
};

}  // namespace sallyport
