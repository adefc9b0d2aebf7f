// Neighbours of a two-sided gateway's WAN, with everything around them recorded.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "dataplane/neighbours.h"
#include "tests/dataplane/recorded_sender.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/packet_builder.h"

namespace sallyport {

class RecordedPublisher final : public NeighbourPublisher {
 public:
  Expected<void> set(const NeighbourKey& key, const MacAddress& mac) override {
    if (full) return fail(Error::Code::Exhausted, "full");
    entries[key] = mac;
    return {};
  }
  void remove(const NeighbourKey& key) noexcept override { entries.erase(key); }

  std::map<NeighbourKey, MacAddress> entries;
  bool full{};
};

struct NeighbourLink {
  explicit NeighbourLink(const NeighbourSettings& settings = {})
      : errors({own, sender, random}, {}),
        neighbours({own, sender, published, errors, random}, settings) {}

  rte_mbuf* packet(const char* source = "10.7.0.1", const char* destination = "203.0.113.9") {
    rte_mbuf* const mbuf =
        packets.emplace_back(PacketBuilder(source, destination).udp(1000, 2000).filler(20).build())
            .mbuf();
    Envelope::of(mbuf).ingress = kLan;
    return mbuf;
  }
  rte_mbuf* resolve(const Address& address) {
    rte_mbuf* const sent = packet();
    neighbours.resolve(sent, kWan, address, clock.now());
    return sent;
  }
  void answer(const Address& address, const MacAddress& from) {
    neighbours.claim(
        {.port = kWan, .address = address, .mac = from, .solicited = true, .override = true},
        clock.now());
  }
  void learn(const Address& address, const MacAddress& from) {
    neighbours.learn(kWan, address, from, clock.now());
  }
  void pass(Duration time) {
    clock.advance(time);
    neighbours.tick(clock.now());
  }
  [[nodiscard]] std::optional<NeighbourFacts> facts(const Address& address) const {
    for (const NeighbourFacts& each : neighbours.list(clock.now()))
      if (each.address == address) return each;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<NeighbourState> state(const Address& address) const {
    const auto found = facts(address);
    return found ? std::optional(found->state) : std::nullopt;
  }
  [[nodiscard]] std::optional<MacAddress> used(const Address& address) const {
    const auto found = published.entries.find(NeighbourKey::of(kWan, address));
    return found == published.entries.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t asked() const { return sender.arps.size() + sender.datagrams.size(); }

  std::deque<HeapPacket> packets;
  ManualClock clock;
  OwnAddresses own{two_sided_ports()};
  RecordedSender sender;
  RecordedPublisher published;
  FixedRandom random;
  IcmpErrors errors;
  Neighbours neighbours;
};

}  // namespace sallyport
