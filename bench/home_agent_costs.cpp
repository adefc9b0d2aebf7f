#include "bench/home_agent_costs.h"

#include <fmt/format.h>
#include <rte_malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>

#include "bench/home_agent_plain.h"

namespace sallyport::bench {
namespace {

using Round = Registrations::Round;

void say(std::string_view what) {
  fmt::print(stderr, "sallyport-bench-home-agent: {}\n", what);
  std::fflush(stderr);
}

PlainTunnels::Settings plain_settings(const HomeAgentCourse& course) {
  return {course.gateway.nodes, course.gateway.transform};
}

// Octets of DPDK's heaps.
std::uint64_t table_octets() {
  std::uint64_t octets = 0;
  for (int socket = 0; socket < RTE_MAX_NUMA_NODES; ++socket) {
    rte_malloc_socket_stats stats{};
    if (rte_malloc_get_socket_stats(socket, &stats) == 0) octets += stats.heap_allocsz_bytes;
  }
  return octets;
}

// The round that stands in the middle.
Expected<RegistrationTicks> middle(Registrations& registrations, Round round, unsigned rounds) {
  std::vector<RegistrationTicks> all;
  for (unsigned i = 0; i < rounds; ++i) {
    const auto ticks = registrations.run(round);
    if (!ticks) return std::unexpected(ticks.error());
    all.push_back(*ticks);
  }
  std::ranges::sort(all, {}, &RegistrationTicks::whole);
  return all[all.size() / 2];
}

class TunnelCourse {
 public:
  TunnelCourse(HomeAgentGateway& gateway, HomeNodes& nodes, PlainTunnels* plain,
               const HomeAgentCourse& course)
      : course_(course),
        home_({.ring = gateway.ring(),
               .count = nodes.count(),
               .tunnel = [&nodes](NodeNumber node) { return nodes.tunnel(node); }},
              {course.gateway.transform, course.storm.octets}) {
    if (plain == nullptr) return;
    plain_.emplace(TunnelTraffic::Tunnels{.ring = plain->ring(),
                                          .count = nodes.count(),
                                          .tunnel =
                                              [](NodeNumber node) {
                                                return HomeAgentFrames::Tunnel{
                                                    node, far_address(node), care_of(node, 0)};
                                              }},
                   TunnelTraffic::Packets{course.gateway.transform, course.storm.octets});
  }

  Expected<TunnelCosts> run(Direction direction) {
    if (auto warm = home_.warm_up(direction); !warm) return std::unexpected(warm.error());
    if (plain_)
      if (auto warm = plain_->warm_up(direction); !warm) return std::unexpected(warm.error());
    std::vector<double> home, plain, ratio;
    for (unsigned i = 0; i <= course_.windows; ++i) {
      const auto one = home_.window(direction, course_.fillings);
      if (!one) return std::unexpected(one.error());
      if (i != 0) home.push_back(*one);  // the first one warmed up
      if (!plain_) continue;
      const auto other = plain_->window(direction, course_.fillings);
      if (!other) return std::unexpected(other.error());
      if (i == 0) continue;
      plain.push_back(*other);
      ratio.push_back(*one / *other);
    }
    TunnelCosts costs{.direction = direction, .home = spread_of(home), .plain = {}, .ratio = {}};
    if (plain_) {
      costs.plain = spread_of(plain);
      costs.ratio = spread_of(ratio);
    }
    return costs;
  }

 private:
  const HomeAgentCourse& course_;
  TunnelTraffic home_;
  std::optional<TunnelTraffic> plain_;
};

Expected<void> measure_registrations(HomeAgentGateway& gateway, HomeNodes& nodes,
                                     const HomeAgentCourse& course, HomeAgentCosts& costs) {
  Registrations registrations(gateway, nodes);
  say("first registrations");
  const double before = heap_in_use();
  const auto first = registrations.run(Round::First);
  if (!first) return std::unexpected(first.error());
  costs.first = *first;
  costs.binding_octets = (heap_in_use() - before) / nodes.count();
  say("refreshes");
  const auto refresh = middle(registrations, Round::Refresh, course.rounds);
  if (!refresh) return std::unexpected(refresh.error());
  costs.refresh = *refresh;
  say("moves, as many as can be");
  const auto move = middle(registrations, Round::Move, course.rounds);
  if (!move) return std::unexpected(move.error());
  costs.move = *move;
  return {};
}

Expected<void> measure_tunnels(HomeAgentGateway& gateway, HomeNodes& nodes,
                               const HomeAgentCourse& course, Random& random,
                               HomeAgentCosts& costs) {
  std::unique_ptr<PlainTunnels> plain;
  if (course.plain) {
    say("plain tunnels");
    auto opened = PlainTunnels::open(plain_settings(course), random);
    if (!opened) return std::unexpected(opened.error());
    plain = std::move(*opened);
  }
  say("packets by tunnels");
  TunnelCourse packets(gateway, nodes, plain.get(), course);
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    const auto measured = packets.run(direction);
    if (!measured) return std::unexpected(measured.error());
    costs.tunnels.push_back(*measured);
  }
  return {};
}

}  // namespace

std::uint64_t memory_needed(const HomeAgentCourse& course) {
  return HomeAgentGateway::memory_needed(course.gateway) +
         (course.plain ? PlainTunnels::memory_needed(plain_settings(course)) : 0);
}

Expected<HomeAgentCosts> measure(const HomeAgentCourse& course, Random& random) {
  HomeAgentCosts costs;
  spdlog::set_level(spdlog::level::off);  // a line for each registration is not what is measured
  say("policies and SAs");
  const std::uint64_t before = table_octets();
  auto gateway = HomeAgentGateway::open(course.gateway, random);
  if (!gateway) return std::unexpected(gateway.error());
  costs.table_octets = (table_octets() - before) / course.gateway.nodes;
  costs.policies = (*gateway)->policies();
  costs.loading = (*gateway)->loading();
  costs.octets = (*gateway)->octets();
  HomeNodes nodes(course.gateway.nodes);
  if (auto done = measure_registrations(**gateway, nodes, course, costs); !done)
    return std::unexpected(done.error());
  if (auto done = measure_tunnels(**gateway, nodes, course, random, costs); !done)
    return std::unexpected(done.error());
  say("a storm of moves");
  const auto storm = Storm(**gateway, nodes, course.storm).run();
  if (!storm) return std::unexpected(storm.error());
  costs.storm = *storm;
  return costs;
}

}  // namespace sallyport::bench
