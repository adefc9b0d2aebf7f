#include "mip6/home_link_in_tunnels.h"

#include "mip6/dhcp_message.h"
#include "net/icmp.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport::mip6 {
namespace {

Expected<void> check_multicast(const MulticastListeners::Settings& settings) {
  constexpr std::uint8_t kMostRobustness = 7;  // that a query can tell
  constexpr std::uint8_t kMostScope = 15;
  if (settings.robustness < 1 || settings.robustness > kMostRobustness)
    return fail(Error::Code::Invalid, "robustness of multicast listener discovery is 1 to 7");
  if (settings.query_interval < std::chrono::seconds(1) || settings.query_interval > kMostInterval)
    return fail(Error::Code::Invalid, "queries for multicast listeners come each second at most",
                "1 to 31744 seconds");
  if (settings.response_interval < std::chrono::milliseconds(1) ||
      settings.response_interval >= settings.query_interval)
    return fail(Error::Code::Invalid,
                "multicast listeners are to answer before they are asked again");
  if (settings.smallest_scope <= kLinkScope || settings.smallest_scope > kMostScope)
    return fail(Error::Code::Invalid, "groups of link-local scope never enter a tunnel",
                "a scope of 3 to 15");
  return {};
}

}  // namespace

HomeLinkInTunnels::HomeLinkInTunnels(const Surroundings& around)
    : around_(around), owners_(around.cache, around.random) {}

Expected<void> HomeLinkInTunnels::check(const Settings& settings, const Ports& ports) {
  if (settings.dhcp_relay && ports.dhcp_server == nullptr)
    return fail(Error::Code::Unsupported, "a DHCPv6 relay agent needs a way to its server");
  if (!settings.multicast) return {};
  if (ports.multicast == nullptr)
    return fail(Error::Code::Unsupported, "multicast listeners need somebody who forwards to them");
  return check_multicast(*settings.multicast);
}

void HomeLinkInTunnels::set(const Settings& settings, const Address& link_local) {
  if (!settings.multicast)
    listeners_.reset();
  else if (listeners_)
    listeners_->set(*settings.multicast, link_local);
  else
    listeners_.emplace(MulticastListeners::Surroundings{.clock = around_.clock,
                                                        .timers = around_.timers,
                                                        .random = around_.random,
                                                        .sender = around_.sender,
                                                        .forwarding = *around_.ports.multicast},
                       *settings.multicast, link_local);
  if (!settings.dhcp_relay)
    relay_.reset();
  else if (relay_)
    relay_->set(*settings.dhcp_relay, link_local);
  else
    relay_.emplace(DhcpRelay::Surroundings{.clock = around_.clock,
                                           .sender = around_.sender,
                                           .server = *around_.ports.dhcp_server,
                                           .cache = around_.cache,
                                           .serves =
                                               [this](const Address& home_address) {
                                                 return serves(home_address, Service::Dhcp);
                                               }},
                   *settings.dhcp_relay, link_local);
  note_all();
}

void HomeLinkInTunnels::note_all() {
  if (!serves()) return owners_.clear();
  around_.cache.for_each([this](const BindingEntry& entry) {
    if (entry.use != BindingUse::HomeAgent || !entry.valid) return;
    note(entry, MulticastListeners::Registered::Before);
  });
}

bool HomeLinkInTunnels::serves(const Address& home_address, Service service) const {
  return around_.services_of(home_address).has(service);
}

void HomeLinkInTunnels::note(const BindingEntry& entry, MulticastListeners::Registered when) {
  owners_.put(entry.home_address, entry.care_of);
  if (!listeners_) return;
  if (serves(entry.home_address, Service::Multicast))
    listeners_->registered(entry.home_address, when);
  else
    listeners_->ended(entry.home_address);
}

void HomeLinkInTunnels::registered(const BindingEntry& entry) {
  if (serves()) note(entry, MulticastListeners::Registered::Now);
}

void HomeLinkInTunnels::ended(const Address& home_address) {
  owners_.erase(home_address);
  if (listeners_) listeners_->ended(home_address);
}

bool HomeLinkInTunnels::receive(const Arrival& arrival, std::uint8_t protocol, ByteView octets) {
  if (!arrival.tunnel) return false;
  const auto icmp = icmp_behind(protocol, octets);
  const bool of_listener =
      listeners_ && icmp && is_listener_message(*icmp) && icmp->front() != icmp6::kListenerQuery;
  const auto ports = protocol == kProtocolUdp ? udp_ports(octets) : std::nullopt;
  const bool of_client = relay_ && ports == kDhcpToServer;
  if (!of_listener && !of_client) return false;
  // Where an SA names nobody its outer source would be all there is, and anybody may register
  // there.
  if (arrival.tunnel->protection == Protection::Ipsec && !arrival.tunnel->home_address) return true;
  const BindingEntry* const owner = owners_.owner_of(*arrival.tunnel);
  if (owner == nullptr) return true;  // nobody who is registered
  if (of_listener)
    listeners_->receive(owner->home_address, arrival, *icmp);
  else if (serves(owner->home_address, Service::Dhcp))
    relay_->receive(*owner, arrival, octets);
  return true;
}

void HomeLinkInTunnels::receive_from_dhcp_server(ByteView relay_message) {
  if (relay_) relay_->receive_from_server(relay_message);
}

}  // namespace sallyport::mip6
