// The data plane as its owner sees it: everything that workers share, the workers, and the control
// thread's side of both. No DPDK type shows here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "dataplane/audit_switches.h"
#include "dataplane/binding.h"
#include "dataplane/crypto/iv_source.h"
#include "dataplane/drop_reason.h"
#include "dataplane/event.h"
#include "dataplane/flow_cache_settings.h"
#include "dataplane/group_listeners.h"
#include "dataplane/next_hop.h"
#include "dataplane/port_facts.h"
#include "net/packet_summary.h"
#include "sad/key_store.h"
#include "sad/retirement.h"
#include "sad/sa_handles.h"
#include "sad/sa_table.h"
#include "spd/spd.h"

namespace sallyport {

class Worker;
class PublishedTables;
class NeighbourTable;
class BindingTable;
class KeyTable;
class PopulatedHandles;
class Routes;

// What a worker does when there is nothing to do.
enum class IdleMode : std::uint8_t { Spin, Yield, Sleep };

struct DataplaneSettings {
  std::vector<PortSettings> ports;  // PortId is the index
  std::uint16_t workers{1};
  std::vector<std::uint16_t> cores{};  // of each worker; empty: not pinned
  IdleMode idle{IdleMode::Sleep};
  std::uint16_t burst{64};  // frames that a worker takes from a port at a time, at most kBurstSize
  std::size_t sas{1024};    // in each direction
  std::size_t policies{1024};
  std::size_t flows{65536};  // cached by each worker
  FlowCacheSettings flow_cache{};
  std::size_t sa_hold{8};  // packets that wait for one SA
  std::size_t neighbours{4096};
  std::size_t neighbour_hold{8};  // packets that wait for one
  std::size_t bindings{64};       // of Mobile IPv6
  std::size_t mbufs{16384};
  std::size_t large_buffers{128};            // of 64 KiB, besides those of reassembly
  std::size_t reassembly_datagrams{128};     // under way in each worker; 0: none
  std::chrono::seconds reassembly_time{30};  // and of what follows
  std::size_t fragment_flows{1024};          // datagrams whose fragments each worker checks
  std::size_t punt_ring{1024};
  std::size_t event_ring{1024};            // events on the way to control, of each worker
  std::uint32_t punts_per_second{10'000};  // packets to control, of each worker
  std::uint32_t icmp_errors_per_second{100};
  std::uint32_t audit_events_per_second{100};  // of each worker and drop reason
  SkippedHeaders skipped_headers;              // on the way to the upper-layer protocol (ARCH-11)
  const Clock* clock{};  // what workers tell time by; null: the time-stamp counter
};

// Megabytes of DPDK memory that these settings need.
[[nodiscard]] std::uint64_t memory_needed(const DataplaneSettings& settings, std::size_t routes);

struct PortStatus {
  const PortSettings* settings{};
  PortId id{};
  MacAddress mac;
  std::string driver;
  bool link_up{};
  std::uint16_t queues{};
  std::uint64_t received_packets{}, received_bytes{}, sent_packets{}, sent_bytes{};
};

struct WorkerStatus {
  WorkerId id{};
  std::uint64_t turns{}, busy_turns{};
  std::uint64_t flow_hits{}, flow_misses{}, flow_stale{}, flow_evictions{}, flow_refused{};
  std::uint64_t punted{}, held{}, released{}, originated{}, fragments_made{}, group_copies{};
  std::uint64_t given{}, taken{};  // to and from other workers
  std::uint64_t fragments_kept{}, fragments_left{}, fragments_joined{};
  std::uint64_t resynchronised{}, resynchronisation_trials{};  // RFC 4303 A3
  std::string crypto_variant;
};

// Both sides of the conservation law; at a quiet moment balance() is 0. `handed_off` is on its way
// between two workers.
struct PacketAccount {
  std::uint64_t received{}, originated{}, fragments_made{}, group_copies{};
  std::uint64_t sent{}, dropped{}, consumed{}, punted{}, held{}, handed_off{};
  std::uint64_t fragments_joined{}, fragments_kept{};  // kept: resting in reassembly now

  [[nodiscard]] std::int64_t balance() const noexcept {
    return static_cast<std::int64_t>(received + originated + fragments_made + group_copies) -
           static_cast<std::int64_t>(sent + dropped + consumed + punted + held + handed_off +
                                     fragments_joined + fragments_kept);
  }
};

// Control thread only, but for the workers' own threads. EAL has been started.
class Dataplane {
 public:
  // Makes each worker's source of IVs; tests give IVs of their own.
  using IvSourceMaker = std::function<std::unique_ptr<IvSource>()>;
  // Opens the ports and makes everything that workers need; no worker runs yet.
  [[nodiscard]] static Expected<std::unique_ptr<Dataplane>> open(
      DataplaneSettings settings, Random& random, const IvSourceMaker& make_ivs = sa_ivs);
  [[nodiscard]] static std::unique_ptr<IvSource> sa_ivs();
  ~Dataplane();

