// Our own mobile node before it knows its home: from wherever it is it finds a home agent and gets
// a home address (RFC 5026, RFC 6611; BOOT-01), and again when it has lost one of them.
#pragma once

#include "gateway/config/learned_addresses.h"
#include "gateway/home_address_by_ike.h"
#include "gateway/home_agent_resolver.h"
#include "gateway/home_network_client.h"
#include "gateway/mip6_links.h"
#include "mip6/bootstrap.h"

namespace sallyport {

// Control thread.
class Mip6Bootstrap final : private mip6::MovementListener {
 public:
  // References to what outlives it.
  struct Surroundings {
    Mip6Links& links;
    ControlPlane& control;
    const Dataplane& dataplane;
    ike::Daemon& ike;
    Timers& timers;
    Random& random;
    mip6::Events& events;
    std::function<void()> changed;  // home() is another
  };
  Mip6Bootstrap(const MobileNodeConfig& config, const Surroundings& surroundings);
  ~Mip6Bootstrap() override { my_.links.leave(*this); }
  Mip6Bootstrap(const Mip6Bootstrap&) = delete;
  Mip6Bootstrap& operator=(const Mip6Bootstrap&) = delete;

  // Hears of its links, until what it has found has made a mobile node.
  void look_for_home();
  // Names, answers of IKE and of DHCPv6.
  void poll();
  // The home agent says that somebody else has the home address (status 134).
  void home_address_lost() { lose(Loss::HomeAddress); }
  void on_ike(const ike::Event& event) { source_.on_ike(event); }

  [[nodiscard]] const std::optional<LearnedHome>& home() const noexcept { return home_; }

 private:
  // What has been lost since there was a home.
  enum class Loss : std::uint8_t { None, HomeAddress, IkeSa };

  void attached(const mip6::Attachment& attachment) override;
  void detached() override;
  void begin(const Address& care_of);
  void found(const mip6::Bootstrap::Result& result);
  void lose(Loss loss);

  Surroundings my_;
  ControlPlaneSockets sockets_;
  HomeAgentResolver names_;
  HomeNetworkClient networks_;
  HomeAddressByIke source_;
  mip6::Bootstrap bootstrap_;
  bool asks_for_servers_;           // by DHCPv6, before any name
  std::optional<Address> care_of_;  // that is asked from
  std::optional<LearnedHome> home_;
  Loss loss_{Loss::None};
};

}  // namespace sallyport
