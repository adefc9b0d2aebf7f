// What workers hand to control is bounded: by a rate, by the ring's size, and by the burst.
#include <catch2/catch.hpp>

#include "net/arp.h"
#include "tests/support/test_gateway.h"

namespace sallyport::punt_test {
namespace {

PacketBytes echo_request(std::uint16_t number) {
  return PacketBuilder("198.51.100.2", "198.51.100.1")
      .icmp(8, 0)
      .filler(static_cast<std::uint16_t>(20 + number % 7))
      .build();
}

PacketBytes arp_reply(const TestGateway& gateway, const char* from, const char* to) {
  const MacAddress us = gateway.mac(kInside);
  const auto message = build_arp({.operation = ArpMessage::Operation::Reply,
                                  .sender_mac = TestGateway::kPeer,
                                  .sender = Address::parse(from).value(),
                                  .target_mac = us,
                                  .target = Address::parse(to).value()});
  PacketBytes frame(us.bytes.begin(), us.bytes.end());
  frame.insert(frame.end(), TestGateway::kPeer.bytes.begin(), TestGateway::kPeer.bytes.end());
  frame.insert(frame.end(), {0x08, 0x06});
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

}  // namespace

TEST_CASE("a worker hands control no more packets than its rate, and counts the others") {
  auto settings = two_ports({});
  settings.punts_per_second = 100;  // ten at once
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (std::uint16_t i = 0; i < 200; ++i) gateway.receive_ip(kInside, echo_request(i));
  gateway.settle();
  const auto account = gateway.dataplane().account();
  CHECK(account.punted >= 10);
  CHECK(account.punted < 100);  // while this took less than 0.9 s
  CHECK(gateway.dropped(DropReason::PuntLimit) == 200 - account.punted);
}

TEST_CASE("a full ring to control costs one counted drop a packet") {
  auto settings = two_ports({});
  settings.punt_ring = 16;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (std::uint16_t i = 0; i < 40; ++i) gateway.receive_ip(kInside, echo_request(i));
  gateway.dataplane().turn();  // control does not get to run between these
  const std::uint64_t fitted = gateway.dataplane().account().punted;
  CHECK(fitted >= 16);
  CHECK(fitted < 32);  // the ring is rounded up
  CHECK(gateway.dropped(DropReason::PuntFull) == 40 - fitted);
  gateway.settle();
}

TEST_CASE("a worker takes no more frames at a time than its burst") {
  auto settings = two_ports({});
  settings.burst = 3;
  TestGateway gateway(std::move(settings));
  settle_two_ports(gateway);
  for (std::uint16_t i = 0; i < 8; ++i) gateway.receive_ip(kInside, echo_request(i));
  for (const std::uint64_t received : {3u, 6u, 8u, 8u}) {
    gateway.dataplane().turn();
    CHECK(gateway.dataplane().account().received == received);
  }
  gateway.settle();
}

TEST_CASE("a flood of echo requests keeps no neighbour from being asked and learnt") {
  auto settings = two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}});
  settings.punts_per_second = 10;  // one at once
  TestGateway gateway(std::move(settings));
  gateway.neighbour(kInside, "198.51.100.2", TestGateway::kPeer);
  gateway.neighbour(kOutside, "192.0.2.2", TestGateway::kPeer);
  const auto flood = [&] {
    for (std::uint16_t i = 0; i < 100; ++i) gateway.receive_ip(kInside, echo_request(i));
  };
  flood();
  const auto packet = PacketBuilder("203.0.113.1", "198.51.100.77").udp(1, 2).build();
  gateway.receive_ip(kOutside, packet);
  gateway.settle();
  CHECK(gateway.dropped(DropReason::PuntLimit) > 50);
  CHECK(gateway.dataplane().account().held == 1);
  flood();
  gateway.receive(kInside, arp_reply(gateway, "198.51.100.77", "198.51.100.1"));
  gateway.settle();
  CHECK(gateway.dataplane().account().held == 0);
  CHECK(gateway.dropped_in_all() == gateway.dropped(DropReason::PuntLimit));
}

}  // namespace sallyport::punt_test
