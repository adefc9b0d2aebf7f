// A home agent and a mobile node, two whole gateways, and between them the network that the node
// visits, played by the test.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "tests/gateway/mobility_wires.h"
#include "tests/gateway/wired_gateway.h"

namespace sallyport::test {

class HomeAndNode {
 public:
  static constexpr PortId kInside{0};   // the home link; the node's applications
  static constexpr PortId kOutside{1};  // the internet; the node's link
  static const Address kRouter;         // of the link that is visited

  HomeAndNode(const std::string& node_ports, const std::string& node_text,
              const std::string& agent_text);
  virtual ~HomeAndNode() = default;

  // The router of the visited link is heard.
  void visit();
  // Packets cross, jobs end and time goes by, until it is so.
  template <class Condition>
  void until(Condition is_so) {
    for (int turns = 0; turns < 5'000; ++turns) {
      exchange();
      if (is_so()) return;
      pass(std::chrono::milliseconds(20));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // for the pools' threads
    }
    FAIL("it does not come to be: " << situation());
  }
  void pass(Duration time);
  // Packets cross meanwhile.
  void run(Duration time);
  void exchange();
  // Of `show mobile-node`, and of `show bindings`.
  [[nodiscard]] Json state();
  [[nodiscard]] Json bindings();
  [[nodiscard]] bool registered();

  unsigned plain{};  // packets for the home agent that are neither IKE nor IPsec
  WiredGateway node;
  WiredGateway home_agent;

 protected:
  // What the visited network has to say itself to a packet of the node's; true where it is for it.
  virtual bool answers(const PacketBytes&, const PacketSummary&) { return false; }

 private:
  [[nodiscard]] std::string situation();
  void route_from_node(const PacketBytes& packet);
  void answer_neighbour(const PacketBytes& packet, const PacketSummary& summary);
};

}  // namespace sallyport::test
