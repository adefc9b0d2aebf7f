// IKE of a gateway whose SAs are all configured: it is there, and there is nobody to speak with.
#pragma once

#include "bench/ike_installers.h"
#include "ike/daemon.h"

namespace sallyport::bench {

class SilentIke final : private ike::Datagrams,
                        private ike::PolicySource,
                        private ike::PeerSource,
                        private ike::Jobs,
                        private ike::Events {
 public:
  // Both outlive it.
  SilentIke(const Clock& clock, Random& random)
      : daemon_({.datagrams = *this,
                 .installer = installer_,
                 .policies = *this,
                 .peers = *this,
                 .jobs = *this,
                 .events = *this,
                 .clock = clock,
                 .random = random},
                ike::Settings{}) {}

  [[nodiscard]] ike::Daemon& daemon() noexcept { return daemon_; }

 private:
  void send(const ike::Path&, ByteView) override {}
  void send_keepalive(const ike::Path&) override {}
  std::optional<Address> source_for(const Address&) override { return std::nullopt; }
  bool is_ours(const Address&) override { return false; }
  std::vector<Address> addresses() override { return {}; }
  std::span<const Entry> negotiable() override { return {}; }
  const Pad& pad() const override { return pad_; }
  void submit(std::function<Completion()>) override {}
  void report(const ike::Event&) override {}

  ForgetfulInstaller installer_;
  Pad pad_;
  ike::Daemon daemon_;
};

}  // namespace sallyport::bench
