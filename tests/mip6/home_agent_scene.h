// A home agent on fakes, and Binding Updates as its node would send them.
#pragma once

#include "mip6/home_agent.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test {

inline constexpr PortId kHomePort{3};
inline constexpr PortId kElsewhere{4};
inline const MacAddress kNodeMac = MacAddress::parse("02:00:00:00:01:00").value();
inline const Address kOtherCareOf = ip("2001:db8:a2::100");
inline const Address kOtherHome = ip("2001:db8:b::200");
inline const Address kRouterHome = ip("2001:db8:b::300");
inline const Prefix kNetwork{ip("2001:db8:d:100::"), 56};
inline const Prefix kOtherNetwork{ip("2001:db8:e::"), 48};

inline HomeLink home_link() {
  return {.port = kHomePort,
          .link_local = ip("fe80::1"),
          .mac = MacAddress::parse("02:00:00:00:00:01").value(),
          .prefixes = {{.prefix = {kHomeAgent, 64}}}};
}

inline HomeAgentConfig home_agent_config() {
  const Flags<Service> of_router{Service::PrefixDiscovery, Service::KeyMobility,
                                 Service::MobileRouter};
  return {.link = home_link(),
          .addresses = {kHomeAgent},
          .nodes = {{.home_addresses = {kHome, 128}},
                    {.home_addresses = {kOtherHome, 128}},
                    {.home_addresses = {kRouterHome, 128},
                     .services = of_router,
                     .networks = {kNetwork, kOtherNetwork}}}};
}

// Away from home, whole in transport mode IPsec.
inline Arrival from_away(const Address& care_of = kCareOf, const Address& home = kHome) {
  return {.source = home,
          .destination = kHomeAgent,
          .source_care_of = care_of,
          .protection = Protection::Ipsec,
          .port = kElsewhere};
}
// On the home link, without Home Address option.
inline Arrival from_home(const Address& home = kHome) {
  return {.source = home,
          .destination = kHomeAgent,
          .protection = Protection::Ipsec,
          .port = kHomePort,
          .link_source = kNodeMac};
}

inline BindingUpdate home_update(std::uint16_t sequence, const Address& care_of = kCareOf) {
  return {.sequence = sequence,
          .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration},
          .lifetime = BindingLifetime{60},
          .options = {.alternate_care_of = care_of}};
}
inline BindingUpdate deletion(std::uint16_t sequence) {
  return {.sequence = sequence, .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration}};
}
inline BindingUpdate with_flag(BindingUpdate update, UpdateFlag flag) {
  update.flags = Flags<UpdateFlag>::of_wire(
      static_cast<std::uint16_t>(update.flags.wire() | std::to_underlying(flag)));
  return update;
}

inline HomeAgent::Surroundings surroundings(FakeSurroundings& around, BindingCache& cache) {
  return {.clock = around.clock,
          .random = around.random,
          .sender = around.sender,
          .table = around.bindings,
          .tunnels = around.tunnels,
          .ike = around.ike,
          .neighbours = around.neighbours,
          .store = around.store,
          .events = around.events,
          .cache = cache};
}

class HomeAgentScene {
 public:
  explicit HomeAgentScene(HomeAgentConfig config = home_agent_config(),
                          BindingCache::Limits limits = {})
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}, limits),
        agent(HomeAgent::create(std::move(config), surroundings(around, cache)).value()) {}

  // The update, and duplicate address detection after it; what came back, nullopt for nothing.
  std::optional<BindingAcknowledgement> ask(const Arrival& arrival, const BindingUpdate& update) {
    around.sender.sent.clear();
    around.pass(std::chrono::seconds(1));  // within the rate
    agent->receive(arrival, update);
    around.neighbours.finish_detection();
    return answer();
  }
  // Of the last message that was sent.
  [[nodiscard]] std::optional<BindingAcknowledgement> answer() const {
    if (around.sender.sent.empty()) return std::nullopt;
    const auto message = around.sender.sent.back().message();
    if (!message) return std::nullopt;
    return std::get<BindingAcknowledgement>(*message);
  }
  [[nodiscard]] std::optional<BindingStatus> status(const Arrival& arrival,
                                                    const BindingUpdate& update) {
    const auto answered = ask(arrival, update);
    if (!answered) return std::nullopt;
    return answered->status;
  }
  [[nodiscard]] const Departure& way() const { return around.sender.sent.back().departure; }
  [[nodiscard]] std::optional<Address> place(const Address& home = kHome) const {
    return around.bindings.care_of(BindingUse::HomeAgent, home);
  }
  [[nodiscard]] bool serves(const Address& address) const {
    return around.neighbours.serves(kHomePort, address);
  }

  FakeSurroundings around;
  BindingCache cache;
  std::unique_ptr<HomeAgent> agent;
};

}  // namespace sallyport::mip6::test
