// One Ethernet device: receive into a burst, collect what goes out, send it once a turn.
#pragma once

#include <rte_ethdev.h>
#include <rte_ether.h>

#include <cassert>
#include <memory>

#include "dataplane/burst.h"
#include "dataplane/counters.h"
#include "dataplane/drops.h"
#include "dataplane/port_facts.h"

namespace sallyport {

// Link header octets that a port adds: Ethernet, and a VLAN tag where it has one.
inline constexpr std::uint16_t kVlanBytes = 4;

// A started device, shared by all workers. Made and stopped by control.
class Port {
 public:
  struct Queues {
    std::uint16_t count{1};
    std::uint16_t descriptors{1024};
  };
  // Probes the device if need be, sets it up with one queue pair per worker where it has them,
  // RSS and verification of IPv4 header checksums where it offers them, makes it take frames for
  // the port's own link address, and starts it.
  [[nodiscard]] static Expected<std::unique_ptr<Port>> open(PortId id, PortSettings settings,
                                                            Queues queues, rte_mempool* pool);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] PortId id() const noexcept { return id_; }
  [[nodiscard]] const PortSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] Side side() const noexcept { return settings_.side; }
  [[nodiscard]] PortKind kind() const noexcept { return settings_.kind; }
  // Our own link address on this port.
  [[nodiscard]] const MacAddress& mac() const noexcept { return mac_; }
  // The link address of the host behind a local-stack port.
  [[nodiscard]] const MacAddress& stack_mac() const noexcept { return stack_mac_; }
  [[nodiscard]] std::uint16_t device_id() const noexcept { return device_; }
  [[nodiscard]] std::uint16_t queue_count() const noexcept { return queues_; }
  [[nodiscard]] std::uint16_t link_bytes() const noexcept { return link_bytes_; }
  [[nodiscard]] bool link_up() const noexcept;
  [[nodiscard]] std::string driver() const;

 private:
  Port() = default;

  PortId id_{};
  PortSettings settings_;
  std::uint16_t device_{};
  std::uint16_t queues_{};
  std::uint16_t link_bytes_{};
  MacAddress mac_;
  MacAddress stack_mac_;
  bool created_{};  // the vdev was made for us and goes with us
};

class HandOff;

// One worker's queue pair of one port, or, where the device has fewer pairs than there are workers,
// its way to the worker that has one.
class PortQueue {
 public:
  // `burst`: frames that are received at a time, 1 to kBurstSize.
  PortQueue(const Port& port, std::uint16_t queue, std::uint16_t burst) noexcept
      : port_(&port), queue_(queue), burst_(burst), fresh_(port.id()) {}
  PortQueue(const Port& port, HandOff& hand_off, WorkerId carrier) noexcept
      : port_(&port), hand_off_(&hand_off), carrier_(carrier), fresh_(port.id()) {}

  [[nodiscard]] const Port& port() const noexcept { return *port_; }
  // Fills `store` and `burst` with the frames received; data starts at the link header. Without a
  // queue nothing comes.
  void receive(PacketStore& store, Burst& burst) noexcept;
  // Room for so many frames; sends what waits where there is less. At most kBurstSize.
  void make_room(unsigned frames, Drops& drops) noexcept {
    if (waiting_ + frames > kBurstSize) [[unlikely]]
      flush(drops);
  }
  // Takes a whole frame of so many octets, for which room has been made. One that is not sealed yet
  // has to be, or to be withdrawn, before anything else is done with the queue.
  void put(rte_mbuf* frame, std::uint32_t bytes) noexcept {
    assert(waiting_ < kBurstSize);
    frames_[waiting_++] = frame;
    waiting_bytes_ += bytes;
  }
  void enqueue(rte_mbuf* frame, std::uint32_t bytes, Drops& drops) noexcept {
    make_room(1, drops);
    put(frame, bytes);
  }
  // Takes back the `frame`, which was enqueued and has not been sent.
  void withdraw(const rte_mbuf* frame) noexcept;
  // Sends what waits, or gives it to the carrier; what the device does not take is dropped as
  // TransmitFull.
  void flush(Drops& drops) noexcept;

  TrafficCounter received;
  TrafficCounter sent;

 private:
  const Port* port_;
  HandOff* hand_off_{};  // null: the queue is this worker's own
  WorkerId carrier_{};
  std::uint16_t queue_{};
  std::uint16_t burst_{};
  std::uint16_t waiting_{};
  std::uint64_t waiting_bytes_{};
  FreshPackets fresh_;
  std::array<rte_mbuf*, kBurstSize> frames_;
};

}  // namespace sallyport
