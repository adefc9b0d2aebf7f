// Whatever a neighbour or a stranger sends to the control thread: ARP, neighbour discovery, echo,
// and packets about which errors are due. The input is a row of events.
#include <cstdlib>
#include <deque>

#include "dataplane/icmp_echo.h"
#include "dataplane/icmp_errors.h"
#include "dataplane/neighbour_messages.h"
#include "tests/dataplane/recorded_sender.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/fixed_random.h"

namespace sallyport {
namespace {

constexpr std::size_t kCapacity = 8;

class NoWorkers final : public NeighbourPublisher {
 public:
  Expected<void> set(const NeighbourKey&, const MacAddress&) override { return {}; }
  void remove(const NeighbourKey&) noexcept override {}
};

void require(bool holds) {
  if (!holds) std::abort();
}

class Control {
 public:
  // One event: what it is, its port, milliseconds * 16 since the last, the size of what follows.
  bool step(ByteReader& input) {
    const auto kind = input.read<std::uint8_t>();
    const auto port = input.read<std::uint8_t>();
    const auto pause = input.read<std::uint8_t>();
    const auto size = input.read<std::uint16_t>();
    if (!kind || !port || !pause || !size) return false;
    const auto bytes = input.take(std::min<std::size_t>(*size, input.remaining()));
    now_ += std::chrono::milliseconds{*pause * 16};
    HeapPacket& packet = packets_.emplace_back(*bytes);
    act(*kind, PortId{static_cast<std::uint16_t>(*port % 3)}, packet);
    neighbours_.tick(now_);
    check();
    return true;
  }

 private:
  void act(std::uint8_t kind, PortId port, HeapPacket& packet) {
    const ByteView bytes{rte_pktmbuf_mtod(packet.mbuf(), const std::uint8_t*),
                         packet.mbuf()->data_len};
    switch (kind % 4) {
      case 0:
        return void(messages_.take_arp(bytes, port, now_));
      case 1:
        return deliver(bytes, port);
      case 2:
        return errors_.report({.error = static_cast<IcmpError>(kind / 4 % 5),
                               .datagram = bytes,
                               .port = port,
                               .decapsulated = kind >= 128,
                               .mtu = kind},
                              now_);
      default:
        return resolve(bytes, port, packet);
    }
  }

  void deliver(ByteView bytes, PortId port) {
    Delivery delivery{.port = port, .mac = mac(7)};
    if (summarize(bytes, delivery.summary) != ParseVerdict::Good) return;
    delivery.datagram = bytes.first(delivery.summary.length);
    if (is_neighbour_discovery(delivery.summary))
      static_cast<void>(messages_.take_discovery(delivery, now_));
    else
      static_cast<void>(echo_.answer(delivery, now_));
  }

  void resolve(ByteView bytes, PortId port, HeapPacket& packet) {
    ++resolved_;
    Address next_hop = Address::v4(0xc0000200 + (bytes.empty() ? 0u : bytes[0]));
    if (bytes.size() >= 16) next_hop = Address::v6(bytes.first<16>());
    neighbours_.resolve(packet.mbuf(), port, next_hop, now_);
  }

  void check() {
    require(sender_.released.size() + sender_.dropped.size() + neighbours_.held() == resolved_);
    require(neighbours_.list(now_).size() <= kCapacity);
    for (const auto& sent : sender_.arps) require(parse_arp(sent.bytes).has_value());
    for (const auto& sent : sender_.datagrams) static_cast<void>(summary_of(sent.bytes));
    for (const NeighbourFacts& each : neighbours_.list(now_))
      require(!own_.claimed_by_us(each.port, each.address) ||
              each.state == NeighbourState::Incomplete);
    sender_.arps.clear();
    sender_.datagrams.clear();
  }

  Instant now_{std::chrono::hours{1}};
  std::deque<HeapPacket> packets_;
  std::size_t resolved_{};
  OwnAddresses own_{two_sided_ports()};
  RecordedSender sender_;
  NoWorkers published_;
  FixedRandom random_;
  IcmpErrors errors_{{own_, sender_, random_}, {.per_second = 1000, .port_per_second = {}}};
  Neighbours neighbours_{{own_, sender_, published_, errors_, random_}, {.capacity = kCapacity}};
  NeighbourMessages messages_{{own_, sender_, neighbours_}};
  IcmpEcho echo_{{own_, sender_, random_}, 1000};
};

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sallyport::Control control;
  sallyport::ByteReader input({data, size});
  while (control.step(input)) {
  }
  return 0;
}
