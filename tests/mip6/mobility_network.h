// A mobile node, its home agent and a correspondent in one process, on one clock, with a network in
// between that loses what it is told to. IPsec is a mark on what it would have protected.
#pragma once

#include <functional>

#include "mip6/correspondent.h"
#include "mip6/mobile_node.h"
#include "mip6/mobility_input.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MobilityNetwork {
 public:
  // Where the mobile node is plugged in; each has a router, that of the home link is the home
  // agent.
  enum class Link : std::uint8_t { None, B, C, Home };
  static constexpr PortId kPort{1};

  explicit MobilityNetwork(MobileNodeSettings settings)
      : home_agent_cache_(
            {.clock = world_.clock, .timers = world_.timers, .random = world_.random}),
        home_agent_(HomeAgent::create(home_agent_config(), {.clock = world_.clock,
                                                            .random = world_.random,
                                                            .sender = home.sender,
                                                            .table = home.bindings,
                                                            .tunnels = home.tunnels,
                                                            .ike = home.ike,
                                                            .neighbours = home.neighbours,
                                                            .store = home.store,
                                                            .events = home.events,
                                                            .cache = home_agent_cache_})
                        .value()),
        peer_cache_({.clock = world_.clock, .timers = world_.timers, .random = world_.random}),
        correspondent_({.clock = world_.clock,
                        .timers = world_.timers,
                        .random = world_.random,
                        .sender = peer.sender,
                        .table = peer.bindings,
                        .events = peer.events,
                        .cache = peer_cache_,
                        .sha1 = kSha1},
                       {}),
        node({.clock = world_.clock,
              .timers = world_.timers,
              .random = world_.random,
              .sender = mobile.sender,
              .bindings = mobile.bindings,
              .tunnels = mobile.tunnels,
              .ike = mobile.ike,
              .neighbours = mobile.neighbours,
              .discovery = mobile.discovery,
              .addresses = mobile.addresses,
              .events = mobile.events,
              .sha1 = kSha1},
             std::move(settings)),
        movement_({.clock = world_.clock,
                   .timers = world_.timers,
                   .random = world_.random,
                   .neighbours = mobile.neighbours,
                   .discovery = mobile.discovery,
                   .addresses = mobile.addresses},
                  {.home_prefixes = {{ip("2001:db8:b::"), 64}}}, node),
        home_input_(world_.clock, home.sender, {.home_agent = home_agent_.get()}),
        peer_input_(world_.clock, peer.sender,
                    {.correspondent =
                         [this](const Arrival& arrival, const Message& message, ByteView octets) {
                           correspondent_.receive(arrival, message, octets);
                         }}),
        node_input_(
            world_.clock, mobile.sender,
            {.mobile_node = [this](const Arrival& arrival, const Message& message,
                                   ByteView octets) { node.receive(arrival, message, octets); }}) {}

  void plug(Link link) {
    if (link_ != Link::None) movement_.link_down(kPort);
    link_ = link;
    if (link_ == Link::None) return;
    movement_.link_up(kPort);
    movement_.advertised(kPort, advertisement());
  }
  void pass(Duration time) {
    constexpr Duration kStep = milliseconds{50};
    for (; time > Duration{0}; time -= kStep) {
      carry();
      world_.pass(kStep);
      hear();
      // The home agent's takes a second, as in life; the node's is done at the next step.
      mobile.neighbours.finish_detection();
      if (home.neighbours.pending.empty())
        detecting_ = seconds{0};
      else if (detecting_ += kStep; detecting_ >= seconds{1})
        home.neighbours.finish_detection();
    }
  }
  // The message with this number, counted from 0, is lost; nullopt: none.
  void lose(std::optional<std::size_t> number) { lost_ = number; }
  [[nodiscard]] std::size_t messages() const noexcept { return sent_; }

  [[nodiscard]] std::optional<Address> at_home_agent() const {
    return home.bindings.care_of(BindingUse::HomeAgent, kHome);
  }
  [[nodiscard]] std::optional<Address> at_correspondent() const {
    return peer.bindings.care_of(BindingUse::Correspondent, kHome, kCorrespondent);
  }
  [[nodiscard]] std::optional<Address> route() const {
    return mobile.bindings.care_of(BindingUse::MobileNode, kHome, kCorrespondent);
  }
  [[nodiscard]] bool has_home_address() const {
    return mobile.addresses.own.contains({kPort, kHome});
  }
  [[nodiscard]] std::optional<Address> care_of() const {
    const auto& attachment = movement_.attachment();
    if (!attachment || !attachment->care_of) return std::nullopt;
    return attachment->care_of->address;
  }
  // Types as they were sent, also those that were lost.
  std::vector<MessageType> order;

  // What surrounds each of them; clocks and timers are the world's.
  FakeSurroundings home;
  FakeSurroundings peer;
  FakeSurroundings mobile;

 private:
  FakeSurroundings world_;

  [[nodiscard]] RouterAdvertisement advertisement() const {
    PrefixInformation prefix{.flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                             .valid = PrefixLifetime{7200},
                             .preferred = PrefixLifetime{3600}};
    if (link_ == Link::B) prefix.prefix = {ip("2001:db8:a::"), 64};
    if (link_ == Link::C) prefix.prefix = {ip("2001:db8:e::"), 64};
    if (link_ == Link::Home) {
      prefix.prefix = {kHomeAgent, 64};
      prefix.flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous, PrefixFlag::RouterAddress};
    }
    return {.source = ip("fe80::1"),
            .lifetime = RouterLifetime{1800},
            .link_address = home_link().mac,
            .prefixes = {prefix}};
  }

  // The router says each five minutes that it is there.
  void hear() {
    if (link_ == Link::None || world_.clock.now() - heard_ < std::chrono::minutes{5}) return;
    heard_ = world_.clock.now();
    movement_.advertised(kPort, advertisement());
  }
  void carry() {
    for (bool any = true; any;) {
      any = false;
      for (FakeSurroundings* from : {&mobile, &peer, &home})
        for (const SentMessage& message : from->sender.take()) {
          any = true;
          carry(message);
        }
    }
  }
  void carry(const SentMessage& message) {
    order.push_back(static_cast<MessageType>(message.octets.at(2)));
    const std::size_t number = sent_++;
    if (lost_ == number) return;
    const Departure& departure = message.departure;
    const bool from_node =
        departure.source == kHome || (care_of() && departure.source == *care_of());
    if (from_node)
      carry_from_node(departure, message.octets);
    else
      carry_to_node(departure, message.octets);
  }
  [[nodiscard]] static Arrival arrival_of(const Departure& departure) {
    const bool by_ipsec = departure.source == kHomeAgent || departure.destination == kHomeAgent;
    return {.source = departure.source,
            .destination = departure.destination,
            .source_care_of = departure.source_care_of,
            .destination_care_of = departure.destination_care_of,
            .protection = by_ipsec ? Protection::Ipsec : Protection::None,
            .port = kElsewhere};
  }
  // What has neither a Home Address option nor a care-of source goes by the tunnel, which the home
  // agent must know of.
  void carry_from_node(const Departure& departure, const Octets& octets) {
    Arrival arrival = arrival_of(departure);
    if (link_ == Link::Home) {
      arrival.port = kHomePort;
      arrival.link_source = kNodeMac;
    } else if (departure.source == kHome) {
      if (departure.source_care_of && departure.source_care_of != care_of()) return;
      if (!departure.source_care_of && (!care_of() || at_home_agent() != care_of())) return;
    }
    if (departure.destination == kHomeAgent) return home_input_.receive(arrival, octets);
    if (departure.destination == kCorrespondent) return peer_input_.receive(arrival, octets);
  }
  void carry_to_node(const Departure& departure, const Octets& octets) {
    Arrival arrival = arrival_of(departure);
    if (departure.destination != kHome) {
      if (departure.destination != care_of()) return;
    } else if (departure.destination_care_of) {
      if (departure.destination_care_of != care_of()) return;
    } else if (at_home_agent()) {
      if (departure.source != kHomeAgent && at_home_agent() != care_of()) return;
      arrival.tunnel = OuterHeader{.source = kHomeAgent, .protection = Protection::Ipsec};
    } else if (link_ != Link::Home) {
      return;
    }
    node_input_.receive(arrival, octets);
  }

  BindingCache home_agent_cache_;
  std::unique_ptr<HomeAgent> home_agent_;
  BindingCache peer_cache_;
  Correspondent correspondent_;

 public:
  MobileNode node;

 private:
  MovementDetection movement_;
  MobilityInput home_input_;
  MobilityInput peer_input_;
  MobilityInput node_input_;
  Link link_{Link::None};
  std::optional<std::size_t> lost_;
  std::size_t sent_{};
  Duration detecting_{};
  Instant heard_{};
};

}  // namespace sallyport::mip6::test
