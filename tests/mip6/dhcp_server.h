// A DHCPv6 server as far as tests need one: what it knows of home networks (RFC 6610), and its
// answers in octets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mip6/dhcp_message.h"
#include "mip6/message.h"

namespace sallyport::mip6::test {

struct DhcpServer {
  struct Network {
    std::uint16_t code{};  // of the option: 50, 69 or 70
    std::string id{};      // empty: it has none
    std::vector<Address> home_agents{};
    std::vector<std::string> names{};
    std::optional<Octets> raw_name{};  // a Home Agent FQDN option with just this
  };
  std::vector<Network> networks;
  std::vector<Address> name_servers;
  std::vector<Address> stray;  // Home Agent Address options outside of any network
  std::uint8_t type{7};
  bool names_itself{true};

  [[nodiscard]] Octets answer(const Octets& question) const {
    Octets reply(question.begin(), question.begin() + 4);
    reply[0] = type;
    // The client's own identifier comes first in what we ask.
    reply.insert(reply.end(), question.begin() + 4, question.begin() + 18);
    if (names_itself) put(reply, 2, {0, 3, 0, 1, 2, 0, 0, 0, 0, 9});
    Octets servers;
    for (const Address& server : name_servers) append(servers, server);
    if (!servers.empty()) put(reply, 23, servers);
    for (const Address& address : stray) put(reply, 72, octets_of(address));
    for (const Network& network : networks) put(reply, network.code, body_of(network));
    return reply;
  }

 private:
  static void append(Octets& out, const Address& address) {
    out.insert(out.end(), address.bytes.begin(), address.bytes.end());
  }
  static Octets octets_of(const Address& address) {
    return {address.bytes.begin(), address.bytes.end()};
  }
  static Octets labels_of(std::string name) {
    Octets labels;
    while (!name.empty()) {
      const std::string label = name.substr(0, name.find('.'));
      labels.push_back(static_cast<std::uint8_t>(label.size()));
      labels.insert(labels.end(), label.begin(), label.end());
      name.erase(0, label.size() + 1);
    }
    labels.push_back(0);
    return labels;
  }
  static void put(Octets& out, std::size_t code, const Octets& data) {
    for (const std::size_t value : {code, data.size()}) {
      out.push_back(static_cast<std::uint8_t>(value >> 8));
      out.push_back(static_cast<std::uint8_t>(value));
    }
    out.insert(out.end(), data.begin(), data.end());
  }
  static Octets body_of(const Network& network) {
    Octets body;
    if (!network.id.empty()) put(body, 49, labels_of(network.id));
    for (const Address& address : network.home_agents) put(body, 72, octets_of(address));
    for (const std::string& name : network.names) put(body, 73, labels_of(name));
    if (network.raw_name) put(body, 73, *network.raw_name);
    return body;
  }
};

}  // namespace sallyport::mip6::test
