// The whole course: registrations, packets in home tunnels and in plain ones, a storm.
#pragma once

#include <optional>

#include "bench/home_agent_gateway.h"
#include "bench/home_agent_registrations.h"
#include "bench/home_agent_storm.h"

namespace sallyport::bench {

struct HomeAgentCourse {
  HomeAgentGateway::Settings gateway;
  unsigned rounds{3};  // of refreshes and moves
  unsigned windows{20};
  unsigned fillings{32};  // of a window
  bool plain{true};       // plain tunnels beside
  StormSettings storm;
};

// Of one direction: ticks a packet of the worker's turns, window by window in turns.
struct TunnelCosts {
  Direction direction{};
  Spread home;
  std::optional<Spread> plain;
  std::optional<Spread> ratio;
};

struct HomeAgentCosts {
  std::size_t policies{};
  HomeAgentGateway::Loading loading;
  HomeAgentGateway::Octets octets;  // of heap, for each node
  double binding_octets{};          // that its registration adds
  std::uint64_t table_octets{};     // of workers' tables, for each node
  RegistrationTicks first;
  RegistrationTicks refresh;  // of the middle round
  RegistrationTicks move;
  std::vector<TunnelCosts> tunnels;
  StormResult storm;
};

// Megabytes of DPDK memory.
[[nodiscard]] std::uint64_t memory_needed(const HomeAgentCourse& course);
// Says on stdout how far it has come.
[[nodiscard]] Expected<HomeAgentCosts> measure(const HomeAgentCourse& course, Random& random);

}  // namespace sallyport::bench
