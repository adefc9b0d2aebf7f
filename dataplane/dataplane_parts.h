// What stands behind Dataplane: for the control side of the data plane, benches and tests.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/buffer_pool.h"
#include "dataplane/crypto/ipsec_mb_engine.h"
#include "dataplane/dataplane.h"
#include "dataplane/memory.h"
#include "dataplane/worker.h"

namespace sallyport {

// In the order of their making: what stands later uses what stands before.
struct Dataplane::Parts {
  DataplaneSettings settings;
  DpdkMemory memory;
  BufferPool pool;
  BufferPool large_pool;
  std::unique_ptr<KeyTable> keys;
  std::unique_ptr<PublishedTables> tables;
  std::unique_ptr<NeighbourTable> neighbours;
  std::unique_ptr<BindingTable> bindings;
  std::shared_ptr<const MobilityFacts> mobility;    // null: off
  std::shared_ptr<const GroupListeners> listeners;  // null: none
  std::unique_ptr<SaTable> sas;
  std::unique_ptr<SaHandles> handles;
  std::unique_ptr<PopulatedHandles> populated;
  std::atomic<bool> key_manager{};  // there is one to ask for SAs
  AuditSwitches audit_switches;
  std::vector<std::unique_ptr<Port>> ports;
  std::unique_ptr<HandOffRings> hand_off_rings;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::unique_ptr<EventRing> control_events;
  std::unique_ptr<AuditTrail> control_audit;
  Drops control_drops;             // of packets that ended with control
  std::vector<Traffic> forgotten;  // by PolicyId: what earlier policies of that id had counted
  Counter control_released;        // held packets that ended with control

  // With what else workers decide by.
  void publish(std::shared_ptr<const PolicySet> policies, std::shared_ptr<const Routes> routes);
  void publish_again();                                  // if anything was
  [[nodiscard]] Traffic counted(PolicyId policy) const;  // by every policy that had the id
  [[nodiscard]] Duration idle(PolicyId policy) const;    // since its last packet
};

}  // namespace sallyport
