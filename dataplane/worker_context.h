// What the verbs of one worker work with: shared tables to read, and what this worker alone writes.
#pragma once

#include <atomic>
#include <vector>

#include "base/rate_limit.h"
#include "dataplane/asked_sas.h"
#include "dataplane/binding_table.h"
#include "dataplane/crypto/engine.h"
#include "dataplane/crypto/iv_source.h"
#include "dataplane/crypto/key_table.h"
#include "dataplane/datagram_ids.h"
#include "dataplane/drops.h"
#include "dataplane/flow_cache.h"
#include "dataplane/fragment_flows.h"
#include "dataplane/hand_off.h"
#include "dataplane/header_copies.h"
#include "dataplane/laps.h"
#include "dataplane/moved_peers.h"
#include "dataplane/populated_handles.h"
#include "dataplane/port.h"
#include "dataplane/reassembly.h"
#include "dataplane/recent_neighbours.h"
#include "dataplane/resynchronisation.h"
#include "dataplane/ring.h"
#include "dataplane/tick_source.h"
#include "dataplane/tunnelled_peers.h"
#include "sad/sa_handles.h"
#include "sad/sa_table.h"

namespace sallyport {

// Besides ports' counters and drop reasons: where packets came from and went to (conservation law).
struct WorkerCounters {
  Counter originated;        // taken from control: packets made here
  Counter fragments_made;    // packets that one became, less the one
  Counter group_copies;      // of packets to a multicast group, one for each listener
  Counter fragments_kept;    // came to rest in reassembly
  Counter fragments_left;    // rest there no more: joined or dropped
  Counter fragments_joined;  // packets that one became together with others, less the one
  Counter punted;            // to control, for good
  Counter held;              // to control, to come back when a neighbour is known
  Counter released;          // come back from there
  Counter turns;
  Counter busy_turns;
};

// What each kind of packet may take of control's time, so that no kind keeps another from it.
struct PuntLimits {
  RateLimit neighbours{};  // ARP and neighbour discovery
  RateLimit unresolved{};  // packets for a neighbour that is not known
  RateLimit acquires{};    // packets without an SA
  RateLimit home_links{};  // what nodes say in their tunnels to their home link
  RateLimit others{};      // whatever else is for us
};

struct WorkerContext {
  // Shared; read only here.
  SaTable& sas;
  const SaHandles& handles;
  const PopulatedHandles& populated;
  const KeyTable& keys;
  const BindingTable& bindings;
  const std::atomic<bool>& key_manager;  // there is one to ask for SAs
  rte_mempool* pool;
  rte_mempool* large_pool;  // buffers of 64 KiB
  // This worker's own.
  WorkerId id;
  CryptoEngine& engine;
  IvSource& ivs;
  FlowCache& flows;
  Reassembly& reassembly;
  FragmentFlows& fragment_flows;
  RecentNeighbours neighbours;
  AskedSas& asked_sas;
  DatagramIds ids;
  TickSource ticks;
  SkippedHeaders skipped_headers;
  std::vector<PortQueue>& ports;  // by PortId
  PacketRing& to_control;
  PacketRing& from_control;
  EventRing& events;
  HandOff& hand_off;
  Drops drops;
  MovedPeers moved_peers;
  TunnelledPeers tunnelled_peers;
  WorkerCounters counters{};
  std::vector<PolicyCounter> policy_counters{};  // by PolicyId
  RateLimit icmp_errors{};
  RateLimit group_copies{};  // so that whoever speaks to a group keeps nobody waiting
  PuntLimits punts{};
  HeaderCopies headers{};
  Resynchronisation resynchronisation{};
  Laps laps{};
};

}  // namespace sallyport
