// Registrations by whole packets: updates in ESP come in at the worker, control takes them, and
// acknowledgements in ESP go out again.
#pragma once

#include "bench/home_agent_gateway.h"

namespace sallyport::bench {

// Where nodes are and how far they have counted, as they know it themselves.
class HomeNodes {
 public:
  explicit HomeNodes(NodeNumber nodes) : places_(nodes), sequences_(nodes) {}
  [[nodiscard]] NodeNumber count() const noexcept {
    return static_cast<NodeNumber>(places_.size());
  }
  [[nodiscard]] Place place(NodeNumber node) const noexcept { return places_[node]; }
  [[nodiscard]] HomeAgentFrames::Tunnel tunnel(NodeNumber node) const {
    return {node, home_address(node), care_of(node, places_[node])};
  }
  // Its next update, from there.
  [[nodiscard]] HomeAgentFrames::Update update(NodeNumber node, Place place) noexcept {
    return {node, place, ++sequences_[node]};
  }
  void moved(NodeNumber node, Place place) noexcept { places_[node] = place; }

 private:
  std::vector<Place> places_;
  std::vector<std::uint16_t> sequences_;
};

// Of each registration.
struct RegistrationTicks {
  double worker_in{};   // from the wire to control
  double control{};     // all that its thread does, the acknowledgement on its way to the worker
  double worker_out{};  // to the wire
  [[nodiscard]] double whole() const noexcept { return worker_in + control + worker_out; }
};

class Registrations {
 public:
  // Both outlive it.
  Registrations(HomeAgentGateway& gateway, HomeNodes& nodes);

  enum class Round : std::uint8_t {
    First,    // with duplicate address detection, whose second is not waited for
    Refresh,  // where they are
    Move,     // to the next place
  };
  // One of each node, some hundreds at a time. Fails where an acknowledgement does not come out.
  [[nodiscard]] Expected<RegistrationTicks> run(Round round);

 private:
  struct Sums {
    std::uint64_t worker_in{}, control{}, worker_out{};
  };
  [[nodiscard]] Expected<void> run(Round round, NodeNumber first, NodeNumber count, Sums& sums);
  [[nodiscard]] Expected<void> put_updates(Round round, NodeNumber first, NodeNumber count);
  // What is sealed does not show whether it says yes.
  [[nodiscard]] Expected<void> check_places(NodeNumber first, NodeNumber count) const;
  // Frames that have gone out are freed; acknowledgements among them are counted.
  [[nodiscard]] NodeNumber take_acknowledgements();
  [[nodiscard]] std::uint64_t poll_all();

  HomeAgentGateway& gateway_;
  HomeNodes& nodes_;
  HomeAgentFrames frames_;
};

}  // namespace sallyport::bench
