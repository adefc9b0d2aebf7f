#include "dataplane/recent_neighbours.h"

#include <catch2/catch.hpp>

#include "tests/support/fixed_random.h"
#include "tests/support/test_gateway.h"

namespace sallyport::recent_neighbours_test {
namespace {

MacAddress mac_of(std::uint32_t number) {
  MacAddress mac{{2, 0, 0, 0, 0, 0}};
  store_be<std::uint32_t>(&mac.bytes[2], number);
  return mac;
}

// As the table says it.
std::optional<MacAddress> remembered(RecentNeighbours& recent, const NeighbourKey& key) {
  const LinkWord word = recent.find(key.port, key.family, key.address);
  if (word == 0) return std::nullopt;
  MacAddress mac;
  std::memcpy(mac.bytes.data(), &word, mac.bytes.size());
  return mac;
}

Policy bypass() {
  return {.name = "all", .selectors = {{}}, .action = PolicyAction::Bypass, .protect = {}};
}

}  // namespace

TEST_CASE("Neighbours: what a worker remembers is what the table says, whatever changes between") {
  TestGateway gateway(two_ports({bypass()}));
  NeighbourTable& table = gateway.dataplane().neighbours();
  RecentNeighbours recent(table);
  FixedRandom random;
  std::vector<NeighbourKey> keys;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const bool v6 = i % 3 == 0;
    Address address = Address::parse(v6 ? "2001:db8::" : "192.0.2.0").value();
    store_be<std::uint16_t>(&address.bytes[v6 ? 14 : 2], static_cast<std::uint16_t>(i));
    keys.push_back(NeighbourKey::of(i % 2 == 0 ? kInside : kOutside, address));
  }
  std::uint32_t number = 0;
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 100; ++i) {
      const NeighbourKey& key = keys[random.below(600)];
      REQUIRE(remembered(recent, key) == table.find(key));
    }
    const NeighbourKey& changing = keys[random.below(600)];
    if (random.below(3) == 0)
      table.remove(changing);
    else
      REQUIRE(table.set(changing, mac_of(++number)));
    REQUIRE(remembered(recent, changing) == table.find(changing));
  }
  for (const NeighbourKey& key : keys) table.remove(key);
  for (const NeighbourKey& key : keys) REQUIRE_FALSE(remembered(recent, key));
}

TEST_CASE("Neighbours: each packet of a burst goes to its own, and changes are followed at once") {
  TestGateway gateway(two_ports({bypass()}));
  settle_two_ports(gateway);
  NeighbourTable& table = gateway.dataplane().neighbours();
  const auto host = [](std::uint32_t i) { return "192.0.2." + std::to_string(100 + i); };
  const auto key = [&](std::uint32_t i) {
    return NeighbourKey::of(kOutside, Address::parse(host(i)).value());
  };
  constexpr std::uint32_t kHosts = 20;
  std::vector<MacAddress> macs;
  for (std::uint32_t i = 0; i < kHosts; ++i) {
    macs.push_back(mac_of(i));
    REQUIRE(table.set(key(i), macs[i]));
  }
  FixedRandom random;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint32_t> sent;
    for (int i = 0; i < 60; ++i) {
      sent.push_back(random.below(kHosts));
      gateway.receive_ip(kInside,
                         PacketBuilder("198.51.100.2", host(sent.back())).udp(1, 2).build());
    }
    gateway.settle();
    const auto frames = gateway.sent_frames(kOutside);
    REQUIRE(frames.size() == sent.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      CHECK(std::equal(macs[sent[i]].bytes.begin(), macs[sent[i]].bytes.end(), frames[i].begin()));
      CHECK(frames[i][14 + 19] == 100 + sent[i]);
    }
    const std::uint32_t changed = random.below(kHosts);
    macs[changed] = mac_of(1000 + static_cast<std::uint32_t>(round));
    REQUIRE(table.set(key(changed), macs[changed]));
  }
  // One that is gone is asked for; the others' packets do not wait.
  table.remove(key(3));
  for (const std::uint32_t i : {2u, 3u, 4u})
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", host(i)).udp(1, 2).build());
  gateway.settle();
  unsigned passed = 0;
  for (const PacketBytes& frame : gateway.sent_frames(kOutside))
    passed += load_be<std::uint16_t>(&frame[12]) == 0x0800 ? 1 : 0;
  CHECK(passed == 2);
}

TEST_CASE(
    "Neighbours: one of each family are two, though their addresses begin with the same octets") {
  TestGateway::Settings settings = two_ports({bypass()});
  settings.routes.push_back(
      {Prefix::parse("c000:200::/24").value(), {NextHop::Kind::OnLink, kOutside, {}}});
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  NeighbourTable& table = gateway.dataplane().neighbours();
  const auto set = [&](const char* address, const MacAddress& mac) {
    REQUIRE(table.set(NeighbourKey::of(kOutside, Address::parse(address).value()), mac));
  };
  set("192.0.2.5", mac_of(4));
  set("c000:205::", mac_of(6));
  for (int i = 0; i < 3; ++i) {
    gateway.receive_ip(kInside, PacketBuilder("198.51.100.2", "192.0.2.5").udp(1, 2).build());
    gateway.receive_ip(kInside, PacketBuilder("2001:db8:1::2", "c000:205::").udp(1, 2).build());
  }
  gateway.settle();
  const auto frames = gateway.sent_frames(kOutside);
  REQUIRE(frames.size() == 6);
  for (const PacketBytes& frame : frames) {
    const bool v6 = load_be<std::uint16_t>(&frame[12]) == 0x86dd;
    CHECK(frame[5] == (v6 ? 6 : 4));
  }
}

}  // namespace sallyport::recent_neighbours_test
