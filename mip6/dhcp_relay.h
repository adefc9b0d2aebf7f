// The DHCPv6 relay agent of nodes that are away: between their tunnels and the server of the home
// link (RFC 6275 10.4.4, RFC 8415 19; HA-19). It keeps nothing of what it relays: the server gives
// back whose tunnel it came from. Control thread.
#pragma once

#include <functional>

#include "base/rate_limit.h"
#include "base/recent_map.h"
#include "mip6/binding_cache.h"
#include "mip6/dhcp_relay_message.h"
#include "mip6/message_rate.h"

namespace sallyport::mip6 {

class DhcpRelay {
 public:
  // All of which outlive it.
  struct Surroundings {
    const Clock& clock;
    PacketSender& sender;
    DhcpServerLink& server;
    const BindingCache& cache;
    std::function<bool(const Address& home_address)> serves{};  // a node; empty: all
  };
  struct Settings {
    // Of all nodes together, to the server; three of one node. More are dropped: clients ask again.
    std::uint32_t messages_per_second{1000};
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  // Answers come from `link_local`, ours on the home link.
  DhcpRelay(const Surroundings& around, const Settings& settings, const Address& link_local);

  void set(const Settings& settings, const Address& link_local);

  // A UDP datagram out of the tunnel of a node that is registered.
  void receive(const BindingEntry& node, const Arrival& arrival, ByteView udp);
  // What the server has sent to our port 547: nobody else's messages come here.
  void receive_from_server(ByteView relay_message);

 private:
  [[nodiscard]] bool may_send(const Address& home_address);

  Surroundings around_;
  Settings settings_;
  Address link_local_;
  RecentMap<Address, MessageRate> rates_;  // by home address
  RateLimit all_;
};

}  // namespace sallyport::mip6
