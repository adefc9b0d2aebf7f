// A poll-mode worker: one turn takes packets from receive to transmit without stopping.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/random.h"
#include "dataplane/dataplane.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

class Worker {
 public:
  // References to what outlives the worker; see WorkerContext.
  struct Shared {
    PublishedTables& tables;
    SaTable& sas;
    const SaHandles& handles;
    const PopulatedHandles& populated;
    const KeyTable& keys;
    const NeighbourTable& neighbours;
    const BindingTable& bindings;
    const AuditSwitches& audit;
    const std::atomic<bool>& key_manager;
    rte_mempool* pool;
    rte_mempool* large_pool;
    std::pmr::memory_resource& memory;
  };
  struct Settings {
    WorkerId id;
    std::uint16_t workers{1};  // in all
    IdleMode idle{IdleMode::Sleep};
    std::size_t flows{65536};
    FlowCacheSettings flow_cache{};
    std::size_t held_each{8};  // packets that wait for one SA
    std::size_t policies{1024};
    std::uint32_t punts_per_second{10'000};
    std::uint32_t icmp_errors_per_second{100};
    std::uint32_t audit_events_per_second{100};  // of each drop reason
    std::size_t reassembly_datagrams{128};
    std::chrono::seconds reassembly_time{30};
    std::size_t fragment_flows{1024};
    SkippedHeaders skipped_headers;
    const Clock* clock{};  // null: the time-stamp counter
  };
  // Its engines and rings.
  struct Equipment {
    std::unique_ptr<CryptoEngine> engine;
    std::unique_ptr<IvSource> ivs;
    PacketRing to_control;
    PacketRing from_control;
    EventRing events;
    std::unique_ptr<HandOff> hand_off;
    std::vector<PortQueue> ports;
    KeyedHash::Key hash_key{};
    std::uint64_t hash_seed{};
    std::uint32_t first_datagram_id{};
    std::string crypto_variant{};
  };
  Worker(const Shared& shared, const Settings& settings, Equipment equipment);

  // One pass over all ports and the rings from control and from other workers. Never blocks. True
  // if there was work.
  bool turn() noexcept;
  // Turns until stop(); idles as set. For an lcore of its own.
  void run() noexcept;
  void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }

  // For control: rings, counters.
  [[nodiscard]] PacketRing& to_control() noexcept { return equipment_.to_control; }
  [[nodiscard]] PacketRing& from_control() noexcept { return equipment_.from_control; }
  [[nodiscard]] EventRing& events() noexcept { return equipment_.events; }
  [[nodiscard]] const AuditTrail& audit() const noexcept { return audit_; }
  [[nodiscard]] const WorkerContext& context() const noexcept { return my_; }
  // For whoever calls turn() himself.
  [[nodiscard]] Laps& laps() noexcept { return my_.laps; }
  [[nodiscard]] std::span<const PortQueue> ports() const noexcept { return equipment_.ports; }
  [[nodiscard]] const FlowCache& flows() const noexcept { return flows_; }
  [[nodiscard]] const std::string& crypto_variant() const noexcept {
    return equipment_.crypto_variant;
  }

 private:
  [[nodiscard]] bool receive_from(PortQueue& port, const Tables& now) noexcept;
  [[nodiscard]] bool take_from_control(const Tables& now) noexcept;
  [[nodiscard]] bool take_from_workers(const Tables& now) noexcept;
  void transmit_all() noexcept;
  void idle() noexcept;

  PublishedTables& tables_;
  Settings settings_;
  Equipment equipment_;
  FlowCache flows_;
  AskedSas asked_sas_;
  AuditTrail audit_;
  Reassembly reassembly_;
  FragmentFlows fragment_flows_;
  WorkerContext my_;
  PacketStore store_;
  std::atomic<bool> stopping_{};
};

}  // namespace sallyport
