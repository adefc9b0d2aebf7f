#include "tests/support/esp_pair.h"

#include <catch2/catch.hpp>
#include <numeric>

namespace sallyport {
namespace {

Address endpoint(std::string_view text) { return Address::parse(text).value(); }
AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }

std::vector<std::uint8_t> counting_key(std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> key(size);
  std::iota(key.begin(), key.end(), first);
  return key;
}

Endpoints endpoints(Family family) {
  return family == Family::V4 ? Endpoints{endpoint("192.0.2.1"), endpoint("192.0.2.2")}
                              : Endpoints{endpoint("2001:db8::1"), endpoint("2001:db8::2")};
}

Endpoints reversed(const Endpoints& ends) { return {ends.remote, ends.local}; }

Selector inner_selector(Family family) {
  Selector selector;
  const bool v4 = family == Family::V4;
  selector.local = {range(v4 ? "198.51.100.0/25" : "2001:db8:1::/64")};
  selector.remote = {range(v4 ? "198.51.100.128/25" : "2001:db8:2::/64")};
  return selector;
}

Selector reversed(Selector selector) {
  std::swap(selector.local, selector.remote);
  std::swap(selector.local_port, selector.remote_port);
  return selector;
}

Policy protect(const Selector& selector, const Endpoints& ends) {
  Protection protection;
  protection.endpoints = ends;
  return {.name = "tunnel",
          .selectors = {selector},
          .action = PolicyAction::Protect,
          .protect = protection};
}

TestGateway::Settings second_gateway(std::vector<Policy> policies) {
  auto settings = two_ports(std::move(policies));
  const auto prefix = [](const char* text) { return Prefix::parse(text).value(); };
  settings.ports[0].addresses = {prefix("198.51.100.129/25"), prefix("2001:db8:2::1/64")};
  settings.ports[1].addresses = {prefix("192.0.2.2/24"), prefix("2001:db8::2/64")};
  for (Route& route : settings.routes)
    route.next_hop.gateway =
        endpoint(route.next_hop.gateway.family == Family::V4 ? "192.0.2.1" : "2001:db8::1");
  return settings;
}

}  // namespace

Sa sample_sa(Direction direction, Transform transform) {
  const CipherFacts& cipher = facts(transform.cipher);
  Sa sa;
  sa.name = direction == Direction::Outbound ? "out" : "in";
  sa.direction = direction;
  sa.spi = Spi{0x1000};
  sa.transform = transform;
  sa.cipher_key = Secret<32>(counting_key(cipher.key_bytes, 1));
  sa.salt = Secret<4>(counting_key(salt_bytes(transform), 0x80));
  sa.integrity_key = Secret<64>(counting_key(facts(transform.integrity).key_bytes, 0x40));
  sa.esn = false;
  return sa;
}

EspPair::EspPair(const Settings& settings) {
  const Selector there = inner_selector(settings.inner);
  const Selector here = reversed(there);
  Policy policy = protect(there, endpoints(settings.outer));
  if (settings.adjust_sender_policy) settings.adjust_sender_policy(policy);
  const auto make = [&](TestGateway::Settings gateway) {
    gateway.workers = settings.workers;
    gateway.queue_pairs = settings.queue_pairs;
    return std::make_unique<TestGateway>(std::move(gateway));
  };
  auto first = two_ports({policy});
  auto second = second_gateway({protect(here, reversed(endpoints(settings.outer)))});
  for (PortSettings& port : first.ports) port.mtu = settings.mtu;
  if (settings.adjust_gateways) {
    settings.adjust_gateways(first);
    settings.adjust_gateways(second);
  }
  sender_ = make(std::move(first));
  receiver_ = make(std::move(second));
  settle_two_ports(*sender_);
  receiver_->neighbour(kInside, "198.51.100.130", TestGateway::kPeer);
  receiver_->neighbour(kInside, "2001:db8:2::2", TestGateway::kPeer);

  Sa out = sample_sa(Direction::Outbound, settings.transform);
  out.endpoints = endpoints(settings.outer);
  out.selectors = policy.selectors;
  if (settings.adjust_outbound) settings.adjust_outbound(out);
  sender_->add_sa(std::move(out), "tunnel");
  Sa in = sample_sa(Direction::Inbound, settings.transform);
  in.endpoints = reversed(endpoints(settings.outer));
  in.selectors = {here};
  if (settings.adjust_inbound) settings.adjust_inbound(in);
  receiver_->add_sa(std::move(in));
}

std::vector<PacketBytes> EspPair::out(const PacketBytes& packet) {
  sender_->receive_ip(kInside, packet);
  sender_->settle();
  return sender_->sent(kOutside);
}

std::vector<PacketBytes> EspPair::in(const PacketBytes& packet, BufferKind buffer) {
  receiver_->receive_ip(kOutside, packet, buffer);
  receiver_->settle();
  return receiver_->sent(kInside);
}

OutboundState& EspPair::outbound_state() {
  return sender_->dataplane().sas().outbound_state(outbound().slot);
}

InboundState& EspPair::inbound_state() {
  return receiver_->dataplane().sas().inbound_state(inbound().slot);
}

}  // namespace sallyport
