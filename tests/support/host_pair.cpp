#include "tests/support/host_pair.h"

#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"

namespace sallyport {
namespace {

Address host(Family family, int number) {
  const std::string text =
      (family == Family::V4 ? "192.0.2." : "2001:db8::") + std::to_string(number);
  return Address::parse(text).value();
}

TestGateway::Settings one_host(const Endpoints& ends, const HostPair::Settings& wanted) {
  using Kind = NextHop::Kind;
  const bool v4 = ends.local.family == Family::V4;
  const auto net = Prefix::parse(v4 ? "192.0.2.0/24" : "2001:db8::/64").value();
  const auto whole = static_cast<std::uint8_t>(bits(ends.local.family));
  TestGateway::Settings settings;
  settings.ports = {{.name = "stack",
                     .device = {},
                     .side = Side::Protected,
                     .kind = wanted.kind,
                     .addresses = {{ends.local, net.length}},
                     .vlan = {},
                     .mac = {}},
                    {.name = "wire",
                     .device = {},
                     .side = Side::Unprotected,
                     .addresses = {},
                     .vlan = {},
                     .mac = {}}};
  settings.routes = {{net, {Kind::OnLink, kOutside, {}}},
                     {{ends.local, whole}, {Kind::LocalStack, kInside, {}}}};
  Selector selector;
  selector.local = {{ends.local, ends.local}};
  selector.remote = {{ends.remote, ends.remote}};
  Protection protection;
  protection.mode = wanted.mode;
  if (wanted.mode == IpsecMode::Tunnel) protection.endpoints = ends;
  settings.policies = {{.name = "peer",
                        .selectors = {selector},
                        .action = PolicyAction::Protect,
                        .protect = protection}};
  if (wanted.adjust_gateways) wanted.adjust_gateways(settings);
  return settings;
}

Sa host_sa(Direction direction, const Endpoints& ends, const HostPair::Settings& settings) {
  Sa sa = sample_sa(direction, settings.transform);
  sa.mode = settings.mode;
  sa.endpoints = ends;
  Selector selector;
  selector.local = {{ends.local, ends.local}};
  selector.remote = {{ends.remote, ends.remote}};
  sa.selectors = {selector};
  if (settings.adjust) settings.adjust(sa);
  return sa;
}

}  // namespace

HostPair::HostPair(const Settings& settings) {
  const Endpoints there{host(settings.family, 1), host(settings.family, 2)};
  const Endpoints here{there.remote, there.local};
  sender_ = std::make_unique<TestGateway>(one_host(there, settings));
  Settings receiving = settings;
  receiving.kind = PortKind::LocalStack;
  receiver_ = std::make_unique<TestGateway>(one_host(here, receiving));
  sender_->neighbour(kOutside, to_string(there.remote), TestGateway::kPeer);
  sender_->add_sa(host_sa(Direction::Outbound, there, settings), "peer");
  receiver_->add_sa(host_sa(Direction::Inbound, here, settings));
}

std::vector<PacketBytes> HostPair::out(const PacketBytes& packet) {
  sender_->receive_ip(kInside, packet);
  sender_->settle();
  return sender_->sent(kOutside);
}

std::vector<PacketBytes> HostPair::in(const PacketBytes& packet) {
  receiver_->receive_ip(kOutside, packet);
  receiver_->settle();
  return receiver_->sent(kInside);
}

void HostPair::fix_ipv4_checksum(PacketBytes& packet) {
  auto& header = *reinterpret_cast<Ipv4Header*>(packet.data());
  header.checksum.set(0);
  header.checksum.set(checksum(ByteView(packet).first(header.header_length())));
}

}  // namespace sallyport