  // One thread for each worker. Without start(), turn() gives each worker a turn on the calling
  // thread: tests and benches go turn by turn. Fails where a core of the settings is not to be had;
  // stop() then ends what runs.
  [[nodiscard]] Expected<void> start();
  void stop() noexcept;
  bool turn() noexcept;

  // What control writes into.
  [[nodiscard]] SaTable& sas() noexcept;
  [[nodiscard]] SaHandles& handles() noexcept;
  // Handles of populated SAs are none of the policies': those from the first one on, as many as
  // there may be SAs.
  [[nodiscard]] PopulatedHandles& populated() noexcept;
  [[nodiscard]] SaHandle first_populated_handle() const noexcept;
  [[nodiscard]] KeyStore& keys() noexcept;
  [[nodiscard]] Retirement& retirement() noexcept;
  [[nodiscard]] NeighbourTable& neighbours() noexcept;
  [[nodiscard]] BindingTable& bindings() noexcept;
  // Mobile IPv6 from the next turns on; nullopt: off, as at first. Bindings count while it is on.
  void set_mobility(std::optional<MobilityFacts> facts);
  // Who gets copies of what comes to a group, from the next turns on; null: nobody, as at first.
  void set_listeners(std::shared_ptr<const GroupListeners> listeners);
  // Policies and routes that the next turns decide by; published together.
  [[nodiscard]] static Expected<std::shared_ptr<const Routes>> build(std::span<const Route> routes);
  void publish(std::shared_ptr<const PolicySet> policies, std::shared_ptr<const Routes> routes);
  [[nodiscard]] Expected<void> publish(std::shared_ptr<const PolicySet> policies,
                                       std::span<const Route> routes);
  void publish(std::shared_ptr<const PolicySet> policies);
  // What workers decide by from their next turn on, for questions about packets that are none. Both
  // stand until the next publish(); one has come before.
  [[nodiscard]] const PolicySet& policies() const noexcept;
  [[nodiscard]] const NextHop& next_hop(const Address& destination) const noexcept;
  // MTU of the link by which packets for `remote` leave now; where none is known, the smallest of
  // the unprotected side.
  [[nodiscard]] std::uint16_t link_mtu(const Address& remote) const;
  // Our own on the port.
  [[nodiscard]] const MacAddress& link_address(PortId port) const;
  [[nodiscard]] bool link_up(PortId port) const;
  // The SA carries nothing any more once `in` has passed, whatever control is busy with (SAD-06).
  void end_sa(Direction direction, SaSlot slot, Duration in) noexcept;
  // Frees what no worker reads any more; to be called now and then.
  void poll();

  // What is audited from the next packet on (AUD-03).
  void choose_audits(const AuditSelection& selection) noexcept;
  // Hands over what workers have told since, each with its age, oldest first of each worker; a
  // bounded number at a time. Says how many there were.
  using TakeEvent = std::function<void(const Event& event, Duration age)>;
  unsigned take_events(const TakeEvent& take);

  // What happened.
  [[nodiscard]] std::uint64_t events_lost() const;
  // Auditable events that control was not told of, since the start, by worker and reason.
  using Suppressed = std::function<void(WorkerId worker, DropReason reason, std::uint64_t count)>;
  void for_each_suppressed(const Suppressed& visit) const;
  [[nodiscard]] std::vector<PortStatus> ports() const;
  [[nodiscard]] std::vector<WorkerStatus> workers() const;
  [[nodiscard]] std::uint64_t dropped(DropReason reason) const;
  struct Traffic {
    std::uint64_t packets{}, bytes{};
    std::optional<Duration> idle{};  // since the last one
  };
  // Since the policy's id was given to it.
  [[nodiscard]] Traffic policy_traffic(PolicyId policy) const;
  // Its id is free for another policy, which counts from 0.
  void forget_policy_traffic(PolicyId policy);
  [[nodiscard]] PacketAccount account() const;
  // In both pools; at a quiet moment what control holds and the datagrams that reassembly keeps.
  [[nodiscard]] std::size_t mbufs_in_use() const;

  struct Parts;
  // For the control side of the data plane (punts, neighbours) and for tests.
  [[nodiscard]] Parts& parts() noexcept { return *parts_; }

 private:
  explicit Dataplane(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sallyport
