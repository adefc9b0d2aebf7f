#include "tests/support/test_gateway.h"

#include <fmt/format.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_ring.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

#include "dataplane/dataplane_parts.h"
#include "tests/support/eal.h"
#include "tests/support/thread_sanitizer.h"

namespace sallyport {
namespace {

constexpr unsigned kWireCapacity = 1024;
constexpr unsigned kMostTurns = 1000;

std::string unique(std::string_view kind) {
  static unsigned counter;
  return fmt::format("{}{}", kind, counter++);
}

rte_ring* make_ring() {
  rte_ring* const ring = rte_ring_create(unique("wire").c_str(), kWireCapacity, SOCKET_ID_ANY, 0);
  REQUIRE(ring != nullptr);
  return ring;
}

void add_port_routes(const PortSettings& port, PortId id, std::vector<Route>& routes) {
  using Kind = NextHop::Kind;
  const bool stack = port.kind == PortKind::LocalStack;
  for (const Prefix& prefix : port.addresses) {
    const auto whole = static_cast<std::uint8_t>(bits(prefix.address.family));
    if (!stack) routes.push_back({{prefix.first(), prefix.length}, {Kind::OnLink, id, {}}});
    routes.push_back({{prefix.address, whole}, {stack ? Kind::LocalStack : Kind::Ours, id, {}}});
  }
}

// Room for `octets`, the last of which is the last of its allocation: there is no tailroom.
rte_mbuf* exact_mbuf(rte_mempool* pool, std::size_t octets,
                     std::uint16_t headroom = RTE_PKTMBUF_HEADROOM) {
  const std::size_t shared = sizeof(rte_mbuf_ext_shared_info);
  const std::size_t size = headroom + octets;
  auto* const info = static_cast<rte_mbuf_ext_shared_info*>(std::malloc(shared));
  auto* const buffer = static_cast<std::uint8_t*>(std::malloc(size));
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool);
  REQUIRE((info != nullptr && buffer != nullptr && mbuf != nullptr));
  info->free_cb = [](void* data, void* opaque) {
    std::free(data);
    std::free(opaque);
  };
  info->fcb_opaque = info;
  rte_mbuf_ext_refcnt_set(info, 1);
  rte_pktmbuf_attach_extbuf(mbuf, buffer, 0, static_cast<std::uint16_t>(size), info);
  mbuf->data_off = headroom;
  return mbuf;
}

PacketBytes copied(const rte_mbuf* mbuf) {
  const auto* data = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  return {data, data + mbuf->data_len};
}

}  // namespace

std::uint16_t test_workers() {
  const char* const wanted = std::getenv("SALLYPORT_TEST_WORKERS");
  return wanted == nullptr ? std::uint16_t{1} : static_cast<std::uint16_t>(std::stoi(wanted));
}

TestGateway::TestGateway(Settings settings) : settings_(std::move(settings)) {
  if (settings_.queue_pairs == 0) settings_.queue_pairs = settings_.workers;
  pair_ = static_cast<std::uint16_t>(settings_.queue_pairs - 1);
  need_eal();
  make_wires();
  DataplaneSettings dataplane{.ports = settings_.ports,
                              .workers = settings_.workers,
                              .burst = settings_.burst,
                              .sas = settings_.sas,
                              .policies = Spd::ids_for(256),
                              .flows = settings_.flows,
                              .flow_cache = settings_.flow_cache,
                              .sa_hold = settings_.sa_hold,
                              .neighbours = 256,
                              .neighbour_hold = settings_.neighbour_hold,
                              .mbufs = settings_.mbufs,
                              .large_buffers = settings_.large_buffers,
                              .reassembly_datagrams = settings_.reassembly_datagrams,
                              .punt_ring = settings_.punt_ring,
                              .event_ring = settings_.event_ring,
                              .punts_per_second = settings_.punts_per_second,
                              .icmp_errors_per_second = settings_.icmp_errors_per_second,
                              .audit_events_per_second = settings_.audit_events_per_second,
                              .skipped_headers = settings_.skipped_headers,
                              .clock = &clock_};
  auto opened = Dataplane::open(std::move(dataplane), random_, settings_.make_ivs);
  if (!opened) FAIL(to_string(opened.error()));
  dataplane_ = std::move(*opened);
  control_ = ControlPlane::open(*dataplane_, random_);
  spd_ = std::make_unique<Spd>(256, 4, settings_.users);
  sad_ = std::make_unique<Sad>(Sad::Parts{
      dataplane_->sas(), dataplane_->keys(), dataplane_->retirement(), random_, settings_.workers,
      [this](const Address& remote) { return dataplane_->link_mtu(remote); }});
  control_->discover_path_mtus(*sad_);
  for (Policy& policy : settings_.policies) {
    const auto inserted = spd_->insert(policy);
    if (!inserted) FAIL(to_string(inserted.error()));
  }
  publish();
}

TestGateway::~TestGateway() {
  sad_.reset();
  control_.reset();
  dataplane_.reset();
  for (const Wire& wire : wires_) {
    for (rte_ring* const in : wire.in) rte_ring_free(in);
    rte_ring_free(wire.out);
  }
}

