#include "mip6/dhcp_message.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "mip6/dhcp_options.h"

namespace sallyport::mip6 {
namespace {

using Option = DhcpOption;

constexpr std::uint8_t kReply = 7;
constexpr std::uint8_t kInformationRequest = 11;
constexpr std::size_t kHeaderBytes = 4;  // type, transaction
constexpr std::size_t kMost = 16;        // addresses and names of one reply, of each kind
constexpr std::size_t kMostServers = 4;
constexpr std::size_t kMostLabel = 63;
constexpr std::size_t kMostName = 253;

// DUID-LL of an Ethernet address.
Octets duid_of(const MacAddress& mac) {
  constexpr std::array<std::uint8_t, 4> kFront{0, 3, 0, 1};
  Octets duid(kFront.size() + mac.bytes.size());
  std::ranges::copy(mac.bytes, std::ranges::copy(kFront, duid.begin()).out);
  return duid;
}

// As DNS has it (RFC 8415 10); empty where it can be no name.
Octets labels_of(const std::string& name) {
  if (name.empty() || name.size() > kMostName) return {};
  Octets labels;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::size_t size = end - at;
    if (size == 0 || size > kMostLabel) return {};
    labels.push_back(static_cast<std::uint8_t>(size));
    std::copy_n(name.begin() + static_cast<std::ptrdiff_t>(at), size, std::back_inserter(labels));
    at = end + 1;
  }
  labels.push_back(0);
  return labels;
}

// Of letters, digits, hyphens and underscores: what a host or a service has.
bool is_of_names(char one) {
  return (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9') || one == '-' || one == '_';
}

// One name, in small letters; nullopt where the octets are not just that.
std::optional<std::string> name_in(ByteView labels) {
  std::string name;
  while (!labels.empty() && labels[0] != 0) {
    const std::size_t size = labels[0];
    if (size > kMostLabel || size >= labels.size()) return std::nullopt;
    if (!name.empty()) name += '.';
    std::ranges::transform(labels.subspan(1, size), std::back_inserter(name), lower<std::uint8_t>);
    labels = labels.subspan(1 + size);
  }
  const bool whole = labels.size() == 1 && !name.empty() && name.size() <= kMostName;
  if (!whole || !std::ranges::all_of(name, [](char c) { return c == '.' || is_of_names(c); }))
    return std::nullopt;
  return name;
}

// IPv4 in IPv6 (RFC 6052 2.1) is no way for IPv6 (RFC 6610 4.1.2).
bool is_usable(const Address& address) {
  static constexpr std::array<std::uint8_t, 12> kEmbedded{0x00, 0x64, 0xff, 0x9b};
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         !std::equal(kEmbedded.begin(), kEmbedded.end(), address.bytes.begin());
}

// Home agents of one home network, and which one that is.
struct HomeNetwork {
  std::optional<std::string> id;
  std::vector<Address> home_agents;
  std::vector<std::string> names;
};

bool take_of_network(HomeNetwork& network, Option option, ByteView data) {
  if (option == Option::HomeNetworkId) network.id = name_in(data);
  if (option == Option::HomeAgentAddress) {
    if (data.size() != kIpv6AddressBytes) return false;
    const Address address = Address::v6(data.first<kIpv6AddressBytes>());
    if (is_usable(address)) network.home_agents.push_back(address);
  }
  if (option == Option::HomeAgentName) {
    auto name = name_in(data);
    if (!name) return false;
    network.names.push_back(std::move(*name));
  }
  return true;
}

// Up to `most` of them together.
template <class T>
void append_up_to(std::vector<T>& all, const std::vector<T>& more, std::size_t most) {
  const std::size_t room = most - std::min(most, all.size());
  const std::size_t count = std::min(room, more.size());
  all.insert(all.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count));
}

class ReplyReader {
 public:
  explicit ReplyReader(const InformationRequest& asked) : asked_(asked) {
    if (!asked.domain.empty())
      std::ranges::transform(asked.domain, std::back_inserter(wanted_),
                             [](char one) { return lower(static_cast<std::uint8_t>(one)); });
  }
  [[nodiscard]] bool take(Option option, ByteView data) {
    switch (option) {
      case Option::ClientId:
        for_us_ = std::ranges::equal(data, duid_of(asked_.client));
        return true;
      case Option::ServerId:
        from_server_ = true;
        return true;
      case Option::DnsServers:
        return take_servers(data);
      case Option::VisitedHomeNetwork:
        return !wanted_.empty() || take_network(data);
      case Option::IdentifiedHomeNetwork:
        return wanted_.empty() || take_network(data);
      default:
        return true;
    }
  }
  [[nodiscard]] std::optional<HomeNetworkReply> reply() && {
    if (!for_us_ || !from_server_) return std::nullopt;
    return std::move(reply_);
  }

