#include "tests/gateway/home_and_node.h"

#include <nlohmann/json.hpp>

#include "mip6/router_advertisement.h"
#include "net/neighbour_discovery.h"
#include "net/udp.h"

namespace sallyport::test {
namespace {

constexpr MacAddress kRouterMac{{2, 0, 0, 0, 0, 0xb}};

}  // namespace

const Address HomeAndNode::kRouter = Address::parse("fe80::b").value();

HomeAndNode::HomeAndNode(const std::string& node_ports, const std::string& node_text,
                         const std::string& agent_text)
    : node(2, node_ports, node_text), home_agent(2, kHomeAgentWires, agent_text) {}

void HomeAndNode::visit() {
  using mip6::PrefixFlag;
  const mip6::PrefixInformation prefix{.prefix = {Address::parse("2001:db8:b::").value(), 64},
                                       .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                                       .valid = mip6::PrefixLifetime(360000),
                                       .preferred = mip6::PrefixLifetime(180000)};
  node.receive(kOutside, mip6::build_router_advertisement({.source = kRouter,
                                                           .destination = all_nodes(),
                                                           .lifetime = mip6::RouterLifetime(9000),
                                                           .link_address = kRouterMac,
                                                           .prefixes = {prefix}})
                             .value());
}

void HomeAndNode::pass(Duration time) {
  node.running().clock().advance(time);
  home_agent.running().clock().advance(time);
}

void HomeAndNode::run(Duration time) {
  for (Duration step{}; step < time; step += std::chrono::milliseconds(100)) {
    pass(std::chrono::milliseconds(100));
    exchange();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void HomeAndNode::exchange() {
  node.running().settle();
  home_agent.running().settle();
  for (const PacketBytes& packet : node.sent_datagrams(kOutside)) route_from_node(packet);
  for (const PacketBytes& packet : home_agent.sent_datagrams(kOutside)) {
    PacketSummary summary;
    if (summarize(packet, summary) == ParseVerdict::Good && !is_link_protocol(summary))
      node.receive(kOutside, packet);
  }
}

Json HomeAndNode::state() { return node.running().rows("show.mobile-node").at(0); }
Json HomeAndNode::bindings() { return home_agent.running().rows("show.bindings"); }
bool HomeAndNode::registered() { return state().at("registered") == true; }

std::string HomeAndNode::situation() {
  std::string text = state().dump(1);
  text += node.running().rows("show.audit").dump(1);
  text += home_agent.running().rows("show.audit").dump(1);
  return text + node.running().rows("show.ike-sas").dump(1);
}

void HomeAndNode::route_from_node(const PacketBytes& packet) {
  PacketSummary summary;
  if (summarize(packet, summary) != ParseVerdict::Good || answers(packet, summary)) return;
  if (is_neighbour_discovery(summary)) return answer_neighbour(packet, summary);
  if (is_link_protocol(summary) || summary.destination_address() != kAgent) return;
  const bool ike = summary.protocol == kProtocolUdp && (summary.destination_port == kIkePort ||
                                                        summary.destination_port == kIkeNatPort);
  if (!ike && summary.protocol != kProtocolEsp) ++plain;
  home_agent.receive(kOutside, packet);
}

// The router is there. Ports that are rings have no link address that a station may have.
void HomeAndNode::answer_neighbour(const PacketBytes& packet, const PacketSummary& summary) {
  constexpr std::size_t kTargetAt = 48;
  if (Address::v6(ByteView(packet).subspan<kTargetAt, 16>()) != kRouter) return;
  node.receive(kOutside, build_neighbour_message({.kind = NeighbourMessage::Kind::Advertisement,
                                                  .source = kRouter,
                                                  .destination = summary.source_address(),
                                                  .target = kRouter,
                                                  .link_address = kRouterMac,
                                                  .solicited = true,
                                                  .override = true}));
}

}  // namespace sallyport::test
