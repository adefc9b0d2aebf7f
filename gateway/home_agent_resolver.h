// Asks DNS for home agents (RFC 5026 5.1): answers NameService of mip6/bootstrap_ports.h with
// c-ares, whose datagrams go the way of the gateway's own (docs/decisions/0012).
#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "base/timers.h"
#include "gateway/udp_sockets.h"
#include "mip6/bootstrap_ports.h"

namespace sallyport {

// Control thread; never blocks.
class HomeAgentResolver final : public mip6::NameService {
 public:
  static constexpr std::size_t kMostQuestions = 8;  // at a time
  // Whatever comes of it until then, over all servers and tries.
  static constexpr Duration kPatience = std::chrono::seconds(10);

  // All outlive it.
  struct Surroundings {
    UdpSockets& sockets;
    Random& random;
    Timers& timers;
  };
  explicit HomeAgentResolver(const Surroundings& surroundings);
  // Nobody is told any more.
  ~HomeAgentResolver() override;
  HomeAgentResolver(const HomeAgentResolver&) = delete;
  HomeAgentResolver& operator=(const HomeAgentResolver&) = delete;

  // Of IPv6, for what is asked from now on.
  void set_servers(std::vector<Address> servers) { servers_ = std::move(servers); }
  [[nodiscard]] bool has_servers() const noexcept { return !servers_.empty(); }

  // `found` comes in poll(); at once where nothing can be asked.
  void find_addresses(const std::string& name, Addresses found) override;
  void find_services(const std::string& name, Services found) override;
  void poll();

 private:
  class Question;
  using Reply = std::function<void(const Expected<std::vector<std::uint8_t>>&)>;
  enum class Type : std::uint16_t { Aaaa = 28, Srv = 33 };
  void ask(const std::string& name, Type type, Reply reply);

  Surroundings my_;
  std::vector<Address> servers_;
  std::vector<std::unique_ptr<Question>> questions_;
};

}  // namespace sallyport
