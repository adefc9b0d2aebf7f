// Many nodes move at once, at a pace, while the worker carries payload to all of them and control
// runs on a core of its own.
#pragma once

#include <atomic>
#include <thread>

#include "bench/home_agent_registrations.h"
#include "bench/home_agent_traffic.h"
#include "bench/spread.h"

namespace sallyport::bench {

struct StormSettings {
  double share{0.1};  // of the nodes, each once
  double seconds{10};
  double quiet_seconds{2};  // before it
  int control_core{};
  std::uint16_t octets{};  // of payload packets
};

// Microseconds.
struct Times {
  double median{}, p99{}, most{};
};
// Of one or more.
[[nodiscard]] Times times_of(std::vector<double> microseconds);

struct StormResult {
  std::uint64_t moves{};           // that were asked for
  std::uint64_t unacknowledged{};  // of them
  double seconds{};                // until the last acknowledgement
  std::uint64_t packets{};         // of payload, while nodes moved
  std::uint64_t lost{};            // of these
  std::uint64_t misled{};          // to where a node was before its acknowledgement went out
  Spread quiet;                    // ticks a packet of the worker's turns
  Spread disturbed;
  Times control;  // that a move keeps control's thread
  Times answer;   // from the update on the wire to its acknowledgement there
};

// Control's part, on a thread of its own.
class ControlThread {
 public:
  // Outlives it.
  explicit ControlThread(HomeAgentGateway& gateway) : gateway_(gateway) {}
  ~ControlThread() { stop(); }
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  void start(int core);
  void stop();
  // Once stopped: ticks of each message that it has had.
  [[nodiscard]] const std::vector<double>& ticks() const noexcept { return ticks_; }

 private:
  void run(int core);

  HomeAgentGateway& gateway_;
  std::atomic<bool> stopping_{};
  std::vector<double> ticks_;
  std::thread thread_;
};

class Storm {
 public:
  // Both outlive it.
  Storm(HomeAgentGateway& gateway, HomeNodes& nodes, const StormSettings& settings);
  [[nodiscard]] Expected<StormResult> run();

 private:
  static constexpr unsigned kPayload = TunnelTraffic::kPackets;  // packets of a step
  static constexpr unsigned kMostUpdates = 64;

  [[nodiscard]] NodeNumber moves() const noexcept;
  [[nodiscard]] NodeNumber mover(NodeNumber number) const noexcept;
  // A filling of payload and so many updates go through the worker: ticks a payload packet.
  [[nodiscard]] Expected<double> step(NodeNumber updates);
  [[nodiscard]] Expected<std::vector<rte_mbuf*>> buffers(std::size_t count);
  void take_out();
  void judge(const Sent& sent);
  [[nodiscard]] Expected<void> carry_quietly(std::vector<double>& windows);
  [[nodiscard]] Expected<void> storm(std::vector<double>& windows);

  HomeAgentGateway& gateway_;
  HomeNodes& nodes_;
  StormSettings settings_;
  HomeAgentFrames frames_;
  NodeDraw draw_;
  std::vector<std::uint64_t> sent_at_;  // ticks, of updates without an answer; 0: none
  NodeNumber asked_{};
  NodeNumber answered_{};
  std::uint64_t arrived_{};
  StormResult result_;
  std::vector<double> answers_;
};

}  // namespace sallyport::bench
