// IKE at work in the gateway: answers what ike/ports.h asks for with the data plane, the databases
// and the job pool, and what the gateway asks for with IKE (docs/architecture.md, section 2).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rate_limit.h"
#include "dataplane/control_plane.h"
#include "gateway/acquired_sas.h"
#include "gateway/audit_log.h"
#include "gateway/certificate_fetcher.h"
#include "gateway/config/configuration.h"
#include "gateway/job_pool.h"
#include "gateway/key_log_files.h"
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
                         private ike::Events,
                         private ike::KeyLog {
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
    // Leads the packets of a negotiated SA by it as it is now.
    std::function<void(const std::string& sa)> reassign;
    // SAs of a policy are there, and cannot be had.
    std::function<void(const std::string& policy)> installed{};
    std::function<void(const std::string& policy, const std::string& why)> failed{};
    // What becomes of IKE SAs and children; nothing of IKE is to be changed from within it.
    std::function<void(const ike::Event& event)> happened{};
    // See ike::PolicySource.
    std::function<bool(std::string_view peer, const Address& address)> will_have{};
  };
  IkeService(const Surroundings& surroundings, Hooks hooks);
  ~IkeService() override;

  // Peers, pools and policies as they are from now on; what is without one ends.
  void configure(const Configuration& configuration);
  void poll() {
    fetcher_.poll();
    daemon_.poll();
  }
  // The gateway has taken these out.
  void on_uninstalled(const Sad::Names& names);
  // A worker's MovedPeer. One of an SA that is gone says nothing.
  void on_moved_peer(const Event& event);
  [[nodiscard]] ike::Daemon& daemon() noexcept { return daemon_; }

  void acquire(const SaRequest& request) override;
  void soft_lifetime(const Sa& sa, LifeLimit limit) override;
  void hard_lifetime(const Sa& sa, LifeLimit limit) override;

 private:
  void receive(const UdpDatagram& datagram);

  void send(const ike::Path& path, ByteView message) override;
  void send_keepalive(const ike::Path& path) override;
  std::optional<Address> source_for(const Address& remote) override;
  bool is_ours(const Address& address) override { return my_.control.is_ours(address); }
  std::vector<Address> addresses() override { return addresses_; }

  Spi allocate_spi() override { return my_.sad.allocate_spi(); }
  Expected<void> install(const ike::ChildPlace& place, std::vector<Sa> sas) override;
  void uninstall(std::span<const std::string> names) override;
  void refuse(ike::AcquireId question) override;
  Expected<void> move(const std::string& name, const Endpoints& to,
                      const std::optional<UdpEncapsulation>& encapsulation) override;
  std::uint64_t packets_of(const std::string& name) override;

  std::span<const Entry> negotiable() override { return policies_; }
  bool will_have(std::string_view peer, const Address& address) override {
    return hooks_.will_have && hooks_.will_have(peer, address);
  }
  const Pad& pad() const override { return pad_; }
  void submit(std::function<Completion()> job) override { my_.jobs.submit(std::move(job)); }
  void report(const ike::Event& event) override;
  void on_keys(const ike::IkeSa& sa) override;

  Surroundings my_;
  Hooks hooks_;
  KeyLogFiles key_log_;
  RateLimit failures_;  // that are told of
  std::uint64_t untold_failures_{};
  Pad pad_;
  std::vector<Address> addresses_;  // of unprotected links
  std::vector<Entry> policies_;
  Sad::Names installed_;  // its SAs
  ike::Daemon daemon_;
  CertificateFetcher fetcher_;  // goes first: what it still fetches is for IKE SAs
};

}  // namespace sallyport
