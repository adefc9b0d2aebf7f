// What control sent, held back or dropped, for tests to read; and packets that need no pool.
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <optional>
#include <vector>

#include "dataplane/control_sender.h"
#include "dataplane/envelope.h"
#include "net/arp.h"
#include "net/neighbour_discovery.h"
#include "net/packet_summary.h"

namespace sallyport {

// An mbuf without a pool around an exact copy of `bytes`, so that a read too far faults under ASan.
class HeapPacket {
 public:
  explicit HeapPacket(ByteView bytes) : room_(new std::uint8_t[bytes.size()]) {
    std::ranges::copy(bytes, room_.get());
    mbuf_.buf_addr = room_.get();
    mbuf_.data_len = static_cast<std::uint16_t>(bytes.size());
    mbuf_.pkt_len = mbuf_.data_len;
  }
  [[nodiscard]] rte_mbuf* mbuf() noexcept { return &mbuf_; }

 private:
  std::unique_ptr<std::uint8_t[]> room_;
  rte_mbuf mbuf_{};
  Envelope envelope_{};  // right behind, where Envelope::of() looks
};

class RecordedSender final : public ControlSender {
 public:
  struct Sent {
    std::vector<std::uint8_t> bytes;
    std::optional<LinkDestination> to;
    std::optional<Address> tunnel;
  };
  struct Released {
    rte_mbuf* packet;
    LinkDestination to;
    friend bool operator==(const Released&, const Released&) = default;
  };
  struct Dropped {
    rte_mbuf* packet;
    DropReason reason;
    friend bool operator==(const Dropped&, const Dropped&) = default;
  };

  void originate(ByteView datagram) override { datagrams.push_back({copy(datagram), {}, {}}); }
  void originate_in_tunnel(ByteView datagram, const Address& home_address) override {
    datagrams.push_back({copy(datagram), {}, home_address});
  }
  void originate_on_link(ByteView datagram, const LinkDestination& to) override {
    datagrams.push_back({copy(datagram), to, {}});
  }
  void send_arp(ByteView message, const LinkDestination& to) override {
    arps.push_back({copy(message), to, {}});
  }
  void release(rte_mbuf* packet, const LinkDestination& to) override {
    released.push_back({packet, to});
  }
  void resume(rte_mbuf* packet) override { resumed.push_back(packet); }
  void drop_held(rte_mbuf* packet, DropReason reason) override {
    dropped.push_back({packet, reason});
  }
  void clear() { *this = RecordedSender{}; }

  std::vector<Sent> datagrams;
  std::vector<Sent> arps;
  std::vector<Released> released;
  std::vector<rte_mbuf*> resumed;
  std::vector<Dropped> dropped;

 private:
  static std::vector<std::uint8_t> copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
};

// The headers of a datagram that must be sound.
[[nodiscard]] inline PacketSummary summary_of(ByteView datagram) {
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good || summary.length != datagram.size())
    throw std::runtime_error("not a sound datagram");
  return summary;
}

[[nodiscard]] inline NeighbourMessage discovery_in(const RecordedSender::Sent& sent) {
  return parse_neighbour_message(sent.bytes, summary_of(sent.bytes)).value();
}
[[nodiscard]] inline ArpMessage arp_in(const RecordedSender::Sent& sent) {
  return parse_arp(sent.bytes).value();
}

}  // namespace sallyport
