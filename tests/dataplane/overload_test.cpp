// Load beyond capacity: what is not taken is lost at the device's queue, what was taken goes its
// way.
#include <catch2/catch.hpp>

#include "net/arp.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"

namespace sallyport::overload_test {
namespace {

constexpr unsigned kTurns = 50;
constexpr unsigned kTaken = 64;     // by a worker's turn
constexpr unsigned kOffered = 200;  // before each turn
constexpr unsigned kQueue = 960;    // packets that the device's queue holds; the rest is lost there

EspPair::Settings one_worker() {
  return {.workers = 1,
          .adjust_gateways = [](TestGateway::Settings& settings) { settings.mbufs = 8192; }};
}

PacketBytes packet() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64).build();
}

std::uint32_t sequence_of(const PacketBytes& outer) {
  return reinterpret_cast<const EspHeader*>(&outer[sizeof(Ipv4Header)])->sequence.get();
}

// Broadcast by the neighbour at `from`.
PacketBytes who_has(std::string_view address, std::string_view from) {
  PacketBytes frame(6, 0xff);
  frame.insert(frame.end(), TestGateway::kPeer.bytes.begin(), TestGateway::kPeer.bytes.end());
  frame.insert(frame.end(), {0x08, 0x06});
  const auto message = build_arp({.operation = ArpMessage::Operation::Request,
                                  .sender_mac = TestGateway::kPeer,
                                  .sender = *Address::parse(from),
                                  .target_mac = {},
                                  .target = *Address::parse(address)});
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

bool is_arp_answer(const PacketBytes& frame) {
  if (frame.size() < 14 || frame[12] != 0x08 || frame[13] != 0x06) return false;
  const auto message = parse_arp(ByteView(frame).subspan(14));
  return message && message->operation == ArpMessage::Operation::Reply;
}

// More than the worker takes, for kTurns turns; `each_turn()` is called before each of them.
class Overload {
 public:
  explicit Overload(TestGateway& gateway) : gateway_(gateway) {}

  template <class EachTurn>
  void run(EachTurn each_turn) {
    for (unsigned turn = 0; turn < kTurns; ++turn) {
      for (unsigned i = 0; i < kOffered; ++i) offer(packet());
      each_turn(turn);
      turn_of_worker();
    }
  }
  // One packet; false where the device's queue is full.
  bool offer(const PacketBytes& datagram) {
    if (queued_ == kQueue) return false;
    gateway_.receive_ip(kInside, datagram);
    ++queued_;
    return true;
  }
  void turn_of_worker() {
    gateway_.turn(WorkerId{0});
    queued_ -= std::min(queued_, kTaken);
  }
  [[nodiscard]] unsigned queued() const noexcept { return queued_; }

 private:
  TestGateway& gateway_;
  unsigned queued_{};
};

}  // namespace

TEST_CASE("under overload the numbers of an SA have no gap") {
  EspPair pair(one_worker());
  TestGateway& gateway = pair.sender();
  std::vector<PacketBytes> sealed;
  Overload load(gateway);
  load.run([&](unsigned) {
    const auto sent = gateway.sent(kOutside);
    sealed.insert(sealed.end(), sent.begin(), sent.end());
  });
  CHECK(load.queued() == kQueue - kTaken);  // full before the last turn
  CHECK(sealed.size() == (kTurns - 1) * kTaken);
  for (std::size_t i = 0; i < sealed.size(); ++i) REQUIRE(sequence_of(sealed[i]) == i + 1);
  CHECK(gateway.dropped_in_all() == 0);
  gateway.settle();
}

TEST_CASE("under overload neighbours get their answers at once") {
  EspPair pair(one_worker());
  TestGateway& gateway = pair.sender();
  const PacketBytes question = who_has("192.0.2.1", "192.0.2.2");
  unsigned answers = 0;
  Overload(gateway).run([&](unsigned turn) {
    gateway.receive(kOutside, question);
    gateway.control().poll(gateway.clock().now());
    for (const PacketBytes& frame : gateway.sent_frames(kOutside))
      if (is_arp_answer(frame)) ++answers;
    if (turn >= 3) CHECK(answers + 3 >= turn);
  });
  CHECK(answers >= kTurns - 3);
  CHECK(gateway.dropped_in_all() == 0);
  gateway.settle();
}

TEST_CASE("when an overload ends the next packet waits for what is queued before it alone") {
  EspPair pair(one_worker());
  TestGateway& gateway = pair.sender();
  Overload load(gateway);
  load.run([&](unsigned) { static_cast<void>(gateway.sent(kOutside)); });
  static_cast<void>(gateway.sent(kOutside));
  const unsigned before = load.queued();
  const auto last = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(500);
  REQUIRE(load.offer(last.build()));
  std::vector<PacketBytes> sent;
  for (unsigned turn = 0; turn < before / kTaken + 1; ++turn) {
    load.turn_of_worker();
    sent = gateway.sent(kOutside);
  }
  REQUIRE_FALSE(sent.empty());
  CHECK(sent.back().size() > last.build().size());
  CHECK(load.queued() == 0);
}

TEST_CASE("what comes behind an overload gets its answer, though many ask") {
  EspPair pair(one_worker());
  TestGateway& gateway = pair.sender();
  Overload load(gateway);
  load.run([&](unsigned) { static_cast<void>(gateway.sent(kOutside)); });
  gateway.receive(kInside, who_has("198.51.100.1", "198.51.100.2"));
  unsigned answers = 0;
  for (unsigned turn = 0; turn < kQueue / kTaken + 3; ++turn) {
    load.turn_of_worker();
    gateway.control().poll(gateway.clock().now());
    for (const PacketBytes& frame : gateway.sent_frames(kInside)) answers += is_arp_answer(frame);
  }
  CHECK(answers == 1);
}

TEST_CASE("what the device does not take is counted, and the rest keeps its order") {
  EspPair pair(one_worker());
  TestGateway& gateway = pair.sender();
  Overload(gateway).run([](unsigned) {});  // nobody takes what goes out
  const auto sent = gateway.sent(kOutside);
  REQUIRE(sent.size() > 64);
  for (std::size_t i = 0; i < sent.size(); ++i) REQUIRE(sequence_of(sent[i]) == i + 1);
  CHECK(gateway.dropped(DropReason::TransmitFull) == kTurns * kTaken - sent.size());
  CHECK(gateway.dropped_in_all() == gateway.dropped(DropReason::TransmitFull));
  gateway.settle();
}

}  // namespace sallyport::overload_test