 private:
  bool take_servers(ByteView data) {
    if (data.size() % kIpv6AddressBytes != 0) return false;
    for (; !data.empty(); data = data.subspan(kIpv6AddressBytes)) {
      const Address server = Address::v6(data.first<kIpv6AddressBytes>());
      if (is_usable(server) && reply_.name_servers.size() < kMostServers)
        reply_.name_servers.push_back(server);
    }
    return true;
  }
  // One of another network than was asked for says nothing (RFC 6610 4.1.2).
  bool take_network(ByteView data) {
    HomeNetwork network;
    const bool whole = for_each_option(data, [&](Option option, ByteView inner) {
      return take_of_network(network, option, inner);
    });
    if (!whole || (!wanted_.empty() && network.id != wanted_)) return whole;
    append_up_to(reply_.home_agents, network.home_agents, kMost);
    append_up_to(reply_.names, network.names, kMost);
    return true;
  }

  const InformationRequest& asked_;
  std::string wanted_;  // in small letters
  bool for_us_{};
  bool from_server_{};
  HomeNetworkReply reply_;
};

}  // namespace

Address all_dhcp_servers() noexcept {
  const std::uint8_t wire[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2};
  return Address::v6(wire);
}

std::vector<std::uint8_t> build_information_request(const InformationRequest& request) {
  constexpr std::int64_t kMostElapsed = 0xffff;  // hundredths of a second
  Octets message;
  append16(message, (std::size_t{kInformationRequest} << 8) | (request.transaction >> 16 & 0xff));
  append16(message, request.transaction & 0xffff);
  append_option(message, Option::ClientId, duid_of(request.client));
  Octets elapsed;
  append16(elapsed, static_cast<std::size_t>(
                        std::clamp<std::int64_t>(request.elapsed.count() / 10, 0, kMostElapsed)));
  append_option(message, Option::ElapsedTime, elapsed);
  const Octets id = labels_of(request.domain);
  Octets wanted;
  append16(wanted, std::to_underlying(id.empty() ? Option::VisitedHomeNetwork
                                                 : Option::IdentifiedHomeNetwork));
  for (const Option option : {Option::HomeNetworkId, Option::HomeNetworkPrefix,
                              Option::HomeAgentAddress, Option::HomeAgentName, Option::DnsServers})
    append16(wanted, std::to_underlying(option));
  append_option(message, Option::OptionRequest, wanted);
  if (!id.empty()) append_option(message, Option::HomeNetworkId, id);
  return message;
}

std::optional<HomeNetworkReply> parse_reply(ByteView message, const InformationRequest& asked) {
  if (message.size() < kHeaderBytes || message[0] != kReply ||
      (load_be<std::uint32_t>(message.data()) & 0xffffff) != asked.transaction)
    return std::nullopt;
  ReplyReader reader(asked);
  const bool whole =
      for_each_option(message.subspan(kHeaderBytes),
                      [&](Option option, ByteView data) { return reader.take(option, data); });
  if (!whole) return std::nullopt;
  return std::move(reader).reply();
}

}  // namespace sallyport::mip6
