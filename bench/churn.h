// A control plane that installs SAs and removes them again, over and over, beside the workers.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bench/ring_gateway.h"
#include "crypto/algorithms.h"

namespace sallyport::bench {

// SAs with numbers from `first` on, in one direction of one gateway; nothing leads to them.
struct ChurnSettings {
  Direction direction{};
  Transform transform;
  std::uint32_t first{};
  std::uint32_t count{};  // that live at a time, at most
};

// What it took to install `settings.count` SAs and to remove them: ticks for each.
struct InstallationTicks {
  double install{};
  double remove{};
};
// On this thread, with no worker at work.
[[nodiscard]] Expected<InstallationTicks> install_and_remove(RingGateway& gateway,
                                                             const ChurnSettings& settings,
                                                             Random& random);

// The same on a thread of its own, at a rate, for as long as is wanted.
class Churn {
 public:
  Churn(RingGateway& gateway, const ChurnSettings& settings, Random& random);
  ~Churn();
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;

  // Each second `rate` SAs are installed and as many removed, or as many as can be, on `core`.
  void start(double rate, int core);
  // Removes what is left.
  void stop();
  // SAs installed a second since the start.
  [[nodiscard]] double rate() const noexcept;
  // Once stopped: why an SA could not be installed or removed; empty where each could.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void run(double rate, int core);
  void install(std::uint64_t step);
  void remove(std::uint64_t step);

  RingGateway& gateway_;
  std::vector<std::string> names_;
  std::vector<Sa> sas_;
  std::atomic<bool> stopping_{};
  std::atomic<std::uint64_t> installed_{};
  std::uint64_t start_{};
  std::string failure_;
  std::thread thread_;
};

}  // namespace sallyport::bench
