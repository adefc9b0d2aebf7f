#include "dataplane/punt_service.h"

#include <rte_ether.h>

#include <catch2/catch.hpp>

#include "dataplane/buffer_pool.h"
#include "dataplane/ring_sender.h"
#include "net/neighbour_discovery.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/eal.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/packet_builder.h"

namespace sallyport::punt_service_test {
namespace {

using namespace std::chrono_literals;

class NoWorkers final : public NeighbourPublisher {
 public:
  Expected<void> set(const NeighbourKey&, const MacAddress&) override { return {}; }
  void remove(const NeighbourKey&) noexcept override {}
};

BufferPool make_pool(unsigned mbufs) {
  need_eal();
  auto pool = make_buffer_pool(
      "punts",
      {.buffers = mbufs, .room = RTE_MBUF_DEFAULT_BUF_SIZE, .worker_cache = 0, .remedy = {}});
  REQUIRE(pool);
  return std::move(*pool);
}

// The control thread's end and, in the test's hands, the worker's.
struct Control {
  explicit Control(std::size_t ring = 1024, unsigned mbufs = 2047, bool vlan = false)
      : pool(make_pool(mbufs)),
        from_worker(PacketRing::create(1024).value()),
        to_worker(PacketRing::create(ring).value()),
        own(ports(vlan)) {}
  ~Control() {
    for (rte_mbuf* mbuf : answers()) rte_pktmbuf_free(mbuf);
  }

  static std::vector<OwnPort> ports(bool vlan) {
    std::vector<OwnPort> list = two_sided_ports();
    if (vlan) list[kWan.value].settings.vlan = 42;
    return list;
  }
  rte_mbuf* hand_over(const PacketBytes& bytes, const Envelope& envelope) {
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool.get());
    REQUIRE(mbuf != nullptr);
    std::ranges::copy(bytes, reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(
                                 mbuf, static_cast<std::uint16_t>(bytes.size()))));
    Envelope::of(mbuf) = envelope;
    REQUIRE(from_worker.push(mbuf));
    return mbuf;
  }
  rte_mbuf* hand_over_unresolved(const char* next_hop) {
    return hand_over(
        PacketBuilder("10.1.0.7", "203.0.113.9").udp(1, 2).filler(30).build(),
        {.purpose = Purpose::Resolve, .port = kWan, .ingress = kLan, .next_hop = ip(next_hop)});
  }
  void hand_over_request(const char* sender) {
    const auto arp = build_arp({.operation = ArpMessage::Operation::Request,
                                .sender_mac = mac(7),
                                .sender = ip(sender),
                                .target_mac = {},
                                .target = ip("192.0.2.1")});
    hand_over({arp.begin(), arp.end()}, {.purpose = Purpose::Arp, .port = kWan, .mac = mac(7)});
  }
  std::vector<rte_mbuf*> answers() {
    std::vector<rte_mbuf*> list(2048);
    unsigned count = 0;
    while (const unsigned more = to_worker.pop(std::span(list).subspan(count))) count += more;
    list.resize(count);
    return list;
  }
  unsigned poll() { return punts.poll(clock.now()); }
  [[nodiscard]] unsigned in_use() const { return rte_mempool_in_use_count(pool.get()); }
  [[nodiscard]] std::uint64_t refused() const { return drops.read(DropReason::PuntRefused); }

  BufferPool pool;
  PacketRing from_worker;
  PacketRing to_worker;
  ManualClock clock;
  OwnAddresses own;
  FixedRandom random;
  NoWorkers published;
  Drops drops;
  Counter released;
  RingSender sender{{own, pool.get(), {&to_worker}, drops, released}};
  IcmpErrors errors{{own, sender, random}, {.per_second = 1000, .port_per_second = {}}};
  Neighbours neighbours{{own, sender, published, errors, random}, {}};
  NeighbourMessages messages{{own, sender, neighbours}};
  IcmpEcho echo{{own, sender, random}, 1000};
  std::unique_ptr<PublishedTables> tables{PublishedTables::create(1).value()};
  SaHandles handles{1, *std::pmr::new_delete_resource()};
  std::unique_ptr<PopulatedHandles> populated{
      PopulatedHandles::create(8, tables->readers()).value()};
  SaMisses sa_misses{{sender, *tables, handles, *populated, {}}, {}};
  PuntService punts{{neighbours, messages, echo, errors, sa_misses, drops}, {&from_worker}};
};

const PacketBytes& plain() {
  static const PacketBytes kBytes =
      PacketBuilder("10.1.0.7", "203.0.113.9").udp(1, 2).filler(30).build();
  return kBytes;
}

