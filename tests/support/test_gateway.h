// A whole gateway in the test's own thread: ports are rings, time is manual, turns are taken one by
// one. Frames go in, frames come out, or a drop is counted.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/control_plane.h"
#include "dataplane/dataplane.h"
#include "sad/sad.h"
#include "spd/spd.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/packet_builder.h"

struct rte_ring;

namespace sallyport {

// How a frame lies in memory: as a device leaves it, or in a buffer that ends with its last octet,
// so that reading past it faults under ASan, with headroom or without; with its checksums left to
// the device; or with what the device says of its IPv4 header's checksum.
enum class BufferKind : std::uint8_t { Pool, Exact, Bare, Offload, ChecksumGood, ChecksumBad };

// What SALLYPORT_TEST_WORKERS says, 1 where it says nothing: tests that do not ask for a number of
// workers run with this one.
[[nodiscard]] std::uint16_t test_workers();

class TestGateway {
 public:
  struct Settings {
    std::vector<PortSettings> ports;  // devices are made here
    std::vector<Route> routes;        // besides connected and local ones
    std::vector<Policy> policies;
    std::size_t flows{1024};
    FlowCacheSettings flow_cache{};
    std::vector<std::string> users{};  // UserId 1 and up
    std::size_t sa_hold{8};
    std::size_t sas{256};
    std::size_t mbufs{2048};
    std::size_t punt_ring{512};
    std::uint32_t punts_per_second{1'000'000};
    std::uint16_t burst{64};
    std::size_t large_buffers{32};
    std::size_t reassembly_datagrams{16};
    std::uint32_t icmp_errors_per_second{1000};
    std::uint32_t audit_events_per_second{1000};
    std::size_t neighbour_hold{8};
    SkippedHeaders skipped_headers{};
    std::size_t event_ring{256};
    std::uint16_t workers{test_workers()};
    std::uint16_t queue_pairs{};  // of each port; 0: one for each worker
    Dataplane::IvSourceMaker make_ivs{Dataplane::sa_ivs};
  };
  explicit TestGateway(Settings settings);
  ~TestGateway();

  // Adds an SA and, outbound, leads the policy to it; REQUIREs success.
  SaSlot add_sa(Sa sa, const std::string& policy = {});
  void remove_sa(const std::string& name, const std::string& policy = {});
  void publish();  // after edits of spd()

  // The neighbour at `address` on `port` has this link address from now on.
  void neighbour(PortId port, std::string_view address, const MacAddress& mac);
  static constexpr MacAddress kPeer{{2, 0, 0, 0, 0, 0x99}};

  // A frame as it comes from the wire; with_link() puts the link header of `port` in front.
  void receive(PortId port, const PacketBytes& frame, BufferKind buffer = BufferKind::Pool);
  void receive_ip(PortId port, const PacketBytes& datagram, BufferKind buffer = BufferKind::Pool);
  // What receive() gives from here on comes to queue pair `pair` of its port, whichever flow it is
  // of: no device spreads worse (DP-06). At first it is the last pair, which has the last worker:
  // the first SA of either direction is the first worker's.
  void receive_by(std::uint16_t pair) noexcept { pair_ = pair; }
  // In a chain of exact buffers, cut at these places of the frame.
  void receive_chain(PortId port, const PacketBytes& datagram, std::span<const std::size_t> cuts);
  // Turns and control's work until nothing moves any more; then checks the conservation law.
  void settle();
  // The law between turns: packets may be on their way between workers.
  void check_account() const;
  // True where workers have taken every frame from the wires.
  [[nodiscard]] bool all_received() const;
  // One turn of one worker.
  void turn(WorkerId worker);
  // What went out of the port since the last call; IP datagrams without their link headers.
  [[nodiscard]] std::vector<PacketBytes> sent_frames(PortId port);
  [[nodiscard]] std::vector<PacketBytes> sent(PortId port);

  // What workers have told control since the last call.
  [[nodiscard]] std::vector<Event> events();
  // Auditable drops that it was not told of, since the start.
  [[nodiscard]] std::uint64_t suppressed(DropReason reason) const;

  [[nodiscard]] std::uint64_t dropped(DropReason reason) const;
  [[nodiscard]] std::uint64_t dropped_in_all() const;
  [[nodiscard]] MacAddress mac(PortId port) const;

  [[nodiscard]] Dataplane& dataplane() noexcept { return *dataplane_; }
  [[nodiscard]] ControlPlane& control() noexcept { return *control_; }
  [[nodiscard]] Spd& spd() noexcept { return *spd_; }
  [[nodiscard]] Sad& sad() noexcept { return *sad_; }
  [[nodiscard]] ManualClock& clock() noexcept { return clock_; }

 private:
  [[nodiscard]] PacketBytes with_link(PortId port, const PacketBytes& datagram) const;
  struct Wire {
    std::vector<rte_ring*> in;  // by queue pair
    rte_ring* out;
  };
  void make_wires();

  Settings settings_;
  ManualClock clock_;
  FixedRandom random_;
  std::vector<Wire> wires_;
  std::uint16_t pair_{};
  std::vector<StaticNeighbour> neighbours_;
  std::unique_ptr<Dataplane> dataplane_;
  std::unique_ptr<ControlPlane> control_;
  std::unique_ptr<Spd> spd_;
  std::unique_ptr<Sad> sad_;
};

// Two ports: 0 protected with 198.51.100.1/25 and 2001:db8:1::1/64, 1 unprotected with
// 192.0.2.1/24 and 2001:db8::1/64; neighbours 198.51.100.2, 2001:db8:1::2 and 192.0.2.2,
// 2001:db8::2 answer; everything else lies behind the latter two.
[[nodiscard]] TestGateway::Settings two_ports(std::vector<Policy> policies);
inline constexpr PortId kInside{0};
inline constexpr PortId kOutside{1};
void settle_two_ports(TestGateway& gateway);

}  // namespace sallyport