void TestGateway::make_wires() {
  for (PortSettings& port : settings_.ports) {
    const unsigned pairs = settings_.queue_pairs;
    Wire wire{{}, make_ring()};
    for (unsigned pair = 0; pair < pairs; ++pair) wire.in.push_back(make_ring());
    // One wire for what all queues send, so that its order is that of sending.
    std::vector<rte_ring*> outs(pairs, wire.out);
    const std::string name = unique("t");
    const int device =
        rte_eth_from_rings(name.c_str(), wire.in.data(), pairs, outs.data(), pairs, 0);
    REQUIRE(device >= 0);
    show_crossings(static_cast<std::uint16_t>(device), pairs);
    port.device = "net_ring_" + name;
    if (port.name.empty()) port.name = fmt::format("port{}", wires_.size());
    if (!port.mac)
      port.mac = MacAddress{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(wires_.size() + 1)}};
    wires_.push_back(wire);
  }
}

void TestGateway::publish() {
  std::vector<Route> routes;
  for (std::size_t i = 0; i < settings_.ports.size(); ++i)
    add_port_routes(settings_.ports[i], PortId{static_cast<std::uint16_t>(i)}, routes);
  routes.push_back({Prefix::parse("224.0.0.0/4").value(), {NextHop::Kind::Multicast, kNoPort, {}}});
  routes.insert(routes.end(), settings_.routes.begin(), settings_.routes.end());
  const auto published = dataplane_->publish(spd_->snapshot(), routes);
  if (!published) FAIL(to_string(published.error()));
  sad_->renew_link_mtus();
}

SaSlot TestGateway::add_sa(Sa sa, const std::string& policy) {
  const Direction direction = sa.direction;
  const bool reserved = sa.static_key;
  const auto slot = sad_->add(std::move(sa));
  if (!slot) FAIL(to_string(slot.error()));
  if (direction == Direction::Outbound && reserved)
    dataplane_->sas().raise_sequence_limit(*slot, {~0ull});
  if (direction == Direction::Outbound && !policy.empty())
    dataplane_->handles().assign(SaHandle{spd_->id_of(policy)->value}, *slot);
  return *slot;
}

void TestGateway::remove_sa(const std::string& name, const std::string& policy) {
  if (!policy.empty()) dataplane_->handles().assign(SaHandle{spd_->id_of(policy)->value}, kNoSa);
  REQUIRE(sad_->remove(name));
}

void TestGateway::neighbour(PortId port, std::string_view address, const MacAddress& mac) {
  neighbours_.push_back({port, Address::parse(address).value(), mac});
  control_->set_static_neighbours(neighbours_, clock_.now());
}

void TestGateway::receive(PortId port, const PacketBytes& frame, BufferKind buffer) {
  rte_mempool* const pool = dataplane_->parts().pool.get();
  rte_mbuf* const mbuf = buffer == BufferKind::Exact  ? exact_mbuf(pool, frame.size())
                         : buffer == BufferKind::Bare ? exact_mbuf(pool, frame.size(), 0)
                                                      : rte_pktmbuf_alloc(pool);
  REQUIRE(mbuf != nullptr);
  char* const room = rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size()));
  REQUIRE(room != nullptr);
  std::memcpy(room, frame.data(), frame.size());
  if (buffer == BufferKind::Offload)
    mbuf->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
  if (buffer == BufferKind::ChecksumGood) mbuf->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  if (buffer == BufferKind::ChecksumBad) mbuf->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
  crosses_out(mbuf);
  REQUIRE(rte_ring_enqueue(wires_[port.value].in[pair_], mbuf) == 0);
}

PacketBytes TestGateway::with_link(PortId port, const PacketBytes& datagram) const {
  const MacAddress to = mac(port);
  const bool v6 = !datagram.empty() && datagram[0] >> 4 == 6;
  PacketBytes frame(RTE_ETHER_HDR_LEN + datagram.size());
  std::memcpy(frame.data(), to.bytes.data(), RTE_ETHER_ADDR_LEN);
  std::memcpy(frame.data() + RTE_ETHER_ADDR_LEN, kPeer.bytes.data(), RTE_ETHER_ADDR_LEN);
  store_be<std::uint16_t>(frame.data() + 2 * RTE_ETHER_ADDR_LEN,
                          v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
  if (!datagram.empty())
    std::memcpy(frame.data() + RTE_ETHER_HDR_LEN, datagram.data(), datagram.size());
  return frame;
}

void TestGateway::receive_ip(PortId port, const PacketBytes& datagram, BufferKind buffer) {
  receive(port, with_link(port, datagram), buffer);
}

void TestGateway::receive_chain(PortId port, const PacketBytes& datagram,
                                std::span<const std::size_t> cuts) {
  const PacketBytes frame = with_link(port, datagram);
  rte_mbuf* chain = nullptr;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? cuts[i] : frame.size();
    rte_mbuf* const piece = exact_mbuf(dataplane_->parts().pool.get(), to - from);
    std::memcpy(rte_pktmbuf_append(piece, static_cast<std::uint16_t>(to - from)), &frame[from],
                to - from);
    if (chain == nullptr)
      chain = piece;
    else
      REQUIRE(rte_pktmbuf_chain(chain, piece) == 0);
    from = to;
  }
  REQUIRE(rte_ring_enqueue(wires_[port.value].in[pair_], chain) == 0);
}