TEST_CASE("Punts: an ARP request is answered with a whole frame") {
  const bool vlan = GENERATE(false, true);
  Control control(1024, 2047, vlan);
  control.hand_over_request("192.0.2.7");
  CHECK(control.poll() == 1);
  const auto answers = control.answers();
  REQUIRE(answers.size() == 1);
  CHECK(Envelope::of(answers[0]).purpose == Purpose::LinkFrame);
  CHECK(Envelope::of(answers[0]).port == kWan);
  const PacketBytes tag{0x81, 0x00, 0x00, 0x2a};
  PacketBytes expected{2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 0xa1};
  if (vlan) expected.insert(expected.end(), tag.begin(), tag.end());
  expected.insert(expected.end(), {0x08, 0x06});
  const auto reply = build_arp({.operation = ArpMessage::Operation::Reply,
                                .sender_mac = mac(0xa1),
                                .sender = ip("192.0.2.1"),
                                .target_mac = mac(7),
                                .target = ip("192.0.2.7")});
  expected.insert(expected.end(), reply.begin(), reply.end());
  const ByteView frame = bytes_of(answers[0]);
  CHECK(PacketBytes(frame.begin(), frame.end()) == expected);
  rte_pktmbuf_free(answers[0]);
  CHECK(control.in_use() == 0);
  CHECK(control.refused() == 0);
}

TEST_CASE("Punts: echo is answered, with room in front for what outbound policy may add") {
  Control control;
  control.hand_over(PacketBuilder("198.51.100.9", "192.0.2.1").icmp(8, 0, 1).filler(56).build(),
                    {.purpose = Purpose::Deliver, .port = kWan, .mac = mac(7)});
  control.poll();
  const auto answers = control.answers();
  REQUIRE(answers.size() == 1);
  CHECK(Envelope::of(answers[0]).purpose == Purpose::Originate);
  CHECK(rte_pktmbuf_headroom(answers[0]) >= 128);
  CHECK(answers[0]->data_len == 20 + 8 + 56);
  rte_pktmbuf_free(answers[0]);
  CHECK(control.in_use() == 0);
}

TEST_CASE("Punts: solicitations are answered on their link, not out of tunnels") {
  Control control;
  const auto solicitation = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                                     .source = ip("2001:db8:2::7"),
                                                     .destination = ip("ff02::1:ff00:10"),
                                                     .target = ip("2001:db8:2::10"),
                                                     .link_address = mac(7)});
  control.hand_over(solicitation,
                    {.purpose = Purpose::Deliver, .port = kWan, .decapsulated = true});
  control.poll();
  CHECK(control.refused() == 1);
  CHECK(control.in_use() == 0);
  control.hand_over(solicitation, {.purpose = Purpose::Deliver, .port = kWan, .mac = mac(7)});
  control.poll();
  const auto answers = control.answers();
  REQUIRE(answers.size() == 1);
  const Envelope& envelope = Envelope::of(answers[0]);
  CHECK(envelope.purpose == Purpose::OriginateOnLink);
  CHECK(envelope.port == kWan);
  CHECK(envelope.mac == mac(7));
  rte_pktmbuf_free(answers[0]);
}

TEST_CASE("Punts: a packet without a neighbour comes back, itself, when the neighbour answers") {
  Control control;
  rte_mbuf* const held = control.hand_over_unresolved("192.0.2.7");
  control.poll();
  auto answers = control.answers();
  REQUIRE(answers.size() == 1);
  CHECK(Envelope::of(answers[0]).purpose == Purpose::LinkFrame);
  rte_pktmbuf_free(answers[0]);
  control.hand_over_request("192.0.2.7");
  control.poll();
  answers = control.answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0] == held);
  CHECK(Envelope::of(held).purpose == Purpose::Resolved);
  CHECK(Envelope::of(held).port == kWan);
  CHECK(Envelope::of(held).mac == mac(7));
  const ByteView bytes = bytes_of(held);
  CHECK(PacketBytes(bytes.begin(), bytes.end()) == plain());
  for (rte_mbuf* mbuf : answers) rte_pktmbuf_free(mbuf);
  CHECK(control.in_use() == 0);
  CHECK(control.released.read() == 0);
}

TEST_CASE("Punts: held packets that end with control are counted there") {
  Control control;
  control.hand_over_unresolved("192.0.2.7");
  control.hand_over_unresolved("192.0.2.7");
  for (int second = 0; second < 4; ++second) {
    control.poll();
    control.clock.advance(1s);
  }
  CHECK(control.drops.read(DropReason::HoldTimeout) == 2);
  CHECK(control.released.read() == 2);
  CHECK(control.neighbours.held() == 0);
  const auto answers = control.answers();
  CHECK(answers.size() == 4);
  CHECK(Envelope::of(answers.back()).purpose == Purpose::Originate);
  for (rte_mbuf* mbuf : answers) rte_pktmbuf_free(mbuf);
  CHECK(control.in_use() == 0);
}

