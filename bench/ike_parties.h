// Two IKE instances that make IKE SAs with each other in one process, each with a clock of its own
// cost: what an initiator and a responder spend is told apart.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ike/daemon.h"

namespace sallyport::bench {

enum class IkeMethod : std::uint8_t { Psk, Ecdsa, Rsa };
[[nodiscard]] std::string_view to_string(IkeMethod method) noexcept;

// One side. Its data plane takes SAs and forgets them: what they cost there is not IKE's.
class IkeParty final : private ike::Datagrams,
                       private ike::SaInstaller,
                       private ike::PolicySource,
                       private ike::PeerSource,
                       private ike::Jobs,
                       private ike::Events {
 public:
  struct Terms {
    Address address;
    std::vector<Peer> peers;
    std::vector<Policy> policies;
    ike::Settings settings;
  };
  IkeParty(const Clock& clock, Random& random, Terms terms);
  ~IkeParty() override;

  // Takes what the other has sent; false where there was nothing.
  bool take_from(IkeParty& other);
  void poll();
  [[nodiscard]] ike::Daemon& daemon() noexcept { return *daemon_; }
  // Processor time of take_from() and poll() so far, and of what was begun in between.
  [[nodiscard]] std::chrono::nanoseconds spent() const noexcept { return spent_; }
  // Heap that those have left behind, in octets.
  [[nodiscard]] std::int64_t kept() const noexcept { return kept_; }
  void weigh_memory() noexcept { weighs_ = true; }  // from now on, and slower by it
  [[nodiscard]] std::uint64_t installed() const noexcept { return installed_; }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
  // Runs `work` on this side's account.
  void run(const std::function<void()>& work);

 private:
  struct Datagram {
    ike::Path path;
    ike::Octets message;
  };
  void send(const ike::Path& path, ByteView message) override;
  void send_keepalive(const ike::Path&) override {}
  std::optional<Address> source_for(const Address&) override { return address_; }
  Spi allocate_spi() override { return {++last_spi_}; }
  Expected<void> install(const ike::ChildPlace&, std::vector<Sa> sas) override;
  void uninstall(std::span<const std::string>) override {}
  void refuse(ike::AcquireId) override {}
  Expected<void> move(const std::string&, const Endpoints&,
                      const std::optional<UdpEncapsulation>&) override {
    return {};
  }
  std::uint64_t packets_of(const std::string&) override { return 0; }
  std::span<const Entry> negotiable() override { return policies_; }
  const Pad& pad() const override { return pad_; }
  void submit(std::function<Completion()> job) override { job()(); }
  void report(const ike::Event& event) override;

  Address address_;
  Pad pad_;
  std::vector<Entry> policies_;
  std::deque<Datagram> sent_;
  std::uint32_t last_spi_{0x1000};
  std::uint64_t installed_{};
  std::uint64_t failures_{};
  std::chrono::nanoseconds spent_{};
  std::int64_t kept_{};
  bool weighs_{};
  std::unique_ptr<ike::Daemon> daemon_;
};

// What a run of `peers` initiators against one responder is made of.
struct IkeLoad {
  IkeMethod method{IkeMethod::Psk};
  Group group{Group::Curve25519};
  unsigned peers{1000};
};
struct IkeTerms {
  IkeParty::Terms initiator;
  IkeParty::Terms responder;
};
[[nodiscard]] Expected<IkeTerms> make_terms(const IkeLoad& load);

}  // namespace sallyport::bench
