// IKE at work in the gateway: answers what ike/ports.h asks for with the data plane, the databases
// and the job pool, and what the gateway asks for with IKE (docs/architecture.md, section 2).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control_plane.h"
#include "gateway/acquired_sas.h"
#include "gateway/audit_log.h"
#include "gateway/config/configuration.h"
#include "gateway/job_pool.h"
#include "gateway/key_manager.h"
#include "gateway/sa_lifetimes.h"
#include "ike/daemon.h"

namespace sallyport {

// Control thread.
class IkeService final : public KeyManager,
                         public LifetimeListener,
                         private ike::Datagrams,
                         private ike::SaInstaller,
                         private ike::PolicySource,
                         private ike::PeerSource,
                         private ike::Jobs,
                         private ike::Events {
 public:
  // References to what outlives it.
  struct Surroundings {
    ControlPlane& control;
    Dataplane& dataplane;
    AcquiredSas& acquired;
    Sad& sad;
    const Spd& spd;
    JobPool& jobs;
    AuditLog& audit;
    const Clock& clock;
    Random& random;
  };
  // What the gateway does for it.
  struct Hooks {
    std::function<void(const Sad::Names&)> uninstall;
    // Leads the policy's packets by its SAs as they are now.
    std::function<void(const std::string& policy)> reassign;
  };
  IkeService(const Surroundings& surroundings, Hooks hooks);
  ~IkeService() override;

  // Peers, pools and policies as they are from now on; what is without one ends.
  void configure(const Configuration& configuration);
  void poll() { daemon_.poll(); }
  // The gateway has taken these out.
  void on_uninstalled(const Sad::Names& names);
  [[nodiscard]] ike::Daemon& daemon() noexcept { return daemon_; }

  void acquire(const SaRequest& request) override;
  void soft_lifetime(const Sa& sa, LifeLimit limit) override;
  void hard_lifetime(const Sa& sa, LifeLimit limit) override;

 private:
  void receive(const UdpDatagram& datagram);

  void send(const ike::Path& path, ByteView message) override;
  void send_keepalive(const ike::Path& path) override;
  std::optional<Address> source_for(const Address& remote) override;

  Spi allocate_spi() override { return my_.sad.allocate_spi(); }
  Expected<void> install(const ike::ChildPlace& place, std::vector<Sa> sas) override;
  void uninstall(std::span<const std::string> names) override;
  void refuse(ike::AcquireId question) override;
  Expected<void> move(const std::string& name, const Endpoints& to,
                      const std::optional<UdpEncapsulation>& encapsulation) override;
  std::uint64_t packets_of(const std::string& name) override;

  std::span<const Entry> negotiable() override { return policies_; }
  const Pad& pad() const override { return pad_; }
  void submit(std::function<Completion()> job) override { my_.jobs.submit(std::move(job)); }
  void report(const ike::Event& event) override;

  Surroundings my_;
  Hooks hooks_;
  Pad pad_;
  std::vector<Entry> policies_;
  std::map<std::string, std::string, std::less<>> policy_of_;  // by SA
  ike::Daemon daemon_;
};

}  // namespace sallyport
