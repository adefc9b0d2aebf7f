// Where a worker's time goes, verb by verb, when somebody asks (sallyport-bench --profile).
// Otherwise a mark is one test for a whole burst.
#pragma once

#include <rte_cycles.h>

#include <array>
#include <cstdint>

namespace sallyport {

// In the order of the packet's way; inbound, then outbound.
enum class Verb : std::uint8_t {
  Receive,
  Parse,
  Route,
  FindSa,
  CheckReplay,
  Open,
  Decapsulate,
  Forward,
  MatchPolicy,
  ChooseSa,
  Encapsulate,
  Seal,
  RouteSealed,
  Transmit,
  Send,
};
inline constexpr std::size_t kVerbCount = static_cast<std::size_t>(Verb::Send) + 1;

// One worker's. Each mark gives the ticks since the one before to the verb that it ends.
class Laps {
 public:
  void start() noexcept {
    on_ = true;
    last_ = rte_rdtsc();
  }
  void stop() noexcept { on_ = false; }
  void mark(Verb ended) noexcept {
    if (!on_) [[likely]]
      return;
    const std::uint64_t now = rte_rdtsc();
    ticks_[static_cast<std::size_t>(ended)] += now - last_;
    last_ = now;
  }
  // TSC ticks by verb since the first start.
  [[nodiscard]] const std::array<std::uint64_t, kVerbCount>& ticks() const noexcept {
    return ticks_;
  }

 private:
  std::array<std::uint64_t, kVerbCount> ticks_{};
  std::uint64_t last_{};
  bool on_{};
};

}  // namespace sallyport
