// Which addresses are ours on which port, and which of them speaks to whom.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/port_facts.h"

namespace sallyport {

// One port of the gateway, by PortId. `mac` is our own link address on it.
struct OwnPort {
  PortSettings settings;
  MacAddress mac;
};

// Control thread. The addresses of a local-stack port belong to the host behind it; to everyone on
// the unprotected side they are ours (docs/architecture.md, "Host role").
class OwnAddresses {
 public:
  explicit OwnAddresses(std::vector<OwnPort> ports) : ports_(std::move(ports)) {}

  // From now on the port has these.
  void set_addresses(PortId id, std::vector<Prefix> addresses) {
    ports_[id.value].settings.addresses = std::move(addresses);
  }

  [[nodiscard]] const OwnPort& port(PortId id) const noexcept { return ports_[id.value]; }
  [[nodiscard]] std::size_t port_count() const noexcept { return ports_.size(); }
  [[nodiscard]] bool is_local_stack(PortId id) const noexcept;
  // The one that every port has (RFC 4291 2.1).
  [[nodiscard]] Address link_local(PortId id) const noexcept { return port(id).mac.link_local(); }

  // Of the gateway itself, on any port.
  [[nodiscard]] bool gateway_has(const Address& address) const noexcept;
  // Of a host behind a local-stack port.
  [[nodiscard]] bool host_has(const Address& address) const noexcept;
  // ARP requests and solicitations for `target` that come in by `id` are ours to answer.
  [[nodiscard]] bool answered_on(PortId id, const Address& target) const noexcept;
  // A neighbour on `id` that claims `address` is mistaken or lies.
  [[nodiscard]] bool claimed_by_us(PortId id, const Address& address) const noexcept;
  // Within a network of the port: its own, and on unprotected ports those of the hosts behind us.
  [[nodiscard]] bool on_link(PortId id, const Address& address) const noexcept;
  // The limited broadcast, or that of a network of any port.
  [[nodiscard]] bool is_broadcast(const Address& address) const noexcept;

  // Who asks for the link address of `target` on `id`: best an address of the same network.
  [[nodiscard]] Address asks_for(PortId id, const Address& target) const noexcept;
  // Who reports an error to a source whose packet came in by `id`; never an address of that host.
  [[nodiscard]] Address reports_from(PortId id, Family family) const noexcept;
  // The gateway's own address in the network of `address`; nullopt: there is none.
  [[nodiscard]] std::optional<Address> beside(const Address& address) const noexcept;

 private:
  [[nodiscard]] bool speaks_for_hosts(PortId id) const noexcept;

  std::vector<OwnPort> ports_;
};

}  // namespace sallyport