TEST_CASE("TUN-02, OUT-02: errors that workers ask for") {
  struct Case {
    Purpose purpose;
    std::uint16_t type_and_code;
  };
  const Case cases[] = {{Purpose::HopLimit, 0x0b00},
                        {Purpose::Unreachable, 0x0300},
                        {Purpose::Prohibited, 0x030d},
                        {Purpose::TooBig, 0x0304}};
  for (const Case& c : cases) {
    Control control;
    control.hand_over(plain(), {.purpose = c.purpose, .port = kLan, .mtu = 1400});
    control.poll();
    const auto answers = control.answers();
    REQUIRE(answers.size() == 1);
    CHECK(Envelope::of(answers[0]).purpose == Purpose::Originate);
    CHECK(load_be<std::uint16_t>(&bytes_of(answers[0])[20]) == c.type_and_code);
    rte_pktmbuf_free(answers[0]);
    CHECK(control.in_use() == 0);
    CHECK(control.refused() == 0);
  }
}

TEST_CASE("Punts: what nothing takes is refused, what a protocol registers for is its own") {
  Control control;
  const auto deliver = [&](const PacketBytes& bytes) {
    control.hand_over(bytes, {.purpose = Purpose::Deliver, .port = kWan, .mac = mac(7)});
    control.poll();
  };
  const PacketBytes ike =
      PacketBuilder("198.51.100.9", "192.0.2.1").udp(500, 500).filler(28).build();
  const PacketBytes other = PacketBuilder("198.51.100.9", "192.0.2.1").udp(500, 501).build();
  const PacketBytes mobility = PacketBuilder("2001:db8:9::9", "2001:db8:2::1").mobility(5).build();
  const PacketBytes fragment = PacketBuilder("198.51.100.9", "192.0.2.1")
                                   .fragment({.offset = 0, .more = true})
                                   .udp(500, 500)
                                   .filler(28)
                                   .build();
  for (const PacketBytes& bytes : {ike, other, mobility, fragment}) deliver(bytes);
  CHECK(control.refused() == 4);

  std::vector<PacketBytes> taken;
  const auto take = [&](const Delivery& delivery, Instant) {
    taken.emplace_back(delivery.datagram.begin(), delivery.datagram.end());
    CHECK(delivery.port == kWan);
    return true;
  };
  control.punts.register_upper({.protocol = kProtocolUdp, .port = 500}, take);
  control.punts.register_upper({.protocol = kProtocolMobility, .port = 0}, take);
  for (const PacketBytes& bytes : {ike, other, mobility, fragment}) deliver(bytes);
  CHECK(taken == std::vector<PacketBytes>{ike, mobility});
  CHECK(control.refused() == 6);
  control.punts.register_upper({.protocol = kProtocolUdp, .port = 500},
                               [](const Delivery&, Instant) { return false; });
  deliver(ike);
  CHECK(control.refused() == 7);
  CHECK(control.in_use() == 0);
}

TEST_CASE("Punts: invalid ARP, and packets that are no packets, are refused") {
  Control control;
  control.hand_over({0, 1, 8, 0}, {.purpose = Purpose::Arp, .port = kWan});
  control.hand_over({0x45, 0}, {.purpose = Purpose::Deliver, .port = kWan});
  control.poll();
  CHECK(control.refused() == 2);
  CHECK(control.in_use() == 0);
}

TEST_CASE("Punts: a poll takes a bounded number of packets") {
  Control control;
  for (int i = 0; i < 600; ++i)
    control.hand_over({0x45, 0}, {.purpose = Purpose::Deliver, .port = kWan});
  CHECK(control.poll() == PuntService::kBudget);
  CHECK(control.poll() == PuntService::kBudget);
  CHECK(control.poll() == 600 - 2 * PuntService::kBudget);
  CHECK(control.poll() == 0);
}

TEST_CASE("Punts: a full ring to the worker costs packets, never buffers") {
  Control control(4);
  for (std::uint8_t host = 20; host < 30; ++host) control.hand_over_request("192.0.2.7");
  control.poll();
  const auto answers = control.answers();
  CHECK(control.sender.lost() == 10 - answers.size());
  for (rte_mbuf* mbuf : answers) rte_pktmbuf_free(mbuf);
  CHECK(control.in_use() == 0);

  for (int i = 0; i < 8; ++i) control.hand_over_unresolved("192.0.2.7");
  control.poll();
  const auto released = control.answers();
  CHECK(released.size() + control.drops.read(DropReason::HoldFull) == 8);
  CHECK(control.released.read() == control.drops.read(DropReason::HoldFull));
  for (rte_mbuf* mbuf : released) rte_pktmbuf_free(mbuf);
  CHECK(control.in_use() == 0);
}

TEST_CASE("Punts: without buffers nothing is made and nothing is lost") {
  Control control(1024, 7);
  std::vector<rte_mbuf*> taken;
  for (int i = 0; i < 6; ++i) taken.push_back(rte_pktmbuf_alloc(control.pool.get()));
  control.hand_over_request("192.0.2.7");
  control.poll();
  CHECK(control.sender.lost() == 1);
  CHECK(control.answers().empty());
  for (rte_mbuf* mbuf : taken) rte_pktmbuf_free(mbuf);
  CHECK(control.in_use() == 0);
}

}  // namespace
}  // namespace sallyport::punt_service_test
