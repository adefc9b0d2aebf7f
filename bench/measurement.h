// Ticks a packet of a worker's turns, of the ports alone and of IPsec-MB alone, window by window.
#pragma once

#include <array>
#include <optional>

#include "bench/command_line.h"
#include "bench/raw_crypto.h"
#include "bench/spread.h"
#include "bench/traffic.h"
#include "bench/tunnel_pair.h"
#include "dataplane/laps.h"

namespace sallyport::bench {

// TSC ticks a packet.
struct Measurement {
  Direction direction{};
  Transform transform;
  std::uint16_t size{};  // of inner packets, or kImix
  double mean_octets{};
  std::uint32_t sas{};
  std::uint32_t other_policies{};  // in front of one for each SA
  std::uint32_t flows{};
  Spread turn{};  // everything: receive, verbs, transmit
  Spread port{};  // receive and transmit of the same buffers, nothing between
  // Absent where IPsec-MB does not perform the transform: it alone on the same bytes, and what is
  // left of a turn without it and without the ports (window by window: the clock varies).
  std::optional<Spread> raw{};
  std::optional<Spread> own{};
  std::optional<std::array<double, kVerbCount>> verbs{};  // ticks a packet of each, if asked for
  double flow_hits{};  // share of packets whose policy came from the flow cache
};

// Measures one packet size and direction over an open pair.
class Course {
 public:
  struct Settings {
    Direction direction{};
    std::uint16_t size{};
    Order order{};
    unsigned burst{kBurstSize};
    unsigned windows{20};
    bool profile{};  // of each verb as well, in windows of their own
  };
  Course(TunnelPair& pair, const Settings& settings);

  // Fails where a packet does not come out of the other end.
  [[nodiscard]] Expected<Measurement> run();

 private:
  using Ticks = std::uint64_t;
  // Measured one after the other; ticks a packet.
  struct Window {
    double turn, port, raw;
    [[nodiscard]] double own() const noexcept { return turn - port - raw; }
  };
  // A packet of every flow, so that all of them are in the flow cache.
  [[nodiscard]] Expected<void> warm_up();
  [[nodiscard]] Expected<Window> measure(RawCrypto* raw);
  [[nodiscard]] Expected<std::vector<Window>> measure_windows(RawCrypto* raw);
  [[nodiscard]] Expected<std::array<double, kVerbCount>> profile();
  // One filling of all buffers, sealed by the first gateway: its ticks.
  [[nodiscard]] Expected<Ticks> seal();
  // The same, opened by the second gateway: that one's ticks.
  [[nodiscard]] Expected<Ticks> open();
  [[nodiscard]] Ticks pass_through_ports();
  [[nodiscard]] Ticks perform_raw(RawCrypto& raw);
  // Takes the turns that bring what lies in the buffers from one port to the other.
  [[nodiscard]] Expected<Ticks> carry(RingGateway& gateway, PortId from, PortId to);
  [[nodiscard]] RingGateway& measured() noexcept;

  TunnelPair& pair_;
  Settings settings_;
  bool profiling_{};
  Flows flows_;
  Traffic traffic_;
};

}  // namespace sallyport::bench
