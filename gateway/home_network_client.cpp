#include "gateway/home_network_client.h"

#include "net/neighbour_discovery.h"
#include "net/udp.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMostDelay{1000};     // INF_MAX_DELAY
constexpr milliseconds kFirstTimeout{1000};  // INF_TIMEOUT

}  // namespace

HomeNetworkClient::~HomeNetworkClient() {
  if (open_) my_.sockets.close(kDhcpClientPort);
}

void HomeNetworkClient::find(const std::string& domain, Found found) {
  ask(domain, [found = std::move(found)](Expected<mip6::HomeNetworkReply> reply) {
    if (!reply) return found(std::unexpected(reply.error()));
    found(HomeNetwork{.home_agents = std::move(reply->home_agents),
                      .names = std::move(reply->names)});
  });
}

void HomeNetworkClient::find_servers(std::function<void(std::vector<Address>)> found) {
  ask({}, [found = std::move(found)](Expected<mip6::HomeNetworkReply> reply) {
    found(reply ? std::move(reply->name_servers) : std::vector<Address>{});
  });
}

// All nodes of a link may have come to it at one moment (RFC 8415 18.2.6).
void HomeNetworkClient::ask(const std::string& domain, Answered answered) {
  if (!std::exchange(open_, true))
    my_.sockets.open(kDhcpClientPort,
                     [this](const UdpDatagram& datagram, Instant) { take(datagram); });
  request_ = {.transaction = my_.random.u32() & 0xffffff, .client = link_.mac, .domain = domain};
  answered_ = std::move(answered);
  tries_ = 0;
  next_.set(milliseconds(my_.random.u32() % kMostDelay.count()), [this] { send(); });
}

void HomeNetworkClient::send() {
  if (tries_ == kTries)
    return answer(fail(Error::Code::NotFound, "no DHCPv6 server of the link answers"));
  const std::vector<std::uint8_t> payload = mip6::build_information_request(request_);
  my_.sockets.send({.source = link_.mac.link_local(),
                    .destination = mip6::all_dhcp_servers(),
                    .source_port = kDhcpClientPort,
                    .destination_port = kDhcpServerPort,
                    .payload = payload,
                    .link = LinkDestination{link_.port, multicast_mac(mip6::all_dhcp_servers())}});
  // Twice as long each time, a tenth more or less (RFC 8415 15).
  const milliseconds whole = kFirstTimeout * (1 << tries_++);
  const milliseconds wait = whole * 9 / 10 + milliseconds(my_.random.u32() % (whole.count() / 5));
  request_.elapsed += wait;
  next_.set(wait, [this] { send(); });
}

void HomeNetworkClient::take(const UdpDatagram& datagram) {
  if (!answered_ || datagram.source_port != kDhcpServerPort ||
      datagram.destination != link_.mac.link_local())
    return;
  if (auto reply = mip6::parse_reply(datagram.payload, request_)) answer(std::move(*reply));
}

void HomeNetworkClient::answer(Expected<mip6::HomeNetworkReply> reply) {
  next_.cancel();
  std::exchange(answered_, nullptr)(std::move(reply));
}

}  // namespace sallyport
