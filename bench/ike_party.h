// One IKE instance of a load run: a daemon with one entry in its PAD and one in its SPD, which does
// its public-key work in place, so that one core does all of it.
#pragma once

#include <functional>
#include <vector>

#include "bench/ike_terms.h"
#include "ike/daemon.h"

namespace sallyport::bench {

class IkeParty final : private ike::PolicySource,
                       private ike::PeerSource,
                       private ike::Jobs,
                       private ike::Events {
 public:
  // References to what outlives it.
  struct Parts {
    const Clock& clock;
    Random& random;
    ike::Datagrams& datagrams;
    ike::SaInstaller& installer;
  };
  explicit IkeParty(const Parts& parts);

  // What it decides by from now on; IKE SAs that are there keep what they began with.
  [[nodiscard]] Expected<void> adopt(IkeTerms terms);
  // Begins an IKE SA with a child by these.
  [[nodiscard]] Expected<void> initiate(IkeTerms terms);
  // Calls it with whatever happens.
  void on_event(std::function<void(const ike::Event&)> heard) { heard_ = std::move(heard); }

  [[nodiscard]] ike::Daemon& daemon() noexcept { return daemon_; }
  [[nodiscard]] const ike::Daemon& daemon() const noexcept { return daemon_; }
  // IKE SAs and children that did not come to be.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
  // Why the first of them did not; empty where there is none.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  std::span<const Entry> negotiable() override { return policies_; }
  const Pad& pad() const override { return pad_; }
  void submit(std::function<Completion()> job) override { job()(); }
  void report(const ike::Event& event) override;

  Pad pad_;
  std::vector<Entry> policies_;
  std::function<void(const ike::Event&)> heard_;
  std::uint64_t failures_{};
  std::string failure_;
  ike::Daemon daemon_;
};

}  // namespace sallyport::bench
