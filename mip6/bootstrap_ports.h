// What a mobile node that knows next to nothing asks of its surroundings: names, DHCPv6, and what
// IKE can give it. Answers come later, on the control thread.
#pragma once

#include <string>
#include <variant>

#include "mip6/ports.h"

namespace sallyport::mip6 {

class NameService {
 public:
  virtual ~NameService() = default;
  // AAAA records.
  using Addresses = std::function<void(Expected<std::vector<Address>>)>;
  virtual void find_addresses(const std::string& name, Addresses found) = 0;
  // SRV records (RFC 2782), in no order.
  struct Service {
    std::uint16_t priority{};  // the lesser the sooner
    std::uint16_t weight{};
    std::string name;
    std::vector<Address> addresses{};  // where the answer had them
  };
  using Services = std::function<void(Expected<std::vector<Service>>)>;
  virtual void find_services(const std::string& name, Services found) = 0;
};

// DHCPv6 on the visited link (RFC 6610; BOOT-09).
class HomeNetworks {
 public:
  virtual ~HomeNetworks() = default;
  struct HomeNetwork {
    std::vector<Address> home_agents{};  // option 72
    std::vector<std::string> names{};    // option 73
  };
  using Found = std::function<void(Expected<HomeNetwork>)>;
  // Of this domain (option 49 or 70), or of the visited one where it is empty (50).
  virtual void find(const std::string& domain, Found found) = 0;
};

// The IKE SA with a home agent, and the home address that comes by it (RFC 4877 9, RFC 5026 5.3).
class HomeAddressSource {
 public:
  virtual ~HomeAddressSource() = default;
  struct Assigned {  // INTERNAL_IP6_ADDRESS, also beside USE_ASSIGNED_HoA; with the prefix lengths
    std::vector<Prefix> home_addresses;
  };
  struct HomePrefix {  // MIP6_HOME_PREFIX
    Prefix prefix;
    std::chrono::seconds lifetime{};
  };
  enum class Failure : std::uint8_t { NoAnswer, NotAuthenticated, NoAddress };
  using Answer = std::variant<Assigned, HomePrefix, Failure>;
  enum class Wish : std::uint8_t { Assigned, HomePrefix };
  struct Request {
    Address home_agent;
    Address care_of;
    Wish wish{};
    std::optional<Address> suggestion{};  // of Assigned: the address that we had
  };
  // IKE_SA_INIT and IKE_AUTH from `care_of`. After a failure no IKE SA is left.
  virtual void request(const Request& request, std::function<void(const Answer&)> answered) = 0;
  // SAs for Binding Updates of this address by CREATE_CHILD_SA.
  virtual void protect(const Address& home_agent, const Address& home_address,
                       std::function<void(Expected<void>)> ready) = 0;
  // The IKE SA ends, and its addresses with it.
  virtual void end(const Address& home_agent) = 0;
};

}  // namespace sallyport::mip6
