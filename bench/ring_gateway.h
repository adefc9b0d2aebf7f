// A whole data plane whose two ports are rings in memory; the bench takes its turns.
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "base/random.h"
#include "dataplane/dataplane.h"
#include "dataplane/laps.h"
#include "sad/sad.h"

struct rte_mbuf;
struct rte_mempool;
struct rte_ring;

namespace sallyport::bench {

inline constexpr PortId kInside{0};
inline constexpr PortId kOutside{1};
inline constexpr unsigned kWireCapacity = 1024;  // frames

// Places of a flow cache: twice two for each flow keep most of them from meeting.
[[nodiscard]] constexpr std::size_t flow_places(std::size_t flows) noexcept {
  return std::max<std::size_t>(65'536, 4 * flows);
}

class RingGateway {
 public:
  struct Settings {
    Prefix inside;
    Prefix outside;
    std::size_t sas{};
    std::size_t policies{};
    std::size_t flows{};
    std::size_t bindings{64};
    std::size_t mbufs{2 * kWireCapacity};
    std::size_t punt_ring{1024};
    std::uint32_t punts_per_second{10'000};
  };
  // `random` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<RingGateway>> open(const Settings& settings,
                                                                   Random& random);
  [[nodiscard]] static DataplaneSettings dataplane_settings(const Settings& settings);
  ~RingGateway();

  [[nodiscard]] Dataplane& dataplane() noexcept { return *dataplane_; }
  [[nodiscard]] Sad& sad() noexcept { return *sad_; }
  [[nodiscard]] MacAddress mac(PortId port) const;
  [[nodiscard]] rte_mempool* pool() const;
  [[nodiscard]] Laps& laps() noexcept;  // of its one worker
  [[nodiscard]] std::uint16_t device(PortId port) const;
  // The link address of everyone who can be reached over `port` by way of `address`.
  [[nodiscard]] Expected<void> add_neighbour(PortId port, std::string_view address,
                                             const MacAddress& mac);
  // Policies, and besides connected networks and own addresses these routes.
  [[nodiscard]] Expected<void> publish(std::shared_ptr<const PolicySet> policies,
                                       std::span<const Route> routes);

  // Frames that come in on `port` with the next turns; there is room for kWireCapacity.
  void put(PortId port, std::span<rte_mbuf* const> frames) noexcept;
  // Frames that went out of `port`, at most frames.size(); how many.
  [[nodiscard]] unsigned take(PortId port, std::span<rte_mbuf*> frames) noexcept;
  bool turn() noexcept { return dataplane_->turn(); }
  // Frees what only workers could still have read.
  void rest() {
    turn();
    dataplane_->poll();
  }
  // Every drop so far, "name=count" each.
  [[nodiscard]] std::string drops() const;

 private:
  struct Wire {
    rte_ring* in{};
    rte_ring* out{};
  };
  RingGateway() = default;
  [[nodiscard]] Expected<void> make_wires(DataplaneSettings& settings);

  std::array<Wire, 2> wires_;
  std::unique_ptr<Dataplane> dataplane_;
  std::unique_ptr<Sad> sad_;
};

}  // namespace sallyport::bench
