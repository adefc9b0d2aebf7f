// Asks the visited link for home agents and name servers by DHCPv6 (RFC 6611 4.2, RFC 8415 18.2.6;
// BOOT-09): answers HomeNetworks of mip6/bootstrap_ports.h.
#pragma once

#include "base/random.h"
#include "gateway/udp_sockets.h"
#include "mip6/alarm.h"
#include "mip6/bootstrap_ports.h"
#include "mip6/dhcp_message.h"

namespace sallyport {

// Control thread. One question at a time: another takes its place.
class HomeNetworkClient final : public mip6::HomeNetworks {
 public:
  static constexpr unsigned kTries = 4;  // 15 s in all, and one more before the first

  // All outlive it.
  struct Surroundings {
    UdpSockets& sockets;
    Random& random;
    Timers& timers;
  };
  explicit HomeNetworkClient(const Surroundings& surroundings)
      : my_(surroundings), next_(surroundings.timers) {}
  // Nobody is told any more.
  ~HomeNetworkClient() override;
  HomeNetworkClient(const HomeNetworkClient&) = delete;
  HomeNetworkClient& operator=(const HomeNetworkClient&) = delete;

  // That is asked from now on.
  struct Link {
    PortId port{kNoPort};
    MacAddress mac{};
  };
  void set_link(const Link& link) { link_ = link; }

  void find(const std::string& domain, Found found) override;
  // Those that are advertised there; none where nobody answers.
  void find_servers(std::function<void(std::vector<Address>)> found);

 private:
  using Answered = std::function<void(Expected<mip6::HomeNetworkReply>)>;
  void ask(const std::string& domain, Answered answered);
  void send();
  void take(const UdpDatagram& datagram);
  void answer(Expected<mip6::HomeNetworkReply> reply);

  Surroundings my_;
  Link link_;
  bool open_{};
  mip6::InformationRequest request_;
  unsigned tries_{};
  Answered answered_;  // empty: nothing is asked
  mip6::Alarm next_;
};

}  // namespace sallyport
