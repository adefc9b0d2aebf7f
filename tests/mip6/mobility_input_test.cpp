#include "mip6/mobility_input.h"

#include <catch2/catch.hpp>

#include "mip6/build_message.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/mobility_extensions.h"
#include "net/packet_summary.h"
#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"
#include "tests/mip6/sample_messages.h"

namespace sallyport::mip6::test::mobility_input_test {
namespace {

struct Input {
  explicit Input(bool home_agent = true)
      : input(scene.around.clock, scene.around.sender,
              {.home_agent = home_agent ? scene.agent.get() : nullptr,
               .correspondent = [this](const Arrival&, const Message& message,
                                       ByteView octets) { take(correspondent, message, octets); },
               .mobile_node = [this](const Arrival&, const Message& message,
                                     ByteView octets) { take(mobile_node, message, octets); },
               .events = &scene.around.events}) {}

  void take(std::vector<Message>& to, const Message& message, ByteView octets) {
    to.push_back(message);
    last = {octets.begin(), octets.end()};
  }
  void receive(const Message& message, const Arrival& arrival = from_away()) {
    input.receive(arrival, build_message(message, arrival.source, arrival.destination).value());
  }
  std::vector<SentMessage>& sent() { return scene.around.sender.sent; }

  HomeAgentScene scene;
  std::vector<Message> correspondent;
  std::vector<Message> mobile_node;
  Octets last;
  MobilityInput input;
};

TEST_CASE("HA-01: home registrations go to the home agent, others to the correspondent") {
  Input i;
  i.receive(home_update(1));
  CHECK(i.scene.agent->detections() == 1);
  CHECK(i.correspondent.empty());
  BindingUpdate other = home_update(1);
  other.flags = {UpdateFlag::Acknowledge};
  i.receive(other);
  CHECK(i.correspondent == std::vector<Message>{other});
  CHECK(i.last == build_message(other, kHome, kHomeAgent).value());
}

TEST_CASE("HA-20: tests are for the correspondent, answers for the mobile node") {
  Input i;
  Arrival bare = from_away();
  bare.protection = Protection::None;
  for (const Message& message : sample_messages()) i.receive(message, bare);
  CHECK(i.correspondent.size() == 2);
  CHECK(i.mobile_node.size() == 6);
  CHECK(i.sent().empty());
}

TEST_CASE("HA-02: a node that is no home agent answers registrations with 131, so many a second") {
  Input i(false);
  for (std::uint16_t n = 0; n < 100; ++n) i.receive(home_update(n));
  CHECK(i.sent().size() == MessageErrors::kAtOnce);
  CHECK(i.scene.around.events.count(EventKind::Refused) == MessageErrors::kAtOnce);
  CHECK(i.scene.answer()->status == BindingStatus::HomeRegistrationNotSupported);
  CHECK(i.scene.way().destination_care_of == kCareOf);
  Input other;  // one, but not by this address
  Arrival arrival = from_away();
  arrival.destination = ip("2001:db8:b::5");
  other.receive(home_update(1), arrival);
  CHECK(other.scene.answer()->status == BindingStatus::HomeRegistrationNotSupported);
}

TEST_CASE(
    "MIPPKT-08: a home address without a binding is answered with a Binding Error by any role") {
  Input i(false);
  MobilityInput input(i.scene.around.clock, i.scene.around.sender, {});  // of a node without any
  input.unknown_home_address(from_away());
  REQUIRE(i.sent().size() == 1);
  const BindingError error = std::get<BindingError>(i.sent()[0].message().value());
  CHECK(error.status == BindingErrorStatus::UnknownBinding);
  CHECK(error.home_address == kHome);
  CHECK(i.sent()[0].departure.destination == kCareOf);
  CHECK_FALSE(i.sent()[0].departure.destination_care_of);
  i.sent().clear();
  input.unknown_home_address(from_away(ip("ff0e::1")));
  Arrival to_group = from_away();
  to_group.destination = ip("ff0e::1");
  input.unknown_home_address(to_group);
  CHECK(i.sent().empty());
  for (int n = 0; n < 1000; ++n) input.unknown_home_address(from_away());
  CHECK(i.sent().size() < 30);
}

TEST_CASE("MH-04: an unknown type is answered with a Binding Error to where it came from") {
  Input i;
  Octets message = build_message(BindingRefreshRequest{}, kHome, kHomeAgent).value();
  message[2] = 200;
  message = with_checksum(message);
  i.input.receive(from_away(), message);
  REQUIRE(i.sent().size() == 1);
  CHECK(i.sent()[0].departure.destination == kCareOf);
  CHECK_FALSE(i.sent()[0].departure.destination_care_of);
  CHECK(i.sent()[0].message() ==
        Message{BindingError{.status = BindingErrorStatus::UnknownType, .home_address = kHome}});
  message = with_checksum(message, kCorrespondent);
  Arrival plain = from_home(kCorrespondent);
  i.input.receive(plain, message);
  REQUIRE(i.sent().size() == 2);
  CHECK(i.sent()[1].message() == Message{BindingError{.status = BindingErrorStatus::UnknownType}});
}

TEST_CASE("MIPPKT-08: Binding Errors are so many a second, and none goes to a group") {
  ManualClock clock;
  FakeSender sender;
  MessageErrors errors(clock, sender);
  for (int n = 0; n < 100; ++n)
    errors.send_binding_error(from_away(), BindingErrorStatus::UnknownBinding);
  CHECK(sender.take().size() == MessageErrors::kAtOnce);
  clock.advance(std::chrono::seconds(1));
  for (int n = 0; n < 100; ++n)
    errors.send_binding_error(from_away(), BindingErrorStatus::UnknownBinding);
  CHECK(sender.take().size() == MessageErrors::kPerSecond);
  clock.advance(std::chrono::seconds(10));
  errors.send_binding_error(from_away(ip("ff02::1")), BindingErrorStatus::UnknownBinding);
  errors.send_binding_error(from_away(ip("::")), BindingErrorStatus::UnknownBinding);
  CHECK(sender.sent.empty());
}

// The pointer's octet of the packet that the error carries.
std::uint8_t octet_pointed_at(const SentMessage& sent) {
  REQUIRE(sent.departure.protocol == kProtocolIcmpv6);
  REQUIRE(icmp_checksum_good(sent.octets, sent.departure.source, sent.departure.destination));
  REQUIRE(sent.octets.at(0) == icmp6::kParameterProblem);
  REQUIRE(sent.octets.at(1) == 0);
  return sent.octets.at(8 + load_be<std::uint32_t>(&sent.octets[4]));
}

TEST_CASE("MH-05, MH-06: what is wrong in a header is pointed at, in the packet as it was sent") {
  Input i;
  for (const Arrival& arrival : {from_away(), from_home()}) {
    Octets message = build_message(home_update(1), kHome, kHomeAgent).value();
    message[0] = 77;  // payload protocol
    i.input.receive(arrival, with_checksum(message));
    REQUIRE(i.sent().size() == 1);
    CHECK(i.sent()[0].departure.destination == arrival.wire_source());
    CHECK_FALSE(i.sent()[0].departure.destination_care_of);
    CHECK(octet_pointed_at(i.sent()[0]) == 77);
    PacketSummary carried;
    REQUIRE(summarize(ByteView(i.sent()[0].octets).subspan(8), carried) == ParseVerdict::Good);
    CHECK(carried.source_address() == arrival.wire_source());
    CHECK(carried.protocol == kProtocolMobility);
    i.sent().clear();
  }
  Octets brief = build_message(HomeTest{}, kHome, kHomeAgent).value();
  brief[1] = 1;  // length
  i.input.receive(from_away(), with_checksum(brief));
  REQUIRE(i.sent().size() == 1);
  CHECK(octet_pointed_at(i.sent()[0]) == 1);
}

TEST_CASE(
    "MH-05: the packet that an error carries has its Home Address option and routing header") {
  Input i;
  Arrival both = from_away();
  both.destination_care_of = kOtherCareOf;
  Octets message = build_message(home_update(1), kHome, kHomeAgent).value();
  message[0] = 77;
  i.input.receive(both, with_checksum(message));
  REQUIRE(i.sent().size() == 1);
  CHECK(octet_pointed_at(i.sent()[0]) == 77);
  const ByteView packet = ByteView(i.sent()[0].octets).subspan(8);
  const MobilityExtensions found = find_mobility_extensions(packet);
  CHECK(found.fault == MobilityFault::None);
  CHECK(found.option_address(packet) == kHome);
  CHECK(found.routing_address(packet) == kHomeAgent);
}

TEST_CASE("MH-06: an error fits the least packet, however long the message was") {
  Input i;
  Octets message(2048);
  message[0] = 77;
  message[1] = 255;
  message[2] = 5;
  i.input.receive(from_away(), with_checksum(message));
  REQUIRE(i.sent().size() == 1);
  CHECK(i.sent()[0].octets.size() == 1240);
}

TEST_CASE("MH-03: what is dropped without a word is not answered") {
  Input i;
  Octets message = build_message(home_update(1), kHome, kHomeAgent).value();
  message[4] ^= 1;
  i.input.receive(from_away(), message);
  for (std::size_t size = 0; size < message.size(); ++size)
    i.input.receive(from_away(), ByteView(message).first(size));
  CHECK(i.sent().empty());
  CHECK(i.scene.agent->detections() == 0);
}

TEST_CASE("HA-01, MH-03: altered messages of every kind neither crash nor register anybody") {
  Input i;
  std::vector<Octets> samples;
  for (const MobilityOptions& options : {MobilityOptions{}, all_options()})
    for (const Message& message : sample_messages(options))
      samples.push_back(build_message(message, kHome, kHomeAgent).value());
  samples.push_back(build_message(home_update(1), kHome, kHomeAgent).value());
  FixedRandom random(10);
  Arrival bare = from_away();
  bare.protection = Protection::None;
  for (int round = 0; round < 20'000; ++round) {
    Octets message = samples[random.below(static_cast<std::uint32_t>(samples.size()))];
    for (int n = 0; n < 3; ++n)
      message[random.below(static_cast<std::uint32_t>(message.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    message = with_checksum(std::move(message));
    i.input.receive(bare, message);
    i.input.receive(from_away(kCareOf, ip("2001:db8:b::999")), message);
    i.scene.around.pass(std::chrono::milliseconds(10));
    i.scene.around.neighbours.finish_detection();
  }
  CHECK(i.scene.cache.size() == 0);
  CHECK_FALSE(i.correspondent.empty());
  CHECK_FALSE(i.mobile_node.empty());
}

}  // namespace
}  // namespace sallyport::mip6::test::mobility_input_test
