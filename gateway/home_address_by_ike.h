// A home address of a home agent, by IKE (RFC 4877 9, RFC 5026 5.3): answers HomeAddressSource of
// mip6/bootstrap_ports.h with IKE SAs that have no child yet.
#pragma once

#include "ike/daemon.h"
#include "mip6/bootstrap_ports.h"

namespace sallyport {

// Control thread. One IKE SA at a time, and the one of the answer lasts.
class HomeAddressByIke final : public mip6::HomeAddressSource {
 public:
  struct Settings {
    std::string peer;                      // the home agent's [[peer]], wherever it is
    std::optional<Prefix> home_address{};  // of home agents that give none and refuse none
  };
  // `ike` outlives this.
  HomeAddressByIke(ike::Daemon& ike, Settings settings)
      : ike_(ike), settings_(std::move(settings)) {}

  // `answered` comes in poll().
  void request(const Request& request, std::function<void(const Answer&)> answered) override;
  // At once: SAs of a home address are negotiated when its policies are there, which its
  // registration waits for (MDYN-15), by the IKE SA that is up.
  void protect(const Address& home_agent, const Address& home_address,
               std::function<void(Expected<void>)> ready) override;
  void end(const Address& home_agent) override;

  // Something has become of IKE SAs with this peer.
  void on_ike(const ike::Event& event) { looks_ = looks_ || event.peer == settings_.peer; }
  // True where the IKE SA that has answered has ended, and no other one with the peer goes on.
  [[nodiscard]] bool poll();

 private:
  [[nodiscard]] std::optional<Answer> answer_of(const ike::IkeSa& sa) const;

  ike::Daemon& ike_;
  Settings settings_;
  std::optional<std::uint64_t> asking_;  // number of the IKE SA; absent: it could not be begun
  std::function<void(const Answer&)> answered_;  // empty: nobody waits
  bool holds_{};                                 // an answer has come, and its IKE SA has not ended
  bool looks_{};
};

}  // namespace sallyport
