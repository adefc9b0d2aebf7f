// A mobile node whose links, home agent and correspondents are a test's words.
#pragma once

#include "mip6/build_message.h"
#include "mip6/mobile_node.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Address kNewCareOf = ip("2001:db8:e::100");
inline const Address kOtherAgent = ip("2001:db8:b::2");
inline const Address kRouterHere = ip("fe80::1");
inline constexpr MacAddress kRouterMac{{2, 0, 0, 0, 0, 1}};

inline MobileNodeSurroundings mobile_node_surroundings(FakeSurroundings& fakes) {
  return {.clock = fakes.clock,
          .timers = fakes.timers,
          .random = fakes.random,
          .sender = fakes.sender,
          .bindings = fakes.bindings,
          .tunnels = fakes.tunnels,
          .ike = fakes.ike,
          .neighbours = fakes.neighbours,
          .discovery = fakes.discovery,
          .addresses = fakes.addresses,
          .events = fakes.events,
          .sha1 = kSha1};
}

inline MobileNodeSettings mobile_node_settings() {
  return {.home_address = kHome, .home_prefix = {kHome, 64}, .home_agents = {kHomeAgent}};
}

// The messages of one type among these.
template <class T>
std::vector<T> only(const std::vector<SentMessage>& sent) {
  std::vector<T> found;
  for (const SentMessage& one : sent) {
    const auto message = one.message();
    if (message && std::holds_alternative<T>(*message)) found.push_back(std::get<T>(*message));
  }
  return found;
}

struct MobileNodeScene {
  explicit MobileNodeScene(const MobileNodeSettings& settings = mobile_node_settings())
      : node(mobile_node_surroundings(fakes), settings) {}

  void attach(const Address& care_of, Duration valid = std::chrono::hours{24}) {
    node.attached(
        {.link = kLink,
         .router = kRouterHere,
         .router_link_address = kRouterMac,
         .care_of = CareOf{.address = care_of, .valid_until = fakes.clock.now() + valid}});
  }
  // On the home link, whose router is the home agent.
  void go_home() {
    node.attached({.link = kLink,
                   .router = kRouterHere,
                   .router_link_address = kRouterMac,
                   .router_addresses = {kHomeAgent}});
  }

  // The Binding Updates since the last time, one at least.
  BindingUpdate last_update() {
    const auto updates = only<BindingUpdate>(fakes.sender.take());
    return updates.empty() ? BindingUpdate{} : updates.back();
  }
  static Arrival from(const Address& peer, Protection protection = Protection::None) {
    return {.source = peer, .destination = kHome, .protection = protection};
  }
  static Arrival from_home_agent(const Address& home_agent = kHomeAgent) {
    Arrival arrival = from(home_agent, Protection::Ipsec);
    arrival.destination_care_of = kCareOf;
    return arrival;
  }
  void receive(const Arrival& arrival, const Message& message) {
    const auto octets = build_message(message, arrival.source, arrival.destination);
    node.receive(arrival, message, octets.value());
  }
  void acknowledge(const BindingAcknowledgement& acknowledgement,
                   const Address& home_agent = kHomeAgent) {
    receive(from_home_agent(home_agent), acknowledgement);
  }
  // Registers at `care_of` as a home agent would have it.
  void register_at(const Address& care_of, Flags<AcknowledgementFlag> flags = {}) {
    attach(care_of);
    const BindingUpdate update = last_update();
    acknowledge({.flags = flags, .sequence = update.sequence, .lifetime = update.lifetime});
  }
  void pass(Duration time) { fakes.pass(time); }
  // `take()` tells how many were sent; when, in milliseconds.
  template <class Take>
  std::vector<std::int64_t> times_of(Duration during, Take take) {
    std::vector<std::int64_t> times;
    const Instant start = fakes.clock.now();
    while (fakes.clock.now() - start < during) {
      const auto since =
          std::chrono::duration_cast<milliseconds>(fakes.clock.now() - start).count();
      times.insert(times.end(), take(), since);
      pass(milliseconds{50});
    }
    return times;
  }

  FakeSurroundings fakes;
  MobileNode node;
};

}  // namespace sallyport::mip6::test