void TestGateway::settle() {
  for (unsigned turns = 0; turns < kMostTurns; ++turns) {
    const bool busy = dataplane_->turn();
    control_->poll(clock_.now());
    dataplane_->poll();
    bool control_waits = false;
    for (const auto& worker : dataplane_->parts().workers)
      control_waits |= worker->from_control().size() != 0;
    if (!busy && !control_waits) break;
  }
  check_account();
  REQUIRE(dataplane_->account().handed_off == 0);
}

bool TestGateway::all_received() const {
  return std::ranges::all_of(wires_, [](const Wire& wire) {
    return std::ranges::all_of(wire.in, [](const rte_ring* in) { return rte_ring_count(in) == 0; });
  });
}

void TestGateway::turn(WorkerId worker) { dataplane_->parts().workers[worker.value]->turn(); }

void TestGateway::check_account() const {
  const PacketAccount account = dataplane_->account();
  INFO(fmt::format(
      "received {} originated {} fragments {} copies {} sent {} dropped {} consumed {} punted {} "
      "held {} handed off {} joined {} kept {}",
      account.received, account.originated, account.fragments_made, account.group_copies,
      account.sent, account.dropped, account.consumed, account.punted, account.held,
      account.handed_off, account.fragments_joined, account.fragments_kept));
  REQUIRE(account.balance() == 0);
  std::size_t elsewhere = account.held + account.handed_off;
  for (const Wire& wire : wires_) elsewhere += rte_ring_count(wire.out);
  for (const auto& worker : dataplane_->parts().workers)
    elsewhere += worker->context().reassembly.buffers_in_use();
  REQUIRE(dataplane_->mbufs_in_use() == elsewhere);
}

std::vector<PacketBytes> TestGateway::sent_frames(PortId port) {
  std::vector<PacketBytes> frames;
  void* mbuf = nullptr;
  while (rte_ring_dequeue(wires_[port.value].out, &mbuf) == 0) {
    crosses_in(mbuf);
    frames.push_back(copied(static_cast<rte_mbuf*>(mbuf)));
    rte_pktmbuf_free(static_cast<rte_mbuf*>(mbuf));
  }
  return frames;
}

std::vector<PacketBytes> TestGateway::sent(PortId port) {
  std::vector<PacketBytes> datagrams = sent_frames(port);
  const std::size_t link = settings_.ports[port.value].vlan ? 18 : 14;
  for (PacketBytes& frame : datagrams)
    frame.erase(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(link));
  return datagrams;
}

std::vector<Event> TestGateway::events() {
  std::vector<Event> events;
  while (dataplane_->take_events([&](const Event& event, Duration) { events.push_back(event); }) !=
         0) {
  }
  return events;
}

std::uint64_t TestGateway::suppressed(DropReason reason) const {
  std::uint64_t sum = 0;
  dataplane_->for_each_suppressed([&](WorkerId, DropReason other, std::uint64_t count) {
    if (other == reason) sum += count;
  });
  return sum;
}

std::uint64_t TestGateway::dropped(DropReason reason) const { return dataplane_->dropped(reason); }

std::uint64_t TestGateway::dropped_in_all() const { return dataplane_->account().dropped; }

MacAddress TestGateway::mac(PortId port) const { return dataplane_->ports()[port.value].mac; }

TestGateway::Settings two_ports(std::vector<Policy> policies) {
  using Kind = NextHop::Kind;
  const auto prefix = [](const char* text) { return Prefix::parse(text).value(); };
  const auto address = [](const char* text) { return Address::parse(text).value(); };
  TestGateway::Settings settings;
  settings.ports = {
      {.name = "inside",
       .device = {},
       .side = Side::Protected,
       .addresses = {prefix("198.51.100.1/25"), prefix("2001:db8:1::1/64")},
       .vlan = {},
       .mac = {}},
      {.name = "outside",
       .device = {},
       .side = Side::Unprotected,
       .addresses = {prefix("192.0.2.1/24"), prefix("2001:db8::1/64")},
       .vlan = {},
       .mac = {}},
  };
  settings.routes = {
      {prefix("0.0.0.0/0"), {Kind::Gateway, kOutside, address("192.0.2.2")}},
      {prefix("::/0"), {Kind::Gateway, kOutside, address("2001:db8::2")}},
  };
  settings.policies = std::move(policies);
  return settings;
}

void settle_two_ports(TestGateway& gateway) {
  gateway.neighbour(kInside, "198.51.100.2", TestGateway::kPeer);
  gateway.neighbour(kInside, "2001:db8:1::2", TestGateway::kPeer);
  gateway.neighbour(kOutside, "192.0.2.2", TestGateway::kPeer);
  gateway.neighbour(kOutside, "2001:db8::2", TestGateway::kPeer);
}

}  // namespace sallyport
