// What the mobile node's own host says to its link while that is far away: MLD and DHCPv6 go to the
// home agent by the tunnel (RFC 6275 10.4.4, 11.3.4; HA-18, HA-19). The host answers queries
// itself, as at home; answers of DHCPv6 come to it by workers alone. Control thread.
#pragma once

#include "mip6/mobile_node_settings.h"

namespace sallyport::mip6 {

class HomeLinkByTunnel {
 public:
  // Both outlive it. Without a `host_link` it takes nothing.
  HomeLinkByTunnel(PacketSender& sender, const MobileNodeSettings& settings) noexcept
      : sender_(sender), settings_(settings) {}

  // We are away, and this home agent has a binding of ours: newly, still, or from another place.
  void bound(const Address& home_agent);
  // There is none any more: its home agent has to ask anew before it hears of groups.
  void unbound();
  // The home link is here, or no link is. The binding stays what it is.
  void pause() noexcept { away_ = false; }

  // What came by the host's port. True where it is of MLD or DHCPv6 and we are away: it has no
  // other place to go to, gone on or not.
  bool from_host(const Arrival& arrival, std::uint8_t protocol, ByteView octets);
  // What came out of our tunnel with the home agent: queries. True likewise.
  bool from_tunnel(const Arrival& arrival, std::uint8_t protocol, ByteView octets);

 private:
  void report(const Arrival& arrival, ByteView icmp);
  void ask_server(const Arrival& arrival, ByteView udp);
  void pass_query(const Arrival& arrival, ByteView icmp);

  PacketSender& sender_;
  const MobileNodeSettings& settings_;
  std::optional<Address> home_agent_;  // that we are bound with
  bool away_{};
  bool queried_{};  // the home agent wants to hear of groups
};

}  // namespace sallyport::mip6
