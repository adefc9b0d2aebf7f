// From credentials and a domain to a home agent, a home address and its SAs (RFC 5026, RFC 6611,
// RFC 4877 9; BOOT-01 to BOOT-06, BOOT-09). Control thread.
#pragma once

#include <deque>
#include <memory>

#include "base/random.h"
#include "mip6/alarm.h"
#include "mip6/bootstrap_ports.h"

namespace sallyport::mip6 {

class Bootstrap {
 public:
  struct Settings {
    std::vector<Address> home_agents{};  // tried first
    std::string home_agent_name{};       // then its addresses
    std::string domain{};                // then _mip6._ipv6 of it
    enum class Dhcp : std::uint8_t { Asked, NotAsked };
    Dhcp dhcp{Dhcp::NotAsked};  // last
    HomeAddressSource::Wish wish{HomeAddressSource::Wish::Assigned};
    std::optional<Address> suggestion{};
    Duration retry{std::chrono::seconds{60}};  // when all have failed (RFC 5026 5.1.2)
  };
  struct Surroundings {
    Timers& timers;
    Random& random;
    NameService& names;
    HomeNetworks& networks;
    HomeAddressSource& source;
    Events& events;
  };
  // With what a mobile node can be made; SAs for Binding Updates are there.
  struct Result {
    Address home_agent;
    std::vector<Prefix> home_addresses;  // one at least, each with the length of its home prefix
  };
  using Ready = std::function<void(const Result&)>;

  // The surroundings outlive it. `ready` comes each time that there is a home address, or another.
  Bootstrap(const Surroundings& surroundings, Settings settings, Ready ready);

  // From a care-of address, whose interface identifier a home address may end with.
  void start(const Address& care_of);
  void stop();
  // Where what follows is to be asked from, before one of the two below.
  void move_to(const Address& care_of) { care_of_ = care_of; }
  // The home address is somebody else's (status 134): another one, of the same home agent.
  void home_address_lost();
  // The IKE SA has ended, and the home address with it (BOOT-06): all begins anew.
  void ike_ended();

  [[nodiscard]] const std::optional<Result>& result() const noexcept { return result_; }

 private:
  enum class Step : std::uint8_t { Configured, Name, Service, Dhcp, None };

  template <class... Arguments, class Handle>
  [[nodiscard]] auto guarded(Handle handle);
  void look_further();
  void look(Step step);
  void take_names(std::vector<std::string> names);
  void found(std::vector<Address> home_agents);
  void take_services(std::vector<NameService::Service> services);
  void try_next();
  void request(HomeAddressSource::Wish wish);
  void answered(const HomeAddressSource::Answer& answer);
  void failed(HomeAddressSource::Failure failure);
  void form_home_address();
  void protect(std::vector<Prefix> home_addresses);
  void complete(std::vector<Prefix> home_addresses);
  void report(std::string detail) const;

  Surroundings around_;
  Settings settings_;
  Ready ready_;
  Address care_of_{Address::any(Family::V6)};
  Step step_{Step::Configured};  // the next one
  std::deque<Address> home_agents_;
  std::deque<std::string> names_;  // whose addresses are not looked up yet
  std::optional<Address> home_agent_;
  HomeAddressSource::Wish wish_{};
  std::optional<HomeAddressSource::HomePrefix> home_prefix_;
  unsigned formed_{};  // home addresses, of this prefix
  std::optional<Result> result_;
  std::shared_ptr<int> asked_;  // answers to an older question come too late
  Alarm retry_;
};

}  // namespace sallyport::mip6
